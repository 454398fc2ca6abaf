"""Microsoft's SDK clients, made for one server: none is imported before it is asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.mgmt.alertsmanagement import AlertsManagementClient
    from azure.mgmt.alertsmanagement.aio import AlertsManagementClient as AsyncAlertsClient
    from azure.mgmt.compute import ComputeManagementClient
    from azure.mgmt.compute.aio import ComputeManagementClient as AsyncComputeClient
    from azure.mgmt.recoveryservices import RecoveryServicesClient
    from azure.mgmt.recoveryservices.aio import RecoveryServicesClient as AsyncVaultsClient
    from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
    from azure.mgmt.recoveryservicesbackup.aio import (
        RecoveryServicesBackupClient as AsyncBackupClient,
    )
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.resource.resources.aio import ResourceManagementClient as AsyncResourcesClient

Make = Callable[[Callable[..., Any]], Any]
"""Makes a client of a class for one server."""

_CLASSES = {
    "backup": ("azure.mgmt.recoveryservicesbackup", "RecoveryServicesBackupClient"),
    "vaults": ("azure.mgmt.recoveryservices", "RecoveryServicesClient"),
    "resources": ("azure.mgmt.resource.resources", "ResourceManagementClient"),
    "compute": ("azure.mgmt.compute", "ComputeManagementClient"),
    "alerts": ("azure.mgmt.alertsmanagement", "AlertsManagementClient"),
}
_PACKAGES = {
    "backup": "azure-mgmt-recoveryservicesbackup",
    "vaults": "azure-mgmt-recoveryservices",
    "resources": "azure-mgmt-resource",
    "compute": "azure-mgmt-compute",
    "alerts": "azure-mgmt-alertsmanagement",
}


def arguments(
    kind: Callable[..., Any], url: str, ca_file: str, subscription: str, credential: Any
) -> dict[str, Any]:
    """Return what a client's constructor takes to go to a server and nowhere else."""
    given = {
        "credential": credential,
        "base_url": url,
        "credential_scopes": [f"{url}/.default"],
        "connection_verify": ca_file,
        "use_env_settings": False,  # a proxy of the environment has no business between neighbours
    }
    if "subscription_id" in inspect.signature(kind).parameters:
        given["subscription_id"] = subscription
    return given


def is_asynchronous(kind: Callable[..., Any]) -> bool:
    """Tell whether a class is of those that are closed by ``await``."""
    return hasattr(kind, "__aexit__")


class Clients:
    """The clients that nearly every test of a backup needs, ready to use.

    ``backup`` has policies, protected items, backups, jobs, recovery points and restores,
    ``vaults.vaults`` the vaults, ``resources.resource_groups`` the groups, ``compute`` virtual
    machines and disks, ``alerts.alerts`` alerts.
    """

    backup: RecoveryServicesBackupClient
    vaults: RecoveryServicesClient
    resources: ResourceManagementClient
    compute: ComputeManagementClient
    alerts: AlertsManagementClient

    def __init__(self, make: Make) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return self._make(_found(name, ""))


class AsyncClients:
    """The same for asyncio: leaving the ``async with`` block closes those that were used."""

    backup: AsyncBackupClient
    vaults: AsyncVaultsClient
    resources: AsyncResourcesClient
    compute: AsyncComputeClient
    alerts: AsyncAlertsClient

    def __init__(self, make: Make) -> None:
        self._make = make
        self._made: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = self._make(_found(name, ".aio"))
        return self._made[name]

    async def __aenter__(self) -> AsyncClients:
        return self

    async def __aexit__(self, *raised: object) -> None:
        while self._made:
            _, client = self._made.popitem()
            await client.close()


def _found(name: str, aio: str) -> Callable[..., Any]:
    """Return the class of a client. Raises ``ModuleNotFoundError`` that says what to install."""
    if name not in _CLASSES:
        known = ", ".join(_CLASSES)
        raise AttributeError(
            f"there is no client {name!r} among {known}; client(CLASS) makes one of any class"
        )
    module, client = _CLASSES[name]
    try:
        found: Callable[..., Any] = getattr(import_module(module + aio), client)
    except ModuleNotFoundError as problem:
        missing = _PACKAGES[name] if (problem.name or "").startswith("azure") else problem.name
        raise ModuleNotFoundError(
            f"clients.{name} is {client} of {module}{aio}: pip install {missing}",
            name=problem.name,
        ) from problem
    return found
