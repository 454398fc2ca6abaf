"""Faults that are armed: kept in a table, so that a restart and several processes agree.

A world without any pays nothing: its row says at which points any is armed, and whoever moves the
world or serves a request reads that row anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from ..domain import faults as table
from ..domain import ids
from ..domain.faults import FAULTS, Arming, Point
from ..store.fault_tables import faults, stale_answers
from ..store.resource_tables import operations
from . import clock, failing, outages
from .rules import Rules

PUT_OFF = 1 << 60
"""Beyond the calendar: an operation whose end is put off by this ends once it is let go."""

_IN_ORDER = (faults.c.armed_at, faults.c.ordinal)


def arm(connection: Connection, rules: Rules, arming: Arming, now: int) -> Row[Any]:
    """Arm a fault, and return its row. A region that is to be down from now on goes down."""
    found = connection.execute(
        select(func.max(faults.c.ordinal)).where(faults.c.armed_at == now)
    ).scalar()
    ordinal = 0 if found is None else found + 1
    fault_id = ids.guid_hex(
        rules.seed, "fault", arming.name, arming.subscription or "", now, ordinal
    )[:12]
    is_region = arming.fault.points == (Point.REGION,)
    connection.execute(
        insert(faults).values(
            fault_id=fault_id,
            armed_at=now,
            ordinal=ordinal,
            name=arming.name,
            subject=arming.subject,
            subscription=arming.subscription,
            code=arming.code,
            count=arming.count,
            left_over=arming.count,
            chance=arming.chance,
            from_at=arming.from_at,
            until_at=arming.until_at,
            duration=arming.duration,
            asked=0,
            struck=0,
            due_at=max(arming.from_at, now) if is_region else None,
        )
    )
    note_points(connection)
    if is_region and arming.from_at <= now:
        switch_regions(connection, rules, now)
    return connection.execute(select(faults).where(faults.c.fault_id == fault_id)).one()


def listed(connection: Connection, subscription: str | None = None) -> Sequence[Row[Any]]:
    """Return the faults that are armed, in the order of their arming; or of a subscription."""
    found = select(faults).order_by(*_IN_ORDER)
    if subscription is not None:
        found = found.where(faults.c.subscription == subscription)
    return connection.execute(found).all()


def disarm(connection: Connection, rules: Rules, rows: Iterable[Row[Any]], now: int) -> None:
    """Disarm faults: what they hold up goes on, and a region that they took down is back."""
    for row in rows:
        connection.execute(delete(faults).where(faults.c.fault_id == row.fault_id))
        connection.execute(delete(stale_answers).where(stale_answers.c.fault_id == row.fault_id))
        _let_go(connection, row.fault_id, now)
        if row.name == "region-down" and row.struck and _is_down(row):
            outages.bring_back(connection, rules, row.subject, now)
    note_points(connection)


def disarm_all(connection: Connection, rules: Rules, subscription: str, now: int) -> None:
    """Disarm what was armed for a subscription; only in a world with faults that costs anything."""
    if clock.read(connection).faults:
        disarm(connection, rules, listed(connection, subscription), now)


def _is_down(row: Row[Any]) -> bool:
    """Tell whether it is for a region fault to bring its region back."""
    return bool(row.until_at is None or row.due_at is not None)


def note_points(connection: Connection) -> None:
    """Write into the world's row at which points any fault is armed."""
    names = connection.execute(select(faults.c.name).distinct()).scalars().all()
    clock.note_faults(connection, table.points_of(list(names)))


def of_point(connection: Connection, point: str, now: int) -> list[Row[Any]]:
    """Return the faults of a point that may strike now, in the order of their arming."""
    may = and_(
        faults.c.from_at <= now,
        or_(faults.c.until_at.is_(None), faults.c.until_at > now),
        or_(faults.c.left_over.is_(None), faults.c.left_over > 0),
    )
    rows = connection.execute(select(faults).where(may).order_by(*_IN_ORDER)).all()
    return [row for row in rows if point in FAULTS[row.name].points]


def strikes(rules: Rules, row: Row[Any], *natural: str | int) -> bool:
    """Tell by the hash of a natural key whether a fault strikes what has it."""
    if row.chance >= table.CERTAIN:
        return True
    drawn = ids.key(rules.seed, "fault", row.fault_id, *natural) % table.CERTAIN
    return bool(drawn < row.chance)


def note_asked(connection: Connection, row: Row[Any], *, struck: bool) -> None:
    """Count that a fault was asked, and whether it struck."""
    times = 1 if struck else 0
    connection.execute(
        update(faults)
        .where(faults.c.fault_id == row.fault_id)
        .values(
            asked=faults.c.asked + 1,
            struck=faults.c.struck + times,
            left_over=faults.c.left_over - times,
        )
    )


# --- operations that do not end ----------------------------------------------------------


def hold(connection: Connection, row: Row[Any], operation_id: str) -> bool:
    """Let an operation end later, or not at all for now; tell whether there is such a one."""
    ends_at: Any = operations.c.ends_at + (row.duration or PUT_OFF)
    if row.duration is None and row.until_at is not None:
        ends_at = row.until_at
    held = connection.execute(
        update(operations)
        .where(operations.c.operation_id == operation_id)
        .values(ends_at=ends_at, held_by=row.fault_id)
    )
    return bool(held.rowcount)


def _let_go(connection: Connection, fault_id: str, now: int) -> None:
    """Let what a fault holds end when it would have ended, or now if that is over."""
    held = connection.execute(
        select(operations.c.operation_id, operations.c.ends_at).where(
            operations.c.held_by == fault_id, operations.c.ends_at >= PUT_OFF
        )
    ).all()
    for operation_id, ends_at in held:
        connection.execute(
            update(operations)
            .where(operations.c.operation_id == operation_id)
            .values(ends_at=max(ends_at - PUT_OFF, now))
        )


# --- regions -----------------------------------------------------------------------------


def next_switch(connection: Connection) -> int | None:
    """Return when a region is to go down or to come back next."""
    found: int | None = connection.execute(select(func.min(faults.c.due_at))).scalar()
    return found


def switch_regions(connection: Connection, rules: Rules, at: int) -> None:
    """Take down, or bring back, the regions whose instant has come."""
    due = select(faults).where(faults.c.due_at <= at).order_by(faults.c.due_at, *_IN_ORDER)
    for row in connection.execute(due).all():
        assert row.subject is not None, "it was armed for a region"
        if row.struck:
            outages.bring_back(connection, rules, row.subject, at)
            values: dict[str, Any] = {"due_at": None}
        else:
            outages.take_down(connection, rules, row.subject, at)
            values = {"due_at": row.until_at, "struck": 1, "left_over": 0}
        connection.execute(update(faults).where(faults.c.fault_id == row.fault_id).values(values))


# --- jobs --------------------------------------------------------------------------------


class Armed:
    """The faults of jobs that are armed while a transaction crosses time; often none."""

    def __init__(self, rules: Rules, rows: Iterable[Row[Any]] = ()) -> None:
        self._rules = rules
        self._rows = [row for row in rows if FAULTS[row.name].is_of_jobs and row.left_over != 0]
        self._left = {row.fault_id: row.left_over for row in self._rows}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def cut(self, start: int | None, job: int | None, settled: int, until: int) -> int:
        """Return where a window has to end whose first start and first due job are these.

        What counts is used up in the order in which jobs are due, so that a window holds one
        instant; else starts and the jobs that ran before are kept apart, as a failed transfer
        says what the next start is for.
        """
        live = [row for row in self._rows if _may_strike(row, settled, until)]
        dues = [at for at in (start, job) if at is not None and at <= until]
        if not live or not dues:
            return until
        if any(self._left[row.fault_id] is not None for row in live):
            return min(dues)
        return max(dues) - 1 if len(set(dues)) == 2 else _alone(dues, until)

    def strike(self, connection: Connection, until: int) -> None:
        """Let the due jobs fail that a fault strikes."""
        if not self._rows:
            return
        struck = {row.fault_id: self._mark(connection, row, until) for row in self._rows}
        if not any(struck.values()):
            return
        failing.end(connection, self._rules, until)
        for fault_id, times in struck.items():
            if times:
                self._count(connection, fault_id, times)

    def _mark(self, connection: Connection, row: Row[Any], until: int) -> int:
        left = self._left[row.fault_id]
        if left == 0 or row.from_at > until:
            return 0
        return failing.mark(connection, self._rules, row, left=left, until=until)

    def _count(self, connection: Connection, fault_id: str, times: int) -> None:
        left = self._left[fault_id]
        if left is not None:
            self._left[fault_id] = left - times
        connection.execute(
            update(faults)
            .where(faults.c.fault_id == fault_id)
            .values(struck=faults.c.struck + times, left_over=faults.c.left_over - times)
        )
        self._rows = [row for row in self._rows if self._left[row.fault_id] != 0]


def _may_strike(row: Row[Any], settled: int, until: int) -> bool:
    return bool(row.from_at <= until and (row.until_at is None or row.until_at > settled))


def _alone(dues: list[int], until: int) -> int:
    """Return the one instant at which a start and a job are due; of one kind there may be more."""
    return dues[0] if len(dues) == 2 else until


def of_jobs(connection: Connection, rules: Rules, points: str) -> Armed:
    """Return the faults of jobs, given the points that the world's row keeps."""
    if not points or table.points_in(points).isdisjoint(Point.OF_JOBS):
        return Armed(rules)
    return Armed(rules, listed(connection))
