"""What is left of the limits: counted from rows, one indexed statement for each.

A day is the last 24 hours. Where a limit is off nothing is counted.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from ..domain import limits
from ..domain.instants import DAY
from ..domain.jobs import Operation
from ..domain.limits import Changes, Limit
from .resource_tables import operations
from .statements import Statement
from .tables import items, jobs, policies, policy_changes, vaults

_VAULTS = Statement(
    select(func.count())
    .select_from(vaults)
    .where(
        vaults.c.subscription == bindparam("subscription"),
        vaults.c.location == bindparam("location"),
        vaults.c.deleted_at.is_(None),
    )
)
_ITEMS = Statement(
    select(func.count())
    .select_from(items)
    .where(items.c.vault_key == bindparam("vault"), items.c.deleted_at.is_(None))
)
_ITEMS_OF_KIND = Statement(
    select(func.count())
    .select_from(items)
    .where(
        items.c.vault_key == bindparam("vault"),
        items.c.workload == bindparam("workload"),
        items.c.deleted_at.is_(None),
    )
)
_POLICIES = Statement(
    select(func.count()).select_from(policies).where(policies.c.vault_key == bindparam("vault"))
)
_UNDER = Statement(
    select(func.count()).select_from(items).where(items.c.policy_key == bindparam("policy"))
)

# What was done of late, newest first: an instant, and how many times it was done then.
_SINCE: BindParameter[int] = bindparam("since")
_MOST: BindParameter[int] = bindparam("most")
_CHANGES = Statement(
    select(policy_changes.c.changed_at, policy_changes.c.times)
    .where(policy_changes.c.vault_key == bindparam("vault"), policy_changes.c.changed_at > _SINCE)
    .order_by(policy_changes.c.changed_at.desc())
    .limit(_MOST)
)
_OPERATIONS = Statement(
    select(operations.c.started_at, literal(1))
    .where(
        operations.c.scope == bindparam("scope"),
        operations.c.kind == bindparam("kind"),
        operations.c.started_at > _SINCE,
    )
    .order_by(operations.c.started_at.desc())
    .limit(_MOST)
)
_JOBS = Statement(
    select(jobs.c.started_at, literal(1))
    .where(
        jobs.c.item_key == bindparam("item"),
        jobs.c.user_triggered,
        or_(jobs.c.operation == bindparam("operation"), jobs.c.operation == bindparam("other")),
        jobs.c.started_at > _SINCE,
    )
    .order_by(jobs.c.started_at.desc())
    .limit(_MOST)
)

_OF_THE_INSTANT = (
    policy_changes.c.vault_key == bindparam("vault"),
    policy_changes.c.changed_at == bindparam("now"),
)
_COUNT_CHANGE = Statement(
    update(policy_changes).where(*_OF_THE_INSTANT).values(times=policy_changes.c.times + 1)
)
_FIRST_CHANGE = Statement(
    insert(policy_changes).values(
        vault_key=bindparam("vault"), changed_at=bindparam("now"), times=literal(1)
    )
)


def for_vault(connection: Connection, kept: Changes, subscription: str, location: str) -> None:
    """Raise ``Refused`` if a region has no room for a new vault."""
    of = {"subscription": subscription.lower(), "location": location}
    _check_room(connection, kept, _VAULTS, limits.VAULTS, **of)


def for_item(connection: Connection, kept: Changes, vault: Row[Any], workload: str) -> None:
    """Raise ``Refused`` if a vault has no room for one more; soft-deleted ones take none."""
    of_kind = limits.OF_WORKLOAD.get(workload, ())
    _check_room(connection, kept, _ITEMS_OF_KIND, *of_kind, vault=vault.key, workload=workload)
    _check_room(connection, kept, _ITEMS, limits.DATASOURCES, vault=vault.key)


def for_item_under(connection: Connection, kept: Changes, policy_key: int, workload: str) -> None:
    """Raise ``Refused`` if a policy has no room for one more."""
    of_kind = limits.UNDER_A_POLICY.get(workload, ())
    _check_room(connection, kept, _UNDER, *of_kind, policy=policy_key)


def for_policy(connection: Connection, kept: Changes, vault: Row[Any]) -> None:
    """Raise ``Refused`` if a vault has no room for a policy more."""
    _check_room(connection, kept, _POLICIES, limits.POLICIES, vault=vault.key)


def for_policy_change(connection: Connection, kept: Changes, vault: Row[Any], now: int) -> None:
    """Raise ``Refused`` if a vault's policies were changed too often in a day."""
    _check_pace(connection, kept, limits.POLICY_CHANGES, _CHANGES, now, vault=vault.key)


def note_policy_change(connection: Connection, vault: Row[Any], now: int) -> None:
    """Count a policy that is created or edited: it leaves no job and no operation."""
    if not _COUNT_CHANGE.run(connection, vault=vault.key, now=now).rowcount:
        _FIRST_CHANGE.run(connection, vault=vault.key, now=now)


def for_configuration(connection: Connection, kept: Changes, vault: Row[Any], now: int) -> None:
    """Raise ``Refused`` if protection was configured too often in a vault in a day."""
    of = {"scope": vault.folded, "kind": Operation.CONFIGURE_BACKUP}
    _check_pace(connection, kept, limits.CONFIGURATIONS, _OPERATIONS, now, **of)


def for_backup(connection: Connection, kept: Changes, item: Row[Any], now: int) -> None:
    """Raise ``Refused`` if an item was backed up on demand too often in a day."""
    of = {"item": item.key, "operation": Operation.BACKUP, "other": Operation.BACKUP}
    _check_pace(connection, kept, limits.BACKUPS, _JOBS, now, **of)


def for_restore(
    connection: Connection,
    kept: Changes,
    item: Row[Any],
    now: int,
    operations: tuple[str, str] = Operation.RESTORES_HERE,
) -> None:
    """Raise ``Refused`` if an item was restored too often in a day, in either region."""
    of = {"item": item.key, "operation": operations[0], "other": operations[1]}
    _check_pace(connection, kept, limits.RESTORES, _JOBS, now, **of)


def _check_room(
    connection: Connection, kept: Changes, count: Statement, *bounds: Limit, **of: Any
) -> None:
    if all(limits.allowed(kept, limit) is None for limit in bounds):
        return
    used = count.run(connection, **of).fetchone()[0]
    for limit in bounds:
        most = limits.allowed(kept, limit)
        if most is not None and used >= most:
            raise limits.full(limit, most)


def _check_pace(
    connection: Connection, kept: Changes, limit: Limit, done: Statement, now: int, **of: Any
) -> None:
    most = limits.allowed(kept, limit)
    if most is None:
        return
    seen = 0
    for at, times in done.run(connection, since=now - DAY, most=most, **of).fetchall():
        seen += times
        if seen >= most:
            raise limits.blocked(limit, most, at + DAY)
