"""Protection containers: each protected VM has one, from its protection to its purge; a storage
account, or a VM with databases, is one while it is registered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, exists, false, select

from ...arm import async_operations, filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain.errors import not_emulated
from ...domain.instants import SECOND
from ...domain.resource_ids import STORAGE_TYPE, VM_TYPE, parse
from ...engine import operations
from ...store import containers as stored
from ...store.container_tables import containers
from ...store.resource_tables import resources
from ...store.tables import items
from ...workloads.azure_file_share import AZURE_FILE_SHARE
from ...workloads.azure_vm import AZURE_VM
from ...workloads.hana_in_vm import HANA_IN_VM
from ...workloads.sql_in_vm import SQL_IN_VM
from . import storage_containers, vm_containers, vocabulary
from .item_filters import matching_containers
from .paths import (
    CONTAINER,
    CONTAINERS_TYPE,
    FABRIC,
    FABRIC_NAME,
    VAULT,
    check_fabric,
    container_id,
    container_name,
    container_of,
    not_registered,
    vault_of,
)

TAG = "Protection containers"
REFRESH_TAKES = 5 * SECOND
_PROTECTABLE = {STORAGE_TYPE: {AZURE_FILE_SHARE.name}, VM_TYPE: {SQL_IN_VM.name, HANA_IN_VM.name}}
"""Types of resources that can be registered, and what for, by names of the table of workloads."""


@endpoint("GET", CONTAINER, "ProtectionContainers_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a container."""
    vault = vault_of(call)
    found = find(call, vault)
    if found is None:
        raise not_registered(call)
    return Answer(body=found)


def find(call: Call, vault: Row[Any]) -> dict[str, Any] | None:
    """Return the container in the path as the wire shows it, or ``None``. Raises ``Refused``."""
    workload, name = container_of(call)
    if workload.registered:
        found = stored.find(call.connection, vault.key, name)
        return None if found is None else shown(call, vault, found)
    item = call.connection.execute(
        select(items).where(
            items.c.vault_key == vault.key,
            items.c.folded_name == workload.parse_item(name.partition(";")[2], name),
        )
    ).first()
    return None if item is None else _render(vault, item)


def shown(call: Call, vault: Row[Any], container: Row[Any]) -> dict[str, Any]:
    """Return a registered container as the wire shows it."""
    return _render_registered(vault, container, storage_containers.counts(call, vault))


def _render_registered(
    vault: Row[Any], container: Row[Any], counts: dict[str, int]
) -> dict[str, Any]:
    if container.workload == AZURE_FILE_SHARE.name:
        return storage_containers.render(vault, container, counts)
    return vm_containers.render(vault, container)


@endpoint(
    "GET",
    f"{VAULT}/backupProtectionContainers",
    "BackupProtectionContainers_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_(call: Call) -> Answer:
    """List the containers of a vault."""
    of_vms, registered = matching_containers(call)
    return _list(
        call,
        [items.c.deleted_at.is_(None), *of_vms],
        [containers.c.deleted_at.is_(None), *registered],
    )


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
    asked = vocabulary.wanted(terms)
    kinds = [(each.name, each.container_types[0]) for each in asked if each.registered]
    left = exists(
        select(items.c.key).where(
            items.c.vault_key == containers.c.vault_key, stored.is_held_by(kinds)
        )
    )
    return _list(
        call,
        [items.c.deleted_at.is_not(None) if AZURE_VM in asked else false()],
        [containers.c.deleted_at.is_not(None), left if kinds else false()],
    )


def _list(
    call: Call, of_vms: list[ColumnElement[bool]], registered: list[ColumnElement[bool]]
) -> Answer:
    """List the containers that items have, and those that are registered, by one order."""
    vault = vault_of(call)
    start = after(call, str)
    rows: list[Row[Any]] = []
    for table, where in (
        (containers, registered),
        (items, [items.c.workload == AZURE_VM.name, *of_vms]),
    ):
        found = select(table).where(table.c.vault_key == vault.key, *where)
        if start is not None:
            found = found.where(table.c.folded_name > start[0])
        found = found.order_by(table.c.folded_name).limit(row_limit(call))
        rows += call.connection.execute(found).all()
    rows = sorted(rows, key=lambda row: str(row.folded_name))[: row_limit(call)]
    counts = storage_containers.counts(call, vault)

    def show(row: Row[Any]) -> dict[str, Any]:
        if "registered_at" in row._fields:
            return _render_registered(vault, row, counts)
        return _render(vault, row)

    return page(call, rows, show, lambda row: [row.folded_name])


@endpoint(
    "GET",
    f"{FABRIC}/protectableContainers",
    "ProtectableContainers_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_protectable(call: Call) -> Answer:
    """List what could be registered, of the vault's region and with no vault yet.

    Storage accounts, and VMs: a vault does not know whether there are databases in one before.
    """
    vault = vault_of(call)
    check_fabric(call)
    terms = filters.read(call.query.get("$filter"), ("backupManagementType",))
    start = after(call, str)
    folded = f"/subscriptions/{call.subscription.lower()}"
    asked = {each.name for each in vocabulary.wanted(terms)}
    types = [name for name, kind in _PROTECTABLE.items() if not kind.isdisjoint(asked)]
    found = select(resources).where(
        resources.c.type_folded.in_([each.lower() for each in types]),
        # Everything in the subscription: "0" is the letter after "/".
        resources.c.folded > f"{folded}/",
        resources.c.folded < f"{folded}0",
        resources.c.location == vault.location,
        ~exists(
            select(containers.c.key).where(
                containers.c.source_folded == resources.c.folded,
                containers.c.deleted_at.is_(None),
            )
        ),
    )
    if start is not None:
        found = found.where(resources.c.folded > start[0])
    rows = call.connection.execute(found.order_by(resources.c.folded).limit(row_limit(call))).all()
    return page(
        call,
        rows,
        lambda row: _render_protectable(vault, row),
        lambda row: [row.folded],
    )


def _render_protectable(vault: Row[Any], row: Row[Any]) -> dict[str, Any]:
    if row.type_folded == VM_TYPE.lower():
        return vm_containers.render_protectable(vault, row)
    return storage_containers.render_protectable(vault, row)


@endpoint(
    "POST",
    f"{FABRIC}/refreshContainers",
    "ProtectionContainers_Refresh",
    tag=TAG,
    statuses=(202,),
    query=("$filter",),
)
def refresh(call: Call) -> Answer:
    """Look for VMs and storage accounts again; all are known at once, so it only takes a while."""
    vault = vault_of(call)
    check_fabric(call)
    terms = filters.read(call.query.get("$filter"), ("backupManagementType",))
    if not vocabulary.wanted(terms):
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
    name = container_name(item)
    return {
        "id": container_id(vault, name),
        "name": name,
        "type": CONTAINERS_TYPE,
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


ENDPOINTS = (get, list_, list_deleted, list_protectable, refresh)
