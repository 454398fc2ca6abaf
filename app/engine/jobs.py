"""Jobs of one item that are not backups: started here, ended when due."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Integer,
    Row,
    String,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
    update,
)

from ..domain import ids
from ..domain.instants import SECOND
from ..domain.jobs import CANCELLED_BY_USER, Operation, Phase, Status
from ..store.tables import items, jobs
from .rules import Rules

DURATIONS = {
    Operation.CONFIGURE_BACKUP: 31 * SECOND,
    Operation.DISABLE_BACKUP: 21 * SECOND,
    Operation.DELETE_BACKUP_DATA: 40 * SECOND,
    Operation.UNDELETE: 21 * SECOND,
    Operation.REGISTER: 230 * SECOND,
    Operation.UNREGISTER: 30 * SECOND,
}
"""What the recordings show (azure-cli-wire 6)."""
CANCELLING_TAKES = 10 * SECOND


def new_job_id(
    connection: Connection, rules: Rules, item: Row[Any], operation: str, now: int
) -> str:
    """Return the id of a job that a user triggers: its item, what, when, and which one then."""
    earlier = connection.execute(
        select(func.count())
        .select_from(jobs)
        .where(
            jobs.c.vault_key == item.vault_key,
            jobs.c.started_at == now,
            jobs.c.item_key == item.key,
            jobs.c.operation == operation,
        )
    ).scalar_one()
    return ids.guid_hex(rules.seed, "job", item.key, operation, now, earlier)


def insert_row(
    connection: Connection,
    item: Row[Any],
    job_id: str,
    operation: str,
    now: int,
    **values: Any,
) -> None:
    """Insert a job that a user triggers: what all kinds share, and what this one adds."""
    earlier = connection.execute(
        select(func.count())
        .select_from(jobs)
        .where(jobs.c.vault_key == item.vault_key, jobs.c.started_at == now, jobs.c.user_triggered)
    ).scalar_one()
    shared = {
        "job_id": job_id,
        "vault_key": item.vault_key,
        "item_key": item.key,
        "operation": operation,
        "status": Status.IN_PROGRESS,
        "started_at": now,
        "user_triggered": True,
        "ordinal": earlier + 1,
        "entity_name": item.friendly_name,
        "container_name": item.container_name,
        "workload": item.workload,
        "jitter": 0,
        "transfer_skipped": False,
    }
    connection.execute(insert(jobs).values({**shared, **values}))


def start(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    operation: str,
    now: int,
    *,
    activity_id: str | None,
    detail: dict[str, Any],
) -> tuple[str, int]:
    """Start a job that only takes its time; return its id and the instant of its end."""
    job_id = new_job_id(connection, rules, item, operation, now)
    due_at = now + DURATIONS[operation]
    insert_row(
        connection,
        item,
        job_id,
        operation,
        now,
        phase=Phase.CONFIGURING,
        due_at=due_at,
        activity_id=activity_id,
        detail=detail,
    )
    return job_id, due_at


_NOW = cast(bindparam("now"), BigInteger)
_AT_ONCE = (
    select(jobs.c.item_key, func.count().label("earlier"))
    .where(
        jobs.c.vault_key == bindparam("vault"),
        jobs.c.started_at == _NOW,
        jobs.c.operation == bindparam("operation"),
    )
    .group_by(jobs.c.item_key)
    .subquery()
)
_TRIGGERED = (
    select(func.count())
    .select_from(jobs)
    .where(jobs.c.vault_key == bindparam("vault"), jobs.c.started_at == _NOW, jobs.c.user_triggered)
    .scalar_subquery()
)
_NATURAL = (
    bindparam("job_prefix", type_=String)
    + cast(items.c.key, String)
    + bindparam("of_operation", type_=String)
    + cast(func.coalesce(_AT_ONCE.c.earlier, 0), String)
)
_START_UNDER = (
    insert(jobs)
    .from_select(
        [
            "job_id", "vault_key", "item_key", "operation", "phase", "status", "started_at",
            "due_at", "user_triggered", "ordinal", "activity_id", "entity_name",
            "container_name", "jitter", "transfer_skipped", "detail", "workload",
        ],
        select(
            func.md5(_NATURAL),
            items.c.vault_key,
            items.c.key,
            cast(bindparam("operation"), String),
            literal(Phase.CONFIGURING, String),
            literal(Status.IN_PROGRESS, String),
            _NOW,
            cast(bindparam("due_at"), BigInteger),
            literal(True, Boolean),
            _TRIGGERED + func.row_number().over(order_by=items.c.folded_name),
            cast(bindparam("activity_id"), String),
            items.c.friendly_name,
            items.c.container_name,
            literal(0, Integer),
            literal(False, Boolean),
            bindparam("detail", type_=JSON),
            items.c.workload,
        )
        .outerjoin_from(items, _AT_ONCE, _AT_ONCE.c.item_key == items.c.key)
        .where(items.c.policy_key == bindparam("policy")),
        include_defaults=False,
    )
    .returning(jobs.c.job_id)
)  # fmt: skip


def start_under(
    connection: Connection,
    rules: Rules,
    policy: Row[Any],
    operation: str,
    now: int,
    *,
    activity_id: str | None,
    detail: dict[str, Any],
) -> list[str]:
    """Start for every item under a policy, by their names, what ``start`` starts for one.

    Returns the ids of the jobs, in the order of the ids.
    """
    started = connection.execute(
        _START_UNDER,
        {
            "policy": policy.key,
            "vault": policy.vault_key,
            "operation": operation,
            "now": now,
            "due_at": now + DURATIONS[operation],
            "job_prefix": ids.natural(rules.seed, "job", ""),
            "of_operation": f"/{operation}/{now}/",
            "activity_id": activity_id,
            "detail": detail,
        },
    )
    return sorted(started.scalars())


def cancel(connection: Connection, job: Row[Any], now: int) -> int:
    """Begin to cancel a job in a cancellable phase; return when it will be cancelled."""
    due_at = now + CANCELLING_TAKES
    connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job.job_id)
        .values(
            phase=Phase.CANCELLING,
            status=Status.CANCELLING,
            due_at=due_at,
            error_code=CANCELLED_BY_USER,
        )
    )
    if job.operation == Operation.BACKUP:
        connection.execute(
            update(items)
            .where(items.c.key == job.item_key)
            .values(
                snapshot_until=due_at,
                last_error=CANCELLED_BY_USER,
                owed_day=job.slot_day if job.tags else items.c.owed_day,
            )
        )
    return due_at


def cancel_what_writes(connection: Connection, item_key: int, now: int) -> None:
    """End an item's running backups and moves at once: its data is being deleted."""
    connection.execute(
        update(jobs)
        .where(
            jobs.c.item_key == item_key,
            jobs.c.due_at.is_not(None),
            jobs.c.phase.in_((Phase.SNAPSHOT, Phase.STREAMING, Phase.TRANSFER, Phase.MOVING)),
        )
        .values(
            phase=Phase.DONE,
            status=Status.CANCELLED,
            ended_at=now,
            due_at=None,
            error_code=CANCELLED_BY_USER,
        )
    )
    connection.execute(
        update(items).where(items.c.key == item_key).values(snapshot_until=now, transfer_until=now)
    )
