"""Moves to the archive tier: those that users ask for, and those of policies.

What users ask for is a job. What a policy asks for happens on the sweep's grid of virtual time,
one statement for all points of the world that are due (docs/decisions/0078).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    select,
    update,
)

from ..domain import disk_selection
from ..domain.archive_tier import AGE, ARCHIVED, LEFT
from ..domain.events import EventKind
from ..domain.jobs import POINT_NOT_FOUND, Operation, Phase, Status
from ..domain.policies import Policy, VmPolicy
from ..store.statements import Statement
from ..store.tables import items, jobs, recovery_points
from ..workloads import azure_vm
from . import events
from . import jobs as job_rows
from .archiving import dependency, moves
from .rules import Rules

_POINT = recovery_points.c
_SWEEP = bindparam("sweep", type_=BigInteger)
# One that is not kept for long enough is not looked at again until its policy changes.
_TIER = Statement(
    update(recovery_points)
    .where(_POINT.tier_at <= _SWEEP)
    .values(
        archived_at=case((_POINT.expires_at >= _SWEEP + LEFT, _SWEEP), else_=_POINT.archived_at),
        tier_at=null(),
    )
)
_TELL_TIERED = events.told_points(
    EventKind.POINT_ARCHIVED,
    _SWEEP,
    ARCHIVED,
    _POINT.tier_at <= _SWEEP,
    _POINT.expires_at >= _SWEEP + LEFT,
)


def later(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the greater of two columns; MAX and GREATEST differ between the dialects."""
    return case((left > right, left), else_=right)


# --- what policies ask for ---------------------------------------------------------------


def tier(connection: Connection, at: int, *, recorded: bool = False) -> None:
    """Move the points that are due by a grid instant, wherever they are."""
    if recorded:
        _TELL_TIERED.run(connection, sweep=at)
    _TIER.run(connection, sweep=at)


def judge(connection: Connection, keys: Select[Any], policy: Policy, now: int) -> None:
    """Decide anew when the points of some items move, and those of backups that run."""
    if not isinstance(policy, VmPolicy) or policy.tier_after is None:
        _let_be(connection, keys)
        return
    after = _after(policy, policy.tier_after, jobs.c.tags)
    connection.execute(update(jobs).where(*_running(keys)).values(tier_micros=after))
    scheduled = keys.where(items.c.next_backup_at.is_not(None))
    due = later(
        _POINT.taken_at + _after(policy, policy.tier_after, _POINT.tags), _POINT.vaulted_at + AGE
    )
    short = _POINT.expires_at < later(due, literal(now, BigInteger)) + LEFT
    tier_at = case((short, null()), else_=due)
    connection.execute(
        update(recovery_points)
        .where(
            _POINT.item_key.in_(scheduled),
            moves(_POINT.tags),
            _POINT.vaulted_at.is_not(None),
            _POINT.archived_at.is_(None),
            _POINT.tier_at.is_distinct_from(tier_at),
        )
        .values(tier_at=tier_at)
    )


def _running(keys: Select[Any]) -> tuple[ColumnElement[bool], ...]:
    return (
        jobs.c.item_key.in_(keys),
        jobs.c.due_at.is_not(None),
        jobs.c.phase.in_((Phase.SNAPSHOT, Phase.TRANSFER)),
        jobs.c.tags.is_not(None),
    )


def _after(policy: VmPolicy, least: int, tags: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return how old points of some tags are when they move: the twin of ``VmPolicy.tier``."""
    after = later(literal(least, BigInteger), dependency(policy, tags))
    return case((moves(tags), after), else_=null())


def _let_be(connection: Connection, keys: Select[Any]) -> None:
    connection.execute(
        update(jobs)
        .where(*_running(keys), jobs.c.tier_micros.is_not(None))
        .values(tier_micros=null())
    )
    _halt(connection, _POINT.item_key.in_(keys))


def halt(connection: Connection, item_key: int) -> None:
    """Let no point of an item move by itself any more: its protection was stopped."""
    _halt(connection, _POINT.item_key == item_key)


def _halt(connection: Connection, of: ColumnElement[bool]) -> None:
    connection.execute(
        update(recovery_points).where(of, _POINT.tier_at.is_not(None)).values(tier_at=null())
    )


# --- what users ask for ------------------------------------------------------------------


def begin_move(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    point: Row[Any],
    now: int,
    *,
    activity_id: str | None,
) -> str:
    """Start to move a point to the archive, as a full one, and return its job's id."""
    operation = Operation.MOVE_RECOVERY_POINT
    job_id = job_rows.new_job_id(connection, rules, item, operation, now)
    sizes = [disk["sizeGB"] for disk in disk_selection.included(point.disks["disks"])]
    copying = azure_vm.restore_micros(azure_vm.used_bytes(sizes, item.entropy), from_snapshot=False)
    job_rows.insert_row(
        connection,
        item,
        job_id,
        operation,
        now,
        phase=Phase.MOVING,
        due_at=now + copying,
        activity_id=activity_id,
        detail={"taken_at": point.taken_at},
    )
    return job_id


def end_move(connection: Connection, job: Row[Any]) -> None:
    """End a move: the point is in the archive, unless it was deleted meanwhile."""
    moved = connection.execute(
        update(recovery_points)
        .where(is_there(job))
        .values(archived_at=func.coalesce(_POINT.archived_at, job.due_at), tier_at=null())
    ).rowcount
    connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job.job_id)
        .values(
            phase=Phase.DONE,
            status=Status.COMPLETED if moved else Status.FAILED,
            error_code=None if moved else POINT_NOT_FOUND,
            ended_at=job.due_at,
            due_at=None,
        )
    )


def is_there(job: Row[Any]) -> ColumnElement[bool]:
    """Return the condition for the point that a job is about, unless it is purged by its end."""
    purged = exists(
        select(items.c.key).where(items.c.key == job.item_key, items.c.purge_at <= job.due_at)
    )
    return and_(_POINT.item_key == job.item_key, _POINT.taken_at == job.detail["taken_at"], ~purged)
