"""Managed identities: assigned to a vault, a VM or a disk encryption set, kept and removed.

Resource Manager assigns them, so the rules are the same for every type (azure-cli-wire 4.1; "Manage
managed identities with REST" on learn.microsoft.com). Their GUIDs follow from the seed: a
resource's own from the resource and the instant it was assigned, a user-assigned one's from its
id, as Microsoft.ManagedIdentity shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from sqlalchemy import select

from ..arm.bodies import Body
from ..arm.calls import Call
from ..domain import ids
from ..domain.documents import Document
from ..domain.errors import invalid
from ..domain.resource_ids import USER_IDENTITY_TYPE, parse
from ..domain.tenancy import TENANT_ID
from ..store.resource_tables import resources

_FIELD = "identity.userAssignedIdentities"


def _fold_type(value: Any) -> Any:
    """Clients write the pair in any casing and order, with or without the blank."""
    if not isinstance(value, str):
        return value
    by_folded = {word.lower(): word for word in ("None", "SystemAssigned", "UserAssigned")}
    parts = sorted(part.strip().lower() for part in value.split(","))
    return ", ".join(by_folded.get(part, part) for part in parts)


class IdentityKeys(Body):
    """What a client read of a user-assigned identity; it may send it back."""

    client_id: str | None = None
    principal_id: str | None = None


class ManagedIdentity(Body):
    """A resource's managed identities; a user-assigned one is removed by null.

    Whole bodies that hold it keep the nulls in ``NULLS``.
    """

    type: Annotated[
        Literal["None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned"],
        BeforeValidator(_fold_type),
    ] = Field(examples=["SystemAssigned"])
    user_assigned_identities: dict[str, IdentityKeys | None] = Field(
        default_factory=dict, max_length=100
    )


NULLS = frozenset({"userAssignedIdentities"})


@dataclass(frozen=True, slots=True)
class Holder:
    """The resource that identities are assigned to.

    ``natural`` tells its own identity from every other: a kind, and what sets this resource and
    this instant apart. ``groups`` is how its service spells that segment of its identities' ids;
    one that shows them as they were sent has none.
    """

    id: str
    natural: tuple[str | int, ...]
    groups: Literal["resourceGroups", "resourcegroups"] | None


def assign(
    call: Call, holder: Holder, before: Document | None, asked: Document, *, partial: bool
) -> Document:
    """Return a resource's identity as the wire shows it. Raises ``Refused``.

    ``asked`` is a ``ManagedIdentity`` on the wire, ``before`` what there is. What a ``partial``
    one (a PATCH) does not name stays; otherwise (a PUT) the user-assigned ones are those it names.
    """
    held = before or {}
    document: Document = {"type": asked["type"]}
    if "SystemAssigned" in asked["type"]:
        document["principalId"] = held.get("principalId") or _guid(call, *holder.natural)
        document["tenantId"] = TENANT_ID
    sent = {_spelled(holder, name): keys for name, keys in asked["userAssignedIdentities"].items()}
    users = _users(call, holder, held.get("userAssignedIdentities", {}), sent, partial=partial)
    if "UserAssigned" in asked["type"]:
        if not users:
            raise invalid(
                "MissingIdentityIds",
                f"{_FIELD}: The identity ids must not be null or empty for 'UserAssigned' "
                "identity type.",
                target=_FIELD,
            )
        document["userAssignedIdentities"] = users
    elif any(keys is not None for keys in sent.values()):
        raise invalid(
            "BadRequest",
            f"{_FIELD}: The request format was unexpected, a non-UserAssigned identity type "
            "should not contain: userAssignedIdentities",
            target=_FIELD,
        )
    return document


def user_keys(seed: int, identity_id: str) -> Document:
    """Return the two GUIDs of a user-assigned identity."""
    folded = identity_id.lower()
    return {
        "principalId": ids.guid(ids.guid_hex(seed, "identity-principal", folded)),
        "clientId": ids.guid(ids.guid_hex(seed, "identity-client", folded)),
    }


def _users(
    call: Call, holder: Holder, users: Document, asked: Document, *, partial: bool
) -> Document:
    """Return the user-assigned identities by id, with those asked for or taken away.

    Those that are assigned already are not looked up; a PUT spells them anew.
    """
    wanted = {name.lower(): name for name, keys in asked.items() if keys is not None}
    removed = {name.lower() for name in asked} - wanted.keys()
    found = {
        name.lower(): (name if partial else wanted[name.lower()], keys)
        for name, keys in users.items()
        if name.lower() in wanted or (partial and name.lower() not in removed)
    }
    new = {folded: name for folded, name in wanted.items() if folded not in found}
    _check_they_exist(call, holder, new)
    found |= {folded: (name, user_keys(call.rules.seed, name)) for folded, name in new.items()}
    return dict(found[folded] for folded in sorted(found))


def _check_they_exist(call: Call, holder: Holder, new: dict[str, str]) -> None:
    """Refuse identities that are not there, by lower-case id, as Resource Manager does.

    Words of it: https://github.com/Azure/azure-policy/issues/1311.
    """
    if not new:
        return
    query = select(resources.c.folded).where(resources.c.folded.in_(new))
    there = set(call.connection.execute(query).scalars())
    for folded in sorted(new.keys() - there):
        raise invalid(
            "FailedIdentityOperation",
            f"Identity operation for resource '{holder.id}' failed with error 'Failed to perform "
            "resource identity operation. Status: 'BadRequest'. Response: "
            '\'{"error":{"code":"BadRequest",'
            f"\"message\":\"Resource '{new[folded]}' was not found.\"}}}}'.'.",
            target=_FIELD,
        )


def _spelled(holder: Holder, sent: str) -> str:
    """Return an identity's id as the holder's service writes it; names stay as they were sent."""
    found = parse(sent)
    if found is None or found.type.lower() != USER_IDENTITY_TYPE.lower():
        raise invalid(
            "LinkedInvalidPropertyId",
            f"{_FIELD}: '{sent}' is not the id of a user-assigned identity "
            f"(/subscriptions/.../resourceGroups/.../providers/{USER_IDENTITY_TYPE}/...).",
            target=_FIELD,
        )
    if holder.groups is None:
        return sent
    return (
        f"/subscriptions/{found.subscription}/{holder.groups}/{found.group}"
        f"/providers/{USER_IDENTITY_TYPE}/{found.name}"
    )


def _guid(call: Call, kind: str | int, *parts: str | int) -> str:
    return ids.guid(ids.guid_hex(call.rules.seed, str(kind), *parts))
