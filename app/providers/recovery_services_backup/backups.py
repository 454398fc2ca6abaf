"""On-demand backups."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field
from sqlalchemy import Row, select

from ...arm import client_dates
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain.errors import conflict, invalid_input
from ...domain.instants import DAY, wire
from ...domain.jobs import ProtectionState
from ...domain.policies import DatabasePolicy, Policy, read
from ...engine import backups, streamed_backups
from ...store import room
from ...store.tables import policies
from ...workloads.table import WORKLOADS
from . import database_backups
from .database_backups import BackupType
from .paths import ITEM, item_of
from .protected_items import TAG, item_accepted

LONGEST_RETENTION = 99 * 366 * DAY


class BackupRequest(Body):
    """How long to keep the recovery point."""

    object_type: Annotated[
        Literal["IaasVMBackupRequest", "AzureFileShareBackupRequest", "AzureWorkloadBackupRequest"]
        | None,
        Word("IaasVMBackupRequest", "AzureFileShareBackupRequest", "AzureWorkloadBackupRequest"),
    ] = None
    recovery_point_expiry_time_in_utc: str | None = Field(
        None, alias="recoveryPointExpiryTimeInUTC", examples=["2026-03-01T00:00:00Z"]
    )
    backup_type: Annotated[BackupType | None, Word(*get_args(BackupType))] = Field(
        None, description="What is backed up of a database"
    )
    enable_compression: bool | None = None


class BackupBody(Body):
    """A request for a backup now."""

    EXAMPLE = {"properties": {"objectType": "IaasVMBackupRequest"}}

    properties: BackupRequest = Field(default_factory=lambda: BackupRequest.model_validate({}))


@endpoint(
    "POST",
    f"{ITEM}/backup",
    "Backups_Trigger",
    tag=TAG,
    body=BackupBody,
    statuses=(202,),
    optional_body=True,
)
def trigger(call: Call, body: BackupBody) -> Answer:
    """Back up now; the recovery point keeps its own expiry date."""
    vault, item = item_of(call)
    _check(call, item, body.properties)
    if item.deleted_at is not None:
        raise conflict(
            "BMSUserErrorItemSoftDeleted",
            f"'{item.friendly_name}' is soft-deleted; undelete it and resume its protection first.",
        )
    if item.state in ProtectionState.RESUMABLE:
        raise conflict(
            "UserErrorProtectionStopped",
            f"Protection of '{item.friendly_name}' is stopped; resume it with a policy first.",
        )
    room.for_backup(call.connection, call.rules.limits, item, call.now)
    stored = call.connection.execute(
        select(policies.c.document).where(policies.c.key == item.policy_key)
    ).scalar_one()
    policy = read(stored)
    assert policy is not None, "an item is only ever under a policy that runs"
    start = _start_of_database if isinstance(policy, DatabasePolicy) else _start
    job_id = start(call, item, policy, body.properties)
    return item_accepted(call, vault, item, "backup", job_id=job_id, ends_at=call.now)


def _start(call: Call, item: Row[Any], policy: Policy, asked: BackupRequest) -> str:
    """Start a backup that begins with a snapshot, and return its job's id."""
    return backups.trigger(
        call.connection,
        call.rules,
        item,
        call.now,
        policy=policy,
        retain_until=_retain_until(call, asked, backups.DEFAULT_RETENTION),
        activity_id=call.client_request_id,
    )


def _start_of_database(call: Call, item: Row[Any], policy: Policy, asked: BackupRequest) -> str:
    """Start a backup of a type that the database, the server and the policy allow."""
    assert isinstance(policy, DatabasePolicy), "databases have policies of their own"
    kind = database_backups.type_of(item, policy, asked.backup_type)
    retain_until = None
    if kind in database_backups.DEFAULT_RETENTION:
        shortest = database_backups.SHORTEST_RETENTION.get(kind, 0)
        default = database_backups.DEFAULT_RETENTION[kind]
        retain_until = _retain_until(call, asked, default, shortest)
    return streamed_backups.trigger(
        call.connection,
        call.rules,
        item,
        call.now,
        kind=kind,
        policy=policy,
        retain_until=retain_until,
        activity_id=call.client_request_id,
    )


def _check(call: Call, item: Row[Any], asked: BackupRequest) -> None:
    """Refuse what no item of the workload is asked for, whatever its state is."""
    workload, sent = WORKLOADS[item.workload], asked.object_type
    wanted = workload.backup_request
    if sent not in (None, wanted):
        raise invalid_input("properties.objectType", f"'{sent}' must be {wanted} of this item")
    if workload.streaming is None:
        if asked.backup_type is not None:
            raise invalid_input("properties.backupType", "is only allowed of databases")
        _retain_until(call, asked, backups.DEFAULT_RETENTION)


def _retain_until(call: Call, asked: BackupRequest, default: int, shortest: int = 0) -> int:
    field = "properties.recoveryPointExpiryTimeInUTC"
    sent = asked.recovery_point_expiry_time_in_utc
    if sent is None:
        return call.now + default
    try:
        wanted = client_dates.read(call, sent)
    except ValueError as problem:
        raise invalid_input(field, str(problem)) from None
    if not call.now < wanted <= call.now + LONGEST_RETENTION:
        raise invalid_input(
            field,
            f"{sent} must be after {wire(call.now)}, which is now in this world, and at most "
            f"99 years later.{client_dates.why_past(call, sent)}",
        )
    if wanted < call.now + shortest:
        raise invalid_input(
            field, f"{sent} must be {shortest // DAY} days after now or later, of such a backup"
        )
    return wanted


ENDPOINTS = (trigger,)
