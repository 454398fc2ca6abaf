"""Recovery of files: a point is mounted, and unmounted (azure-backup-semantics 5.2).

There is no job: what it comes to is the script, which the operation shows once it is over and the
list of its scripts as long as the recovery is open (docs/decisions/0066).
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Row

from ...arm import async_operations, examples
from ...arm.bodies import Body, demands
from ...arm.calls import Answer, Call, endpoint
from ...domain import disk_selection
from ...domain.errors import conflict, invalid, invalid_input, not_found
from ...domain.file_recovery import Mount, MountableDisk, client_scripts
from ...domain.instants import SECOND, wire
from ...engine import file_recoveries, operations
from ...workloads.azure_vm import fingerprint
from .archived_points import check_readable
from .paths import POINT, item_of, vault_scope
from .protected_items import item_accepted
from .recovery_points import TAG, point_of, restorable

OBJECT_TYPE = "IaasVMILRRegistrationRequest"
UNMOUNTING_TAKES = 10 * SECOND
KIND = "provision-files"
_OPERATION_ID = "provisionInstantItemRecoveryOperationId"


class Registration(Body):
    """Which point to mount; what repeats the path may be left out."""

    object_type: str = Field(OBJECT_TYPE, max_length=80, examples=[OBJECT_TYPE])
    recovery_point_id: str | None = Field(None, max_length=40)
    virtual_machine_id: str | None = Field(None, max_length=600)
    initiator_name: str | None = Field(
        None, max_length=223, description="The iSCSI initiator's name; not kept, as none connects"
    )
    renew_existing_registration: bool | None = None


class RegistrationBody(Body):
    """A request to mount a point."""

    EXAMPLE = {"properties": {"objectType": OBJECT_TYPE, "virtualMachineId": examples.VM_ID}}

    properties: Registration


class OperationResultBody(Body):
    """The operation whose scripts are asked for."""

    EXAMPLE = {_OPERATION_ID: "00000000-0000-0000-0000-000000000000"}
    model_config = demands(_OPERATION_ID)

    provision_instant_item_recovery_operation_id: str | None = Field(None, max_length=60)


@endpoint(
    "POST",
    f"{POINT}/provisionInstantItemRecovery",
    "ItemLevelRecoveryConnections_Provision",
    tag=TAG,
    body=RegistrationBody,
    statuses=(202,),
)
def provision(call: Call, body: RegistrationBody) -> Answer:
    """Make a point ready to recover files from, for 12 hours; its script says what it holds."""
    vault, item, point = restorable(call)
    check_readable(call, point)
    asked = body.properties
    _check(call, item, point, asked)
    operation_id = operations.new_id(call.connection, call.rules, vault.folded, KIND, call.now)
    opened = file_recoveries.begin(
        call.connection,
        call.rules,
        point,
        operation_id,
        call.now,
        renew=asked.renew_existing_registration is True,
    )
    mount = Mount(
        vm=item.source_id.rpartition("/")[2],
        os=point.disks["os"],
        location=vault.location,
        point=call.path["recoveryPointId"],
        taken_at=wire(point.taken_at),
        disks=[
            MountableDisk(
                disk["lun"], disk["name"], disk["sizeGB"], fingerprint(disk, point.taken_at)
            )
            for disk in disk_selection.included(point.disks["disks"])
        ],
        registration=opened.registration,
        password=opened.password,
    )
    return item_accepted(
        call,
        vault,
        item,
        KIND,
        ends_at=opened.ready_at,
        operation_id=operation_id,
        outcome={
            "objectType": "OperationStatusProvisionILRExtendedInfo",
            "recoveryTarget": {"clientScripts": client_scripts(mount)},
        },
    )


def _check(call: Call, item: Row[Any], point: Row[Any], asked: Registration) -> None:
    """Refuse what says something else than its path, and points that Azure does not mount."""
    if asked.object_type.lower() != OBJECT_TYPE.lower():
        raise invalid_input("properties.objectType", f"'{asked.object_type}' is not {OBJECT_TYPE}")
    sent = asked.recovery_point_id
    if sent is not None and sent != call.path["recoveryPointId"]:
        raise invalid_input("properties.recoveryPointId", f"'{sent}' is not the one in the path")
    if asked.virtual_machine_id and asked.virtual_machine_id.lower() != item.source_folded:
        raise invalid_input(
            "properties.virtualMachineId", f"must be '{item.source_id}', the VM of this item"
        )
    security = point.disks.get("security")
    if security is not None:
        raise invalid(
            "UserErrorFileRecoveryNotSupportedForSecurityType",
            f"recoveryPointId: files cannot be recovered from a virtual machine of security type "
            f"{security}; restore its disks instead.",
            target="recoveryPointId",
        )


@endpoint(
    "POST",
    f"{POINT}/listInstantItemRecoveryOperationResult",
    "ItemLevelRecoveryConnections_ListInstantItemRecoveryOperationResult",
    tag=TAG,
    body=OperationResultBody,
)
def list_scripts(call: Call, body: OperationResultBody) -> dict[str, Any]:
    """List the scripts of an operation that has made the point ready, as long as they are valid."""
    _, item = item_of(call)
    point = point_of(call, item)
    sent = body.provision_instant_item_recovery_operation_id
    if not sent:
        raise invalid_input(_OPERATION_ID, "is required")
    operation = async_operations.named(call, vault_scope(call), sent, target=_OPERATION_ID)
    recovery = file_recoveries.find(call.connection, point)
    if recovery is None or recovery.operation_id != operation.operation_id:
        raise not_found(
            "OperationNotFound",
            f"{_OPERATION_ID}: '{sent}' is not the latest operation that has made this recovery "
            "point ready; provision it again.",
            target=_OPERATION_ID,
        )
    if not operation.is_over(call.now):
        raise conflict(
            "OperationInProgress",
            f"{_OPERATION_ID}: '{sent}' is InProgress; ask again when it has Succeeded.",
            target=_OPERATION_ID,
        )
    if recovery.closes_at <= call.now:
        raise conflict(
            "UserErrorFileRecoverySessionExpired",
            "This script is invalid because the disks have been dismounted or exceeded the 12-hr "
            "limit; provision the recovery point again.",
            target=_OPERATION_ID,
        )
    target: dict[str, Any] = (operation.outcome or {})["recoveryTarget"]
    return target


@endpoint(
    "POST",
    f"{POINT}/revokeInstantItemRecovery",
    "ItemLevelRecoveryConnections_Revoke",
    tag=TAG,
    statuses=(202,),
)
def revoke(call: Call) -> Answer:
    """Unmount a point: its script is invalid at once. It need not be mounted."""
    vault, item = item_of(call)
    file_recoveries.end(call.connection, point_of(call, item))
    return item_accepted(call, vault, item, "revoke-files", ends_at=call.now + UNMOUNTING_TAKES)


ENDPOINTS = (provision, list_scripts, revoke)
