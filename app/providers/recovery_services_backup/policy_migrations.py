"""A VM's item goes from a Standard (V1) to an Enhanced (V2) policy: once, and with a backup.

Source: "Migrate Azure VM backups from standard to enhanced policy" on learn.microsoft.com; what it
leaves open is docs/decisions/0138.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, exists, select

from ...arm.calls import Call
from ...domain.errors import conflict
from ...domain.jobs import Operation
from ...domain.policies import ENHANCED, STANDARD, VM, Policy
from ...engine import backups
from ...store.tables import jobs


def is_one(item: Row[Any], policy: Policy) -> bool:
    """Tell whether putting an item under a policy migrates its backups."""
    return bool(item.workload == VM and item.policy_type == STANDARD and policy.kind == ENHANCED)


def check(call: Call, item: Row[Any]) -> None:
    """Refuse to migrate an item while a backup of it runs. Raises ``Refused``."""
    running = exists().where(
        jobs.c.item_key == item.key,
        jobs.c.operation == Operation.BACKUP,
        jobs.c.due_at.is_not(None),
    )
    if call.connection.execute(select(running)).scalar():
        raise conflict(
            "UserErrorBackupOperationInProgress",
            f"properties.policyId: a backup of '{item.friendly_name}' is in progress, and backups "
            "are not migrated to an Enhanced (V2) policy meanwhile; wait until it is over, or "
            "cancel it.",
            target="properties.policyId",
        )


def back_up(call: Call, item: Row[Any], policy: Policy) -> None:
    """Start the backup that a migration makes, unless there is nothing to migrate yet."""
    if item.latest_snapshot_at is None:
        return
    backups.trigger(
        call.connection,
        call.rules,
        item,
        call.now,
        policy=policy,
        retain_until=call.now + backups.DEFAULT_RETENTION,
        activity_id=call.client_request_id,
    )
