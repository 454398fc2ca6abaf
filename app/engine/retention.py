"""Expiry: what a sweep deletes, and how edits of a policy reach points that exist.

Sweeps lie on a fixed grid of virtual time, so a point outlives its expiry by less than one
step of it. Three things are never deleted: an item's newest point, its newest snapshot before
the next backup succeeded, and anything of an item whose protection was stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)

from ..domain.archive_tier import HARDENED
from ..domain.events import EventKind
from ..domain.instants import DAY, EARLIEST
from ..domain.jobs import Phase
from ..domain.policies import MOST_POINTS, Length, Policy
from ..store.statements import Statement
from ..store.tables import items, jobs, recovery_points
from ..workloads.table import WORKLOADS
from . import clock, events, point_needs, tiering
from .backups import SNAPSHOT_ONLY, TAKEN, earlier

_DAYS_AT_ONCE = 500

_POINT = recovery_points.c
_SWEEP = bindparam("sweep", type_=BigInteger)
_OF_ITEM = items.c.key == _POINT.item_key
_OLDER = exists(select(items.c.key).where(_OF_ITEM, items.c.latest_snapshot_at > _POINT.taken_at))
# The newest vaulted point stays too: where unvaulted ones are hidden, it is the last to be seen.
# What is based on another one is never the last that could be restored.
_DELETABLE = exists(
    select(items.c.key).where(
        _OF_ITEM,
        or_(items.c.latest_snapshot_at > _POINT.taken_at, _POINT.base_at.is_not(None)),
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


def _next_look(instant_until: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return when the sweep must look at a point whose snapshot is kept until an instant."""
    return case(
        (_POINT.snapshot_valid, earlier(instant_until, _POINT.expires_at)),
        (_POINT.needed_until > _POINT.expires_at, _POINT.needed_until),
        else_=_POINT.expires_at,
    )


_EXPIRED = (
    _POINT.sweep_at <= _SWEEP,
    _DELETABLE,
    or_(_POINT.needed_until.is_(None), _POINT.needed_until <= _SWEEP),
    or_(
        _POINT.expires_at <= _SWEEP,
        and_(_POINT.vaulted_at.is_(None), _POINT.instant_until <= _SWEEP),
    ),
)
_SNAPSHOT_OVER = (_POINT.sweep_at <= _SWEEP, _OLDER, _POINT.snapshot_valid)
# Where a point is only shown once it is in the vault, others were never there.
_WAS_SHOWN = or_(not_(cast(bindparam("hides"), Boolean)), _POINT.vaulted_at.is_not(None))
_TELL_EXPIRED = events.told_points(EventKind.POINT_EXPIRED, _SWEEP, None, *_EXPIRED, _WAS_SHOWN)
_TELL_SNAPSHOTS_OVER = events.told_points(
    EventKind.SNAPSHOT_EXPIRED, _SWEEP, HARDENED, *_SNAPSHOT_OVER, _POINT.vaulted_at.is_not(None)
)
_DELETE_EXPIRED = Statement(delete(recovery_points).where(*_EXPIRED))
_DROP_SNAPSHOTS = Statement(
    update(recovery_points)
    .where(*_SNAPSHOT_OVER)
    .values(snapshot_valid=False, sweep_at=_POINT.expires_at)
)
_one_too_many = (
    select(_POINT.taken_at)
    .where(_POINT.item_key == items.c.key)
    .order_by(_POINT.taken_at.desc())
    .limit(1)
    .offset(MOST_POINTS)
    .scalar_subquery()
)
_CROWDED = Statement(
    select(items.c.key, _one_too_many)
    # As a range, so that the index of the few is searched.
    .where(items.c.crowded_at >= EARLIEST, items.c.policy_key.is_not(None))
    .order_by(items.c.crowded_at, items.c.key)
)
_OLDEST = (_POINT.item_key == bindparam("item"), _POINT.taken_at <= bindparam("newest"))
_newest = recovery_points.alias()
_SUPERSEDED_AT = (
    select(_newest.c.visible_at)
    .where(
        _newest.c.item_key == events.ITEM.key,
        _newest.c.taken_at == events.ITEM.latest_snapshot_at,
    )
    .scalar_subquery()
)
_TELL_OLDEST = events.drafted_points(EventKind.POINT_EXPIRED, _SUPERSEDED_AT, None, *_OLDEST)
_DELETE_OLDEST = Statement(delete(recovery_points).where(*_OLDEST))


def sweep(connection: Connection, at: int, *, recorded: bool = False, hides: bool = False) -> None:
    """Delete what has expired by a grid instant, and the snapshots whose days are over."""
    if recorded:
        _TELL_EXPIRED.run(connection, sweep=at, hides=hides)
    _DELETE_EXPIRED.run(connection, sweep=at)
    if recorded:
        _TELL_SNAPSHOTS_OVER.run(connection, sweep=at)
    _DROP_SNAPSHOTS.run(connection, sweep=at)


def trim(connection: Connection, *, recorded: bool = False) -> None:
    """Delete the oldest points of items that have more than Azure keeps, after new ones came."""
    for item, newest in _CROWDED.run(connection).fetchall():
        if newest is not None and recorded:
            _TELL_OLDEST.run(connection, item=item, newest=newest)
        if newest is not None:
            _DELETE_OLDEST.run(connection, item=item, newest=newest)


def note_crowded(connection: Connection, of: ColumnElement[bool], now: int) -> None:
    """Count the points of items from now on, as there may become too many."""
    some = and_(of, items.c.crowded_at.is_(None))
    connection.execute(update(items).where(some).values(crowded_at=now))


def freeze(connection: Connection, item_key: int) -> None:
    """Stop an item's points from expiring: its protection was stopped and its data is kept."""
    connection.execute(
        update(recovery_points).where(_POINT.item_key == item_key).values(sweep_at=null())
    )


def keep_last(connection: Connection, item: Row[Any], now: int) -> None:
    """Spare the sweep an item's newest point, when nothing is scheduled that could follow it.

    While a snapshot is being taken the point that it makes will be the newest.
    """
    last_at = item.latest_snapshot_at
    if WORKLOADS[item.workload].streaming is not None:
        last_at = item.latest_vaulted_at  # the others are based on it
    if last_at is None or item.snapshot_until > now:
        return
    connection.execute(
        update(recovery_points)
        .where(_POINT.item_key == item.key, _POINT.taken_at == last_at)
        .values(sweep_at=null())
    )


def thaw(connection: Connection, item_key: int) -> None:
    """Let an item's points expire again; those that are over go with the next sweep."""
    connection.execute(
        update(recovery_points)
        .where(_POINT.item_key == item_key, ~_in_transfer)
        .values(sweep_at=_next_look(_POINT.instant_until))
    )


def judge(
    connection: Connection,
    of: ColumnElement[bool],
    policy: Policy,
    now: int,
    *,
    soft_delete_days: int,
) -> None:
    """Judge anew what schedules made of the items that a condition on ``items`` chooses.

    Azure applies an edit to existing points of the same category (docs/decisions/0042). A backup
    that is taking its snapshot is judged as its point would be. The statements are as many as
    there are lengths, not points: those of a fleet share their tags and dates. Points of the vault
    that the edit ends at once are soft-deleted for some days, if any (docs/decisions/0081); not
    those of databases, which need each other: what nothing needs any more goes (0094).
    """
    if policy.is_crowded:
        note_crowded(connection, of, now)
    is_streamed = WORKLOADS[policy.workload].streaming is not None
    if is_streamed:
        soft_delete_days = 0
    recorded = soft_delete_days > 0 and clock.read(connection).events_kept is not None
    keys = select(items.c.key).where(of)
    scheduled = and_(_POINT.item_key.in_(keys), _POINT.tags.is_not(None))
    for alike, length in _lengths(connection, recovery_points, scheduled, policy):
        ends = earlier(_POINT.expires_at, literal(now, BigInteger))
        values: dict[str, Any] = {}
        if length is not None:
            ends = _POINT.taken_at + length.micros
            values = {"rule": length.rule}
        if recorded:
            lost = _lost(ends, now, soft_delete_days)
            first = (scheduled, alike, lost, not_(_POINT.soft_deleted))
            events.note_points(connection, EventKind.POINT_SOFT_DELETED, now, *first)
        values |= _end_at(ends, now, soft_delete_days)
        _change(connection, and_(scheduled, alike), values)
    instant_until: ColumnElement[Any] = _POINT.expires_at
    if policy.instant is not None:
        instant_until = _POINT.taken_at + policy.instant
        alike = and_(scheduled, _POINT.tags == SNAPSHOT_ONLY)
        _change(connection, alike, {"expires_at": instant_until})
    swept = case((_POINT.sweep_at.is_not(None), _next_look(instant_until)), else_=null())
    _change(connection, scheduled, {"instant_until": instant_until, "sweep_at": swept})
    _judge_running(connection, keys, policy, now)
    if is_streamed:
        point_needs.renew(connection, keys)
    tiering.judge(connection, keys, policy, now)


def would_shorten(
    connection: Connection, item_key: int, policy: Policy, now: int, *, fixed_days: int | None
) -> bool:
    """Tell whether a policy would end a point of the vault sooner than it ends now.

    What is over already does not count, nor what is soft-deleted; with ``fixed_days`` only so many
    days of each point do.
    """
    until: ColumnElement[Any] = _POINT.expires_at
    if fixed_days is not None:
        until = earlier(until, _POINT.taken_at + fixed_days * DAY)
    held = and_(
        _POINT.item_key == item_key,
        _POINT.tags.is_not(None),
        _POINT.vaulted_at.is_not(None),
        not_(_POINT.soft_deleted),
        until > now,
    )
    for alike, length in _lengths(connection, recovery_points, held, policy):
        ends = literal(now, BigInteger) if length is None else _POINT.taken_at + length.micros
        if connection.execute(select(exists().where(held, alike, ends < until))).scalar():
            return True
    return False


def _end_at(ends: ColumnElement[Any], now: int, soft_delete_days: int) -> dict[str, Any]:
    """Return the values of points that end at an instant now, as their rule has changed.

    One that would be over by now, but was not yet, is lost. It is soft-deleted, or stays so until
    the day that was set then; a rule that keeps it longer gives it its own end back.
    """
    lost = _lost(ends, now, soft_delete_days)
    purged = literal(now + soft_delete_days * DAY, BigInteger)
    return {
        "expires_at": case(
            (and_(lost, _POINT.soft_deleted), _POINT.expires_at), (lost, purged), else_=ends
        ),
        "soft_deleted": case((lost, literal(True, Boolean)), else_=literal(False, Boolean)),
    }


def _lost(ends: ColumnElement[Any], now: int, soft_delete_days: int) -> ColumnElement[bool]:
    """Return the condition for points that are lost now, or were and stay so."""
    first_lost = and_(not_(_POINT.soft_deleted), literal(soft_delete_days > 0, Boolean))
    return and_(
        ends <= now,
        _POINT.expires_at > now,
        or_(_POINT.soft_deleted, first_lost),
        _POINT.vaulted_at.is_not(None),
        _DELETABLE,
    )


def _change(connection: Connection, of: ColumnElement[bool], values: dict[str, Any]) -> None:
    """Write new values to the points that have others: a row written in vain costs the same."""
    others = or_(*(_POINT[name].is_distinct_from(value) for name, value in values.items()))
    connection.execute(update(recovery_points).where(of, others).values(**values))


def _judge_running(connection: Connection, keys: Select[Any], policy: Policy, now: int) -> None:
    running = and_(
        jobs.c.item_key.in_(keys),
        jobs.c.due_at.is_not(None),
        jobs.c.phase.in_((Phase.SNAPSHOT, Phase.STREAMING)),
        jobs.c.tags.is_not(None),
    )
    for alike, length in _lengths(connection, jobs, running, policy):
        values: dict[str, Any] = {"keep_micros": earlier(jobs.c.keep_micros, now - TAKEN)}
        if length is not None:
            values = {"keep_micros": length.micros, "rule": length.rule}
        connection.execute(update(jobs).where(running, alike).values(**values))
    connection.execute(
        update(jobs)
        .where(running)
        .values(
            instant_micros=policy.instant,
            keep_micros=case(
                (jobs.c.tags == SNAPSHOT_ONLY, literal(policy.instant, BigInteger)),
                else_=jobs.c.keep_micros,
            ),
        )
    )


def _lengths(
    connection: Connection, table: Table, of: ColumnElement[bool], policy: Policy
) -> Iterator[tuple[ColumnElement[bool], Length | None]]:
    """Return the lengths that rows have under a policy, each with the condition for its rows.

    No length is the end of what a weekly schedule does not know; a daily one lets such rows be.
    """
    vaulted = and_(of, table.c.tags != SNAPSHOT_ONLY)
    known = select(table.c.tags, table.c.slot_day).where(vaulted).distinct()
    days: dict[str, dict[Length | None, list[int]]] = {}
    for tags, day in connection.execute(known.order_by(table.c.tags, table.c.slot_day)).all():
        days.setdefault(tags, {}).setdefault(policy.length(tags, day), []).append(day)
    for tags, lengths in days.items():
        for length, found in lengths.items():
            if length is None and policy.is_kept_on(tags):
                continue
            if len(lengths) == 1:
                yield table.c.tags == tags, length
                continue
            for first in range(0, len(found), _DAYS_AT_ONCE):
                some = table.c.slot_day.in_(found[first : first + _DAYS_AT_ONCE])
                yield and_(table.c.tags == tags, some), length
