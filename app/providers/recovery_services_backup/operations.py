"""The surfaces that poll an operation of Azure Backup: one table, every one resolves them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...arm import async_operations
from ...arm.calls import Answer, Call, Endpoint, endpoint
from ...arm.shapes import Shape
from . import container_registrations, protection_containers
from .item_documents import show
from .paths import (
    CONTAINER,
    FABRIC,
    ITEM,
    VAULT,
    find_named,
    named_by,
    vault_of,
    vault_scope,
)

TAG = "Operations"
JOB = f"{VAULT}/backupJobs/{{jobName}}"


def _status(operation_id: str, path: str) -> Endpoint:
    @endpoint(
        "GET",
        f"{path}/{{operationId}}",
        operation_id,
        tag=TAG,
        answers=Shape.OPERATION,
    )
    def show(call: Call) -> Answer:
        """Show how an operation stands: always 200, the state in the body."""
        return async_operations.status(call, async_operations.find(call, vault_scope(call)))

    return show


def _result(
    operation_id: str,
    path: str,
    resource: Callable[[Call], Any] | None = None,
    pending: Any = None,
) -> Endpoint:
    @endpoint(
        "GET",
        f"{path}/{{operationId}}",
        operation_id,
        tag=TAG,
        statuses=(200, 202, 204) if resource else (202, 204),
    )
    def show(call: Call) -> Answer:
        """Show what an operation came to: 202 while it runs, then 200 or 204."""
        operation = async_operations.find(call, vault_scope(call))
        found = None if resource is None else lambda: resource(call)
        return async_operations.result(call, operation, found, pending=pending)

    return show


def _item(call: Call) -> Any:
    vault = vault_of(call)
    item = find_named(call, vault, named_by(call))
    return None if item is None else show(call, vault, item)


def _container(call: Call) -> Any:
    """What a registration comes to; other operations on a container come to nothing."""
    operation = async_operations.find(call, vault_scope(call))
    if operation.kind != container_registrations.KIND:
        return None
    return protection_containers.find(call, vault_of(call))


ENDPOINTS = (
    _status("BackupOperationStatuses_Get", f"{VAULT}/backupOperations"),
    _result("BackupOperationResults_Get", f"{VAULT}/backupOperationResults"),
    _status("ProtectedItemOperationStatuses_Get", f"{ITEM}/operationsStatus"),
    _result("ProtectedItemOperationResults_Get", f"{ITEM}/operationResults", _item),
    _status("ProtectionContainerOperationStatuses_Get", f"{CONTAINER}/operationsStatus"),
    _result(
        "ProtectionContainerOperationResults_Get",
        f"{CONTAINER}/operationResults",
        _container,
        {},
    ),
    _status("ProtectionContainerRefreshOperationStatuses_Get", f"{FABRIC}/operationsStatus"),
    _result("ProtectionContainerRefreshOperationResults_Get", f"{FABRIC}/operationResults"),
    _status("JobOperationStatuses_Get", f"{JOB}/operationsStatus"),
    _result("JobOperationResults_Get", f"{JOB}/operationResults"),
)
