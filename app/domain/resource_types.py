"""The namespaces and resource types that this service answers for, and under which versions.

Every well-formed api-version is accepted; those listed are what clients pick from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .resource_ids import (
    COLLECTION_TYPE,
    DISK_TYPE,
    NIC_TYPE,
    STORAGE_TYPE,
    VAULT_TYPE,
    VM_TYPE,
    VNET_TYPE,
)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type within its namespace; types that lie nowhere have no ``regional`` list."""

    name: str
    api_versions: tuple[str, ...]
    regional: bool


_BACKUP_VERSIONS = ("2026-10-01", "2025-08-01", "2025-02-01", "2024-10-01", "2023-04-01")
_VAULT_VERSIONS = ("2026-11-01", "2025-08-01", "2025-02-01", "2024-04-01", "2024-01-01")
_COMPUTE_VERSIONS = ("2026-04-01", "2025-11-01", "2025-04-01", "2024-11-01", "2024-03-01")
_NETWORK_VERSIONS = ("2025-05-01", "2024-10-01", "2024-05-01", "2023-09-01", "2022-01-01")
_STORAGE_VERSIONS = ("2025-08-01", "2025-01-01", "2024-01-01", "2023-05-01", "2016-01-01")
_RESOURCE_VERSIONS = ("2025-04-01", "2024-11-01", "2023-07-01", "2022-09-01", "2021-04-01")


def _in_vault(*names: str) -> tuple[ResourceType, ...]:
    return tuple(ResourceType(f"vaults/{name}", _BACKUP_VERSIONS, False) for name in names)


EMULATED: Mapping[str, tuple[ResourceType, ...]] = MappingProxyType(
    {
        "Microsoft.Compute": (
            ResourceType(VM_TYPE.partition("/")[2], _COMPUTE_VERSIONS, True),
            ResourceType(COLLECTION_TYPE.partition("/")[2], _COMPUTE_VERSIONS, True),
            ResourceType("restorePointCollections/restorePoints", _COMPUTE_VERSIONS, False),
            ResourceType(
                DISK_TYPE.partition("/")[2],
                ("2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02"),
                True,
            ),
        ),
        "Microsoft.Network": (
            ResourceType(VNET_TYPE.partition("/")[2], _NETWORK_VERSIONS, True),
            ResourceType("virtualNetworks/subnets", _NETWORK_VERSIONS, False),
            ResourceType(NIC_TYPE.partition("/")[2], _NETWORK_VERSIONS, True),
        ),
        "Microsoft.RecoveryServices": (
            ResourceType(VAULT_TYPE.partition("/")[2], _VAULT_VERSIONS, True),
            *_in_vault("backupPolicies", "backupJobs", "backupProtectedItems", "backupFabrics"),
            ResourceType("locations", _VAULT_VERSIONS, False),
        ),
        "Microsoft.Resources": (
            ResourceType("subscriptions", ("2022-12-01", "2021-01-01", "2019-11-01"), False),
            ResourceType("tenants", ("2022-12-01", "2020-01-01"), False),
            ResourceType("resourceGroups", _RESOURCE_VERSIONS, False),
            ResourceType("subscriptions/resourceGroups", _RESOURCE_VERSIONS, False),
            ResourceType("subscriptions/locations", ("2022-12-01", "2021-01-01"), False),
            ResourceType("subscriptions/providers", _RESOURCE_VERSIONS, False),
        ),
        "Microsoft.Storage": (
            ResourceType(STORAGE_TYPE.partition("/")[2], _STORAGE_VERSIONS, True),
        ),
    }
)

REGISTERED_ONLY = tuple(
    f"Microsoft.{name}"
    for name in (
        "AlertsManagement",
        "Authorization",
        "Automation",
        "DataProtection",
        "Features",
        "Insights",
        "KeyVault",
        "ManagedIdentity",
        "OperationalInsights",
        "PolicyInsights",
        "ResourceGraph",
    )
)
"""Namespaces that clients want registered before they start; no type of theirs is emulated."""
