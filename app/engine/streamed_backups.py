"""Backups of databases: one phase, in which the data is streamed to the vault.

The statements are set-based, as those of ``backups`` are. A recovery point is there when its job
ends, and is of that instant. What a backup is based on is known when it begins, and how long it
takes: an item has one that runs at a time.
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
    exists,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    update,
)

from ..domain import ids
from ..domain.instants import DAY, SECOND
from ..domain.jobs import (
    BACKUP_IN_PROGRESS,
    NO_PARENT_FULL,
    Operation,
    Phase,
    ProtectionState,
    Status,
)
from ..domain.policies import (
    COPY_ONLY_FULL,
    DIFFERENTIAL,
    FULL,
    INCREMENTAL,
    LOG,
    DatabasePolicy,
    Policy,
)
from ..store.statements import Statement
from ..store.tables import items, jobs, log_chains, recovery_points
from ..workloads.database import BYTES_PER_SECOND, SET_UP_MIN, SET_UP_SPREAD
from ..workloads.table import WORKLOADS
from . import alerts
from . import jobs as job_rows
from . import log_chains as logs
from .backups import COHORT, JITTER, NEXT, NEXT_SPREAD, START, natural
from .rules import Rules

OLDEST_BASE = 15 * DAY
"""Azure makes a full backup in place of what would be based on an older one (semantics 7.4)."""
DEPENDENTS_WITHIN = OLDEST_BASE + 2 * DAY
"""All that is based on a full backup ends no later after it."""

_BASE = items.c.latest_vaulted_at
_NEEDS_FULL = or_(
    _BASE.is_(None), items.c.full_next, items.c.full_only, _BASE < START - OLDEST_BASE
)
_IS_FULL = or_(cast(bindparam("kind"), String) == FULL, _NEEDS_FULL)


def _chosen(own: str, full: str, kind: Any) -> ColumnElement[Any]:
    """Return what the slot is for, or what a full backup has that is made in its place."""
    return case((_IS_FULL, cast(bindparam(full), kind)), else_=cast(bindparam(own), kind))


_GONE = items.c.source_exists.is_(False)
_UNREACHABLE = items.c.source_running.is_(False)
_BROKEN = or_(_GONE, _UNREACHABLE)
_BUSY = items.c.snapshot_until > START
_FAILS = or_(_BROKEN, _BUSY)
_WHY_BROKEN = case(
    (_GONE, cast(bindparam("gone"), String)), else_=cast(bindparam("unreachable"), String)
)
_ERROR = case((_BROKEN, _WHY_BROKEN), (_BUSY, BACKUP_IN_PROGRESS), else_=null())
_SINCE = case(
    (cast(bindparam("kind"), String) == DIFFERENTIAL, _BASE), else_=items.c.latest_snapshot_at
)
_CHANGED = cast(items.c.churn_bytes_per_second * ((START - _SINCE) // SECOND), BigInteger)
_BYTES = case(
    (_IS_FULL, items.c.used_bytes),
    (items.c.used_bytes > _CHANGED, _CHANGED),
    else_=items.c.used_bytes,
)
_LENGTH = (
    SET_UP_MIN + JITTER % SET_UP_SPREAD + cast(_BYTES // BYTES_PER_SECOND * SECOND, BigInteger)
)
# Points of databases are of whole seconds, as the servers' own records are.
_ENDS = (START + _LENGTH) // SECOND * SECOND

_INSERT_SCHEDULED = Statement(
    insert(jobs).from_select(
        [
            "job_id", "vault_key", "item_key", "operation", "phase", "status", "started_at",
            "ended_at", "due_at", "user_triggered", "ordinal", "entity_name", "container_name",
            "jitter", "keep_micros", "rule", "backup_bytes", "transfer_skipped", "error_code",
            "tags", "slot_day", "policy_type", "crash_consistent", "workload", "backup_type",
        ],
        select(
            func.md5(natural("job_prefix", START)),
            items.c.vault_key,
            items.c.key,
            literal(Operation.BACKUP, String),
            case((_FAILS, Phase.DONE), else_=Phase.STREAMING),
            case((_FAILS, Status.FAILED), else_=Status.IN_PROGRESS),
            START,
            case((_FAILS, START), else_=null()),
            case((_FAILS, null()), else_=_ENDS),
            literal(False, Boolean),
            literal(0, Integer),
            items.c.friendly_name,
            items.c.container_name,
            JITTER,
            _chosen("keep", "full_keep", BigInteger),
            _chosen("rule", "full_rule", String),
            case((_FAILS, null()), else_=_BYTES),
            literal(False, Boolean),
            _ERROR,
            _chosen("tags", "full_tags", String),
            cast(bindparam("slot_day"), Integer),
            cast(bindparam("policy_type"), String),
            literal(False, Boolean),
            items.c.workload,
            case((_IS_FULL, literal(FULL, String)), else_=cast(bindparam("kind"), String)),
        ).where(COHORT),
        include_defaults=False,
    )
)  # fmt: skip


def _advance_items(next_start: ColumnElement[int]) -> Statement:
    return Statement(
        update(items)
        .where(COHORT)
        .values(
            snapshot_until=case((_FAILS, items.c.snapshot_until), else_=_ENDS),
            last_backup_status=case((_BROKEN, Status.FAILED), else_=items.c.last_backup_status),
            last_backup_at=case((_BROKEN, START), else_=items.c.last_backup_at),
            last_error=case((_BROKEN, _WHY_BROKEN), else_=items.c.last_error),
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
    workload = WORKLOADS[policy.workload]
    assert workload.streaming is not None, "what is streamed is of such a workload"
    assert isinstance(policy, DatabasePolicy), "only databases are streamed"
    keep, full = policy.keep(slot), policy.keep_full(slot)
    shared: dict[str, Any] = {"policy": policy_key, "slot": slot, "until": until}
    shared |= {"kind": policy.kind_of(slot), "gone": workload.gone}
    shared |= {"unreachable": workload.streaming.unreachable}
    shared |= {"jitter_prefix": ids.natural(rules.seed, "jitter", "")}
    _INSERT_SCHEDULED.run(
        connection,
        **shared,
        job_prefix=ids.natural(rules.seed, "job", ""),
        keep=keep.length.micros,
        rule=keep.length.rule,
        tags=keep.tags,
        full_keep=full.length.micros,
        full_rule=full.length.rule,
        full_tags=full.tags,
        slot_day=keep.day,
        policy_type=policy.kind,
    )
    advanced = {**shared, "next": next_slot}
    if not rules.start_jitter:
        _ADVANCE_ITEMS.run(connection, **advanced)
        return
    start_prefix = ids.natural(rules.seed, "start", "")
    spread = {"start_prefix": start_prefix, "spread": rules.start_jitter}
    _ADVANCE_SPREAD_ITEMS.run(connection, **advanced, **spread)


# --- on demand ---------------------------------------------------------------------------


def trigger(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    now: int,
    *,
    kind: str,
    policy: DatabasePolicy,
    retain_until: int | None,
    activity_id: str | None,
) -> str:
    """Start an on-demand backup of a type and return its job's id.

    A full one keeps its own date, ``retain_until``; the others are kept as the policy says. It
    fails at once when its database is gone or cannot be reached, when another backup runs, or
    when it needs a full backup and there is none.
    """
    job_id = job_rows.new_job_id(connection, rules, item, Operation.BACKUP, now)
    error = _problem(item, kind, now)
    jitter = ids.key(rules.seed, "jitter", job_id)
    size = 0 if error else _size(item, kind, now)
    length = SET_UP_MIN + jitter % SET_UP_SPREAD + size // BYTES_PER_SECOND * SECOND
    due_at = (now + length) // SECOND * SECOND
    values: dict[str, Any] = {
        "jitter": jitter,
        "activity_id": activity_id,
        "backup_type": kind,
        "policy_type": policy.kind,
        "retain_until": retain_until,
        **_kept(policy, kind, now),
    }
    if error:
        values |= {"phase": Phase.DONE, "status": Status.FAILED, "ended_at": now}
        values |= {"error_code": error}
    else:
        values |= {"phase": Phase.STREAMING, "due_at": due_at, "backup_bytes": size}
    job_rows.insert_row(connection, item, job_id, Operation.BACKUP, now, **values)
    changed: dict[str, Any] = {"snapshot_until": due_at}
    if error == BACKUP_IN_PROGRESS:
        return job_id
    if error is not None:
        changed = {"last_backup_status": Status.FAILED, "last_backup_at": now, "last_error": error}
    connection.execute(update(items).where(items.c.key == item.key).values(**changed))
    if error is not None:
        alerts.raise_for_job(connection, rules, job_id, now)
    return job_id


def _problem(item: Row[Any], kind: str, now: int) -> str | None:
    """Return why a backup of an item fails at once: the twin of ``_ERROR``, and one thing more."""
    workload = WORKLOADS[item.workload]
    assert workload.streaming is not None, "it is a database"
    if not item.source_exists:
        return workload.gone
    if not item.source_running:
        return workload.streaming.unreachable
    if item.snapshot_until > now:
        return BACKUP_IN_PROGRESS
    base = item.latest_vaulted_at
    is_based = kind in (DIFFERENTIAL, INCREMENTAL, LOG)
    if is_based and (base is None or item.full_next or base < now - OLDEST_BASE):
        return NO_PARENT_FULL
    return None


def _size(item: Row[Any], kind: str, now: int) -> int:
    """Return how much a backup streams: the twin of ``_BYTES``."""
    used: int = item.used_bytes
    if kind in (FULL, COPY_ONLY_FULL):
        return used
    since = item.latest_vaulted_at if kind == DIFFERENTIAL else item.latest_snapshot_at
    changed: int = item.churn_bytes_per_second * ((now - since) // SECOND)
    return min(changed, used)


def _kept(policy: DatabasePolicy, kind: str, now: int) -> dict[str, Any]:
    """Return how long the policy keeps a differential or an incremental backup."""
    delta = policy.delta_of(kind)
    if delta is None:
        return {}
    return {"keep_micros": delta.days * DAY, "tags": delta.tag, "slot_day": now // DAY, "rule": ""}


# --- the end -----------------------------------------------------------------------------

_POINT = recovery_points.c
_ENDED = and_(
    jobs.c.phase == Phase.STREAMING,
    jobs.c.due_at <= bindparam("until"),
    jobs.c.item_key == items.c.key,
)
_MADE_FULL = jobs.c.backup_type == FULL
_MADE_DELTA = or_(jobs.c.backup_type == DIFFERENTIAL, jobs.c.backup_type == INCREMENTAL)
_EXPIRES = func.coalesce(jobs.c.retain_until, jobs.c.due_at + jobs.c.keep_micros)


def _later(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the larger of two columns, of which one or both may be null."""
    return case((or_(left.is_(None), left < right), right), else_=left)


# A full backup that another one follows is needed for what there is of the log between the two.
_LAST_LOG = (
    select(logs.covered(jobs.c.due_at))
    .where(log_chains.c.item_key == items.c.key, log_chains.c.is_open)
    .correlate(items, jobs)
    .scalar_subquery()
)
_LOGS = case((_POINT.taken_at < _LAST_LOG, _LAST_LOG), else_=_POINT.logs_until)
_NEEDED = _later(_POINT.needed_until, _LOGS + items.c.log_keep_micros)
_FOLLOW = Statement(
    update(recovery_points)
    .where(_ENDED, _MADE_FULL, _POINT.item_key == items.c.key, _POINT.taken_at == _BASE)
    .values(
        logs_until=_LOGS,
        needed_until=_NEEDED,
        sweep_at=case((items.c.expiring, _later(_NEEDED, _POINT.expires_at)), else_=null()),
    )
)
# A differential backup needs its full one, an incremental one all since the last of either.
_latest_differential = recovery_points.alias()
_CHAIN_FROM = (
    select(func.max(_latest_differential.c.taken_at))
    .where(
        _latest_differential.c.item_key == items.c.key,
        _latest_differential.c.taken_at > _BASE,
        _latest_differential.c.backup_type == DIFFERENTIAL,
    )
    .correlate(items)
    .scalar_subquery()
)
_IS_NEEDED = or_(
    _POINT.taken_at == _BASE,
    and_(
        jobs.c.backup_type == INCREMENTAL,
        _POINT.taken_at >= func.coalesce(_CHAIN_FROM, _BASE),
        _POINT.base_at == _BASE,
    ),
)
_LONGER = _later(_POINT.needed_until, _EXPIRES)
_HOLD = Statement(
    update(recovery_points)
    .where(
        _ENDED,
        _MADE_DELTA,
        _POINT.item_key == items.c.key,
        _POINT.taken_at >= _BASE,
        _IS_NEEDED,
    )
    .values(
        needed_until=_LONGER,
        sweep_at=case(
            (_POINT.sweep_at.is_(None), null()), else_=_later(_LONGER, _POINT.expires_at)
        ),
    )
)
_INSERT_POINTS = Statement(
    insert(recovery_points).from_select(
        [
            "item_key", "taken_at", "visible_at", "vaulted_at", "snapshot_valid",
            "instant_until", "expires_at", "sweep_at", "rule", "consistency", "disk_set_key",
            "vm_size", "tags", "slot_day", "policy_type", "backup_type", "base_at",
        ],
        select(
            jobs.c.item_key,
            jobs.c.due_at,
            jobs.c.due_at,
            jobs.c.due_at,
            literal(False, Boolean),
            jobs.c.due_at,
            _EXPIRES,
            # Of the newest full one there is no end until another one follows.
            case((and_(items.c.expiring, ~_MADE_FULL), _EXPIRES), else_=null()),
            jobs.c.rule,
            literal("AppConsistent", String),
            items.c.disk_set_key,
            literal("", String),
            jobs.c.tags,
            jobs.c.slot_day,
            jobs.c.policy_type,
            jobs.c.backup_type,
            case((_MADE_DELTA, _BASE), else_=null()),
        )
        .where(_ENDED, jobs.c.backup_type != LOG)
        .order_by(jobs.c.item_key, jobs.c.due_at),
        include_defaults=False,
    )
)  # fmt: skip
_BEGIN_CHAINS = Statement(
    insert(log_chains).from_select(
        ["item_key", "started_at", "covered_until", "resumed_at", "is_open"],
        select(jobs.c.item_key, jobs.c.due_at, jobs.c.due_at, jobs.c.due_at, true())
        .where(
            _ENDED,
            _MADE_FULL,
            items.c.log_every_micros.is_not(None),
            ~exists(
                select(log_chains.c.item_key).where(
                    log_chains.c.item_key == items.c.key, log_chains.c.is_open
                )
            ),
        )
        .order_by(jobs.c.item_key, jobs.c.due_at),
        include_defaults=False,
    )
)
_NOTE_LOGS = Statement(
    update(log_chains)
    .where(
        _ENDED,
        jobs.c.backup_type == LOG,
        log_chains.c.item_key == items.c.key,
        log_chains.c.is_open,
        log_chains.c.covered_until < jobs.c.due_at,
    )
    .values(covered_until=jobs.c.due_at)
)
_NOTE_BACKUPS = Statement(
    update(items)
    .where(_ENDED)
    .values(
        state=case(
            (
                and_(items.c.state == ProtectionState.IR_PENDING, jobs.c.backup_type != LOG),
                ProtectionState.PROTECTED,
            ),
            else_=items.c.state,
        ),
        last_backup_status=literal(Status.COMPLETED, String),
        last_backup_at=jobs.c.started_at,
        last_error=null(),
        latest_snapshot_at=case(
            (jobs.c.backup_type == LOG, items.c.latest_snapshot_at), else_=jobs.c.due_at
        ),
        latest_vaulted_at=case((_MADE_FULL, jobs.c.due_at), else_=_BASE),
        full_next=case((_MADE_FULL, false()), else_=items.c.full_next),
    )
)
_COMPLETE = Statement(
    update(jobs)
    .where(jobs.c.phase == Phase.STREAMING, jobs.c.due_at <= bindparam("until"))
    .values(phase=Phase.DONE, status=Status.COMPLETED, ended_at=jobs.c.due_at, due_at=null())
)


def end(connection: Connection, *, until: int) -> None:
    """Create the recovery points of backups that end by an instant, one of each item at most."""
    for statement in (_FOLLOW, _HOLD, _INSERT_POINTS, _BEGIN_CHAINS, _NOTE_LOGS, _NOTE_BACKUPS):
        statement.run(connection, until=until)
    _COMPLETE.run(connection, until=until)
