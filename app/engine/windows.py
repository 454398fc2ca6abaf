"""Windows: how virtual time is crossed, from the instant settled to a target.

A window ends where rows could interact: a sweep, an item's second start, a start on an item
whose snapshot is being taken, a restore that changes a VM which backups may read, a point that
changes its tier, or a discovery. Inside it one set-based statement moves all rows of a kind, each
at its own due instant, so any cut of a span into windows leaves the same rows
(docs/decisions/0003).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Text,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)

from ..domain.jobs import Phase, Status
from ..domain.policies import Policy, read
from ..store.container_tables import containers
from ..store.statements import Statement
from ..store.tables import items, jobs, policies, recovery_points
from ..workloads.table import WORKLOADS
from . import (
    alerts,
    backups,
    discovery,
    restores,
    retention,
    snapshots,
    soft_delete,
    streamed_backups,
    tiering,
)
from .armed_faults import Armed
from .rules import Rules


@dataclass(frozen=True, slots=True)
class Due:
    """The first instant at which each kind of work is due; ``None`` where there is none.

    ``crowded`` and ``unplaced`` are since when there are items of that kind: ends of snapshots
    have something more to do for them.
    """

    start: int | None
    job: int | None
    purge: int | None
    sweep: int | None
    tier: int | None
    crowded: int | None
    unplaced: int | None
    discovery: int | None

    def first(self) -> int | None:
        """Return the first instant at which anything is due."""
        dues = (self.start, self.job, self.purge, self.sweep, self.tier, self.discovery)
        return min(
            (at for at in dues if at is not None),
            default=None,
        )


@dataclass(frozen=True, slots=True)
class Cohort:
    """The items of one policy that start in one slot."""

    policy_key: int
    slot: int
    policy: Policy
    next_slot: int
    vault_key: int
    is_troubled: bool
    """Whether any of its items is so that a backup may fail as it starts."""

    @property
    def snapshot_min(self) -> int:
        """How long a snapshot, or the setting up of a stream, takes at least."""
        return WORKLOADS[self.policy.workload].timing.snapshot_min

    @property
    def is_streamed(self) -> bool:
        """Whether its backups are streamed, without a snapshot."""
        return WORKLOADS[self.policy.workload].streaming is not None


def _minimum(column: ColumnElement[int | None]) -> ScalarSelect[Any]:
    return select(func.min(column)).where(column.is_not(None)).scalar_subquery()


_DUE = Statement(
    select(
        _minimum(items.c.next_backup_at),
        _minimum(jobs.c.due_at),
        _minimum(items.c.purge_at),
        _minimum(recovery_points.c.sweep_at),
        _minimum(recovery_points.c.tier_at),
        _minimum(items.c.crowded_at),
        _minimum(items.c.unplaced_at),
        _minimum(containers.c.discover_at),
    )
)
_PHASES = Statement(
    select(jobs.c.phase).where(jobs.c.due_at <= bindparam("until")).group_by(jobs.c.phase)
)
_ENDING = frozenset({Phase.TRANSFER, Phase.SKIPPED})
_OF_BACKUPS = _ENDING | {Phase.SNAPSHOT, Phase.STREAMING}
_IN_TROUBLE = or_(
    items.c.source_exists.is_(False),
    items.c.source_agent.is_(False),
    items.c.source_fits.is_(False),
    items.c.source_running.is_(False),
)
_COHORTS = Statement(
    select(
        items.c.policy_key,
        items.c.slot_at,
        cast(policies.c.document, Text),
        func.max(items.c.vault_key),
        func.max(case((_IN_TROUBLE, 1), else_=0)),
    )
    .join(policies, policies.c.key == items.c.policy_key)
    .where(items.c.next_backup_at <= bindparam("until"))
    .group_by(items.c.policy_key, items.c.slot_at, cast(policies.c.document, Text))
    .order_by(items.c.slot_at, items.c.policy_key)
)
_FIRST_COLLISION = Statement(
    select(func.min(items.c.next_backup_at)).where(
        items.c.next_backup_at <= bindparam("until"),
        items.c.snapshot_until > bindparam("settled"),
    )
)
_OTHER_JOBS = Statement(
    select(jobs.c.job_id, jobs.c.phase)
    .where(
        jobs.c.due_at <= bindparam("until"),
        or_(
            jobs.c.phase == Phase.CONFIGURING,
            jobs.c.phase == Phase.RESTORE,
            jobs.c.phase == Phase.REHYDRATING,
            jobs.c.phase == Phase.MOVING,
            jobs.c.phase == Phase.COPYING,
            jobs.c.phase == Phase.BUILDING,
            jobs.c.phase == Phase.CANCELLING,
        ),
    )
    .order_by(jobs.c.due_at, jobs.c.job_id)
)


@lru_cache(maxsize=4096)
def _policy(document: str) -> Policy:
    policy = read(json.loads(document))
    assert policy is not None, "an item is only ever put under a policy that runs"
    return policy


def due(connection: Connection, settled: int) -> Due:
    """Return when each kind of work is due next, by the rows; a point kept past its expiry
    is looked at again by every sweep."""
    start, job, purge, sweep, tier, *some = _DUE.run(connection).fetchone()
    if sweep is not None and sweep <= settled:
        sweep = settled + 1
    if tier is not None and tier <= settled:
        tier = settled + 1
    return Due(start, job, purge, sweep, tier, *some)


def cross_one(
    connection: Connection,
    rules: Rules,
    settled: int,
    target: int,
    armed: Armed,
    watch: alerts.Watch,
) -> int:
    """Do everything due in the next window and return where it ends, at most at the target.

    A window with work in it never passes an instant of the sweep's grid: what happens in it
    may be due for the sweep at its end.
    """
    found = due(connection, settled)
    first = found.first() if watch.notice is None else watch.earlier(found.first())
    if first is None or first > target:
        return target
    grid = -(-first // rules.sweep_every) * rules.sweep_every
    until = min(target, grid, found.discovery or target)
    if armed:
        until = armed.cut(found.start, found.job, settled, until)
    phases: set[str] = set()
    if found.job is not None and found.job <= until:
        phases = {phase for (phase,) in _PHASES.run(connection, until=until).fetchall()}
    if not phases.isdisjoint(restores.CHANGING):
        until = restores.next_change(connection, until)
    cohorts: list[Cohort] = []
    if found.start is not None and found.start <= until:
        cohorts, until = _starts(connection, settled, until, running=found.job is not None)
    _run(connection, rules, armed, watch, found, phases, cohorts, settled, until)
    if found.discovery is not None and found.discovery <= until:
        discovery.run(connection, rules, until)
    # Where no job moves, no point becomes due.
    moves = bool(phases) or _may_be_taken(cohorts, found, until)
    if until == grid and (moves or (found.sweep is not None and found.sweep <= until)):
        retention.sweep(connection, until)
    if until == grid and found.tier is not None and found.tier <= until:
        tiering.tier(connection, until)
    return until


def _starts(
    connection: Connection, settled: int, until: int, *, running: bool
) -> tuple[list[Cohort], int]:
    """Return the cohorts that start, and the window's end cut before rows could interact."""
    cohorts = [
        Cohort(
            key, slot, policy := _policy(document), policy.next_slot(slot), vault, bool(troubled)
        )
        for key, slot, document, vault, troubled in _COHORTS.run(connection, until=until).fetchall()
    ]
    end = min([until, *(cohort.next_slot - 1 for cohort in cohorts)])
    collision = _first_collision(connection, settled, end) if running else None
    if collision is not None:
        # Up to just before it first; a window that begins there may hold it alone.
        end = collision - 1 if collision - 1 > settled else collision
    return cohorts, end


def _first_collision(connection: Connection, settled: int, until: int) -> int | None:
    """Return the first start on an item whose snapshot is being taken as the window begins."""
    found: int | None = _FIRST_COLLISION.run(connection, until=until, settled=settled).fetchone()[0]
    return found


def _may_be_taken(cohorts: list[Cohort], found: Due, until: int) -> bool:
    """Tell whether a snapshot that begins in a window may end in it, however short it is."""
    if found.start is None or not cohorts:
        return False
    return found.start + min(cohort.snapshot_min for cohort in cohorts) <= until


def _run(
    connection: Connection,
    rules: Rules,
    armed: Armed,
    watch: alerts.Watch,
    found: Due,
    phases: set[str],
    cohorts: list[Cohort],
    settled: int,
    until: int,
) -> None:
    """Do the work of a window, whose due jobs are in some phases: nothing else is asked for."""
    if armed:
        watch.is_on = True
    armed.strike(connection, until)
    watch.resolve(connection, rules, until)
    if not phases.isdisjoint(_ENDING):
        backups.end_transfers(connection, until=until)
    if Phase.STREAMING in phases:
        streamed_backups.end(connection, until=until)
    _start(connection, rules, watch, cohorts, settled, until)
    short = _may_be_taken(cohorts, found, until)
    armed.strike(connection, until)
    if short and any(cohort.is_streamed for cohort in cohorts):
        watch.resolve(connection, rules, until)
        streamed_backups.end(connection, until=until)
    taken = Phase.SNAPSHOT in phases or short
    if taken and backups.end_snapshots(connection, settled=settled, until=until):
        if found.unplaced is not None:
            snapshots.place(connection, rules, settled=settled)
        if found.crowded is not None:
            retention.trim(connection)
        armed.strike(connection, until)
        watch.resolve(connection, rules, until)
        backups.end_transfers(connection, until=until)
    if phases - _OF_BACKUPS:
        _end_other_jobs(connection, rules, until)
    watch.announce(connection, rules, until)
    if found.purge is not None and found.purge <= until:
        alerts.note_purges(connection, rules, until)
        soft_delete.purge(connection, until=until)


def _start(
    connection: Connection,
    rules: Rules,
    watch: alerts.Watch,
    cohorts: list[Cohort],
    settled: int,
    until: int,
) -> None:
    for cohort in cohorts:
        start = streamed_backups.start_scheduled if cohort.is_streamed else backups.start_scheduled
        start(
            connection,
            rules,
            policy_key=cohort.policy_key,
            policy=cohort.policy,
            slot=cohort.slot,
            until=until,
            next_slot=cohort.next_slot,
        )
    troubled = {cohort.vault_key for cohort in cohorts if cohort.is_troubled}
    for vault_key in sorted(troubled):
        watch.is_on = True
        alerts.raise_for_starts(connection, rules, vault_key, settled=settled, until=until)


def _end_other_jobs(connection: Connection, rules: Rules, until: int) -> None:
    for job_id, phase in _OTHER_JOBS.run(connection, until=until).fetchall():
        job = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).one()
        if phase in restores.PHASES:
            restores.move(connection, rules, job)
            continue
        if phase == Phase.MOVING:
            tiering.end_move(connection, job)
            continue
        status = Status.CANCELLED if phase == Phase.CANCELLING else Status.COMPLETED
        connection.execute(
            jobs.update()
            .where(jobs.c.job_id == job_id)
            .values(phase=Phase.DONE, status=status, ended_at=job.due_at, due_at=None)
        )
