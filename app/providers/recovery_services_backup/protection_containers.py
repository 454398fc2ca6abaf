"""Protection containers: each protected VM has one, from its protection to its purge."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, false, select

from ...arm import async_operations, filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain.errors import not_emulated, not_found
from ...domain.instants import SECOND
from ...domain.resource_ids import VAULT_TYPE, VM_TYPE, parse
from ...engine import operations
from ...store.tables import items
from ...store.vaults import find_item
from . import vocabulary
from .item_filters import matching_containers
from .paths import (
    CONTAINER,
    FABRIC,
    FABRIC_NAME,
    VAULT,
    check_fabric,
    container_id,
    container_name_of,
    vault_of,
)

TAG = "Protection containers"
CONTAINER_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers"
REFRESH_TAKES = 5 * SECOND


@endpoint("GET", CONTAINER, "ProtectionContainers_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a container."""
    vault = vault_of(call)
    name = container_name_of(call)
    item = find_item(call.connection, vault.key, name.item.lower())
    if item is None:
        raise not_found(
            "BMSUserErrorContainerNotFound",
            f"containerName: '{name.container}' is not registered with this vault.",
            target="containerName",
        )
    return Answer(body=_render(vault, item))


@endpoint(
    "GET",
    f"{VAULT}/backupProtectionContainers",
    "BackupProtectionContainers_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_(call: Call) -> Answer:
    """List the containers of a vault."""
    return _list(call, [items.c.deleted_at.is_(None), *matching_containers(call)])


@endpoint(
    "GET",
    f"{VAULT}/backupDeletedProtectionContainers",
    "DeletedProtectionContainers_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_deleted(call: Call) -> Answer:
    """List the containers whose data is soft-deleted."""
    terms = filters.read(call.query.get("$filter"), ("backupManagementType",))
    where = [] if vocabulary.asks_for_vms(terms) else [false()]
    return _list(call, [items.c.deleted_at.is_not(None), *where])


def _list(call: Call, where: list[ColumnElement[bool]]) -> Answer:
    vault = vault_of(call)
    found = select(items).where(items.c.vault_key == vault.key, *where)
    start = after(call, str)
    if start is not None:
        found = found.where(items.c.folded_name > start[0])
    rows = call.connection.execute(found.order_by(items.c.folded_name).limit(row_limit(call))).all()
    return page(call, rows, lambda row: _render(vault, row), lambda row: [row.folded_name])


@endpoint(
    "POST",
    f"{FABRIC}/refreshContainers",
    "ProtectionContainers_Refresh",
    tag=TAG,
    statuses=(202,),
    query=("$filter",),
)
def refresh(call: Call) -> Answer:
    """Look for VMs again; here they are known at once, so it only takes its time."""
    vault = vault_of(call)
    check_fabric(call)
    terms = filters.read(call.query.get("$filter"), ("backupManagementType",))
    if not vocabulary.asks_for_vms(terms):
        raise not_emulated("$filter", f"discovery of {terms['backupManagementType']}")
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind="refresh",
        now=call.now,
        ends_at=call.now + REFRESH_TAKES,
    )
    fabric = f"{vault.id}/backupFabrics/{FABRIC_NAME}"
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{fabric}/operationsStatus",
        result_path=f"{fabric}/operationResults",
    )


def _render(vault: Row[Any], item: Row[Any]) -> dict[str, Any]:
    vm_id = parse(item.source_id)
    assert vm_id is not None, "stored ids are well formed"
    container = container_id(vault, item)
    return {
        "id": container,
        "name": container.rsplit("/", 1)[1],
        "type": CONTAINER_TYPE,
        "properties": {
            "virtualMachineId": item.source_id,
            "virtualMachineVersion": "Compute",
            "resourceGroup": vm_id.group,
            "friendlyName": item.friendly_name,
            "backupManagementType": "AzureIaasVM",
            "registrationStatus": "Registered" if item.deleted_at is None else "SoftDeleted",
            "healthStatus": "Healthy",
            "containerType": VM_TYPE,
            "protectableObjectType": VM_TYPE,
        },
    }


ENDPOINTS = (get, list_, list_deleted, refresh)
