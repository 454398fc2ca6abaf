"""Expiry: what a sweep deletes, and how edits of a policy reach points that exist.

Sweeps lie on a fixed grid of virtual time, so a point outlives its expiry by less than one
step of it. Three things are never deleted: an item's newest point, its newest snapshot before
the next backup succeeded, and anything of an item whose protection was stopped.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    exists,
    null,
    or_,
    select,
    update,
)

from ..domain.jobs import Phase
from ..domain.policies import Keep
from ..store.statements import Statement
from ..store.tables import items, jobs, recovery_points
from .backups import earlier

_POINT = recovery_points.c
_SWEEP = bindparam("sweep", type_=BigInteger)
_OF_ITEM = items.c.key == _POINT.item_key
_OLDER = exists(select(items.c.key).where(_OF_ITEM, items.c.latest_snapshot_at > _POINT.taken_at))
# The newest vaulted point stays too: where unvaulted ones are hidden, it is the last to be seen.
_DELETABLE = exists(
    select(items.c.key).where(
        _OF_ITEM,
        items.c.latest_snapshot_at > _POINT.taken_at,
        items.c.latest_vaulted_at.is_distinct_from(_POINT.taken_at),
    )
)

_in_transfer = exists(
    select(jobs.c.job_id).where(
        jobs.c.item_key == _POINT.item_key,
        jobs.c.due_at.is_not(None),
        jobs.c.phase == Phase.TRANSFER,
        jobs.c.snapshot_ended_at == _POINT.visible_at,
    )
)
_next_look = case(
    (_POINT.snapshot_valid, earlier(_POINT.instant_until, _POINT.expires_at)),
    else_=_POINT.expires_at,
)

_DELETE_EXPIRED = Statement(
    delete(recovery_points).where(
        _POINT.sweep_at <= _SWEEP,
        _DELETABLE,
        or_(
            _POINT.expires_at <= _SWEEP,
            and_(_POINT.vaulted_at.is_(None), _POINT.instant_until <= _SWEEP),
        ),
    )
)
_DROP_SNAPSHOTS = Statement(
    update(recovery_points)
    .where(_POINT.sweep_at <= _SWEEP, _OLDER, _POINT.snapshot_valid)
    .values(snapshot_valid=False, sweep_at=_POINT.expires_at)
)


def sweep(connection: Connection, at: int) -> None:
    """Delete what has expired by a grid instant, and the snapshots whose days are over."""
    _DELETE_EXPIRED.run(connection, sweep=at)
    _DROP_SNAPSHOTS.run(connection, sweep=at)


def freeze(connection: Connection, item_key: int) -> None:
    """Stop an item's points from expiring: its protection was stopped and its data is kept."""
    connection.execute(
        update(recovery_points).where(_POINT.item_key == item_key).values(sweep_at=null())
    )


def keep_last(connection: Connection, item: Row[Any], now: int) -> None:
    """Spare the sweep an item's newest point, when nothing is scheduled that could follow it.

    While a snapshot is being taken the point that it makes will be the newest.
    """
    if item.latest_snapshot_at is None or item.snapshot_until > now:
        return
    connection.execute(
        update(recovery_points)
        .where(_POINT.item_key == item.key, _POINT.taken_at == item.latest_snapshot_at)
        .values(sweep_at=null())
    )


def thaw(connection: Connection, item_key: int) -> None:
    """Let an item's points expire again; those that are over go with the next sweep."""
    connection.execute(
        update(recovery_points)
        .where(_POINT.item_key == item_key, ~_in_transfer)
        .values(sweep_at=_next_look)
    )


def apply(connection: Connection, item_key: int, keep: Keep, instant: int) -> None:
    """Give an item's points of a rule's category the lengths that its policy has now.

    Azure applies an edit to existing points of the same category; on-demand points have no
    rule and keep their own date. A backup that is taking its snapshot gets the new lengths too.
    """
    same_category = and_(_POINT.item_key == item_key, _POINT.rule == keep.rule)
    connection.execute(
        update(recovery_points)
        .where(same_category)
        .values(expires_at=_POINT.taken_at + keep.micros, instant_until=_POINT.taken_at + instant)
    )
    connection.execute(
        update(recovery_points)
        .where(same_category, _POINT.sweep_at.is_not(None))
        .values(sweep_at=_next_look)
    )
    connection.execute(
        update(jobs)
        .where(
            jobs.c.item_key == item_key,
            jobs.c.due_at.is_not(None),
            jobs.c.phase == Phase.SNAPSHOT,
            jobs.c.rule == keep.rule,
        )
        .values(keep_micros=keep.micros, instant_micros=instant)
    )
