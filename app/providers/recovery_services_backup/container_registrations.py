"""Registration of storage accounts and VMs: register, inquire, unregister.

Sources: terraform-wire 2.7 and 2.8, azure-cli-wire 7.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row

from ...arm import async_operations, filters
from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import conflict, invalid_input, not_emulated
from ...domain.jobs import Operation
from ...engine import containers, database_sources, jobs, operations
from ...store import containers as stored
from ...store.tables import items
from ...store.vaults import note_protection
from ...workloads import database
from ...workloads.azure_file_share import AZURE_FILE_SHARE
from ...workloads.azure_file_share import CONTAINER_TYPE as ACCOUNT
from ...workloads.workload import Workload
from . import storage_containers, vm_containers, vocabulary
from .container_bodies import ContainerBody, ContainerProperties
from .paths import CONTAINER, container_id, container_of, not_registered, vault_of
from .protection_containers import TAG, shown

KIND = "container-register"
"""The operations whose result is the container."""
Prepare = Callable[[Call, Row[Any], str, ContainerProperties], containers.Registration]
_TO_REGISTER: dict[str, Prepare] = {
    ACCOUNT: storage_containers.to_register,
    database.CONTAINER_TYPE: vm_containers.to_register,
}


@endpoint(
    "PUT",
    CONTAINER,
    "ProtectionContainers_Register",
    tag=TAG,
    body=ContainerBody,
    statuses=(202,),
)
def register(call: Call, body: ContainerBody) -> Answer:
    """Register a storage account or a VM with a vault; what is in it is known from then on."""
    vault = vault_of(call)
    workload, name = container_of(call)
    if not workload.registered:
        raise invalid_input(
            "containerName", f"the container of a {workload.title} comes with its protection"
        )
    asked = body.properties
    _check(workload, asked)
    prepared = _TO_REGISTER[workload.container_types[0]](call, vault, name, asked)
    found = containers.register(call.connection, call.rules, vault, prepared, call.now)
    note_protection(call.connection, vault)
    job_id = _job(call, found, Operation.REGISTER)
    operation = _begin(call, vault, KIND, prepared.takes, job_id)
    return _accepted(call, operation, vault, found, shown(call, vault, found))


def _check(workload: Workload, asked: ContainerProperties) -> None:
    """Refuse a body of another kind than the container's name."""
    kind = workload.container_types[0]
    if asked.container_type.lower() != kind.lower():
        raise not_emulated("properties.containerType", f"'{asked.container_type}'; send {kind}")
    wanted = workload.management_type
    sent = asked.backup_management_type
    if sent is not None and sent.lower() != wanted.lower():
        raise invalid_input(
            "properties.backupManagementType", f"'{sent}' must be {wanted} of such a container"
        )


@endpoint("DELETE", CONTAINER, "ProtectionContainers_Unregister", tag=TAG, statuses=(202, 204))
def unregister(call: Call) -> Answer:
    """Let a storage account or a VM go; refused while items in it are not deleted."""
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
    job_id = _job(call, found, Operation.UNREGISTER)
    containers.unregister(call.connection, found, call.now)
    takes = containers.UNREGISTERING_TAKES
    operation = _begin(call, vault, "container-unregister", takes, job_id)
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
    """Look for shares in a registered storage account, or for databases in a VM, again."""
    vault = vault_of(call)
    workload, name = container_of(call)
    terms = filters.read(call.query.get("$filter"), ("backupManagementType", "workloadType"))
    found = stored.find(call.connection, vault.key, name) if workload.registered else None
    asked = [each.name for each in vocabulary.wanted(terms)]
    kept = workload.name if found is None else found.workload
    if kept not in asked:
        raise not_emulated("$filter", f"an inquiry of {', '.join(terms.values())} of {kept}")
    if found is None:
        raise not_registered(call)
    if found.workload != AZURE_FILE_SHARE.name:
        vm_containers.check_running(database_sources.vm_of(call.connection, found.source_folded))
    containers.inquire(call.connection, call.rules, found, call.now)
    operation = _begin(call, vault, "container-inquire", containers.INQUIRING_TAKES, None)
    return _accepted(call, operation, vault, found, None)


def _job(call: Call, container: Row[Any], operation: str) -> str | None:
    """Start the job that Azure lists for the registration of a VM; accounts have none."""
    if container.workload == AZURE_FILE_SHARE.name:
        return None
    subject = containers.as_subject(call.connection, container.key)
    job_id, _ = jobs.start(
        call.connection,
        call.rules,
        subject,
        operation,
        call.now,
        activity_id=call.client_request_id,
        detail={},
    )
    return job_id


def _begin(
    call: Call, vault: Row[Any], kind: str, takes: int, job_id: str | None
) -> operations.Operation:
    return operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind=kind,
        now=call.now,
        ends_at=call.now + takes,
        job_id=job_id,
    )


def _accepted(
    call: Call,
    operation: operations.Operation,
    vault: Row[Any],
    container: Row[Any],
    body: dict[str, Any] | None,
) -> Answer:
    path = container_id(vault, container.name)
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{path}/operationsStatus",
        result_path=f"{path}/operationResults",
        body=body,
    )


ENDPOINTS = (register, unregister, inquire)
