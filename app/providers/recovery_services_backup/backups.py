"""On-demand backups."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, select

from ...arm import client_dates
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain.errors import conflict, invalid_input
from ...domain.instants import DAY, wire
from ...domain.jobs import ProtectionState
from ...domain.policies import read
from ...engine import backups
from ...store import room
from ...store.tables import policies
from ...workloads.table import WORKLOADS
from .paths import ITEM, item_of
from .protected_items import TAG, item_accepted

DEFAULT_RETENTION = 30 * DAY
"""What the service keeps an on-demand backup for when it is not told."""
LONGEST_RETENTION = 99 * 366 * DAY


class BackupRequest(Body):
    """How long to keep the recovery point."""

    object_type: Annotated[
        Literal["IaasVMBackupRequest", "AzureFileShareBackupRequest"] | None,
        Word("IaasVMBackupRequest", "AzureFileShareBackupRequest"),
    ] = None
    recovery_point_expiry_time_in_utc: str | None = Field(
        None, alias="recoveryPointExpiryTimeInUTC", examples=["2026-03-01T00:00:00Z"]
    )


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
    _check_type(item, body.properties.object_type)
    retain_until = _retain_until(call, body.properties.recovery_point_expiry_time_in_utc)
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
    job_id = backups.trigger(
        call.connection,
        call.rules,
        item,
        call.now,
        policy=policy,
        retain_until=retain_until,
        activity_id=call.client_request_id,
    )
    return item_accepted(call, vault, item, "backup", job_id=job_id, ends_at=call.now)


def _check_type(item: Row[Any], sent: str | None) -> None:
    wanted = WORKLOADS[item.workload].backup_request
    if sent not in (None, wanted):
        raise invalid_input("properties.objectType", f"'{sent}' must be {wanted} of this item")


def _retain_until(call: Call, sent: str | None) -> int:
    field = "properties.recoveryPointExpiryTimeInUTC"
    if sent is None:
        return call.now + DEFAULT_RETENTION
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
    return wanted


ENDPOINTS = (trigger,)
