"""Alerts: raised and resolved by set-based statements, each row at its own instant.

What a job has failed by is told in the transaction that fails it, and what a request does in its
own. A world in which nothing fails pays one look for alerts that are open, in a query that is made
anyway.
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
    func,
    insert,
    literal,
    not_,
    null,
    select,
)
from sqlalchemy.sql.dml import ReturningInsert

from ..domain import ids
from ..domain.alerts import (
    BACKUP_FAILURE,
    RESTORE_FAILURE,
    SILENT_ERRORS,
    SYSTEM,
    AlertState,
    Condition,
)
from ..domain.jobs import Operation, Phase, Status
from ..store.alert_tables import alerts
from ..store.tables import items, jobs, vaults
from . import alert_routing
from .rules import Rules

_SETTING = vaults.c.properties["monitoringSettings"]["azureMonitorAlertSettings"]
_TELLS_OF_JOBS = (
    func.coalesce(_SETTING["alertsForAllJobFailures"].as_string(), "Enabled") != "Disabled"
)
_IS_BACKUP = jobs.c.operation == Operation.BACKUP
_RULE_OF_JOB = case((_IS_BACKUP, BACKUP_FAILURE.name), else_=RESTORE_FAILURE.name)
_TELLS = and_(
    _TELLS_OF_JOBS,
    jobs.c.operation.in_((Operation.BACKUP, *Operation.RESTORES)),
    jobs.c.error_code.not_in(SILENT_ERRORS),
)
_COLUMNS = [
    "alert_id", "subscription", "vault_key", "target_id", "target_folded", "rule", "severity",
    "state", "condition", "fired_at", "changed_at", "changed_by", "is_suppressed", "item_key",
    "item_name", "container_name", "entity_name", "workload", "source_id", "job_id",
    "job_started_at", "error_code", "open_item",
]  # fmt: skip


def _of_jobs(failed: ColumnElement[bool], at: ColumnElement[Any]) -> ReturningInsert[Any]:
    """Return what raises an alert for each job that has failed at its own instant."""
    found = (
        select(
            func.md5(bindparam("prefix", type_=String) + _RULE_OF_JOB + "/" + jobs.c.job_id),
            vaults.c.subscription,
            vaults.c.key,
            vaults.c.id,
            vaults.c.folded,
            _RULE_OF_JOB,
            literal(BACKUP_FAILURE.severity, Integer),
            literal(AlertState.NEW, String),
            literal(Condition.FIRED, String),
            at,
            at,
            literal(SYSTEM, String),
            literal(False, Boolean),
            jobs.c.item_key,
            items.c.name,
            jobs.c.container_name,
            jobs.c.entity_name,
            jobs.c.workload,
            items.c.source_id,
            jobs.c.job_id,
            jobs.c.started_at,
            jobs.c.error_code,
            case((_IS_BACKUP, jobs.c.item_key), else_=null()),
        )
        .select_from(jobs)
        .join(vaults, vaults.c.key == jobs.c.vault_key)
        .outerjoin(items, items.c.key == jobs.c.item_key)
        .where(failed, _TELLS)
    )
    return insert(alerts).from_select(_COLUMNS, found, include_defaults=False).returning(*alerts.c)


_FAILED_STARTS = _of_jobs(
    and_(
        jobs.c.vault_key == bindparam("vault", type_=BigInteger),
        jobs.c.started_at > bindparam("settled", type_=BigInteger),
        jobs.c.started_at <= bindparam("until", type_=BigInteger),
        jobs.c.ended_at == jobs.c.started_at,
        jobs.c.status == Status.FAILED,
        _IS_BACKUP,
        jobs.c.user_triggered.is_(False),
    ),
    jobs.c.started_at,
)
# A transfer that fails leaves a recovery point: its job is CompletedWithWarnings, and no failure.
_FAILING = _of_jobs(
    and_(
        jobs.c.due_at <= bindparam("until", type_=BigInteger),
        jobs.c.phase == Phase.FAILING,
        not_(and_(_IS_BACKUP, jobs.c.snapshot_ended_at.is_not(None))),
    ),
    jobs.c.due_at,
)
_FAILED_JOB = _of_jobs(
    and_(jobs.c.job_id == bindparam("job", type_=String), jobs.c.status == Status.FAILED),
    jobs.c.ended_at,
)


def raise_for_starts(
    connection: Connection, rules: Rules, vault_key: int, *, settled: int, until: int
) -> None:
    """Raise what tells of a vault's scheduled backups that have failed as they started."""
    _raise(connection, rules, _FAILED_STARTS, until, vault=vault_key, settled=settled, until=until)


def raise_for_failing(connection: Connection, rules: Rules, until: int) -> None:
    """Raise what tells of the jobs that faults make fail, before they end."""
    _raise(connection, rules, _FAILING, until, until=until)


def raise_for_job(connection: Connection, rules: Rules, job_id: str, now: int) -> None:
    """Raise what tells of one job, if it has failed."""
    _raise(connection, rules, _FAILED_JOB, now, job=job_id)


def _raise(
    connection: Connection,
    rules: Rules,
    statement: ReturningInsert[Any],
    now: int,
    **values: Any,
) -> None:
    prefix = ids.natural(rules.seed, "alert", "")
    found = connection.execute(statement, {"prefix": prefix, **values}).all()
    _route(connection, rules, found, now)


def _route(connection: Connection, rules: Rules, found: Any, now: int) -> None:
    """Hand over what was raised or resolved, in an order that no plan of a query decides."""
    if found:
        in_order: list[Row[Any]] = sorted(found, key=lambda row: (row.changed_at, row.alert_id))
        alert_routing.route(connection, rules, in_order, now)
