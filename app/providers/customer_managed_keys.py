"""The key of a vault's data: one in an emulated key vault must be there, and be the identity's.

Both resource providers that give an existing vault a key ask here. Key vaults elsewhere, such as
``https://name.vault.azure.net``, are believed, and so is a vault that is born with its key
(docs/decisions/0137).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ..arm.calls import Call
from ..domain import key_uris, roles
from ..domain.documents import Document
from ..domain.errors import Refused, invalid, invalid_input
from ..domain.instants import SECOND
from ..domain.vault_settings import Settings
from ..engine import key_vaults
from ..store import role_assignments, rows
from .managed_identities import user_keys

_FIELD = "properties.encryption.keyVaultProperties.keyUri"
_PERMISSIONS = frozenset({"get", "wrapkey", "unwrapkey"})
_ACTIONS = tuple(
    f"Microsoft.KeyVault/vaults/keys/{action}"
    for action in ("read", "wrap/action", "unwrap/action")
)


def check(
    call: Call, location: str, before: Settings, after: Settings, identity: Document | None
) -> None:
    """Refuse a new key, or a new identity to open it, that would not open anything.

    ``identity`` is the vault's. Raises ``Refused``.
    """
    told = after.get("encryption")
    if told is None or told == before.get("encryption"):
        return
    uri = told["keyVaultProperties"]["keyUri"]
    named = key_uris.parse(uri)
    if named is None:
        return
    key_vault = key_vaults.named(call.connection, named.key_vault)
    if key_vault is None:
        raise _wrong(f"there is no key vault '{named.key_vault}'")
    _check_key_vault(key_vault, location)
    key = rows.find(call.connection, f"{key_vault.id}/keys/{named.key}")
    if key is None:
        raise _wrong(f"the key vault '{key_vault.name}' has no key '{named.key}'")
    _check_key(key, named.version, call.now)
    principal = _principal(call, told["kekIdentity"]["userAssignedIdentity"], identity)
    if not _may_use(call, key_vault, key, principal):
        raise _not_permitted(
            f"the managed identity '{principal}' needs the permissions Get, Wrap Key and Unwrap "
            f"Key on the keys of the key vault '{key_vault.name}', by an access policy or, where "
            "it uses Azure role-based access control, by the role Key Vault Crypto Service "
            "Encryption User"
        )


def _check_key_vault(key_vault: Row[Any], location: str) -> None:
    if key_vault.location != location:
        raise invalid_input(
            _FIELD,
            f"the key vault '{key_vault.name}' is in '{key_vault.location}' and must be in the "
            f"vault's region, '{location}'",
        )
    if not key_vault.document["properties"].get("enablePurgeProtection"):
        raise invalid_input(
            _FIELD, f"the key vault '{key_vault.name}' must have purge protection enabled"
        )


def _check_key(key: Row[Any], version: str | None, now: int) -> None:
    if version is not None and version.lower() != key_vaults.key_version(key):
        raise _wrong(f"the key '{key.name}' has no version '{version}'")
    properties = key.document["properties"]
    if not properties["kty"].startswith("RSA"):
        raise _not_permitted(f"the key '{key.name}' is of type {properties['kty']}, not RSA")
    attributes = properties.get("attributes", {})
    instant = now // SECOND
    if attributes.get("enabled") is False:
        raise _wrong(f"the key '{key.name}' is disabled")
    if not attributes.get("nbf", instant) <= instant < attributes.get("exp", instant + 1):
        raise _wrong(f"the key '{key.name}' is not active yet, or has expired")


def _principal(call: Call, user: str | None, identity: Document | None) -> str:
    """Return the object id of what opens a key: a user-assigned identity, or the vault's own."""
    if user is not None:
        return str(user_keys(call.rules.seed, user)["principalId"])
    return str((identity or {}).get("principalId", ""))


def _may_use(call: Call, key_vault: Row[Any], key: Row[Any], principal: str) -> bool:
    properties = key_vault.document["properties"]
    if properties.get("enableRbacAuthorization"):
        held = role_assignments.roles_at(call.connection, principal, key.folded)
        return all(any(roles.allows_data(role, each) for role in held) for each in _ACTIONS)
    granted = {
        permission.lower()
        for policy in properties["accessPolicies"]
        if policy["objectId"].lower() == principal
        for permission in policy.get("permissions", {}).get("keys", ())
    }
    return "all" in granted or granted >= _PERMISSIONS


def _wrong(why: str) -> Refused:
    return invalid(
        "InvalidRestApiParameter",
        f"{_FIELD}: {why}; keyVaultUri parameter is invalid. Please provide a valid keyVaultUri.",
        target=_FIELD,
    )


def _not_permitted(why: str) -> Refused:
    return invalid(
        "UserErrorCMKMissingMangedIdentityPermissionOnKeyVault", f"{_FIELD}: {why}.", target=_FIELD
    )
