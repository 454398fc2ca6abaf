"""The namespaces and resource types that this service answers for, and under which versions.

Every well-formed api-version is accepted; those listed are what clients pick from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .resource_ids import (
    ACTION_GROUP_TYPE,
    COLLECTION_TYPE,
    DISK_ENCRYPTION_SET_TYPE,
    KEY_TYPE,
    KEY_VAULT_TYPE,
    LOCK_TYPE,
    NIC_TYPE,
    NSG_TYPE,
    PRIVATE_ENDPOINT_TYPE,
    PROCESSING_RULE_TYPE,
    PUBLIC_IP_TYPE,
    RESOURCE_GUARD_TYPE,
    SQL_VM_TYPE,
    STORAGE_TYPE,
    USER_IDENTITY_TYPE,
    VAULT_TYPE,
    VNET_TYPE,
)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type within its namespace; types that lie nowhere have no ``regional`` list.

    What is ``everywhere`` is a resource of its own, in the location Global.
    """

    name: str
    api_versions: tuple[str, ...]
    regional: bool
    everywhere: bool = False

    @property
    def located(self) -> bool:
        """Whether what is of this type is a resource of its own, with a location."""
        return self.regional or self.everywhere


_VM_VERSIONS = ("2026-04-01", "2025-11-01", "2025-04-01", "2024-11-01", "2024-03-01")
_DISK_VERSIONS = ("2026-03-02", "2025-01-02", "2024-03-02", "2023-10-02", "2023-04-02")
_SKU_VERSIONS = ("2021-07-01", "2019-04-01")
_BACKUP_VERSIONS = ("2026-10-01", "2025-08-01", "2025-02-01", "2024-10-01", "2023-04-01")
_VAULT_VERSIONS = ("2026-11-01", "2025-08-01", "2025-02-01", "2024-04-01", "2024-01-01")
_NETWORK_VERSIONS = ("2025-05-01", "2024-10-01", "2024-05-01", "2023-09-01", "2022-01-01")
_STORAGE_VERSIONS = ("2025-08-01", "2025-01-01", "2024-01-01", "2023-05-01", "2016-01-01")
_ROLE_VERSIONS = ("2022-05-01-preview", "2022-04-01", "2018-07-01", "2015-07-01")
_RESOURCE_VERSIONS = ("2025-04-01", "2024-11-01", "2023-07-01", "2022-09-01", "2021-04-01")
_KEY_VAULT_VERSIONS = ("2026-02-01", "2025-05-01", "2024-11-01", "2023-07-01")
_IDENTITY_VERSIONS = ("2024-11-30", "2023-01-31", "2018-11-30")
_GUARD_VERSIONS = ("2025-07-01", "2025-01-01", "2024-04-01", "2023-11-01")
_SQL_VM_VERSIONS = ("2023-10-01", "2022-02-01", "2021-11-01-preview")
_LOCK_VERSIONS = ("2020-05-01", "2016-09-01")
_ACTION_GROUP_VERSIONS = ("2023-01-01", "2022-06-01", "2021-09-01", "2019-06-01")
_PROCESSING_RULE_VERSIONS = ("2021-08-08",)
_ALERT_VERSIONS = ("2023-07-12-preview", "2019-05-05-preview", "2019-03-01", "2018-05-05")
_GRAPH_VERSIONS = ("2024-04-01", "2022-10-01", "2021-03-01")


def _types(versions: tuple[str, ...], *names: str) -> tuple[ResourceType, ...]:
    """Return types that lie in a region, by their names with or without the namespace."""
    return tuple(ResourceType(_short(name), versions, True) for name in names)


def _placeless(versions: tuple[str, ...], *names: str) -> tuple[ResourceType, ...]:
    return tuple(ResourceType(_short(name), versions, False) for name in names)


def _everywhere(versions: tuple[str, ...], *names: str) -> tuple[ResourceType, ...]:
    """Return types whose location is Global."""
    return tuple(ResourceType(_short(name), versions, False, True) for name in names)


def _short(name: str) -> str:
    return name.partition("/")[2] if name.startswith("Microsoft.") else name


EMULATED: Mapping[str, tuple[ResourceType, ...]] = MappingProxyType(
    {
        "Microsoft.AlertsManagement": (
            *_everywhere(_PROCESSING_RULE_VERSIONS, PROCESSING_RULE_TYPE),
            *_placeless(_ALERT_VERSIONS, "alerts", "alertsMetaData", "alertsSummary"),
            *_placeless(_ALERT_VERSIONS, "smartGroups"),
        ),
        "Microsoft.Authorization": (
            *_placeless(_LOCK_VERSIONS, LOCK_TYPE),
            *_placeless(_ROLE_VERSIONS, "roleAssignments", "roleDefinitions", "permissions"),
        ),
        "Microsoft.Compute": (
            *_types(_VM_VERSIONS, "virtualMachines", "virtualMachines/extensions"),
            *_types(_VM_VERSIONS, "availabilitySets", COLLECTION_TYPE),
            *_placeless(_VM_VERSIONS, "restorePointCollections/restorePoints"),
            *_types(_DISK_VERSIONS, "disks", "snapshots", DISK_ENCRYPTION_SET_TYPE),
            *_placeless(_VM_VERSIONS, "locations/publishers", "locations/vmSizes"),
            *_placeless(_VM_VERSIONS, "locations/usages"),
            *_placeless(_SKU_VERSIONS, "skus"),
        ),
        "Microsoft.DataProtection": _types(_GUARD_VERSIONS, RESOURCE_GUARD_TYPE),
        "Microsoft.Insights": _everywhere(_ACTION_GROUP_VERSIONS, ACTION_GROUP_TYPE),
        "Microsoft.KeyVault": (
            *_types(_KEY_VAULT_VERSIONS, KEY_VAULT_TYPE),
            *_placeless(_KEY_VAULT_VERSIONS, KEY_TYPE, "vaults/accessPolicies"),
            *_placeless(_KEY_VAULT_VERSIONS, "deletedVaults", "locations/deletedVaults"),
        ),
        "Microsoft.ManagedIdentity": _types(_IDENTITY_VERSIONS, USER_IDENTITY_TYPE),
        "Microsoft.Network": (
            *_types(_NETWORK_VERSIONS, VNET_TYPE, NIC_TYPE, NSG_TYPE, PUBLIC_IP_TYPE),
            *_types(_NETWORK_VERSIONS, PRIVATE_ENDPOINT_TYPE),
            *_placeless(
                _NETWORK_VERSIONS,
                "virtualNetworks/subnets",
                "networkSecurityGroups/securityRules",
                "networkSecurityGroups/defaultSecurityRules",
            ),
        ),
        "Microsoft.RecoveryServices": (
            *_types(_VAULT_VERSIONS, VAULT_TYPE),
            *_placeless(
                _BACKUP_VERSIONS,
                "vaults/backupPolicies",
                "vaults/backupJobs",
                "vaults/backupProtectedItems",
                "vaults/backupFabrics",
            ),
            *_placeless(_VAULT_VERSIONS, "locations"),
        ),
        "Microsoft.ResourceGraph": _placeless(_GRAPH_VERSIONS, "resources"),
        "Microsoft.Resources": (
            *_placeless(("2022-12-01", "2021-01-01", "2019-11-01"), "subscriptions"),
            *_placeless(("2022-12-01", "2020-01-01"), "tenants"),
            *_placeless(_RESOURCE_VERSIONS, "deployments", "deployments/operations"),
            *_placeless(_RESOURCE_VERSIONS, "resourceGroups", "subscriptions/resourceGroups"),
            *_placeless(("2022-12-01", "2021-01-01"), "subscriptions/locations"),
            *_placeless(_RESOURCE_VERSIONS, "subscriptions/providers"),
        ),
        "Microsoft.SqlVirtualMachine": _types(_SQL_VM_VERSIONS, SQL_VM_TYPE),
        "Microsoft.Storage": (
            *_types(_STORAGE_VERSIONS, STORAGE_TYPE),
            *_placeless(
                _STORAGE_VERSIONS,
                "storageAccounts/blobServices",
                "storageAccounts/blobServices/containers",
                "storageAccounts/fileServices",
                "storageAccounts/fileServices/shares",
                "storageAccounts/managementPolicies",
            ),
        ),
    }
)

UNLISTED = frozenset(
    f"{namespace}/{each.name}".lower()
    for namespace, types in EMULATED.items()
    for each in types
    if not each.located
)
"""Types, in lower case, that are no resources of their own: ARM's lists leave them out."""

REGISTERED_ONLY = tuple(
    f"Microsoft.{name}"
    for name in (
        "Automation",
        "Features",
        "OperationalInsights",
        "PolicyInsights",
    )
)
"""Namespaces that clients want registered before they start; no type of theirs is emulated."""

UNMOVABLE = frozenset(
    each.lower()
    for each in (
        COLLECTION_TYPE,
        DISK_ENCRYPTION_SET_TYPE,
        USER_IDENTITY_TYPE,
        RESOURCE_GUARD_TYPE,
        PRIVATE_ENDPOINT_TYPE,
    )
)
"""Types that Azure moves to no other group, in lower case."""
