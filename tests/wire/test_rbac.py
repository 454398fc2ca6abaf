"""``--auth rbac``: only tokens issued here, and only what a role allows, in ARM's words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.domain.tenancy import TENANT_ID, principal_id
from app.identity.tokens import Identity, Issuer, access_claims, seconds_now
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POLICY_ID,
    RESTORE,
    ROOT,
    SUBSCRIPTION,
    VAULT_ID,
    Served,
    back_up,
    code_of,
    done,
    item_body,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    vm_body,
    vm_id,
)
from tests.wire.test_role_assignments import ASSIGNMENTS, ROLES

ADMIN = "dddddddd-0000-0000-0000-000000000001"
GUEST = "eeeeeeee-0000-0000-0000-000000000002"
ARM = "https://management.azure.com"
SUBSCRIPTIONS = "/subscriptions?api-version=2022-12-01"

Anybody = Callable[[str], httpx.Client]
"""Returns a client that has signed in as an application."""


@pytest.fixture
def sign_in(serve: Served) -> Iterator[Anybody]:
    """A server that asks for roles and belongs to one administrator."""
    plain = serve(auth="rbac", auth_admins=(ADMIN,))
    with ExitStack() as stack:

        def client_of(client_id: str) -> httpx.Client:
            token = token_of(plain, client_id)
            hooks = plain.event_hooks
            client = httpx.Client(base_url=plain.base_url, event_hooks=hooks, timeout=60)
            client.headers["Authorization"] = f"Bearer {token}"
            return stack.enter_context(client)

        yield client_of


def token_of(arm: httpx.Client, client_id: str, audience: str = ARM) -> str:
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "any"}
    answer = done(
        arm.post("/common/oauth2/v2.0/token", data={**form, "scope": f"{audience}/.default"})
    )
    return str(answer.json()["access_token"])


@pytest.fixture
def admin(sign_in: Anybody) -> httpx.Client:
    """The administrator, with a protected VM, a backup of it and a storage account."""
    arm = sign_in(ADMIN)
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    put_storage(arm)
    protect(arm)
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))
    return arm


def give(arm: httpx.Client, role: str, scope: str, client_id: str = GUEST) -> None:
    """Give an application a role by the role's name."""
    query = {"$filter": f"roleName eq '{role}'"}
    (found,) = done(arm.get(f"{ROOT}{ROLES}", params=query)).json()["value"]
    properties = {"roleDefinitionId": found["id"], "principalId": principal_id(client_id)}
    name = principal_id(f"{role}/{scope}/{client_id}")
    done(arm.put(f"{scope}{ASSIGNMENTS}/{name}", json={"properties": properties}))


# --- who it is ---------------------------------------------------------------------------


def challenged(answer: httpx.Response) -> str:
    """Return the code of a 401, whose header says where tokens are to be had."""
    assert answer.status_code == 401
    header = answer.headers["www-authenticate"]
    origin = str(answer.request.url).split("/subscriptions", maxsplit=1)[0]
    assert header.startswith(f'Bearer authorization_uri="{origin}/{TENANT_ID}", ')
    assert 'error="invalid_token"' in header
    return code_of(answer)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "AuthenticationFailed"),
        ("", "AuthenticationFailedInvalidHeader"),
        ("Bearer", "AuthenticationFailedInvalidHeader"),
        ("Basic dXNlcjpwdw==", "AuthenticationFailedInvalidHeader"),
        ("Bearer x", "InvalidAuthenticationToken"),
        ("Bearer a.b.c", "InvalidAuthenticationToken"),
        ("Bearer " + "[" * 5000, "InvalidAuthenticationToken"),
        ("Bearer \xff\xfe.\xff.\xff", "InvalidAuthenticationToken"),
    ],
)
def test_what_is_no_token_is_refused(serve: Served, header: str | None, code: str) -> None:
    arm = serve(auth="rbac", auth_admins=(ADMIN,))
    sent = {} if header is None else {"Authorization": header.encode("latin-1")}
    assert challenged(arm.get(SUBSCRIPTIONS, headers=sent)) == code  # type: ignore[arg-type]


def claims(**changes: Any) -> dict[str, Any]:
    return {**access_claims(Identity(ADMIN), TENANT_ID, ARM), **changes}


SIGNED: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"aud": f"{ARM}/"}, None),
    ({"aud": "https://management.core.windows.net"}, None),
    ({"aud": "https://127.0.0.1:9"}, None),
    ({"aud": "https://graph.microsoft.com"}, "InvalidAuthenticationTokenAudience"),
    ({"aud": f"{ARM}.evil.example"}, "InvalidAuthenticationTokenAudience"),
    ({"aud": "http://[::1"}, "InvalidAuthenticationTokenAudience"),
    ({"aud": [ARM]}, "InvalidAuthenticationTokenAudience"),
    ({"aud": None}, "InvalidAuthenticationTokenAudience"),
    ({"exp": 1}, "ExpiredAuthenticationToken"),
    ({"exp": -(2**70)}, "ExpiredAuthenticationToken"),
    ({"exp": "later"}, "InvalidAuthenticationToken"),
    ({"nbf": 2**40, "exp": 2**41}, "InvalidAuthenticationToken"),
    ({"iss": "https://sts.windows.net/else/"}, "InvalidAuthenticationTokenTenant"),
    ({"ver": None, "use": "refresh"}, None),
]


@pytest.mark.parametrize(("changes", "code"), SIGNED)
def test_a_token_of_ours_is_taken_for_what_it_says(
    serve: Served, tmp_path: Path, changes: dict[str, Any], code: str | None
) -> None:
    arm = serve(auth="rbac", auth_admins=(ADMIN,))
    token = Issuer(tmp_path).sign(claims(**changes))
    answer = arm.get(SUBSCRIPTIONS, headers={"Authorization": f"Bearer {token}"})
    if code is None:
        assert answer.status_code == 200
    else:
        assert challenged(answer) == code


def test_what_else_we_sign_opens_nothing(serve: Served, tmp_path: Path) -> None:
    arm = serve(auth="rbac", auth_admins=(ADMIN,))
    token = Issuer(tmp_path).sign({"use": "refresh", "user": "a@b", "exp": seconds_now() + 60})
    answer = arm.get(SUBSCRIPTIONS, headers={"Authorization": f"Bearer {token}"})
    assert challenged(answer) == "InvalidAuthenticationToken"


def test_a_stranger_cannot_sign_for_us(serve: Served, tmp_path: Path) -> None:
    arm = serve(auth="rbac", auth_admins=(ADMIN,))
    real = Issuer(tmp_path).sign(claims())
    header = {"kid": jwt.get_unverified_header(real)["kid"]}
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (public,) = Issuer(tmp_path).public_keys()
    forged = [
        jwt.encode(claims(), key, algorithm="RS256", headers=header),
        jwt.encode(claims(), key, algorithm="RS256", headers={"kid": "other"}),
        jwt.encode(claims(), "", algorithm="none", headers=header),
        jwt.encode(claims(), public["n"], algorithm="HS256", headers=header),
        real[:-8] + "AAAAAAAA",
        real.rsplit(".", 1)[0] + ".",
    ]
    for token in forged:
        answer = arm.get(SUBSCRIPTIONS, headers={"Authorization": f"Bearer {token}"})
        assert challenged(answer) == "InvalidAuthenticationToken"


def test_a_token_for_another_resource_names_those_that_would_do(serve: Served) -> None:
    arm = serve(auth="rbac", auth_admins=(ADMIN,))
    token = token_of(arm, ADMIN, "https://vault.azure.net")
    answer = arm.get(SUBSCRIPTIONS, headers={"Authorization": f"Bearer {token}"})
    message = answer.json()["error"]["message"]
    assert challenged(answer) == "InvalidAuthenticationTokenAudience"
    assert message.startswith(
        "The access token has been obtained for wrong audience or resource "
        "'https://vault.azure.net'. It should exactly match with one of the allowed audiences '"
    )
    assert "'https://management.core.windows.net/'" in message


def test_what_is_asked_before_a_login_needs_no_token(serve: Served) -> None:
    arm = serve(auth="rbac")
    for path in (
        "/metadata/endpoints",
        "/common/v2.0/.well-known/openid-configuration",
        "/_emulator/health",
        "/docs",
        "/",
    ):
        assert arm.get(path).status_code == 200, path


def test_without_rbac_any_token_will_do_and_none(arm: httpx.Client) -> None:
    for header in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "x"}):
        assert arm.get(SUBSCRIPTIONS, headers=header).status_code == 200


# --- what he may do ----------------------------------------------------------------------


def test_a_refusal_names_client_object_action_and_scope(
    admin: httpx.Client, sign_in: Anybody
) -> None:
    guest = sign_in(GUEST)
    before = admin.get(VAULT_ID).content
    answer = guest.put(VAULT_ID, json={"location": "westeurope", "tags": {"mine": "yes"}})
    assert refused(answer) == (403, "AuthorizationFailed")
    assert answer.json()["error"]["message"] == (
        f"The client '{GUEST}' with object id '{principal_id(GUEST)}' does not have authorization "
        f"to perform action 'Microsoft.RecoveryServices/vaults/write' over scope '{VAULT_ID}' or "
        "the scope is invalid. If access was recently granted, please refresh your credentials."
    )
    assert admin.get(VAULT_ID).content == before


NAMES = ("Owner", "Contributor", "Backup Contributor", "Backup Operator", "Backup Reader",
         "Virtual Machine Contributor", "Reader")  # fmt: skip
VM = vm_id("vm-2")
ALERTS = "providers/Microsoft.AlertsManagement/alerts"
NEW_VAULT = VAULT_ID.replace("vault-1", "vault-2")
NEW_POLICY = POLICY_ID.replace("daily", "mine")
TIER: dict[str, tuple[str, str, Any, str]] = {
    # operation: method, path, body, and who may (by position in NAMES: x) who may not (-)
    "see the vault": ("GET", VAULT_ID, None, "xxxxxxx"),
    "see a job list": ("GET", f"{VAULT_ID}/backupJobs", None, "xxxxx-x"),
    "see the policy": ("GET", POLICY_ID, None, "xxxxxxx"),
    "see the item": ("GET", ITEM_ID, None, "xxxxxxx"),
    "see points": ("GET", f"{ITEM_ID}/recoveryPoints", None, "xxxxxxx"),
    "see the VM": ("GET", vm_id(), None, "xx---xx"),
    "see the group": ("GET", GROUP_ID, None, "xxxx-xx"),
    "see roles": ("GET", f"{GROUP_ID}{ASSIGNMENTS}", None, "xxxxxxx"),
    "see the config": ("GET", f"{VAULT_ID}/backupconfig/vaultconfig", None, "xxx-x-x"),
    "see an alert": ("GET", f"{GROUP_ID}/{ALERTS}/{GUEST}", None, "xx----x"),
    "close an alert": (
        "POST",
        f"{GROUP_ID}/{ALERTS}/{GUEST}/changestate?newState=Closed",
        None,
        "xx-----",
    ),
    "make a vault": ("PUT", NEW_VAULT, {"location": "westeurope"}, "xxx--x-"),
    "make a policy": ("PUT", NEW_POLICY, policy_body(), "xxx--x-"),
    "protect": ("PUT", ITEM_ID, item_body(), "xxxx-x-"),
    "back up": ("POST", f"{ITEM_ID}/backup", {}, "xxxx---"),
    "restore": ("POST", "{point}/restore", RESTORE, "xxxx---"),
    "export jobs": ("POST", f"{VAULT_ID}/backupJobsExport", None, "xxxxx--"),
    "cancel a job": ("POST", "{job}/cancel", None, "xxxx---"),
    "find out a status": (
        "POST",
        f"{ROOT}/providers/Microsoft.RecoveryServices/locations/westeurope/backupStatus",
        {},
        "xxxxxx-",
    ),
    "make a VM": ("PUT", VM, vm_body(), "xx---x-"),
    "stop a VM": ("POST", f"{vm_id()}/powerOff", None, "xx---x-"),
    "delete a VM": ("DELETE", VM, None, "xx---x-"),
    "read keys": ("POST", "{storage}/listKeys", None, "xx---x-"),
    "delete an item": ("DELETE", f"{ITEM_ID}x", None, "xxx----"),
    "delete a policy": ("DELETE", NEW_POLICY, None, "xxx----"),
    "delete a vault": ("DELETE", NEW_VAULT, None, "xx-----"),
    "give a role": ("PUT", f"{GROUP_ID}{ASSIGNMENTS}/{GUEST}", {}, "x------"),
    "take a role": ("DELETE", f"{GROUP_ID}{ASSIGNMENTS}/{GUEST}", None, "x------"),
}


@pytest.mark.parametrize("role", NAMES)
def test_a_role_may_what_azure_says_and_no_more(
    admin: httpx.Client, sign_in: Anybody, role: str
) -> None:
    """Source: Microsoft's definitions of the roles (app/domain/roles.py)."""
    give(admin, role, ROOT)
    back_up(admin)
    done(admin.post("/_emulator/clock/advance", json={"until": "idle"}))
    point = done(admin.get(f"{ITEM_ID}/recoveryPoints")).json()["value"][0]["id"]
    job = done(admin.get(f"{VAULT_ID}/backupJobs")).json()["value"][0]["id"]
    names = {"point": point, "job": job, "storage": f"{GROUP_ID}/providers/Microsoft.Storage"
             "/storageAccounts/staging"}  # fmt: skip
    guest = sign_in(GUEST)
    wrong = []
    for operation, (method, path, body, allowed) in TIER.items():
        answer = guest.request(method, path.format(**names), json=body)
        may = allowed[NAMES.index(role)] == "x"
        if (answer.status_code != 403) is not may:
            wrong.append((operation, answer.status_code, answer.text))
    assert wrong == []


def test_a_role_reaches_what_lies_below_it_and_nothing_beside(
    admin: httpx.Client, sign_in: Anybody
) -> None:
    other = GROUP_ID.replace("group-1", "group-10")
    put_group(admin, other)
    beside = VAULT_ID.replace("group-1", "group-10")
    put_vault(admin, beside)
    guest = sign_in(GUEST)
    give(admin, "Backup Reader", VAULT_ID)
    assert guest.get(POLICY_ID).status_code == 200
    assert guest.get(beside).status_code == 403
    assert guest.get(GROUP_ID).status_code == 403
    give(admin, "Reader", GROUP_ID)
    assert guest.get(GROUP_ID).status_code == 200
    assert guest.get(vm_id().upper().replace("/SUBSCRIPTIONS", "/subscriptions")).status_code == 200
    assert guest.get(beside).status_code == 403


def test_lists_leave_out_what_one_may_not_see(admin: httpx.Client, sign_in: Anybody) -> None:
    put_vault(admin, NEW_VAULT)
    guest = sign_in(GUEST)
    vaults = f"{ROOT}/providers/Microsoft.RecoveryServices/vaults"
    assert done(guest.get(SUBSCRIPTIONS)).json()["value"] == []
    assert guest.get(ROOT).status_code == 403
    give(admin, "Backup Reader", VAULT_ID)
    assert [each["id"] for each in done(guest.get(vaults)).json()["value"]] == [VAULT_ID]
    assert done(guest.get(f"{ROOT}/resourceGroups")).json()["value"] == []
    (seen,) = done(guest.get(SUBSCRIPTIONS)).json()["value"]
    assert seen["subscriptionId"] == SUBSCRIPTION
    assert guest.get(ROOT).status_code == 200
    assert len(done(guest.get(f"{ROOT}/locations")).json()["value"]) > 10


def test_a_role_that_is_taken_away_counts_no_more(admin: httpx.Client, sign_in: Anybody) -> None:
    guest = sign_in(GUEST)
    give(admin, "Reader", GROUP_ID)
    assert guest.get(VAULT_ID).status_code == 200
    (own,) = done(admin.get(f"{GROUP_ID}{ASSIGNMENTS}")).json()["value"]
    assert own["properties"]["createdBy"] == principal_id(ADMIN)
    done(admin.delete(own["id"]))
    assert guest.get(VAULT_ID).status_code == 403


def test_permissions_say_what_the_caller_may(admin: httpx.Client, sign_in: Anybody) -> None:
    guest, path = sign_in(GUEST), f"{GROUP_ID}/providers/Microsoft.Authorization/permissions"
    give(admin, "Reader", ROOT)
    assert [each["actions"] for each in done(guest.get(path)).json()["value"]] == [["*/read"]]
    assert [each["actions"] for each in done(admin.get(path)).json()["value"]] == [["*"]]


def test_an_administrator_may_be_a_user_or_an_object_id(serve: Served) -> None:
    arm = serve(auth="rbac", auth_admins=("Ada@contoso.com", principal_id(GUEST)))
    form = {"grant_type": "password", "client_id": ADMIN, "username": "ada@contoso.com"}
    sent = {**form, "password": "x", "scope": f"{ARM}/.default"}
    user = done(arm.post("/common/oauth2/v2.0/token", data=sent)).json()["access_token"]
    for token in (user, token_of(arm, GUEST)):
        arm.headers["Authorization"] = f"Bearer {token}"
        assert arm.put(GROUP_ID, json={"location": "westeurope"}).is_success


# --- the leave of a resource guard -------------------------------------------------------

SAFE = GROUP_ID.replace("group-1", "safe")
GUARD = f"{SAFE}/providers/Microsoft.DataProtection/resourceGuards/guard-1"
PROXY = f"{VAULT_ID}/backupResourceGuardProxies/VaultProxy"
LEAVE = {"resourceGuardOperationRequests": [f"{GUARD}/deleteProtectedItemRequests/default"]}
UNLOCK = LEAVE | {"resourceToBeDeleted": ITEM_ID}


@pytest.fixture
def backup_admin(admin: httpx.Client, sign_in: Anybody) -> httpx.Client:
    """A Backup Contributor of a group whose vault can be mapped to a guard that is not theirs."""
    put_group(admin, SAFE)
    done(admin.put(GUARD, json={"location": "westeurope"}))
    give(admin, "Backup Contributor", GROUP_ID)
    return sign_in(GUEST)


def test_a_guard_is_mapped_by_whoever_may_read_it(
    admin: httpx.Client, backup_admin: httpx.Client
) -> None:
    mapping = {"properties": {"resourceGuardResourceId": GUARD}}
    answer = backup_admin.put(PROXY, json=mapping)
    assert refused(answer) == (403, "LinkedAuthorizationFailed")
    assert "'Microsoft.DataProtection/resourceGuards/read' on the linked" in answer.text
    give(admin, "Reader", GUARD)
    done(backup_admin.put(PROXY, json=mapping))


@pytest.mark.parametrize(
    ("role", "may"),
    [("Reader", False), ("Backup Contributor", False), ("Backup MUA Operator", True),
     ("Contributor", True)],
)  # fmt: skip
def test_the_leave_of_a_guard_is_brought_by_its_operators(
    admin: httpx.Client, backup_admin: httpx.Client, role: str, may: bool
) -> None:
    """Source: the vault's admin must have neither Contributor nor Backup MUA Operator on it."""
    done(admin.put(PROXY, json={"properties": {"resourceGuardResourceId": GUARD}}))
    give(admin, role, GUARD)
    answer = backup_admin.post(f"{PROXY}/unlockDelete", json=UNLOCK)
    assert answer.is_success is may
    if may:
        done(backup_admin.delete(ITEM_ID))
        return
    assert refused(answer) == (403, "LinkedAuthorizationFailed")
    action = "Microsoft.DataProtection/resourceGuards/deleteProtectedItemRequests/action"
    assert f"'{action}' on the linked scope(s) '{GUARD}'" in answer.json()["error"]["message"]
    assert refused(backup_admin.delete(ITEM_ID)) == (403, "UserErrorResourceGuardRequired")


def test_the_administrator_of_the_server_brings_the_leave_of_every_guard(
    admin: httpx.Client, backup_admin: httpx.Client
) -> None:
    assert backup_admin.get(VAULT_ID).is_success
    done(admin.put(PROXY, json={"properties": {"resourceGuardResourceId": GUARD}}))
    done(admin.post(f"{PROXY}/unlockDelete", json=UNLOCK))
    done(admin.delete(ITEM_ID))


# --- deployments -------------------------------------------------------------------------


def deployment(*resources: Any) -> dict[str, Any]:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    told = {"$schema": schema, "contentVersion": "1.0.0.0", "resources": list(resources)}
    return {"properties": {"mode": "Incremental", "template": told}}


def test_a_deployment_needs_the_right_to_all_that_it_creates(sign_in: Anybody) -> None:
    admin, guest = sign_in(ADMIN), sign_in(GUEST)
    put_group(admin)
    disk = {
        "type": "Microsoft.Compute/disks",
        "apiVersion": "2024-03-02",
        "name": "disk-1",
        "location": "westeurope",
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8},
    }
    lock = {
        "type": "Microsoft.Authorization/locks",
        "apiVersion": "2020-05-01",
        "name": "keep",
        "properties": {"level": "CanNotDelete"},
    }
    path = f"{GROUP_ID}/providers/Microsoft.Resources/deployments/first"
    give(admin, "Reader", GROUP_ID)
    answer = guest.put(path, json=deployment(disk))
    assert refused(answer) == (403, "AuthorizationFailed")
    assert "'Microsoft.Resources/deployments/write'" in answer.json()["error"]["message"]
    give(admin, "Contributor", GROUP_ID)
    answer = guest.put(path, json=deployment(disk, lock))
    assert refused(answer) == (403, "InvalidTemplateDeployment")
    message = answer.json()["error"]["message"]
    assert "Authorization failed for template resource 'keep' of type" in message
    assert "'Microsoft.Authorization/locks/write'" in message
    assert guest.head(path).status_code == 404
    done(guest.put(path, json=deployment(disk)))
    assert done(guest.get(path)).json()["properties"]["provisioningState"] == "Succeeded"
