"""Backups of logs: derived from an item's schedule, not rows, so that years of them cost nothing.

A log is backed up at the multiples of its period since 1970, while its database is under a policy
with logs and its VM runs. Whoever changes what decides on that settles the chain first, in the
same transaction, at the same instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    cast,
    delete,
    exists,
    false,
    insert,
    literal,
    select,
    true,
    update,
)

from ..domain.instants import DAY, LATEST
from ..domain.policies import FULL, DatabasePolicy, Policy
from ..domain.vault_settings import CROSS_REGION
from ..store.log_tables import log_stretches
from ..store.tables import items, log_chains, recovery_points, vaults

SIMPLE = "SIMPLE"
"""The recovery model in which SQL Server keeps no log that could be backed up."""

OLDEST_BASE = 15 * DAY
"""Azure makes a full backup in place of what would be based on an older one (semantics 7.4)."""

_REMEMBERED = 366 * DAY
"""For how long the past of a chain is told apart: no copy is that far behind."""
_HAS_SECONDARY = vaults.c.properties["redundancySettings"][CROSS_REGION].as_string() == "Enabled"

_CHAIN = log_chains.c
IS_BACKED_UP = and_(
    items.c.log_every_micros.is_not(None),
    items.c.next_backup_at <= LATEST,  # null where nothing is scheduled, beyond in an outage
    items.c.source_exists,
    items.c.source_running,
    items.c.source_size != SIMPLE,
    items.c.full_only.is_(False),
)
"""Whether an item's log is being backed up: a column of ``items``."""


@dataclass(frozen=True, slots=True)
class Range:
    """A span of instants that can be restored, both ends included."""

    start: int
    end: int


def covered(at: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the column of the latest backup in an item's chain at an instant."""
    latest = cast(at, BigInteger) // items.c.log_every_micros * items.c.log_every_micros
    counts = and_(IS_BACKED_UP, latest > _CHAIN.resumed_at, latest > _CHAIN.covered_until)
    return case((and_(_CHAIN.is_open, counts), latest), else_=_CHAIN.covered_until)


def columns(policy: Policy) -> dict[str, int | None]:
    """Return what an item keeps of a policy's part for logs.

    Without one nothing more is backed up; what there is is kept as long as before.
    """
    if not isinstance(policy, DatabasePolicy) or policy.logs is None:
        return {"log_every_micros": None}
    return {"log_every_micros": policy.logs.every, "log_keep_micros": policy.logs.keep}


def follow(connection: Connection, of: ColumnElement[bool], policy: Policy, now: int) -> None:
    """Let some items follow a policy's part for logs."""
    if isinstance(policy, DatabasePolicy):
        connection.execute(update(items).where(of).values(**columns(policy)))
        _begin(connection, of, now)


def _begin(connection: Connection, of: ColumnElement[bool], now: int) -> None:
    """Let the logs that begin to be backed up now begin with the newest full backup.

    The server has kept its log since then. Without a full backup that a log could be based on, the
    chain begins with the next one.
    """
    base = items.c.latest_vaulted_at
    goes_on = exists(select(_CHAIN.item_key).where(_CHAIN.item_key == items.c.key, _CHAIN.is_open))
    connection.execute(
        insert(log_chains).from_select(
            ["item_key", "started_at", "covered_until", "resumed_at", "is_open"],
            select(items.c.key, base, base, literal(now, BigInteger), true()).where(
                of,
                items.c.log_every_micros.is_not(None),
                base >= now - OLDEST_BASE,
                items.c.full_next.is_(False),
                ~goes_on,
            ),
        )
    )


def settle(connection: Connection, of: ColumnElement[bool], now: int) -> None:
    """Note up to where the logs of some items are backed up: what decides on it may change now."""
    _remember(connection, of, now)
    connection.execute(
        update(log_chains)
        .where(_CHAIN.item_key == items.c.key, _CHAIN.is_open, of)
        .values(covered_until=covered(literal(now)), resumed_at=now)
    )


def _remember(connection: Connection, of: ColumnElement[bool], now: int) -> None:
    """Keep how the logs of some items were backed up until now, where copies lag behind."""
    until = covered(literal(now))
    mine = select(items.c.key).where(of)
    connection.execute(
        delete(log_stretches).where(
            log_stretches.c.item_key.in_(mine), log_stretches.c.covered_until < now - _REMEMBERED
        )
    )
    connection.execute(
        insert(log_stretches).from_select(
            ["item_key", "resumed_at", "covered_until", "every_micros"],
            select(_CHAIN.item_key, _CHAIN.resumed_at, until, items.c.log_every_micros)
            .join(items, items.c.key == _CHAIN.item_key)
            .join(vaults, vaults.c.key == items.c.vault_key)
            .where(
                of,
                _CHAIN.is_open,
                until > _CHAIN.resumed_at,
                items.c.log_every_micros.is_not(None),
                _HAS_SECONDARY,
            ),
        )
    )


def break_off(connection: Connection, item_key: int, now: int) -> None:
    """End the chain of an item: its database is another one from now on.

    What was backed up can be restored as before, so the full backup before it stays for that.
    """
    settle(connection, items.c.key == item_key, now)
    item = connection.execute(select(items).where(items.c.key == item_key)).one()
    chain = connection.execute(
        select(log_chains).where(_CHAIN.item_key == item_key, _CHAIN.is_open)
    ).first()
    if chain is None:
        return
    connection.execute(
        update(log_chains)
        .where(_CHAIN.item_key == item_key, _CHAIN.is_open)
        .values(is_open=false())
    )
    point = recovery_points.c
    connection.execute(
        update(recovery_points)
        .where(
            point.item_key == item_key,
            point.taken_at == item.latest_vaulted_at,
            point.taken_at < chain.covered_until,
        )
        .values(logs_until=chain.covered_until)
    )


def freeze(connection: Connection, item: Row[Any], now: int) -> None:
    """Let what can be restored now stay so: the item's points do not expire any more."""
    if item.log_keep_micros is None or not item.expiring:
        return
    cut = now - item.log_keep_micros
    mine = _CHAIN.item_key == item.key
    connection.execute(delete(log_chains).where(mine, _CHAIN.covered_until < cut))
    connection.execute(
        update(log_chains).where(mine, _CHAIN.started_at < cut).values(started_at=cut)
    )


def ranges(connection: Connection, item: Row[Any], now: int) -> list[Range]:
    """Return what can be restored of an item's log at an instant, oldest first."""
    rows = connection.execute(
        select(_CHAIN.started_at, covered(literal(now)))
        .join(items, items.c.key == _CHAIN.item_key)
        .where(_CHAIN.item_key == item.key)
        .order_by(_CHAIN.started_at)
    ).all()
    return kept(connection, item, [Range(start, end) for start, end in rows], now)


def would_shorten(
    connection: Connection, item: Row[Any], policy: Policy, now: int, *, fixed_days: int | None
) -> bool:
    """Tell whether a policy would keep an item's log for less than it is kept now.

    With ``fixed_days`` only so many days of it count. A policy without logs changes nothing.
    """
    if not isinstance(policy, DatabasePolicy) or policy.logs is None or not item.log_keep_micros:
        return False
    keep: int = item.log_keep_micros
    if fixed_days is not None:
        keep = min(keep, fixed_days * DAY)
    return policy.logs.keep < keep and bool(ranges(connection, item, now))


def kept(connection: Connection, item: Row[Any], found: list[Range], now: int) -> list[Range]:
    """Return what of some ranges, oldest first, has not expired and has a full backup before it.

    After a pause that outlasted it, the full backup before the pause is gone.
    """
    if not found:
        return []
    cut = now - item.log_keep_micros if item.expiring and item.log_keep_micros else 0
    point = recovery_points.c
    bases = select(point.taken_at).where(point.item_key == item.key, point.backup_type == FULL)
    fulls = connection.execute(bases.order_by(point.taken_at)).scalars().all()
    left, before = [], 0
    for each in found:
        own = [at for at in fulls if before < at < each.end]
        start = max(each.start, cut, own[0] if own else each.end)
        if start < each.end:
            left.append(Range(start, each.end))
        before = each.end
    return left
