"""Deleted vaults: listed for good, and undeleted as long as their items are not purged.

Sources: azure-cli-wire 4.2; what it leaves open is docs/decisions/0063.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Row, select

from ...arm import async_operations
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.examples import GROUP_ID
from ...arm.paging import after, page, row_limit
from ...arm.shapes import Shape
from ...domain.errors import Refused, conflict, invalid_input, not_found
from ...domain.instants import SECOND, wire
from ...domain.resource_ids import (
    DELETED_VAULT_TYPE,
    VAULT_TYPE,
    ResourceId,
    normal_location,
    parse_group,
)
from ...engine import deleted_vaults, operations
from ...store import room
from ...store.resource_tables import subscription_resources
from ...store.vaults import find_vault, get_group
from .vault_operations import LOCATION

TAG = "Deleted vaults"
DELETED_VAULTS = f"{LOCATION}/deletedVaults"
DELETED_VAULT = f"{DELETED_VAULTS}/{{deletedVaultName}}"
UNDELETE_TAKES = 10 * SECOND


class Undelete(Body):
    """Where a vault comes back: the id of a resource group in its subscription."""

    recovery_resource_group_id: str = Field(max_length=400, examples=[GROUP_ID])


class UndeleteBody(Body):
    """How a deleted vault comes back."""

    EXAMPLE = {"properties": {"recoveryResourceGroupId": GROUP_ID}}

    properties: Undelete


@endpoint("GET", DELETED_VAULTS, "DeletedVaults_ListBySubscriptionId", tag=TAG)
def list_(call: Call) -> Answer:
    """List the vaults that were deleted in a region, purged ones included."""
    column = subscription_resources.c
    prefix = _id(call, "")
    found = (
        select(subscription_resources)
        .where(
            column.subscription == call.subscription.lower(),
            column.type_folded == DELETED_VAULT_TYPE.lower(),
            column.folded > prefix,
            column.folded < f"{prefix[:-1]}0",  # the character after the slash
        )
        .order_by(column.folded)
    )
    start = after(call, str)
    if start is not None:
        found = found.where(column.folded > start[0])
    rows = call.connection.execute(found.limit(row_limit(call))).all()
    return page(call, rows, render, lambda row: [row.folded])


@endpoint("GET", DELETED_VAULT, "DeletedVaults_Get", tag=TAG)
def get(call: Call) -> dict[str, Any]:
    """Show a deleted vault: which one it was, and until when it can be undeleted."""
    return render(_get(call))


@endpoint(
    "POST",
    f"{DELETED_VAULT}/undelete",
    "DeletedVaults_Undelete",
    tag=TAG,
    body=UndeleteBody,
    statuses=(202,),
)
def undelete(call: Call, body: UndeleteBody) -> Answer:
    """Bring a deleted vault back with all it held; its items stay soft-deleted."""
    deleted = _get(call)
    if deleted_vaults.is_purged(deleted, call.now):
        raise conflict(
            "BMSUserErrorDeletedVaultPurged",
            f"The deleted vault '{deleted.name}' was purged at "
            f"{wire(deleted.document['purgeAt'])}; nothing is left of it to undelete.",
            target="deletedVaultName",
        )
    group, vault_id = _place(call, deleted, body.properties.recovery_resource_group_id)
    room.for_vault(
        call.connection, call.rules.limits, call.subscription, deleted.document["location"]
    )
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=deleted.folded,
        kind="vault-undelete",
        now=call.now,
        ends_at=call.now + UNDELETE_TAKES,
    )
    deleted_vaults.undelete(call.connection, deleted, group, vault_id, call.now)
    path = f"{deleted.id}/operations"
    return async_operations.accepted(call, operation, status_path=path, result_path=path)


def _place(call: Call, deleted: Row[Any], sent: str) -> tuple[Row[Any], ResourceId]:
    """Return the group that a vault comes back to, and its id there. Raises ``Refused``."""
    field = "properties.recoveryResourceGroupId"
    parsed = parse_group(sent)
    if parsed is None or parsed[0].lower() != call.subscription.lower():
        raise invalid_input(
            field,
            f"'{sent}' is not the id of a resource group in this subscription, such as "
            f"/subscriptions/{call.subscription}/resourceGroups/<name>",
        )
    group = get_group(call.connection, *parsed)
    name = deleted.document["vaultId"].rpartition("/")[2]
    vault_id = ResourceId(group.id.split("/")[2], group.name, VAULT_TYPE, name)
    if find_vault(call.connection, vault_id) is not None:
        raise conflict(
            "BMSUserErrorVaultNameTaken",
            f"{field}: the resource group '{group.name}' has a vault '{name}' by now; delete it, "
            "or undelete into another resource group.",
            target=field,
        )
    return group, vault_id


@endpoint(
    "GET",
    f"{DELETED_VAULT}/operations/{{operationId}}",
    "DeletedVaults_GetOperationStatus",
    tag=TAG,
    answers=Shape.OPERATION,
)
def get_operation_status(call: Call) -> Answer:
    """Show how the undeletion of a vault stands."""
    scope = _id(call, call.path["deletedVaultName"])
    return async_operations.arm_status(call, async_operations.find(call, scope))


def _id(call: Call, name: str) -> str:
    """Return the id of a deleted vault in the path's region, in lower case."""
    location = normal_location(call.path["location"])
    place = f"/subscriptions/{call.subscription}/providers/Microsoft.RecoveryServices/locations"
    return f"{place}/{location}/deletedVaults/{name}".lower()


def _get(call: Call) -> Row[Any]:
    name = call.path["deletedVaultName"]
    found = deleted_vaults.find(call.connection, _id(call, name))
    if found is None:
        raise _not_there(name, call.path["location"])
    return found


def _not_there(name: str, location: str) -> Refused:
    return not_found(
        "ResourceNotFound",
        f"The Resource '{DELETED_VAULT_TYPE}/{name}' in location '{location}' was not found.",
        target="deletedVaultName",
    )


def render(deleted: Row[Any]) -> dict[str, Any]:
    """Return a deleted vault as the wire shows it."""
    return {
        "id": deleted.id,
        "name": deleted.name,
        "type": DELETED_VAULT_TYPE,
        "location": deleted.document["location"],
        "properties": {
            "vaultId": deleted.document["vaultId"],
            "vaultDeletionTime": wire(deleted.created_at),
            "purgeAt": wire(deleted.document["purgeAt"]),
        },
    }


ENDPOINTS = (list_, get, undelete, get_operation_status)
