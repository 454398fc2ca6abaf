"""Locks: what may not be changed or deleted, whoever asks.

A lock is inherited by all that lies below it. What it guards keeps what lies above it, too: a
group is not deleted while anything in it is locked.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from ..domain.errors import Refused, conflict
from ..domain.resource_ids import LOCK_TYPE
from .statements import Query
from .tables import subscription_resources

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
