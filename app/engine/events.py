"""Events: what a transaction has brought about is written down in it, in the order of its instants.

Nothing is recorded until somebody asks for it. What becomes of jobs, and of the recovery points
that they make, follows from the jobs' rows: those that run are watched, and what of them was told
is remembered. What a deletion or a change would leave no trace of is drafted where it happens.
At the end of each window, and of each request that writes, the drafts get their numbers: sorted
by instant, so that the same life is told the same way however it was cut (docs/decisions/0129).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
    update,
)

from ..domain.alerts import Condition
from ..domain.archive_tier import HARDENED, INSTANT
from ..domain.events import KINDS, EventKind
from ..domain.jobs import Operation, Status
from ..domain.policies import LOG
from ..store.event_tables import events, watched_jobs
from ..store.statements import Statement
from ..store.tables import items, jobs, recovery_points, vaults, world
from ..workloads import azure_vm
from . import clock

_EVENT = events.c
_WATCHED = watched_jobs.c
_POINT = recovery_points.c


ALERTS = {
    Condition.FIRED: EventKind.ALERT_FIRED,
    Condition.RESOLVED: EventKind.ALERT_RESOLVED,
}


# --- whether anything is recorded --------------------------------------------------------

_STATE = Statement(
    select(
        world.c.events_kept,
        world.c.events_told,
        select(func.min(_EVENT.number)).scalar_subquery(),
    ).where(world.c.id == 1)
)


@dataclass(frozen=True, slots=True)
class Recording:
    """How much is recorded: how many events are ``kept`` (``None``: nothing is recorded).

    ``last`` is the number of the latest event, ``lost`` the highest of those that are not there
    any more, 0 if every event still is.
    """

    kept: int | None
    last: int
    lost: int


def recording(connection: Connection) -> Recording:
    """Return what is recorded of the world."""
    kept, last, oldest = _STATE.run(connection).fetchone()
    return Recording(kept, last, last if oldest is None else oldest - 1)


def record(connection: Connection, kept: int, now: int) -> None:
    """Record what happens from now on, and keep the latest so many events."""
    begins = recording(connection).kept is None
    connection.execute(update(world).values(events_kept=kept))
    close(connection)
    if begins:
        overlook(connection, now)


def stop(connection: Connection) -> None:
    """Record nothing any more, and forget what was; numbers go on where they were."""
    connection.execute(update(world).values(events_kept=None))
    for table in (events, watched_jobs):
        connection.execute(delete(table))


def begin_again(connection: Connection, before: Recording) -> None:
    """Record in a world that took another one's place as it was done there."""
    for table in (events, watched_jobs):
        connection.execute(delete(table))
    connection.execute(update(world).values(events_kept=before.kept, events_told=before.last))


def take_up(connection: Connection, now: int, subscription: str | None) -> None:
    """Note that rows of a saved or seeded world are there now, if events are recorded.

    What happened to them before is no news. ``subscription`` is whose they are, ``None`` for all.
    """
    if clock.read(connection).events_kept is not None:
        overlook(connection, now)
        note_world(connection, EventKind.WORLD_RESTORED, now, subscription)


# --- how events are numbered -------------------------------------------------------------

_DRAFTED = [
    "number", "at", "real_at", "kind", "subscription", "vault_id", "item_name", "entropy",
    "container_name", "entity_name", "workload", "job_id", "operation", "taken_at", "status",
    "error_code",
]  # fmt: skip
_REAL = cast(bindparam("real"), BigInteger)
_TOLD = select(world.c.events_told).where(world.c.id == 1).scalar_subquery()
_HIGHEST = select(func.max(_EVENT.number)).scalar_subquery()
_LATEST = cast(case((_HIGHEST > _TOLD, _HIGHEST), else_=_TOLD), BigInteger)
_LOWEST = select(func.min(_EVENT.number)).scalar_subquery()
_NEXT_DRAFT = cast(case((_LOWEST < 0, _LOWEST), else_=0), BigInteger) - func.row_number().over()


def _in_order(row: Any) -> tuple[ColumnElement[Any], ...]:
    """Return what events are sorted by: all that is told of them, but for what they hang on."""
    rank = case({kind: rank for rank, kind in enumerate(KINDS)}, value=row.kind, else_=len(KINDS))
    return (
        row.at,
        rank,
        func.coalesce(row.vault_id, ""),
        func.coalesce(row.item_name, ""),
        func.coalesce(row.taken_at, 0),
        func.coalesce(row.job_id, ""),
    )


_OF_DRAFTS = (*_in_order(_EVENT), func.coalesce(_EVENT.alert_id, ""))
_IN_ORDER = (
    select(
        _EVENT.number.label("draft"),
        (_LATEST + func.row_number().over(order_by=_OF_DRAFTS)).label("final"),
    )
    .where(_EVENT.number < 0)
    .subquery()
)
_SORT = Statement(
    update(events).where(_EVENT.number == _IN_ORDER.c.draft).values(number=_IN_ORDER.c.final)
)
_COUNT = Statement(update(world).where(world.c.id == 1).values(events_told=_LATEST))
_FORGET = Statement(
    delete(events).where(
        _EVENT.number
        <= select(world.c.events_told - world.c.events_kept)
        .where(world.c.id == 1)
        .scalar_subquery()
    )
)


_LOWEST_NUMBER = Statement(select(func.min(_EVENT.number)))


def has_drafts(connection: Connection) -> bool:
    """Tell whether there are events without numbers."""
    lowest = _LOWEST_NUMBER.run(connection).fetchone()[0]
    return lowest is not None and lowest < 0


class Telling:
    """A statement that writes events, which notes the wall clock's instant with them."""

    def __init__(self, construct: Any) -> None:
        self._statement = Statement(construct)

    def run(self, connection: Connection, **parameters: Any) -> None:
        """Execute with the values of the named parameters."""
        self._statement.run(connection, real=clock.real_now(), **parameters)


def close(connection: Connection) -> None:
    """End a transaction that has told something: note the latest number, forget the oldest."""
    if has_drafts(connection):
        _SORT.run(connection)
    _COUNT.run(connection)
    _FORGET.run(connection)


# --- jobs --------------------------------------------------------------------------------

_JOB_NAMES = ["job_id", "vault_key", "started_at", "item_name", "entropy"]
_TOLD_NAMES = ["start_told", "snapshot_told", "end_told"]
_OF_JOB = (jobs.c.job_id, jobs.c.vault_key, jobs.c.started_at, items.c.name, items.c.entropy)
_WATCHED_ALREADY = exists(select(_WATCHED.job_id).where(_WATCHED.job_id == jobs.c.job_id))

_WATCH = Statement(
    insert(watched_jobs).from_select(
        [*_JOB_NAMES, *_TOLD_NAMES],
        select(*_OF_JOB, false(), false(), false())
        .select_from(jobs)
        .outerjoin(items, items.c.key == jobs.c.item_key)
        .where(
            # As they are listed, so that the index of the lists is searched.
            jobs.c.vault_key.in_(select(vaults.c.key)),
            jobs.c.started_at >= bindparam("since"),
            jobs.c.started_at <= bindparam("until"),
            ~_WATCHED_ALREADY,
        ),
        include_defaults=False,
    )
)
_OVERLOOK = Statement(
    insert(watched_jobs).from_select(
        [*_JOB_NAMES, *_TOLD_NAMES],
        select(
            *_OF_JOB,
            true(),
            case((jobs.c.snapshot_ended_at.is_not(None), true()), else_=false()),
            case((jobs.c.ended_at.is_not(None), true()), else_=false()),
        )
        .select_from(jobs)
        .outerjoin(items, items.c.key == jobs.c.item_key)
        .where(
            or_(jobs.c.due_at.is_not(None), jobs.c.started_at >= bindparam("since")),
            ~_WATCHED_ALREADY,
        ),
        include_defaults=False,
    )
)


def overlook(connection: Connection, now: int) -> None:
    """Take what is there as known: it is no news; what comes of jobs that run will be."""
    _OVERLOOK.run(connection, since=now)


_NEWS = (
    select(
        jobs.c.job_id,
        jobs.c.item_key,
        jobs.c.operation,
        jobs.c.workload,
        jobs.c.container_name,
        jobs.c.entity_name,
        jobs.c.started_at,
        jobs.c.snapshot_ended_at,
        jobs.c.ended_at,
        jobs.c.status,
        jobs.c.error_code,
        jobs.c.backup_type,
        jobs.c.transfer_skipped,
        _WATCHED.item_name,
        _WATCHED.entropy,
        _WATCHED.start_told,
        _WATCHED.snapshot_told,
        _WATCHED.end_told,
        vaults.c.subscription,
        vaults.c.id.label("vault_id"),
    )
    .select_from(watched_jobs)
    .join(jobs, jobs.c.job_id == _WATCHED.job_id)
    .join(vaults, vaults.c.key == jobs.c.vault_key)
    .where(
        or_(
            ~_WATCHED.start_told,
            and_(~_WATCHED.snapshot_told, jobs.c.snapshot_ended_at.is_not(None)),
            and_(~_WATCHED.end_told, jobs.c.ended_at.is_not(None)),
        )
    )
    .cte("news")
)
_NEW = _NEWS.c


def _text(value: str | None) -> ColumnElement[Any]:
    return cast(null() if value is None else literal(value, String), String)


def _of_jobs(
    kind: ColumnElement[Any],
    at: ColumnElement[Any],
    *where: ColumnElement[bool],
    taken_at: ColumnElement[Any] | None = None,
    status: ColumnElement[Any] | None = None,
    error_code: ColumnElement[Any] | None = None,
) -> Any:
    """Return the events of a kind among the news of jobs, as yet without numbers."""
    return select(
        at.label("at"),
        kind.label("kind"),
        _NEW.subscription,
        _NEW.vault_id,
        _NEW.item_name,
        _NEW.entropy,
        _NEW.container_name,
        _NEW.entity_name,
        _NEW.workload,
        _NEW.job_id,
        _NEW.operation,
        cast(null() if taken_at is None else taken_at, BigInteger).label("taken_at"),
        (_NEW.status if status is None else status).label("status"),
        cast(null() if error_code is None else error_code, String).label("error_code"),
    ).where(*where)


_ENDED = case(
    (_NEW.status == Status.COMPLETED, _text(EventKind.JOB_COMPLETED)),
    (
        _NEW.status == Status.COMPLETED_WITH_WARNINGS,
        _text(EventKind.JOB_COMPLETED_WITH_WARNINGS),
    ),
    (_NEW.status == Status.CANCELLED, _text(EventKind.JOB_CANCELLED)),
    else_=_text(EventKind.JOB_FAILED),
)
_HIDES = cast(bindparam("hides"), Boolean)
_HAS_ENDED = and_(~_NEW.end_told, _NEW.ended_at.is_not(None))
_HAS_SNAPSHOT = and_(~_NEW.snapshot_told, _NEW.snapshot_ended_at.is_not(None))
_IS_BACKUP = and_(_NEW.operation == Operation.BACKUP, _NEW.status == Status.COMPLETED)
_TRANSFERRED = and_(
    _HAS_ENDED, _IS_BACKUP, _NEW.snapshot_ended_at.is_not(None), ~_NEW.transfer_skipped
)
_STREAMED = and_(_HAS_ENDED, _IS_BACKUP, _NEW.backup_type.is_not(None), _NEW.backup_type != LOG)
_TAKEN = _NEW.started_at + azure_vm.TAKEN_AFTER
_MOVED = exists(
    select(_POINT.taken_at).where(
        _POINT.item_key == _NEW.item_key, _POINT.archived_at == _NEW.ended_at
    )
)
_MOVED_POINT = (
    select(func.max(_POINT.taken_at))
    .where(_POINT.item_key == _NEW.item_key, _POINT.archived_at == _NEW.ended_at)
    .scalar_subquery()
)
_SNAPSHOT_TIER, _VAULT_TIER = _text(INSTANT), _text(HARDENED)
_BRANCHES = union_all(
    _of_jobs(
        _text(EventKind.JOB_STARTED),
        _NEW.started_at,
        ~_NEW.start_told,
        status=_text(Status.IN_PROGRESS),
    ),
    _of_jobs(
        _text(EventKind.SNAPSHOT_TAKEN),
        _NEW.snapshot_ended_at,
        _HAS_SNAPSHOT,
        status=_text(Status.IN_PROGRESS),
    ),
    _of_jobs(
        _text(EventKind.POINT_CREATED),
        _NEW.snapshot_ended_at,
        _HAS_SNAPSHOT,
        ~_HIDES,
        taken_at=_TAKEN,
        status=_SNAPSHOT_TIER,
    ),
    # Where a point is only shown once it is in the vault, it is not there before.
    _of_jobs(
        _text(EventKind.POINT_CREATED),
        _NEW.ended_at,
        _TRANSFERRED,
        _HIDES,
        taken_at=_TAKEN,
        status=_VAULT_TIER,
    ),
    _of_jobs(
        _text(EventKind.POINT_CREATED),
        _NEW.ended_at,
        _STREAMED,
        taken_at=_NEW.ended_at,
        status=_VAULT_TIER,
    ),
    _of_jobs(
        _text(EventKind.POINT_VAULTED),
        _NEW.ended_at,
        or_(_TRANSFERRED, _STREAMED),
        taken_at=case((_NEW.backup_type.is_(None), _TAKEN), else_=_NEW.ended_at),
        status=_VAULT_TIER,
    ),
    _of_jobs(
        _text(EventKind.POINT_ARCHIVED),
        _NEW.ended_at,
        _HAS_ENDED,
        _NEW.operation == Operation.MOVE_RECOVERY_POINT,
        _NEW.status == Status.COMPLETED,
        _MOVED,
        taken_at=_MOVED_POINT,
        status=_text("ArchivedRP"),
    ),
    _of_jobs(_ENDED, _NEW.ended_at, _HAS_ENDED, error_code=_NEW.error_code),
).subquery()


def _of_news(number: ColumnElement[Any]) -> Telling:
    """Return what writes the news of jobs, with numbers."""
    return Telling(
        insert(events).from_select(
            _DRAFTED,
            select(number, _BRANCHES.c.at, _REAL, *(_BRANCHES.c[name] for name in _DRAFTED[3:])),
            include_defaults=False,
        )
    )


_TELL_JOBS = _of_news(_LATEST + func.row_number().over(order_by=_in_order(_BRANCHES.c)))
_DRAFT_JOBS = _of_news(_NEXT_DRAFT)
_CHANGED = and_(
    jobs.c.job_id == _WATCHED.job_id,
    or_(
        ~_WATCHED.start_told,
        and_(~_WATCHED.snapshot_told, jobs.c.snapshot_ended_at.is_not(None)),
        and_(~_WATCHED.end_told, jobs.c.ended_at.is_not(None)),
    ),
)
_HAS_NEWS = Statement(
    select(or_(exists(select(jobs.c.job_id).where(_CHANGED)), func.coalesce(_LOWEST, 0) < 0))
)
_RUNS = exists(
    select(jobs.c.job_id).where(jobs.c.job_id == _WATCHED.job_id, jobs.c.ended_at.is_(None))
)
# Those that began at this very instant would be found again by who comes at the same.
_UNWATCH = Statement(delete(watched_jobs).where(_WATCHED.started_at < bindparam("until"), ~_RUNS))
_NOTE_TOLD = Statement(
    update(watched_jobs)
    .where(_CHANGED)
    .values(
        start_told=true(),
        snapshot_told=case((jobs.c.snapshot_ended_at.is_not(None), true()), else_=false()),
        end_told=case((jobs.c.ended_at.is_not(None), true()), else_=false()),
    )
)


def tell_window(
    connection: Connection, *, since: int, until: int, hides: bool, started: bool
) -> None:
    """Tell what became of jobs in a window, and in their places among that what was drafted.

    ``hides`` is whether points are only shown once they are in the vault, ``started`` whether any
    job may have begun.
    """
    if started:
        _WATCH.run(connection, since=since, until=until)
    drafted = has_drafts(connection)
    write = _DRAFT_JOBS if drafted else _TELL_JOBS
    write.run(connection, hides=hides)
    if drafted:
        _SORT.run(connection)
    _UNWATCH.run(connection, until=until)
    _NOTE_TOLD.run(connection)


def tell_request(connection: Connection, *, now: int, hides: bool) -> None:
    """Tell what a request has brought about at an instant, if it did anything."""
    _WATCH.run(connection, since=now, until=now)
    if _HAS_NEWS.run(connection).fetchone()[0]:
        tell_window(connection, since=now, until=now, hides=hides, started=False)
        close(connection)


# --- recovery points ---------------------------------------------------------------------


# Under names of their own, as conditions on points ask about items too.
_of_item, _of_vault = items.alias(), vaults.alias()
ITEM = _of_item.c


def told_points(
    kind: str, at: ColumnElement[Any], status: str | None, *where: ColumnElement[bool]
) -> Telling:
    """Return what tells an event of a kind for each point that is chosen, all at one instant."""
    order = func.row_number().over(order_by=(_of_vault.c.id, ITEM.name, _POINT.taken_at))
    return Telling(_of_points(_LATEST + order, kind, at, status, *where))


def drafted_points(
    kind: str, at: ColumnElement[Any], status: str | None, *where: ColumnElement[bool]
) -> Telling:
    """Return what drafts an event of a kind for each point that is chosen.

    ``at`` may be of its item, which goes by the name of ``ITEM``.
    """
    return Telling(_of_points(_NEXT_DRAFT, kind, at, status, *where))


def _of_points(
    number: ColumnElement[Any],
    kind: str,
    at: ColumnElement[Any],
    status: str | None,
    *where: ColumnElement[bool],
) -> Any:
    return insert(events).from_select(
        _DRAFTED,
        select(
            number,
            cast(at, BigInteger),
            _REAL,
            _text(kind),
            _of_vault.c.subscription,
            _of_vault.c.id,
            ITEM.name,
            ITEM.entropy,
            ITEM.container_name,
            ITEM.friendly_name,
            ITEM.workload,
            _text(None),
            _text(None),
            _POINT.taken_at,
            _text(status),
            _text(None),
        )
        .select_from(recovery_points)
        .join(_of_item, ITEM.key == _POINT.item_key)
        .join(_of_vault, _of_vault.c.key == ITEM.vault_key)
        .where(*where),
        include_defaults=False,
    )


def note_points(
    connection: Connection,
    kind: str,
    at: int,
    *where: ColumnElement[bool],
    status: str | None = None,
) -> None:
    """Draft an event of a kind for each point that is chosen, if events are recorded."""
    if clock.read(connection).events_kept is not None:
        instant = literal(at, BigInteger)
        draft = _of_points(_NEXT_DRAFT, kind, instant, status, *where)
        connection.execute(draft, {"real": clock.real_now()})


def note_alerts(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Draft what was raised or resolved, if events are recorded; the rows are those of alerts."""
    if not rows or clock.read(connection).events_kept is None:
        return
    lowest = min(_LOWEST_NUMBER.run(connection).fetchone()[0] or 0, 0)
    real = clock.real_now()
    connection.execute(
        insert(events),
        [
            {
                "number": lowest - place,
                "at": row.changed_at,
                "real_at": real,
                "kind": ALERTS[row.condition],
                "subscription": row.subscription,
                "vault_id": row.target_id,
                "item_name": row.item_name,
                "container_name": row.container_name,
                "entity_name": row.entity_name,
                "workload": row.workload,
                "job_id": row.job_id,
                "status": row.condition,
                "error_code": row.error_code,
                "alert_id": row.alert_id,
                "alert_rule": row.rule,
            }
            for place, row in enumerate(rows, start=1)
        ],
    )


def note_world(connection: Connection, kind: str, now: int, subscription: str | None) -> None:
    """Write down, with its number, what became of a world as a whole, if events are recorded."""
    if clock.read(connection).events_kept is None:
        return
    told = {"at": now, "real_at": clock.real_now(), "kind": kind, "subscription": subscription}
    connection.execute(insert(events).values(number=-1, **told))
    _SORT.run(connection)
    close(connection)
