"""The operations of vaults: the surfaces that poll a create, an update or a delete."""

from __future__ import annotations

from ...arm import async_operations
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain.resource_ids import VAULT_TYPE
from ...store.vaults import find_vault, vault_id
from .vault_documents import render
from .vaults import TAG, VAULT

LOCATION = (
    "/subscriptions/{subscriptionId}/providers/Microsoft.RecoveryServices/locations/{location}"
)


def vault_scope(call: Call) -> str:
    """Return the id of the vault in the path."""
    return (
        f"/subscriptions/{call.subscription}/resourceGroups/{call.group}"
        f"/providers/{VAULT_TYPE}/{call.path['vaultName']}"
    )


def location_scope(call: Call) -> str:
    """Return the id of the location in the path."""
    return (
        f"/subscriptions/{call.subscription}/providers/Microsoft.RecoveryServices"
        f"/locations/{call.path['location']}"
    )


@endpoint(
    "GET",
    f"{VAULT}/operationStatus/{{operationId}}",
    "GetOperationStatus",
    tag=TAG,
    answers=Shape.OPERATION,
)
def get_operation_status(call: Call) -> Answer:
    """Show how a vault's creation or update stands."""
    return async_operations.arm_status(call, async_operations.find(call, vault_scope(call)))


@endpoint(
    "GET",
    f"{VAULT}/operationResults/{{operationId}}",
    "GetOperationResult",
    tag=TAG,
    statuses=(200, 202, 204),
)
def get_operation_result(call: Call) -> Answer:
    """Show a vault once its creation or update is over."""
    operation = async_operations.find(call, vault_scope(call))
    name = call.path["vaultName"]
    vault = find_vault(call.connection, vault_id(call.subscription, call.group, name))
    return async_operations.result(
        call, operation, lambda: None if vault is None else render(call, vault)
    )


@endpoint(
    "GET",
    f"{LOCATION}/operationStatus/{{operationId}}",
    "Locations_GetOperationStatus",
    tag=TAG,
    answers=Shape.OPERATION,
)
def get_location_operation_status(call: Call) -> Answer:
    """Show how a vault's deletion stands."""
    return async_operations.arm_status(call, async_operations.find(call, location_scope(call)))


@endpoint(
    "GET",
    f"{LOCATION}/operationResults/{{operationId}}",
    "Locations_GetOperationResult",
    tag=TAG,
    statuses=(202, 204),
)
def get_location_operation_result(call: Call) -> Answer:
    """Answer 204 once a vault's deletion is over."""
    return async_operations.result(call, async_operations.find(call, location_scope(call)))


ENDPOINTS = (
    get_operation_status,
    get_operation_result,
    get_location_operation_status,
    get_location_operation_result,
)
