"""Registration of storage accounts: register, inquire, unregister (terraform-wire 2.7, 2.8)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from ...arm import async_operations, filters
from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import conflict, invalid_input, not_emulated
from ...engine import containers, operations
from ...store import containers as stored
from ...store.tables import items
from ...workloads.azure_file_share import AZURE_FILE_SHARE
from . import vocabulary
from .paths import CONTAINER, container_id, container_of, vault_of
from .protection_containers import TAG
from .storage_containers import (
    ContainerBody,
    account_to_register,
    check,
    counts,
    not_registered,
    render,
)

KIND = "container-register"
"""The operations whose result is the container."""


@endpoint(
    "PUT",
    CONTAINER,
    "ProtectionContainers_Register",
    tag=TAG,
    body=ContainerBody,
    statuses=(202,),
)
def register(call: Call, body: ContainerBody) -> Answer:
    """Register a storage account with a vault; what is in it is known from then on."""
    vault = vault_of(call)
    workload, name = container_of(call)
    if not workload.registered:
        raise invalid_input(
            "containerName", f"the container of a {workload.title} comes with its protection"
        )
    asked = body.properties
    check(asked)
    account_name, account, sent = account_to_register(call, vault, name, asked)
    containers.register(
        call.connection,
        call.rules,
        vault,
        account_name,
        account,
        call.now,
        source_id=sent,
        lock=asked.acquire_storage_account_lock != "NotAcquire",
    )
    found = stored.find(call.connection, vault.key, name)
    assert found is not None, "it was registered just now"
    operation = _begin(call, vault, KIND, containers.REGISTERING_TAKES)
    path = container_id(vault, found.name)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{path}/operationsStatus",
        result_path=f"{path}/operationResults",
        body=render(vault, found, counts(call, vault)),
    )


@endpoint("DELETE", CONTAINER, "ProtectionContainers_Unregister", tag=TAG, statuses=(202, 204))
def unregister(call: Call) -> Answer:
    """Let a storage account go; refused while items in it are not deleted."""
    vault = vault_of(call)
    workload, name = container_of(call)
    if not workload.registered:
        raise invalid_input(
            "containerName", f"the container of a {workload.title} goes with its item"
        )
    found = stored.find(call.connection, vault.key, name)
    if found is None:
        return Answer(204)
    held = call.connection.execute(containers.held(found).where(items.c.deleted_at.is_(None)))
    names = [item.friendly_name for item in held]
    if names:
        raise conflict(
            "BMSUserErrorContainerHasDatasources",
            f"'{found.friendly_name}' has datasources that are protected or whose data is kept: "
            f"{', '.join(names)}. Stop their protection with deletion of their data first.",
            target="containerName",
        )
    containers.unregister(call.connection, found, call.now)
    operation = _begin(call, vault, "container-unregister", containers.UNREGISTERING_TAKES)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{vault.id}/backupOperations",
        result_path=f"{vault.id}/backupOperationResults",
    )


@endpoint(
    "POST",
    f"{CONTAINER}/inquire",
    "ProtectionContainers_Inquire",
    tag=TAG,
    statuses=(202,),
    query=("$filter",),
)
def inquire(call: Call) -> Answer:
    """Look for shares in a registered storage account again."""
    vault = vault_of(call)
    workload, name = container_of(call)
    terms = filters.read(call.query.get("$filter"), ("backupManagementType", "workloadType"))
    if AZURE_FILE_SHARE not in vocabulary.wanted(terms):
        asked = ", ".join(terms.values())
        raise not_emulated("$filter", f"an inquiry of {asked}")
    found = stored.find(call.connection, vault.key, name) if workload.registered else None
    if found is None:
        raise not_registered(call)
    containers.inquire(call.connection, found, call.now)
    operation = _begin(call, vault, "container-inquire", containers.INQUIRING_TAKES)
    path = container_id(vault, found.name)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{path}/operationsStatus",
        result_path=f"{path}/operationResults",
    )


def _begin(call: Call, vault: Row[Any], kind: str, takes: int) -> operations.Operation:
    return operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind=kind,
        now=call.now,
        ends_at=call.now + takes,
    )


ENDPOINTS = (register, unregister, inquire)
