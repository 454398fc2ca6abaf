"""Whether a restore would be accepted: validated as it would be begun, and nothing is.

One operation answers at once, the other is polled. What the restore itself would refuse is a
result; what is not emulated stays a refusal.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field

from ...arm import async_operations, examples
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain.errors import NOT_EMULATED, Refused, invalid_input, not_emulated
from ...domain.instants import SECOND
from ...domain.resource_ids import VM_TYPE, parse
from ...engine import operations
from ...workloads import azure_vm
from .paths import FABRIC_NAME, VAULT, names_in_point_id, vault_of, vault_scope
from .recovery_points import TAG
from .restore_bodies import RestoreRequest
from .restores import validate as validate_restore

VALIDATING_TAKES = 10 * SECOND
OBJECT_TYPES = ("ValidateRestoreOperationRequest", "ValidateIaasVMRestoreOperationRequest")


class ValidateRestore(Body):
    """The restore to validate."""

    object_type: str | None = Field(None, max_length=80)
    restore_request: RestoreRequest | None = None


class ValidateOperationBody(ValidateRestore):
    """A restore, and the id of its recovery point; older clients send the restore alone."""

    EXAMPLE = {
        "objectType": "ValidateIaasVMRestoreOperationRequest",
        "restoreRequest": {
            "objectType": "IaasVMRestoreRequest",
            "recoveryPointId": "1",
            "recoveryType": "RestoreDisks",
            "sourceResourceId": examples.VM_ID,
        },
    }

    id: str | None = Field(None, max_length=1000)
    properties: ValidateRestore | None = None


@endpoint(
    "POST",
    f"{VAULT}/backupValidateOperation",
    "Operation_Validate",
    tag=TAG,
    body=ValidateOperationBody,
)
def validate(call: Call, body: ValidateOperationBody) -> dict[str, Any]:
    """Tell what would keep a restore from beginning: an empty list if nothing would."""
    return {"validateOperationResponse": _validated(call, body)}


@endpoint(
    "POST",
    f"{VAULT}/backupTriggerValidateOperation",
    "ValidateOperation_Trigger",
    tag=TAG,
    body=ValidateOperationBody,
    statuses=(202,),
)
def trigger(call: Call, body: ValidateOperationBody) -> Answer:
    """Begin to validate a restore; it is validated as things stand now."""
    vault = vault_of(call)
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind="validate",
        now=call.now,
        ends_at=call.now + VALIDATING_TAKES,
        outcome={
            "objectType": "OperationStatusValidateOperationExtendedInfo",
            "validateOperationResponse": _validated(call, body),
        },
    )
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{vault.id}/backupValidateOperationsStatuses",
        result_path=f"{vault.id}/backupValidateOperationResults",
    )


@endpoint(
    "GET",
    f"{VAULT}/backupValidateOperationsStatuses/{{operationId}}",
    "ValidateOperationStatuses_Get",
    tag=TAG,
    answers=Shape.OPERATION,
)
def get_status(call: Call) -> Answer:
    """Show how a validation stands: always 200, the state in the body."""
    return async_operations.status(call, async_operations.find(call, vault_scope(call)))


@endpoint(
    "GET",
    f"{VAULT}/backupValidateOperationResults/{{operationId}}",
    "ValidateOperationResults_Get",
    tag=TAG,
    statuses=(200, 202),
    answers=Shape.OBJECT,
)
def get_result(call: Call) -> Answer:
    """Show what a validation came to: 202 while it runs, then 200."""
    operation = async_operations.find(call, vault_scope(call))
    found = (operation.outcome or {}).get("validateOperationResponse", {"validationResults": []})
    return async_operations.result(call, operation, lambda: {"validateOperationResponse": found})


def _validated(call: Call, body: ValidateOperationBody) -> dict[str, Any]:
    vault_of(call)
    told = body.properties or body
    if told.object_type not in (None, *OBJECT_TYPES):
        raise not_emulated("objectType", f"'{told.object_type}'; send {OBJECT_TYPES[1]}")
    request = told.restore_request
    if request is None:
        raise invalid_input("restoreRequest", "is required")
    there = replace(call, path={**call.path, **_point(call, body.id, request)})
    try:
        validate_restore(there, request)
    except Refused as refusal:
        if refusal.code == NOT_EMULATED:
            raise
        result = {"code": refusal.code, "message": refusal.message, "recommendations": []}
        return {"validationResults": [result]}
    return {"validationResults": []}


def _point(call: Call, point_id: str | None, request: RestoreRequest) -> dict[str, str]:
    """Return the names in the path of the point to restore: by its id, or by VM and point."""
    names = None if point_id is None else names_in_point_id(call, point_id, "id")
    if names is not None:
        return names
    vm_id = parse(request.source_resource_id or "")
    if vm_id is None or vm_id.type.lower() != VM_TYPE.lower() or not request.recovery_point_id:
        raise invalid_input(
            "id", "name the recovery point by its id, or send sourceResourceId and recoveryPointId"
        )
    name = azure_vm.name_of(vm_id.group, vm_id.name)
    return {
        "fabricName": FABRIC_NAME,
        "containerName": name.container,
        "protectedItemName": name.item,
        "recoveryPointId": request.recovery_point_id,
    }


ENDPOINTS = (validate, trigger, get_status, get_result)
