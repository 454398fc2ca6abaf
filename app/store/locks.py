"""Locks: what may not be changed or deleted, whoever asks.

A lock is inherited by all that lies below it. What it guards keeps what lies above it, too: a
group is not deleted while anything in it is locked.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from ..domain.errors import Refused, conflict
from ..domain.resource_ids import LOCK_TYPE
from .metadata import Document
from .resource_tables import subscription_resources
from .statements import Query

READ_ONLY = "ReadOnly"
CAN_NOT_DELETE = "CanNotDelete"

_IN_SUBSCRIPTION = Query(
    select(subscription_resources)
    .where(
        subscription_resources.c.subscription == bindparam("subscription"),
        subscription_resources.c.type_folded == LOCK_TYPE.lower(),
    )
    .order_by(subscription_resources.c.folded)
)


def in_subscription(connection: Connection, subscription: str) -> list[Row[Any]]:
    """Return the locks in a subscription, by id."""
    return _IN_SUBSCRIPTION.all(connection, subscription=subscription.lower())


def scope_of(lock: Row[Any]) -> str:
    """Return the id of what a lock locks, as it was spelled."""
    scope: str = lock.id[: -len(f"/providers/{LOCK_TYPE}/{lock.name}")]
    return scope


def check(connection: Connection, subscription: str, path: str, *, deletes: bool) -> None:
    """Raise ``Refused`` if a lock forbids to delete, or else to change, what has a path."""
    folded = path.lower()
    found = in_subscription(connection, subscription)
    hindered = [lock for lock in found if _forbids(lock, folded, deletes=deletes)]
    if hindered:
        raise scope_locked(path, hindered, "delete" if deletes else "write")


def _forbids(lock: Row[Any], folded: str, *, deletes: bool) -> bool:
    above = f"{folded}/".startswith(f"{lock.scope_folded}/")
    if above:
        return deletes or lock.document["level"] == READ_ONLY
    return deletes and f"{lock.scope_folded}/".startswith(f"{folded}/")


def scope_locked(path: str, hindered: list[Row[Any]], verb: str) -> Refused:
    """ARM's answer to a change of what is locked."""
    scopes = ",".join(dict.fromkeys(scope_of(lock) for lock in hindered))
    return conflict(
        "ScopeLocked",
        f"The scope '{path}' cannot perform {verb} operation because following scope(s) are "
        f"locked: '{scopes}'. Please remove the lock and try again.",
        target=path,
    )


# --- what is done with a lock ------------------------------------------------------------


def lock_id(scope: str, name: str) -> str:
    """Return the id of a lock on a scope."""
    return f"{scope}/providers/{LOCK_TYPE}/{name}"


def put(connection: Connection, scope: str, name: str, properties: Document, now: int) -> bool:
    """Put a lock on a scope, or change the one of that name; tell whether it is a new one."""
    own_id = lock_id(scope, name)
    mine = subscription_resources.c.folded == own_id.lower()
    change = update(subscription_resources).where(mine).values(document=properties)
    if connection.execute(change).rowcount:
        return False
    connection.execute(
        insert(subscription_resources).values(
            folded=own_id.lower(),
            id=own_id,
            subscription=scope.split("/")[2].lower(),
            type_folded=LOCK_TYPE.lower(),
            scope_folded=scope.lower(),
            name=name,
            document=properties,
            created_at=now,
        )
    )
    return True


def remove(connection: Connection, scope: str, name: str) -> bool:
    """Take a lock away from a scope; tell whether there was one."""
    mine = subscription_resources.c.folded == lock_id(scope, name).lower()
    return bool(connection.execute(delete(subscription_resources).where(mine)).rowcount)
