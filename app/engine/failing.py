"""Jobs that a fault makes fail: marked by one statement a fault, ended by one for each outcome.

The marked are ``failing`` for as long as their window's transaction works on them. What would
move a job to its next phase does not find them any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Row,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    update,
)

from ..domain import ids
from ..domain.faults import FAULTS, Point
from ..domain.instants import LATEST
from ..domain.jobs import Operation, Phase, Status
from ..domain.policies import VM
from ..domain.subjects import like
from ..store.statements import Statement
from ..store.tables import items, jobs, recovery_points, vaults
from ..workloads.table import WORKLOADS
from . import alerts
from .backups import FOLLOWED, LATEST_BACKUP, SNAPSHOT_ONLY, TAKEN, earlier
from .rules import Rules

_ESCAPE = "\\"
_ANY = "%"
_NO_END = 1 << 30
"""More jobs than there will ever be."""

_HAS_SNAPSHOT = and_(jobs.c.phase == Phase.SNAPSHOT, jobs.c.workload == VM)
_STRUCK_IN: Mapping[str, ColumnElement[bool]] = {
    Point.SNAPSHOT: _HAS_SNAPSHOT,
    # What stays in its snapshot and is no VM has this one phase.
    Point.TRANSFER: or_(
        jobs.c.phase == Phase.TRANSFER,
        and_(
            jobs.c.phase == Phase.SNAPSHOT, jobs.c.workload != VM, jobs.c.instant_micros.is_(None)
        ),
    ),
    Point.STREAM: jobs.c.phase == Phase.STREAMING,
    Point.RESTORE: jobs.c.phase == Phase.RESTORE,
    Point.BUILD: jobs.c.phase == Phase.BUILDING,
}
_CONTAINER = case(
    *[
        (items.c.workload == each.name, each.container_types[0].lower())
        for each in WORKLOADS.values()
    ]
)
_ITEM_ID = (
    vaults.c.folded
    + "/backupfabrics/azure/protectioncontainers/"
    + _CONTAINER
    + ";"
    + func.lower(items.c.container_name)
    + "/protecteditems/"
    + func.lower(items.c.name)
)


def _is_like(column: Any) -> ColumnElement[bool]:
    whole, below = (bindparam(name, type_=String) for name in ("subject", "below"))
    return or_(column.like(whole, escape=_ESCAPE), column.like(below, escape=_ESCAPE))


@cache
def _mark(points: tuple[str, ...], *, everything: bool, uncertain: bool) -> Statement:
    """Return what marks the jobs that a fault strikes, in the order in which they are due."""
    chosen = (
        select(jobs.c.job_id)
        .where(
            jobs.c.due_at <= bindparam("until"),
            or_(*(_STRUCK_IN[point] for point in points)),
            jobs.c.due_at >= cast(bindparam("from_at"), BigInteger),
            jobs.c.due_at < cast(bindparam("until_at"), BigInteger),
        )
        .order_by(jobs.c.due_at, jobs.c.job_id)
        .limit(bindparam("most", type_=Integer))
    )
    if not everything:
        chosen = (
            chosen.join(vaults, vaults.c.key == jobs.c.vault_key)
            .outerjoin(items, items.c.key == jobs.c.item_key)
            .where(
                vaults.c.subscription.like(bindparam("subscription", type_=String)),
                or_(
                    *map(_is_like, (vaults.c.folded, items.c.source_folded, _ITEM_ID)),
                    func.lower(jobs.c.entity_name).like(
                        bindparam("subject", type_=String), escape=_ESCAPE
                    ),
                ),
            )
        )
    if uncertain:
        drawn = func.rsv_hash(
            bindparam("prefix", type_=String) + jobs.c.job_id, type_=BigInteger
        ) % literal(1_000_000, BigInteger)
        chosen = chosen.where(drawn < cast(bindparam("chance"), BigInteger))
    return Statement(
        update(jobs)
        .where(jobs.c.job_id.in_(chosen))
        .values(phase=Phase.FAILING, error_code=cast(bindparam("code"), String))
    )


def mark(
    connection: Connection, rules: Rules, fault: Row[Any], *, left: int | None, until: int
) -> int:
    """Mark the due jobs that an armed fault strikes, and return how many they are."""
    everything = fault.subject is None and fault.subscription is None
    uncertain = fault.chance < 1_000_000
    given: dict[str, Any] = {
        "until": until,
        "from_at": fault.from_at,
        "until_at": LATEST if fault.until_at is None else fault.until_at,
        "most": _NO_END if left is None else left,
        "code": fault.code,
    }
    if not everything:
        whole = _ANY if fault.subject is None else like(fault.subject)
        given |= {"subject": whole, "below": f"{whole}/%"}
        given |= {"subscription": fault.subscription or _ANY}
    if uncertain:
        given |= {"prefix": ids.natural(rules.seed, "fault", fault.fault_id, "")}
        given |= {"chance": fault.chance}
    statement = _mark(FAULTS[fault.name].points, everything=everything, uncertain=uncertain)
    return statement.run(connection, **given).rowcount


# --- what comes of it --------------------------------------------------------------------

# Written with its end, so that the index over the few jobs that are due is searched.
_MARKED = and_(jobs.c.due_at <= bindparam("until"), jobs.c.phase == Phase.FAILING)
_OF_BACKUPS = and_(_MARKED, jobs.c.operation == Operation.BACKUP)
_WITHOUT_TRANSFER = and_(
    jobs.c.operation == Operation.BACKUP, jobs.c.snapshot_ended_at.is_not(None)
)
_STATUS = case((_WITHOUT_TRANSFER, Status.COMPLETED_WITH_WARNINGS), else_=Status.FAILED)
_WAS_FULL = and_(items.c.latest_vaulted_at.is_not(None), jobs.c.backup_bytes >= items.c.used_bytes)
_NOTE_FAILURES = Statement(
    update(items)
    .where(_OF_BACKUPS, jobs.c.item_key == items.c.key)
    .values(
        last_backup_status=case((LATEST_BACKUP, _STATUS), else_=items.c.last_backup_status),
        last_backup_at=case((LATEST_BACKUP, jobs.c.started_at), else_=items.c.last_backup_at),
        last_error=case((LATEST_BACKUP, jobs.c.error_code), else_=items.c.last_error),
        # Its day is still to be vaulted, as after a cancellation.
        owed_day=case(
            (
                and_(jobs.c.backup_type.is_(None), jobs.c.tags != SNAPSHOT_ONLY),
                jobs.c.slot_day,
            ),
            else_=items.c.owed_day,
        ),
        full_next=case(
            (and_(_WITHOUT_TRANSFER, _WAS_FULL), literal(True, Boolean)), else_=items.c.full_next
        ),
    )
)
_KEEP_SNAPSHOTS = Statement(
    update(recovery_points)
    .where(
        _OF_BACKUPS,
        jobs.c.snapshot_ended_at.is_not(None),
        recovery_points.c.item_key == jobs.c.item_key,
        recovery_points.c.taken_at == TAKEN,
        items.c.key == jobs.c.item_key,
    )
    .values(
        sweep_at=case(
            (FOLLOWED, earlier(recovery_points.c.instant_until, recovery_points.c.expires_at)),
            else_=null(),
        )
    )
)
_END = Statement(
    update(jobs)
    .where(_MARKED)
    .values(phase=Phase.DONE, status=_STATUS, ended_at=jobs.c.due_at, due_at=null())
)


def end(connection: Connection, rules: Rules, until: int) -> None:
    """End the marked jobs, each at its own instant; their items and alerts show it."""
    alerts.raise_for_failing(connection, rules, until)
    for statement in (_NOTE_FAILURES, _KEEP_SNAPSHOTS, _END):
        statement.run(connection, until=until)
