"""Management locks on subscriptions, groups and resources; they hold for every write below them.

Nothing else stops a write that a lock allows, and no lock stops the removal of a lock.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, Endpoint, endpoint
from ...arm.words import Word
from ...domain.errors import Refused, invalid, not_found, resource_not_found
from ...domain.resource_ids import LOCK_TYPE, group_id
from ...store import locks, rows
from ...store.metadata import Document
from ...store.vaults import find_vault, get_group, vault_id

TAG = "Locks"
SUBSCRIPTION = "/subscriptions/{subscriptionId}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"
RESOURCE = f"{GROUP}/providers/{{lockedNamespace}}/{{lockedType}}/{{lockedName}}"
CHILD = f"{RESOURCE}/{{childType}}/{{childName}}"
_NAME = re.compile(r"[^<>%&\\?/]{1,260}")
_EXEMPT = f"/providers/{LOCK_TYPE.partition('/')[0]}/".lower()
_VAULT = re.compile(
    r"/subscriptions/([^/]+)/resourcegroups/([^/]+)/providers"
    r"/microsoft\.recoveryservices/vaults/([^/]+)",
    re.IGNORECASE,
)


class LockOwner(Body):
    """Who put the lock there."""

    application_id: str | None = Field(default=None, max_length=60)


class LockProperties(Body):
    """What a lock forbids, and why."""

    level: Annotated[
        Literal["NotSpecified", "CanNotDelete", "ReadOnly"] | None,
        Word("NotSpecified", "CanNotDelete", "ReadOnly"),
    ] = Field(default=None, examples=["CanNotDelete"])
    notes: str | None = Field(default=None, max_length=512)
    owners: list[LockOwner] | None = Field(default=None, max_length=50)


class ManagementLockBody(Body):
    """A lock to put on something, or to change."""

    EXAMPLE = {"properties": {"level": "CanNotDelete", "notes": "Keep this."}}

    properties: LockProperties = Field(default_factory=LockProperties)


def guard(served: Endpoint, call: Call) -> None:
    """Refuse what a lock forbids. Raises ``Refused``."""
    if "subscriptionId" not in call.path or _EXEMPT in call.url_path.lower():
        return
    if served.method == "POST" and "/resourceGroups/" not in call.url_path:
        return  # what is asked of a subscription as a whole: names, availability
    deletes = served.method == "DELETE"
    locks.check(call.connection, call.subscription, call.url_path, deletes=deletes)


# --- scopes ------------------------------------------------------------------------------


def _subscription_scope(call: Call) -> str:
    return f"/subscriptions/{call.subscription.lower()}"


def _group_scope(call: Call) -> str:
    found: str = get_group(call.connection, call.subscription, call.group).id
    return found


def _resource_scope(call: Call) -> str:
    kind = f"{call.path['lockedNamespace']}/{call.path['lockedType']}"
    wanted = f"{group_id(call.subscription, call.group)}/providers/{kind}"
    wanted = f"{wanted}/{call.path['lockedName']}"
    vault = _VAULT.fullmatch(wanted)
    found = find_vault(call.connection, vault_id(*vault.groups())) if vault else None
    found = found or rows.find(call.connection, wanted)
    if found is None:
        get_group(call.connection, call.subscription, call.group)
        raise resource_not_found(kind, call.path["lockedName"], call.group)
    scope: str = found.id
    return scope


def _child_scope(call: Call) -> str:
    """Return the id of what lies in a resource; that only its provider knows, so it is believed."""
    return f"{_resource_scope(call)}/{call.path['childType']}/{call.path['childName']}"


# --- what is done with a lock ------------------------------------------------------------


def _find(call: Call, scope: str) -> Row[Any] | None:
    wanted = locks.lock_id(scope, call.path["lockName"]).lower()
    found = locks.in_subscription(call.connection, call.subscription)
    return next((each for each in found if each.folded == wanted), None)


def _put(call: Call, scope: str, body: ManagementLockBody) -> Answer:
    name = call.path["lockName"]
    if _NAME.fullmatch(name) is None:
        raise invalid(
            "InvalidLockName",
            f"lockName: '{name}' is not allowed: 1 to 260 characters without <, >, %, &, \\, ? "
            "and /.",
            target="lockName",
        )
    properties = body.wire()["properties"]
    if properties.get("level") in (None, "NotSpecified"):
        raise invalid(
            "LockLevelNotSpecified",
            "properties.level: the lock level must be CanNotDelete or ReadOnly.",
            target="properties.level",
        )
    is_new = locks.put(call.connection, scope, name, properties, call.now)
    return Answer(201 if is_new else 200, _shown(call, scope))


def _shown(call: Call, scope: str) -> Document:
    found = _find(call, scope)
    if found is None:
        raise _not_found(call, scope)
    return _render(found)


def _not_found(call: Call, scope: str) -> Refused:
    return not_found(
        "LockNotFound",
        f"The lock '{call.path['lockName']}' could not be found at scope '{scope}'.",
        target="lockName",
    )


def _render(lock: Row[Any]) -> Document:
    return {"id": lock.id, "name": lock.name, "type": LOCK_TYPE, "properties": lock.document}


def _remove(call: Call, scope: str) -> Answer:
    return Answer(200 if locks.remove(call.connection, scope, call.path["lockName"]) else 204)


def _list(call: Call, scope: str) -> Document:
    """List the locks that hold at a scope: its own, those above and those below.

    With ``atScope()`` those below are left out.
    """
    asked = call.query.get("$filter", "").strip().lower()
    if asked not in ("", "atscope()"):
        raise invalid(
            "InvalidFilterInQueryString",
            f"$filter: '{call.query['$filter']}' is not supported; the only one is atScope().",
            target="$filter",
        )
    folded = f"{scope.lower()}/"
    return {
        "value": [
            _render(each)
            for each in locks.in_subscription(call.connection, call.subscription)
            if folded.startswith(f"{each.scope_folded}/")
            or (not asked and each.scope_folded.startswith(folded))
        ]
    }


# --- the operations of a scope -----------------------------------------------------------

Scope = Callable[[Call], str]


def _endpoints(place: str, name: str, scope: Scope) -> tuple[Endpoint, ...]:
    folder = f"{place}/providers/{LOCK_TYPE}"
    own = f"{folder}/{{lockName}}"

    @endpoint(
        "PUT",
        own,
        f"ManagementLocks_CreateOrUpdate{name}",
        tag=TAG,
        body=ManagementLockBody,
        statuses=(200, 201),
    )
    def put(call: Call, body: ManagementLockBody) -> Answer:
        """Put a lock on a scope, or change one."""
        return _put(call, scope(call), body)

    @endpoint("GET", own, f"ManagementLocks_Get{name}", tag=TAG)
    def get(call: Call) -> Document:
        """Show a lock."""
        return _shown(call, scope(call))

    @endpoint("DELETE", own, f"ManagementLocks_Delete{name}", tag=TAG, statuses=(200, 204))
    def remove(call: Call) -> Answer:
        """Take a lock away; 204 if there is none."""
        return _remove(call, scope(call))

    @endpoint("GET", folder, f"ManagementLocks_List{name}", tag=TAG, query=("$filter",))
    def list_them(call: Call) -> Document:
        """List the locks that hold at a scope, inherited ones too."""
        return _list(call, scope(call))

    return (put, get, remove, list_them)


ENDPOINTS = (
    *_endpoints(SUBSCRIPTION, "AtSubscriptionLevel", _subscription_scope),
    *_endpoints(GROUP, "AtResourceGroupLevel", _group_scope),
    *_endpoints(RESOURCE, "AtResourceLevel", _resource_scope),
    *_endpoints(CHILD, "ByScope", _child_scope),
)
