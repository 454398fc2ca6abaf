"""Restores in the secondary region, from the copies there (azure-backup-semantics 5.3).

They go where the secondary region is, never in place of what they are a copy of, and cannot be
cancelled. Their operations are polled at the region.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from ...arm import async_operations, examples
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain import ids
from ...domain.errors import invalid_input, not_found
from ...domain.instants import SECOND
from ...domain.jobs import Operation
from ...engine import operations, restores
from ...engine.operations import Operation as Begun
from ...store import room
from ...workloads.table import WORKLOADS
from . import cross_region_databases
from . import cross_region_tokens as tokens
from .archived_points import PLAIN
from .cross_region import (
    TAG,
    check_region,
    check_subscription,
    get_point_or_log,
    region_of,
    restorable_item,
)
from .paths import LOCATION, location_id
from .restore_bodies import RestoreRequest
from .restore_targets import check
from .restores import check_what_is_repeated, refuse_what_is_not_emulated

TRIGGERING_TAKES = 5 * SECOND
KIND = "cross-region-restore"
_COUNTED = (Operation.CROSS_REGION_RESTORE,) * 2
"""What the limit of a day counts there; in the vault's own region it counts two kinds."""


class CrossRegionRestoreBody(Body):
    """A restore in the secondary region, and the leave to it."""

    EXAMPLE = {
        "crossRegionRestoreAccessDetails": tokens.EXAMPLE,
        "restoreRequest": {
            "objectType": "IaasVMRestoreRequest",
            "recoveryType": "RestoreDisks",
            "region": "northeurope",
            "sourceResourceId": examples.VM_ID,
            "targetResourceGroupId": examples.GROUP_ID,
            "storageAccountId": examples.STORAGE_ID,
        },
    }

    cross_region_restore_access_details: tokens.AccessDetails
    restore_request: RestoreRequest


@endpoint(
    "POST",
    f"{LOCATION}/backupCrossRegionRestore",
    "CrossRegionRestore_Trigger",
    tag=TAG,
    body=CrossRegionRestoreBody,
    statuses=(202, 404),
)
def trigger(call: Call, body: CrossRegionRestoreBody) -> Answer:
    """Restore a recovery point in the secondary region: its disks, a new VM, or a database."""
    details, asked = body.cross_region_restore_access_details, body.restore_request
    region = region_of(call)
    leave = tokens.read(call, details)
    there = replace(call, path=leave.path)
    check_subscription(call, there.subscription, "crossRegionRestoreAccessDetails")
    vault, item = restorable_item(there)
    check_region(vault, region)
    point = get_point_or_log(there, vault, item)
    tokens.check(call, leave, details, vault, item, point)
    if WORKLOADS[item.workload].streaming is not None:
        job_id = cross_region_databases.begin(there, vault, item, asked, region)
    else:
        assert point is not None, "only databases have logs"
        job_id = _begin(there, vault, item, point, asked, region)
    return _accepted(call, vault, region, job_id)


def _begin(
    call: Call,
    vault: Row[Any],
    item: Row[Any],
    point: Row[Any],
    asked: RestoreRequest,
    region: str,
) -> str:
    """Begin the restore of a VM and return its job's id. Raises ``Refused``."""
    refuse_what_is_not_emulated(asked)
    _refuse_what_does_not_cross(asked)
    check_what_is_repeated(call, item, asked, region)
    targets = check(call, vault, item, point, asked, region)
    limits = call.rules.limits
    room.for_restore(call.connection, limits, item, call.now, _COUNTED)
    return restores.trigger(
        call.connection,
        call.rules,
        item,
        point,
        call.now,
        detail=targets,
        activity_id=call.client_request_id,
        operation=Operation.CROSS_REGION_RESTORE,
    )


def _refuse_what_does_not_cross(asked: RestoreRequest) -> None:
    """Refuse what only the vault's own region has (azure-backup-semantics 5.3, az)."""
    if asked.object_type.lower() != PLAIN.lower():
        raise invalid_input(
            "properties.objectType",
            f"points of the archive are not in the secondary region; send {PLAIN}",
        )
    if asked.recovery_type == restores.SAME_VM:
        raise invalid_input(
            "properties.recoveryType",
            f"{restores.SAME_VM} is not possible in the secondary region; allowed: "
            f"{restores.DISKS}, {restores.NEW_VM}",
        )
    if not asked.target_resource_group_id:
        raise invalid_input(
            "properties.targetResourceGroupId", "is required in the secondary region"
        )
    identity = asked.identity_info
    named = identity and (
        identity.is_system_assigned_identity or identity.managed_identity_resource_id
    )
    if named:
        raise invalid_input(
            "properties.identityInfo", "a managed identity restores nothing in another region"
        )


# --- its operation -----------------------------------------------------------------------


def _accepted(call: Call, vault: Row[Any], region: str, job_id: str) -> Answer:
    path = location_id(call.subscription, region)
    begun = operations.begin(
        call.connection,
        call.rules,
        scope=path.lower(),
        kind=KIND,
        now=call.now,
        ends_at=call.now + TRIGGERING_TAKES,
        job_id=job_id,
        operation_id=job_id,
    )
    return async_operations.accepted(
        call,
        begun,
        status_path=f"{path}/backupCrrOperationsStatus",
        result_path=f"{path}/backupCrrOperationResults",
        name=_name(vault, job_id),
    )


def _name(vault: Row[Any], operation_id: str) -> str:
    """Return an operation's name there: its vault and itself, in Base64."""
    return base64.b64encode(f"{vault.key};{ids.guid(operation_id)}".encode()).decode()


def _find(call: Call) -> Begun:
    """Return the operation in the path. Raises ``Refused``."""
    sent = call.path["operationId"]
    try:
        vault, _, name = base64.b64decode(sent, validate=True).decode("ascii").partition(";")
    except (binascii.Error, ValueError):
        vault, name = "", ""
    scope = location_id(call.subscription, region_of(call))
    found = async_operations.named(call, scope, name, target="operationId")
    if found.kind != KIND or not vault.isdigit():
        raise not_found(
            "OperationNotFound", f"There is no operation '{sent}' here.", target="operationId"
        )
    return found


@endpoint(
    "GET",
    f"{LOCATION}/backupCrrOperationsStatus/{{operationId}}",
    "CrrOperationStatus_Get",
    tag=TAG,
    answers=Shape.OPERATION,
)
def get_status(call: Call) -> Answer:
    """Show how the trigger of a restore stands: always 200, the state in the body."""
    return async_operations.timed_status(call, _find(call))


@endpoint(
    "GET",
    f"{LOCATION}/backupCrrOperationResults/{{operationId}}",
    "CrrOperationResults_Get",
    tag=TAG,
    statuses=(200, 202),
    answers=Shape.NOTHING,
)
def get_result(call: Call) -> Answer:
    """Show that a restore was triggered: 202 until then, 200 once it was."""
    answer = async_operations.result(call, _find(call))
    return answer if answer.status == 202 else Answer(200)


ENDPOINTS = (trigger, get_status, get_result)
