"""A vault's managed identities: assigned, kept and removed (azure-cli-wire 4.1).

Their GUIDs follow from the seed: a vault's own from the vault and the instant it was assigned, a
user-assigned one's from its id. That such an identity exists is not checked.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain import ids
from ...domain.errors import invalid
from ...domain.resource_ids import USER_IDENTITY_TYPE, parse
from ...domain.tenancy import TENANT_ID
from .vault_bodies import Identity

_FIELD = "identity.userAssignedIdentities"

Document = dict[str, Any]


def created(call: Call, vault_key: int, asked: Identity | None) -> Document | None:
    """Return the identity of a new vault, as the wire shows it. Raises ``Refused``."""
    return None if asked is None else _assign(call, vault_key, {}, {}, asked)


def replaced(call: Call, vault: Row[Any], asked: Identity | None) -> Document | None:
    """Return a vault's identity after a PUT: the user-assigned ones are those it names."""
    before: Document | None = vault.identity
    return before if asked is None else _assign(call, vault.key, before or {}, {}, asked)


def patched(call: Call, vault: Row[Any], asked: Identity | None) -> Document | None:
    """Return a vault's identity after a PATCH: what it does not name stays, null removes."""
    before: Document | None = vault.identity
    if asked is None:
        return before
    held = before or {}
    return _assign(call, vault.key, held, held.get("userAssignedIdentities", {}), asked)


def _assign(
    call: Call, vault_key: int, before: Document, users: Document, asked: Identity
) -> Document:
    document: Document = {"type": asked.type}
    if "SystemAssigned" in asked.type:
        document["tenantId"] = TENANT_ID
        document["principalId"] = before.get("principalId") or _guid(
            call, "vault-identity", vault_key, call.now
        )
    users = _users(call, users, asked)
    if "UserAssigned" in asked.type:
        if not users:
            raise invalid(
                "MissingIdentityIds",
                f"{_FIELD}: The identity ids must not be null or empty for 'UserAssigned' "
                "identity type.",
                target=_FIELD,
            )
        document["userAssignedIdentities"] = users
    elif any(keys is not None for keys in asked.user_assigned_identities.values()):
        raise invalid(
            "BadRequest",
            f"{_FIELD}: The request format was unexpected, a non-UserAssigned identity type "
            "should not contain: userAssignedIdentities",
            target=_FIELD,
        )
    return document


def _users(call: Call, users: Document, asked: Identity) -> Document:
    """Return the user-assigned identities by id, with those asked for or taken away."""
    found = {name.lower(): (name, keys) for name, keys in users.items()}
    for sent, keys in asked.user_assigned_identities.items():
        name = _spelled(sent)
        folded = name.lower()
        if keys is None:
            found.pop(folded, None)
        elif folded not in found:
            found[folded] = (
                name,
                {
                    "clientId": _guid(call, "identity-client", folded),
                    "principalId": _guid(call, "identity-principal", folded),
                },
            )
    return dict(found[folded] for folded in sorted(found))


def _spelled(sent: str) -> str:
    """Return an identity's id as the service writes it: ``resourcegroups`` in lower case."""
    found = parse(sent)
    if found is None or found.type.lower() != USER_IDENTITY_TYPE.lower():
        raise invalid(
            "LinkedInvalidPropertyId",
            f"{_FIELD}: '{sent}' is not the id of a user-assigned identity "
            f"(/subscriptions/.../resourceGroups/.../providers/{USER_IDENTITY_TYPE}/...).",
            target=_FIELD,
        )
    return (
        f"/subscriptions/{found.subscription}/resourcegroups/{found.group}"
        f"/providers/{USER_IDENTITY_TYPE}/{found.name}"
    )


def _guid(call: Call, kind: str, *parts: str | int) -> str:
    return ids.guid(ids.guid_hex(call.rules.seed, kind, *parts))
