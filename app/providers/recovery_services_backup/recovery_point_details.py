"""Additional details of recovery points: the disks of the VM, asked for by the point's id."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field

from ...arm import async_operations, examples
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain.disk_selection import OS_LUN
from ...domain.documents import Document
from ...domain.errors import invalid_input
from ...domain.instants import SECOND
from ...engine import operations
from ...workloads.table import WORKLOADS
from .paths import FABRIC, check_fabric, item_of, names_in_point_id, vault_of, vault_scope
from .recovery_points import TAG, point_of, render

KIND = "rp-extended-info"
FETCHING_TAKES = 5 * SECOND
_FIELD = "properties.recoveryPointIds"


class Points(Body):
    """The point whose details are asked for, by its id: exactly one."""

    recovery_point_ids: list[str] = Field(max_length=200, examples=[[]])


class GetRPExtendedInfoBody(Body):
    """A request for details of a recovery point."""

    EXAMPLE = {
        "properties": {
            "recoveryPointIds": [
                f"{examples.VAULT_ID}/backupFabrics/Azure/protectionContainers/"
                f"{examples.PARAMETERS['containerName']}/protectedItems/"
                f"{examples.PARAMETERS['protectedItemName']}/recoveryPoints/1"
            ]
        }
    }

    properties: Points


@endpoint(
    "POST",
    f"{FABRIC}/getRPExtendedInfo",
    "RecoveryPoints_GetRPExtendedInfo",
    tag=TAG,
    body=GetRPExtendedInfoBody,
    statuses=(202,),
)
def fetch(call: Call, body: GetRPExtendedInfoBody) -> Answer:
    """Fetch which disks a virtual machine had at a recovery point, whether backed up or not."""
    check_fabric(call)
    vault = vault_of(call)
    found = {"value": [_details(call, body.properties.recovery_point_ids)]}
    begun = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind=KIND,
        now=call.now,
        ends_at=call.now + FETCHING_TAKES,
        outcome=found,
    )
    fabric = f"{vault.id}/backupFabrics/{call.path['fabricName']}"
    return async_operations.accepted(
        call,
        begun,
        status_path=f"{fabric}/operationsStatus",
        result_path=f"{fabric}/getRPExtendedInfoOperationResult",
    )


def _details(call: Call, ids: list[str]) -> Document:
    if len(ids) != 1:
        raise invalid_input(_FIELD, f"{len(ids)} ids are not allowed; exactly one is")
    names = names_in_point_id(call, ids[0], _FIELD)
    if names is None:
        raise invalid_input(_FIELD, f"'{ids[0]}' is not a recovery point's id")
    there = replace(call, path={**call.path, **names})
    vault, item = item_of(there)
    if not WORKLOADS[item.workload].restored:
        raise invalid_input(_FIELD, f"'{ids[0]}' is not a virtual machine's")
    point = point_of(there, item)
    shown = render(there, vault, item, point)
    disks = {disk["lun"]: _disk(disk) for disk in point.disks["disks"]}
    properties: dict[str, Any] = {
        "objectType": "IaasVMRPExtendedInfo",
        "osDisk": disks.pop(OS_LUN, None),
        "dataDisks": list(disks.values()),
    }
    return shown | {"properties": {k: v for k, v in properties.items() if v is not None}}


def _disk(disk: Document) -> Document:
    return {
        "lun": disk["lun"],
        "name": disk["name"],
        "diskSizeInGb": disk["sizeGB"],
        "storageType": disk["sku"],
    }


@endpoint(
    "GET",
    f"{FABRIC}/getRPExtendedInfoOperationResult/{{operationId}}",
    "RecoveryPoints_GetRPExtendedInfoOperationResult",
    tag=TAG,
    statuses=(200, 202),
    answers=Shape.RESOURCES,
)
def get_result(call: Call) -> Answer:
    """Show the details that were fetched: 202 while the operation runs, then 200."""
    check_fabric(call)
    operation = async_operations.find_kind(call, vault_scope(call), KIND)
    return async_operations.result(call, operation, lambda: operation.outcome)


ENDPOINTS = (fetch, get_result)
