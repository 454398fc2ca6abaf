"""Keys of emulated key vaults: a vault is encrypted with one only if its identity may use it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.domain.tenancy import TENANT_ID
from tests.wire.builders import (
    GROUP_ID,
    ROOT,
    VAULT_ID,
    advance,
    done,
    finish,
    put_storage,
    put_user_identity,
    refused,
)
from tests.wire.shares import ACCOUNT_ID, CONTAINER_ID, register

KEY_VAULT = f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/keys-1"
USER = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/opener"
CONFIG = f"{VAULT_ID}/backupEncryptionConfigs/backupResourceEncryptionConfig"
NOT_PERMITTED = (400, "UserErrorCMKMissingMangedIdentityPermissionOnKeyVault")
WRONG_URI = (400, "InvalidRestApiParameter")
WRONG = (400, "BMSUserErrorInvalidInput")
ALL = ("get", "wrapKey", "unwrapKey")
ENCRYPTION_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWN = {"useSystemAssignedIdentity": True}


def put_key_vault(
    arm: httpx.Client, path: str = KEY_VAULT, at: str = "westeurope", **more: Any
) -> None:
    own: dict[str, Any] = {"tenantId": TENANT_ID, "sku": {"family": "A", "name": "standard"}}
    own |= {"enablePurgeProtection": True, "accessPolicies": []}
    done(arm.put(path, json={"location": at, "properties": own | more}))


def put_key(
    arm: httpx.Client, key: str = "key-1", vault: str = KEY_VAULT, **properties: Any
) -> dict[str, str]:
    """Create a key and return its properties, its two URIs among them."""
    path = f"{vault}/keys/{key}"
    done(arm.put(path, json={"properties": {"kty": "RSA"} | properties}))
    found: dict[str, str] = done(arm.get(path)).json()["properties"]
    return found


def allow(arm: httpx.Client, principal: str, *permissions: str) -> None:
    """Let somebody do these things with all keys, and nothing else."""
    one = {
        "tenantId": TENANT_ID,
        "objectId": principal,
        "permissions": {"keys": list(permissions)},
    }
    sent = {"properties": {"accessPolicies": [one]}}
    done(arm.put(f"{KEY_VAULT}/accessPolicies/replace", json=sent))


def encrypt(arm: httpx.Client, uri: str, **more: Any) -> httpx.Response:
    kek = more.pop("kek", OWN)
    sent = {"keyVaultProperties": {"keyUri": uri}, "kekIdentity": kek}
    return arm.patch(VAULT_ID, json={"properties": {"encryption": sent}} | more)


def encryption(arm: httpx.Client) -> dict[str, Any] | None:
    found: dict[str, Any] | None = done(arm.get(VAULT_ID)).json()["properties"].get("encryption")
    return found


@pytest.fixture
def principal(vault: httpx.Client) -> str:
    """The object id of the vault's own identity, beside a key vault with a key."""
    put_key_vault(vault)
    finish(vault, vault.patch(VAULT_ID, json={"identity": {"type": "SystemAssigned"}}))
    return str(done(vault.get(VAULT_ID)).json()["identity"]["principalId"])


@pytest.mark.parametrize("held", [(), ("get", "list", "wrapKey"), ("wrapKey", "unwrapKey")])
def test_an_identity_needs_leave_to_use_the_key(
    vault: httpx.Client, principal: str, held: tuple[str, ...]
) -> None:
    uri = put_key(vault)["keyUri"]
    allow(vault, principal, *held)
    answer = encrypt(vault, uri)
    assert refused(answer) == NOT_PERMITTED
    assert f"'{principal}'" in answer.json()["error"]["message"]
    theirs = {"properties": {"encryptionAtRestType": "CustomerManaged", "keyUri": uri}}
    assert refused(vault.put(CONFIG, json=theirs)) == NOT_PERMITTED
    assert encryption(vault) is None
    allow(vault, principal, "GET", "wrapkey", "UnwrapKey")
    done(vault.put(CONFIG, json=theirs))
    found = encryption(vault)
    assert found is not None
    assert found["keyVaultProperties"] == {"keyUri": uri}


def test_somebody_elses_leave_is_not_the_vaults(vault: httpx.Client, principal: str) -> None:
    allow(vault, principal.replace(principal[:8], "0" * 8), *ALL)
    assert refused(encrypt(vault, put_key(vault)["keyUri"])) == NOT_PERMITTED


@pytest.mark.parametrize("scope", [ROOT, GROUP_ID, KEY_VAULT, f"{KEY_VAULT}/keys/key-1"])
def test_where_roles_give_leave_policies_do_not(
    vault: httpx.Client, principal: str, scope: str
) -> None:
    uri = put_key(vault)["keyUri"]
    done(vault.patch(KEY_VAULT, json={"properties": {"enableRbacAuthorization": True}}))
    allow(vault, principal, "all")
    for number, role in enumerate((READER, ENCRYPTION_USER)):
        assert refused(encrypt(vault, uri)) == NOT_PERMITTED
        name = f"0000000{number}-0000-0000-0000-000000000000"
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
        wanted = f"{ROOT}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        sent = {"roleDefinitionId": wanted, "principalId": principal}
        done(vault.put(path, json={"properties": sent}))
    finish(vault, encrypt(vault, uri))


def test_a_user_assigned_identity_opens_with_its_own_leave(
    vault: httpx.Client, principal: str
) -> None:
    put_user_identity(vault, USER)
    keys = done(vault.get(USER)).json()["properties"]
    uri = put_key(vault)["keyUri"]
    kek = {"userAssignedIdentity": USER}
    both = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {USER: {}}}
    allow(vault, principal, *ALL)
    assert refused(encrypt(vault, uri, kek=kek, identity=both)) == NOT_PERMITTED
    allow(vault, keys["principalId"], *ALL)
    finish(vault, encrypt(vault, uri, kek=kek, identity=both))
    assert refused(encrypt(vault, uri)) == NOT_PERMITTED, "nor does its leave do for the vault's"


def test_a_vault_that_is_born_with_its_key_is_believed_so_that_a_world_can_be_made_again(
    vault: httpx.Client, principal: str
) -> None:
    allow(vault, principal, *ALL)
    finish(vault, encrypt(vault, put_key(vault)["keyUriWithVersion"]))
    before = encryption(vault)
    allow(vault, principal)
    exported = done(vault.get("/_emulator/world")).json()
    done(vault.post("/_emulator/reset"))
    done(vault.post("/_emulator/seed", json=exported))
    assert encryption(vault) == before
    kept = {"keyVaultProperties": {"keyUri": put_key(vault, "key-2")["keyUri"]}}
    another = vault.patch(VAULT_ID, json={"properties": {"encryption": kept}})
    assert refused(another) == NOT_PERMITTED


def test_a_version_of_a_key_must_be_one_that_there_is(vault: httpx.Client, principal: str) -> None:
    key = put_key(vault)
    allow(vault, principal, *ALL)
    assert refused(encrypt(vault, f"{key['keyUri']}/{'0' * 32}")) == WRONG_URI
    finish(vault, encrypt(vault, key["keyUriWithVersion"]))
    finish(vault, encrypt(vault, key["keyUri"]))
    found = encryption(vault)
    assert found is not None
    assert found["keyVaultProperties"] == {"keyUri": key["keyUri"]}


NOW = 1_767_225_600


@pytest.mark.parametrize(
    ("properties", "answer"),
    [
        ({"kty": "EC"}, NOT_PERMITTED),
        ({"attributes": {"enabled": False}}, WRONG_URI),
        ({"attributes": {"exp": NOW}}, WRONG_URI),
        ({"attributes": {"nbf": NOW + 86_400}}, WRONG_URI),
    ],
)
def test_a_key_that_cannot_encrypt_is_refused(
    vault: httpx.Client, principal: str, properties: dict[str, Any], answer: tuple[int, str]
) -> None:
    allow(vault, principal, *ALL)
    assert refused(encrypt(vault, put_key(vault, **properties)["keyUri"])) == answer
    assert encryption(vault) is None
    fine = put_key(vault, "key-2", kty="RSA-HSM", attributes={"nbf": NOW, "exp": NOW + 86_400})
    finish(vault, encrypt(vault, fine["keyUri"]))


def test_a_key_vault_must_be_there_near_and_protected(vault: httpx.Client, principal: str) -> None:
    allow(vault, principal, *ALL)
    uri = put_key(vault)["keyUri"]
    assert refused(encrypt(vault, f"{uri}9")) == WRONG_URI
    assert refused(encrypt(vault, uri.replace("keys-1.", "keys-9."))) == WRONG_URI
    far, open_one = (KEY_VAULT.replace("keys-1", name) for name in ("far", "opened"))
    put_key_vault(vault, far, "northeurope")
    put_key_vault(vault, open_one, enablePurgeProtection=None)
    for path in (far, open_one):
        answer = encrypt(vault, put_key(vault, vault=path)["keyUri"])
        assert refused(answer) == WRONG
        assert path.rpartition("/")[2] in answer.json()["error"]["message"]
    done(vault.delete(KEY_VAULT))
    assert refused(encrypt(vault, uri)) == WRONG_URI
    assert encryption(vault) is None


def test_what_is_not_changed_is_not_asked_for_again(vault: httpx.Client, principal: str) -> None:
    key = put_key(vault)
    allow(vault, principal, *ALL)
    finish(vault, encrypt(vault, key["keyUri"]))
    allow(vault, principal)
    finish(vault, encrypt(vault, key["keyUri"], tags={"env": "test"}))
    whole = done(vault.get(VAULT_ID)).json()
    done(vault.put(VAULT_ID, json=whole))
    advance(vault, until="idle")
    assert refused(encrypt(vault, key["keyUriWithVersion"])) == NOT_PERMITTED


def test_a_key_comes_before_the_first_registration_too(vault: httpx.Client, principal: str) -> None:
    """Source: "items registered or attempted to be registered" (Microsoft's article on keys)."""
    uri = put_key(vault)["keyUri"]
    allow(vault, principal, *ALL)
    put_storage(vault, ACCOUNT_ID)
    register(vault)
    finish(vault, vault.delete(CONTAINER_ID))
    assert refused(encrypt(vault, uri)) == WRONG
    theirs = {"properties": {"encryptionAtRestType": "CustomerManaged", "keyUri": uri}}
    assert refused(vault.put(CONFIG, json=theirs)) == WRONG
    assert encryption(vault) is None
