"""Backups: the two-phase job, moved by set-based statements, one for each kind of transition.

Every row takes its own due instant, whatever window it is processed in; what a start must know
of an earlier job it reads from its item's ``snapshot_until`` and ``transfer_until``.
"""

from __future__ import annotations

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
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from ..domain import ids
from ..domain.archive_tier import AGE
from ..domain.instants import SECOND
from ..domain.jobs import (
    BACKUP_IN_PROGRESS,
    NO_GUEST_AGENT,
    UNSUPPORTED_DISKS,
    Operation,
    Phase,
    ProtectionState,
    Status,
)
from ..domain.policies import MOST_POINTS, Policy
from ..store.statements import Query, Statement
from ..store.tables import items, jobs, recovery_points
from ..workloads import azure_vm
from ..workloads.table import WORKLOADS
from . import alerts
from . import jobs as job_rows
from .rules import Rules

SNAPSHOT_ONLY = ""
"""The tags of a scheduled backup that is not vaulted; on-demand ones have none at all."""

_SPREAD = azure_vm.SNAPSHOT_SPREAD
"""What a job's jitter is divided by, so that its two parts are drawn apart."""


def natural(prefix: str, at: ColumnElement[Any]) -> ColumnElement[str]:
    """Return the SQL twin of ``ids.natural(seed, kind, item, instant, "scheduled")``."""
    return (
        bindparam(prefix, type_=String)
        + cast(items.c.key, String)
        + literal("/", String)
        + cast(at, String)
        + literal("/scheduled", String)
    )


# --- a scheduled start -------------------------------------------------------------------

START = items.c.next_backup_at
JITTER = func.rsv_hash(natural("jitter_prefix", START), type_=BigInteger)
_SNAPSHOT_ENDS = (
    START
    + cast(bindparam("snapshot_min"), BigInteger)
    + JITTER % cast(bindparam("snapshot_spread"), BigInteger)
)
_GONE = items.c.source_exists.is_(False)
_SILENT = items.c.source_agent.is_(False)
_BROKEN = or_(_GONE, _SILENT, items.c.source_fits.is_(False))
_WHY_BROKEN = case(
    (_GONE, cast(bindparam("gone"), String)), (_SILENT, NO_GUEST_AGENT), else_=UNSUPPORTED_DISKS
)
_ERROR = case(
    (_BROKEN, _WHY_BROKEN),
    (items.c.snapshot_until > START, BACKUP_IN_PROGRESS),
    else_=null(),
)
_FAILS = or_(_BROKEN, items.c.snapshot_until > START)
_VAULTED = or_(
    cast(bindparam("vaulted"), Boolean),
    and_(cast(bindparam("settles"), Boolean), items.c.owed_day < bindparam("slot_day")),
)
_INSTANT = cast(bindparam("instant"), BigInteger)
COHORT = and_(
    items.c.policy_key == bindparam("policy"),
    items.c.slot_at == bindparam("slot"),
    items.c.next_backup_at <= bindparam("until"),
)

_INSERT_SCHEDULED = Statement(
    insert(jobs).from_select(
        [
            "job_id", "vault_key", "item_key", "operation", "phase", "status", "started_at",
            "ended_at", "due_at", "user_triggered", "ordinal", "entity_name", "container_name",
            "jitter", "keep_micros", "rule", "instant_micros", "transfer_skipped", "error_code",
            "tags", "slot_day", "policy_type", "crash_consistent", "workload", "tier_micros",
        ],
        select(
            func.md5(natural("job_prefix", START)),
            items.c.vault_key,
            items.c.key,
            literal(Operation.BACKUP, String),
            case((_FAILS, Phase.DONE), else_=Phase.SNAPSHOT),
            case((_FAILS, Status.FAILED), else_=Status.IN_PROGRESS),
            START,
            case((_FAILS, START), else_=null()),
            case((_FAILS, null()), else_=_SNAPSHOT_ENDS),
            literal(False, Boolean),
            literal(0, Integer),
            items.c.friendly_name,
            items.c.container_name,
            JITTER,
            case((_VAULTED, cast(bindparam("keep"), BigInteger)), else_=_INSTANT),
            case((_VAULTED, cast(bindparam("rule"), String)), else_=null()),
            _INSTANT,
            literal(False, Boolean),
            _ERROR,
            case((_VAULTED, cast(bindparam("tags"), String)), else_=SNAPSHOT_ONLY),
            cast(bindparam("slot_day"), Integer),
            cast(bindparam("policy_type"), String),
            cast(bindparam("crash_consistent"), Boolean),
            items.c.workload,
            case((_VAULTED, cast(bindparam("tier"), BigInteger)), else_=null()),
        ).where(COHORT),
        include_defaults=False,
    )
)  # fmt: skip

NEXT = cast(bindparam("next"), BigInteger)
NEXT_SPREAD = NEXT + (
    func.rsv_hash(natural("start_prefix", NEXT), type_=BigInteger)
    % cast(bindparam("spread"), BigInteger)
)


def _advance_items(next_start: ColumnElement[int]) -> Statement:
    return Statement(
        update(items)
        .where(COHORT)
        .values(
            snapshot_until=case((_FAILS, items.c.snapshot_until), else_=_SNAPSHOT_ENDS),
            # A collision with a running backup says nothing about the item's health.
            last_backup_status=case((_BROKEN, Status.FAILED), else_=items.c.last_backup_status),
            last_backup_at=case((_BROKEN, START), else_=items.c.last_backup_at),
            last_error=case((_BROKEN, _WHY_BROKEN), else_=items.c.last_error),
            owed_day=case(
                (and_(_VAULTED, _FAILS), cast(bindparam("slot_day"), Integer)),
                (_VAULTED, null()),
                else_=items.c.owed_day,
            ),
            slot_at=NEXT,
            next_backup_at=next_start,
        )
    )


_ADVANCE_ITEMS = _advance_items(NEXT)
_ADVANCE_SPREAD_ITEMS = _advance_items(NEXT_SPREAD)


def start_scheduled(
    connection: Connection,
    rules: Rules,
    *,
    policy_key: int,
    policy: Policy,
    slot: int,
    until: int,
    next_slot: int,
) -> None:
    """Start the backups of one policy's slot that are due by an instant."""
    keep = policy.keep(slot)
    cohort: dict[str, Any] = {"policy": policy_key, "slot": slot, "until": until}
    # What never goes to the vault is kept by the same rules, in its snapshot.
    ruled = keep.vaulted or policy.instant is None
    cohort |= {"vaulted": ruled, "settles": keep.settles, "slot_day": keep.day}
    workload = WORKLOADS[policy.workload]
    cohort |= {
        "gone": workload.gone,
        "snapshot_min": workload.timing.snapshot_min,
        "snapshot_spread": workload.timing.snapshot_spread,
    }
    jitter = ids.natural(rules.seed, "jitter", "")
    _INSERT_SCHEDULED.run(
        connection,
        **cohort,
        job_prefix=ids.natural(rules.seed, "job", ""),
        jitter_prefix=jitter,
        keep=keep.length.micros,
        rule=keep.length.rule,
        instant=policy.instant,
        tags=keep.tags,
        policy_type=policy.kind,
        crash_consistent=policy.crash_consistent,
        tier=policy.tier(keep.tags),
    )
    advanced = {**cohort, "jitter_prefix": jitter, "next": next_slot}
    if not rules.start_jitter:
        _ADVANCE_ITEMS.run(connection, **advanced)
        return
    start_prefix = ids.natural(rules.seed, "start", "")
    _ADVANCE_SPREAD_ITEMS.run(
        connection, **advanced, start_prefix=start_prefix, spread=rules.start_jitter
    )


_RUNS = and_(  # of a suspended item a policy only says what is kept
    items.c.policy_key == bindparam("policy"), items.c.state != ProtectionState.SUSPENDED
)
_RESCHEDULE = Statement(update(items).where(_RUNS).values(slot_at=NEXT, next_backup_at=NEXT))
_RESCHEDULE_SPREAD = Statement(
    update(items).where(_RUNS).values(slot_at=NEXT, next_backup_at=NEXT_SPREAD)
)


def reschedule(connection: Connection, rules: Rules, *, policy: int, next_slot: int) -> None:
    """Let every item of a policy wait for a slot."""
    if not rules.start_jitter:
        _RESCHEDULE.run(connection, policy=policy, next=next_slot)
        return
    start_prefix = ids.natural(rules.seed, "start", "")
    spread = {"start_prefix": start_prefix, "spread": rules.start_jitter}
    _RESCHEDULE_SPREAD.run(connection, policy=policy, next=next_slot, **spread)


def scheduled_start(rules: Rules, item_key: int, slot: int) -> int:
    """Return when an item's backup of a slot starts: the twin of ``NEXT_SPREAD``."""
    if not rules.start_jitter:
        return slot
    return slot + ids.key(rules.seed, "start", item_key, slot, "scheduled") % rules.start_jitter


def trigger(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    now: int,
    *,
    policy: Policy,
    retain_until: int,
    activity_id: str | None,
) -> str:
    """Start an on-demand backup and return its job's id.

    It fails at once when its source is gone, cannot be reached or has disks that no backup takes,
    or when its snapshot still runs.
    """
    job_id = job_rows.new_job_id(connection, rules, item, Operation.BACKUP, now)
    error = _problem(item, now)
    jitter = ids.key(rules.seed, "jitter", job_id)
    timing = WORKLOADS[item.workload].timing
    due_at = now + timing.snapshot_min + jitter % timing.snapshot_spread
    values: dict[str, Any] = {
        "jitter": jitter,
        "activity_id": activity_id,
        "keep_micros": retain_until - now - azure_vm.TAKEN_AFTER,
        "instant_micros": policy.instant,
        "retain_until": retain_until,
        "policy_type": policy.kind,
        "crash_consistent": policy.crash_consistent,
    }
    if error:
        values |= {"phase": Phase.DONE, "status": Status.FAILED, "ended_at": now}
        values |= {"error_code": error}
    else:
        values |= {"phase": Phase.SNAPSHOT, "due_at": due_at}
    job_rows.insert_row(connection, item, job_id, Operation.BACKUP, now, **values)
    changed: dict[str, Any] = {}
    if item.crowded_at is None and _has_many_points(connection, item):
        changed = {"crowded_at": now}
    if error is None:
        changed |= {"snapshot_until": due_at}
    elif error != BACKUP_IN_PROGRESS:
        changed |= {"last_backup_status": Status.FAILED, "last_backup_at": now, "last_error": error}
    if changed:
        connection.execute(update(items).where(items.c.key == item.key).values(**changed))
    if error is not None:
        alerts.raise_for_job(connection, rules, job_id, now)
    return job_id


def _problem(item: Row[Any], now: int) -> str | None:
    """Return why a backup of an item fails at once: the twin of ``_ERROR``."""
    if not item.source_exists:
        return WORKLOADS[item.workload].gone
    if not item.source_agent:
        return NO_GUEST_AGENT
    if not item.source_fits:
        return UNSUPPORTED_DISKS
    return BACKUP_IN_PROGRESS if item.snapshot_until > now else None


def _has_many_points(connection: Connection, item: Row[Any]) -> bool:
    """Tell whether an item has half the points that Azure keeps: its policy keeps fewer."""
    points = recovery_points.c
    many = select(points.taken_at).where(points.item_key == item.key)
    many = many.order_by(points.taken_at).offset(MOST_POINTS // 2).limit(1)
    return connection.execute(many).first() is not None


# --- the end of a snapshot ---------------------------------------------------------------

TAKEN = jobs.c.started_at + azure_vm.TAKEN_AFTER
_SNAPSHOT_DUE = and_(
    jobs.c.phase == Phase.SNAPSHOT,
    jobs.c.due_at <= bindparam("until"),
    jobs.c.item_key == items.c.key,
)
_KEPT_IN_SNAPSHOT = or_(jobs.c.tags == SNAPSHOT_ONLY, jobs.c.instant_micros.is_(None))
_SKIPPED = or_(items.c.transfer_until > jobs.c.due_at, _KEPT_IN_SNAPSHOT)
_INSTANT_UNTIL = TAKEN + func.coalesce(jobs.c.instant_micros, jobs.c.keep_micros)
_EXPIRES = TAKEN + jobs.c.keep_micros
# Without a schedule nothing will follow this point: it is the one that is never deleted.
_SWEPT = and_(items.c.expiring, items.c.next_backup_at.is_not(None))
_CONSISTENCY = case(
    (or_(items.c.source_running.is_(False), jobs.c.crash_consistent), "CrashConsistent"),
    (or_(items.c.source_os == "Windows", items.c.source_scripts), "AppConsistent"),
    else_="FileSystemConsistent",
)


def earlier(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the smaller of two columns; MIN and LEAST differ between the dialects."""
    return case((left < right, left), else_=right)


_INSERT_POINTS = Statement(
    insert(recovery_points).from_select(
        [
            "item_key", "taken_at", "visible_at", "snapshot_valid", "instant_until",
            "expires_at", "sweep_at", "rule", "consistency", "disk_set_key", "vm_size",
            "tags", "slot_day", "policy_type",
        ],
        select(
            jobs.c.item_key,
            TAKEN,
            jobs.c.due_at,
            literal(True, Boolean),
            _INSTANT_UNTIL,
            _EXPIRES,
            # A point whose transfer runs is not swept, however long that takes.
            case(
                (and_(_SKIPPED, _SWEPT), earlier(_INSTANT_UNTIL, _EXPIRES)),
                else_=null(),
            ),
            jobs.c.rule,
            _CONSISTENCY,
            items.c.disk_set_key,
            items.c.source_size,
            jobs.c.tags,
            jobs.c.slot_day,
            jobs.c.policy_type,
        )
        .where(_SNAPSHOT_DUE)
        .order_by(jobs.c.item_key, jobs.c.due_at),
        include_defaults=False,
    )
)  # fmt: skip

_IS_FULL = or_(items.c.latest_vaulted_at.is_(None), items.c.full_next)
_CHANGED = cast(
    items.c.churn_bytes_per_second * ((TAKEN - items.c.latest_vaulted_at) // SECOND), BigInteger
)
_BYTES = case(
    (_IS_FULL, items.c.used_bytes),
    else_=earlier(_CHANGED, items.c.used_bytes),
)
_RATE = case(
    (_IS_FULL, azure_vm.FULL_BYTES_PER_SECOND),
    else_=azure_vm.INCREMENTAL_BYTES_PER_SECOND,
)
_FLOOR = case((_IS_FULL, azure_vm.FULL_MIN), else_=azure_vm.INCREMENTAL_MIN)
_COPYING = cast(_BYTES // _RATE * SECOND, BigInteger)
_PER_MILLE = 900 + (jobs.c.jitter // _SPREAD) % 201
_TRANSFER = case((_COPYING < _FLOOR, _FLOOR), else_=_COPYING) // 1000 * _PER_MILLE

_END_SNAPSHOTS = Statement(
    update(jobs)
    .where(_SNAPSHOT_DUE)
    .values(
        phase=case((_SKIPPED, Phase.SKIPPED), else_=Phase.TRANSFER),
        transfer_skipped=case((_SKIPPED, literal(True, Boolean)), else_=literal(False, Boolean)),
        snapshot_ended_at=jobs.c.due_at,
        backup_bytes=case((_SKIPPED, literal(0, Integer)), else_=_BYTES),
        due_at=case((_SKIPPED, jobs.c.due_at), else_=jobs.c.due_at + _TRANSFER),
    )
)

_AFTER_SNAPSHOT = or_(jobs.c.phase == Phase.TRANSFER, jobs.c.phase == Phase.SKIPPED)
_NOTE_SNAPSHOTS = Statement(
    update(items)
    .where(
        jobs.c.item_key == items.c.key,
        jobs.c.due_at.is_not(None),
        _AFTER_SNAPSHOT,
        jobs.c.snapshot_ended_at > bindparam("settled"),
    )
    .values(
        latest_snapshot_at=TAKEN,
        transfer_until=case(
            (jobs.c.phase == Phase.TRANSFER, jobs.c.due_at), else_=items.c.transfer_until
        ),
        full_next=case(
            (jobs.c.phase == Phase.TRANSFER, literal(False, Boolean)), else_=items.c.full_next
        ),
    )
)

_TRANSFER_OF = Query(
    select(case((_SKIPPED, literal(0, BigInteger)), else_=_TRANSFER).label("micros")).where(
        jobs.c.job_id == bindparam("job"), jobs.c.item_key == items.c.key
    )
)


def transfer_of(connection: Connection, job_id: str) -> int:
    """Return how long a backup that takes its snapshot will transfer, as things stand."""
    found = _TRANSFER_OF.first(connection, job=job_id)
    return 0 if found is None else int(found.micros)


def end_snapshots(connection: Connection, *, settled: int, until: int) -> bool:
    """Create the recovery points of snapshots that end by an instant; tell whether any did.

    A transfer is skipped while an earlier job of the item still transfers, and of backups that
    are not to be vaulted.
    """
    if not _INSERT_POINTS.run(connection, until=until).rowcount:
        return False
    _END_SNAPSHOTS.run(connection, until=until)
    _NOTE_SNAPSHOTS.run(connection, settled=settled)
    return True


# --- the end of a transfer ---------------------------------------------------------------

_ENDED = and_(_AFTER_SNAPSHOT, jobs.c.due_at <= bindparam("until"))
# Without a schedule, too, a point is swept if the snapshot of a later backup had begun.
FOLLOWED = and_(
    items.c.expiring,
    or_(items.c.next_backup_at.is_not(None), items.c.snapshot_until > jobs.c.snapshot_ended_at),
)
_IN_VAULT_LONG_ENOUGH = jobs.c.due_at + AGE
_TIER = TAKEN + jobs.c.tier_micros
_VAULT_POINTS = Statement(
    update(recovery_points)
    .where(
        jobs.c.phase == Phase.TRANSFER,
        jobs.c.due_at <= bindparam("until"),
        recovery_points.c.item_key == jobs.c.item_key,
        recovery_points.c.taken_at == TAKEN,
        items.c.key == jobs.c.item_key,
    )
    .values(
        vaulted_at=jobs.c.due_at,
        sweep_at=case(
            (
                FOLLOWED,
                earlier(recovery_points.c.instant_until, recovery_points.c.expires_at),
            ),
            else_=null(),
        ),
        # Without a schedule no point moves to the archive by itself.
        tier_at=case(
            (items.c.next_backup_at.is_(None), null()),
            (_TIER < _IN_VAULT_LONG_ENOUGH, _IN_VAULT_LONG_ENOUGH),
            else_=_TIER,
        ),
    )
)
# A transfer may end after a later backup did: what the item shows is the later one.
LATEST_BACKUP = or_(items.c.last_backup_at.is_(None), items.c.last_backup_at <= jobs.c.started_at)
_NOTE_BACKUPS = Statement(
    update(items)
    .where(_ENDED, jobs.c.item_key == items.c.key)
    .values(
        state=case(
            (
                and_(
                    items.c.state == ProtectionState.IR_PENDING,
                    or_(jobs.c.phase == Phase.TRANSFER, _KEPT_IN_SNAPSHOT),
                ),
                ProtectionState.PROTECTED,
            ),
            else_=items.c.state,
        ),
        last_backup_status=case(
            (LATEST_BACKUP, Status.COMPLETED), else_=items.c.last_backup_status
        ),
        last_backup_at=case((LATEST_BACKUP, jobs.c.started_at), else_=items.c.last_backup_at),
        last_error=case((LATEST_BACKUP, null()), else_=items.c.last_error),
        latest_vaulted_at=case(
            (jobs.c.phase == Phase.TRANSFER, TAKEN), else_=items.c.latest_vaulted_at
        ),
    )
)
_COMPLETE = Statement(
    update(jobs)
    .where(_ENDED)
    .values(phase=Phase.DONE, status=Status.COMPLETED, ended_at=jobs.c.due_at, due_at=null())
)


def end_transfers(connection: Connection, *, until: int) -> None:
    """Complete the backups whose transfer (or skipped transfer) is over by an instant."""
    if _NOTE_BACKUPS.run(connection, until=until).rowcount:
        _VAULT_POINTS.run(connection, until=until)
        _COMPLETE.run(connection, until=until)
