"""Alerts: raised and resolved by set-based statements, each row at its own instant.

What a job has failed by is told in the transaction that fails it, and what a request does in its
own. A world in which nothing fails pays one look a transaction for alerts that are open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from ..domain import ids
from ..domain.alerts import (
    BACKUP_FAILURE,
    EXTENSION_UNHEALTHY,
    PURGE_COMPLETE,
    RESTORE_FAILURE,
    SILENT_ERRORS,
    SYSTEM,
    UNHEALTHY_ERRORS,
    UPCOMING_PURGE,
    AlertRule,
    AlertState,
    Condition,
)
from ..domain.jobs import Operation, Phase, Status
from ..domain.vault_settings import tells_of_jobs
from ..store.alert_tables import alerts
from ..store.statements import Statement
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


def _fired(
    rule: ColumnElement[Any], severity: int, at: ColumnElement[Any], natural: ColumnElement[Any]
) -> tuple[ColumnElement[Any], ...]:
    """Return the values that every alert begins with, of one that is raised in a vault.

    What it is about has the name ``natural`` among those of its rule.
    """
    return (
        func.md5(bindparam("prefix", type_=String) + rule + "/" + natural),
        vaults.c.subscription,
        vaults.c.key,
        vaults.c.id,
        vaults.c.folded,
        rule,
        literal(severity, Integer),
        literal(AlertState.NEW, String),
        literal(Condition.FIRED, String),
        at,
        at,
        literal(SYSTEM, String),
        literal(False, Boolean),
    )


def _of_jobs(
    failed: ColumnElement[bool], at: ColumnElement[Any], *, unhealthy: bool = False
) -> ReturningInsert[Any]:
    """Return what raises an alert for each job that has failed at its own instant.

    What the workload extension is ``unhealthy`` by is told besides.
    """
    rule: ColumnElement[Any] = _RULE_OF_JOB
    opened: ColumnElement[Any] = case((_IS_BACKUP, jobs.c.item_key), else_=null())
    if unhealthy:
        rule, opened = literal(EXTENSION_UNHEALTHY.name, String), cast(null(), BigInteger)
        failed = and_(
            failed,
            jobs.c.error_code.in_(UNHEALTHY_ERRORS),
            jobs.c.workload.in_(EXTENSION_UNHEALTHY.workloads),
        )
    found = (
        select(
            *_fired(rule, BACKUP_FAILURE.severity, at, jobs.c.job_id),
            jobs.c.item_key,
            items.c.name,
            jobs.c.container_name,
            jobs.c.entity_name,
            jobs.c.workload,
            items.c.source_id,
            jobs.c.job_id,
            jobs.c.started_at,
            jobs.c.error_code,
            opened,
        )
        .select_from(jobs)
        .join(vaults, vaults.c.key == jobs.c.vault_key)
        .outerjoin(items, items.c.key == jobs.c.item_key)
        .where(failed, _TELLS)
    )
    return _inserting(found)


def _inserting(found: Select[Any]) -> ReturningInsert[Any]:
    return insert(alerts).from_select(_COLUMNS, found, include_defaults=False).returning(*alerts.c)


_FAILED_AS_IT_STARTED = and_(
    jobs.c.vault_key == bindparam("vault", type_=BigInteger),
    jobs.c.started_at > bindparam("settled", type_=BigInteger),
    jobs.c.started_at <= bindparam("until", type_=BigInteger),
    jobs.c.ended_at == jobs.c.started_at,
    jobs.c.status == Status.FAILED,
    _IS_BACKUP,
    jobs.c.user_triggered.is_(False),
)
_FAILED_STARTS = _of_jobs(_FAILED_AS_IT_STARTED, jobs.c.started_at)
# Asked first, as it costs next to nothing: a VM that is gone fails in silence every day.
_ANY_FAILED_START = Statement(
    select(jobs.c.job_id)
    .where(_FAILED_AS_IT_STARTED, *(jobs.c.error_code != code for code in SILENT_ERRORS))
    .limit(1)
)
# A transfer that fails leaves a recovery point: its job is CompletedWithWarnings, and no failure.
_IS_FAILING = and_(
    jobs.c.due_at <= bindparam("until", type_=BigInteger),
    jobs.c.phase == Phase.FAILING,
    not_(and_(_IS_BACKUP, jobs.c.snapshot_ended_at.is_not(None))),
)
_FAILING = _of_jobs(_IS_FAILING, jobs.c.due_at)
_UNHEALTHY = _of_jobs(_IS_FAILING, jobs.c.due_at, unhealthy=True)
_FAILED_JOB = _of_jobs(
    and_(jobs.c.job_id == bindparam("job", type_=String), jobs.c.status == Status.FAILED),
    jobs.c.ended_at,
)


_UNTIL = bindparam("until", type_=BigInteger)


def _resolving(found: Any, at: ColumnElement[Any]) -> ReturningUpdate[Any]:
    """Return what resolves the alerts that a condition finds, each at its own instant."""
    return (
        update(alerts)
        .where(found)
        .values(
            condition=Condition.RESOLVED,
            resolved_at=at,
            changed_at=at,
            changed_by=SYSTEM,
            open_item=null(),
        )
        .returning(*alerts.c)
    )


# A backup that began before the failed one says nothing of whether the trouble is over.
_RECOVERS = and_(
    alerts.c.open_item == jobs.c.item_key,
    jobs.c.due_at <= _UNTIL,
    or_(
        jobs.c.phase == Phase.TRANSFER,
        jobs.c.phase == Phase.SKIPPED,
        jobs.c.phase == Phase.STREAMING,
    ),
    jobs.c.started_at > alerts.c.job_started_at,
    jobs.c.due_at >= alerts.c.fired_at,
    alerts.c.rule == BACKUP_FAILURE.name,
)
_ANY_RECOVERY = Statement(select(alerts.c.alert_id).where(_RECOVERS).limit(1))
_recovery = (
    select(alerts.c.alert_id, func.min(jobs.c.due_at).label("at"))
    .where(_RECOVERS)
    .group_by(alerts.c.alert_id)
    .subquery()
)
_RECOVERED = _resolving(alerts.c.alert_id == _recovery.c.alert_id, _recovery.c.at)

_ANNOUNCES = alerts.c.rule == UPCOMING_PURGE.name
_PURGED = _resolving(
    and_(_ANNOUNCES, alerts.c.open_item == items.c.key, items.c.purge_at <= _UNTIL),
    items.c.purge_at,
)
_UNDELETED = _resolving(
    and_(_ANNOUNCES, alerts.c.open_item == bindparam("item", type_=BigInteger)),
    bindparam("at", type_=BigInteger),
)


def _of_items(
    rule: AlertRule, due: ColumnElement[Any], opened: ColumnElement[Any]
) -> ReturningInsert[Any]:
    """Return what raises an alert for each item of which an instant is due."""
    name = literal(rule.name, String)
    natural = cast(items.c.key, String) + "/" + cast(due, String)
    found = (
        select(
            *_fired(name, rule.severity, due, natural),
            items.c.key,
            items.c.name,
            items.c.container_name,
            items.c.friendly_name,
            items.c.workload,
            items.c.source_id,
            cast(null(), String),
            cast(null(), BigInteger),
            cast(null(), String),
            opened,
        )
        .select_from(items)
        .join(vaults, vaults.c.key == items.c.vault_key)
        .where(due <= _UNTIL, items.c.workload.in_(rule.workloads))
    )
    return _inserting(found)


_UPCOMING = _of_items(UPCOMING_PURGE, items.c.purge_notice_at, items.c.key)
_ANNOUNCED = update(items).where(items.c.purge_notice_at <= _UNTIL).values(purge_notice_at=null())
_COMPLETE = _of_items(PURGE_COMPLETE, items.c.purge_at, cast(null(), BigInteger))
_FORGOTTEN = (
    update(alerts)
    .where(alerts.c.open_item.in_(select(items.c.key).where(items.c.purge_at <= _UNTIL)))
    .values(open_item=null())
)


def raise_for_starts(
    connection: Connection, rules: Rules, vault_key: int, *, settled: int, until: int
) -> None:
    """Raise what tells of a vault's scheduled backups that have failed as they started."""
    window = {"vault": vault_key, "settled": settled, "until": until}
    if _ANY_FAILED_START.run(connection, **window).fetchone() is not None:
        _raise(connection, rules, _FAILED_STARTS, now=until, **window)


def raise_for_failing(connection: Connection, rules: Rules, until: int) -> None:
    """Raise what tells of the jobs that faults make fail, before they end."""
    _raise(connection, rules, _FAILING, until, until=until)
    _raise(connection, rules, _UNHEALTHY, until, until=until)


def raise_for_job(connection: Connection, rules: Rules, job_id: str, now: int) -> None:
    """Raise what tells of one job, if it has failed."""
    _raise(connection, rules, _FAILED_JOB, now, job=job_id)


_OPEN = Statement(
    select(
        select(func.min(alerts.c.open_item))
        .where(alerts.c.open_item.is_not(None))
        .scalar_subquery(),
        select(func.min(items.c.purge_notice_at))
        .where(items.c.purge_notice_at.is_not(None))
        .scalar_subquery(),
    )
)


@dataclass(slots=True)
class Watch:
    """What a transaction that crosses time has to look after: most often nothing.

    It ``is_on`` while alerts are open that a backup may resolve; ``notice`` is when the next purge
    is to be announced. Only requests, and regions that come back, make one earlier.
    """

    is_on: bool
    notice: int | None

    def earlier(self, first: int | None) -> int | None:
        """Return the earlier of an instant and the next announcement."""
        if self.notice is None or first is None:
            return self.notice if first is None else first
        return min(first, self.notice)

    def resolve(self, connection: Connection, rules: Rules, until: int) -> None:
        """Resolve what tells of failed backups of items of which a later one ends by an instant.

        Call it while the jobs that succeed are still due, and those that fail are marked.
        """
        if self.is_on and _ANY_RECOVERY.run(connection, until=until).fetchone() is not None:
            _resolve(connection, rules, _RECOVERED, until, until=until)

    def announce(self, connection: Connection, rules: Rules, until: int) -> None:
        """Raise what announces the purges that are two days away by an instant."""
        if self.notice is not None and self.notice <= until:
            _announce_purges(connection, rules, until)
            self.notice = watch(connection).notice


def watch(connection: Connection) -> Watch:
    """Return what there is to look after."""
    opened, notice = _OPEN.run(connection).fetchone()
    return Watch(opened is not None, notice)


def _announce_purges(connection: Connection, rules: Rules, until: int) -> None:
    _raise(connection, rules, _UPCOMING, until, until=until)
    connection.execute(_ANNOUNCED, {"until": until})


def note_purges(connection: Connection, rules: Rules, until: int) -> None:
    """Raise what tells of the purges that are due, before they are done; nothing of them is open.

    What has announced them is resolved.
    """
    _resolve(connection, rules, _PURGED, until, until=until)
    _raise(connection, rules, _COMPLETE, until, until=until)
    connection.execute(_FORGOTTEN, {"until": until})


def resolve_announcement(connection: Connection, rules: Rules, item_key: int, now: int) -> None:
    """Resolve what has announced the purge of an item that is undeleted."""
    _resolve(connection, rules, _UNDELETED, now, item=item_key, at=now)


def raise_one(
    connection: Connection,
    rules: Rules,
    vault_key: int,
    rule: AlertRule,
    now: int,
    *,
    item: Row[Any] | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Raise an alert about what a request does to a vault, or to an item in it."""
    if item is not None and item.workload not in rule.workloads:
        return
    vault = connection.execute(select(vaults).where(vaults.c.key == vault_key)).one()
    if rule.may_be_switched_off and not tells_of_jobs(vault.properties):
        return
    earlier = connection.execute(
        select(func.count())
        .select_from(alerts)
        .where(
            alerts.c.subscription == vault.subscription,
            alerts.c.fired_at == now,
            alerts.c.vault_key == vault_key,
            alerts.c.rule == rule.name,
        )
    ).scalar_one()
    values: dict[str, Any] = {
        "alert_id": ids.guid_hex(rules.seed, "alert", rule.name, vault_key, now, earlier),
        "subscription": vault.subscription,
        "vault_key": vault_key,
        "target_id": vault.id,
        "target_folded": vault.folded,
        "rule": rule.name,
        "severity": rule.severity,
        "state": AlertState.NEW,
        "condition": Condition.FIRED,
        "fired_at": now,
        "changed_at": now,
        "changed_by": SYSTEM,
        "detail": detail,
    }
    if item is not None:
        values |= {
            "item_key": item.key,
            "item_name": item.name,
            "container_name": item.container_name,
            "entity_name": item.friendly_name,
            "workload": item.workload,
            "source_id": item.source_id,
        }
    found = connection.execute(insert(alerts).values(values).returning(*alerts.c)).all()
    _route(connection, rules, found, now)


def _resolve(
    connection: Connection,
    rules: Rules,
    statement: ReturningUpdate[Any],
    now: int,
    **values: Any,
) -> None:
    _route(connection, rules, connection.execute(statement, values).all(), now)


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
