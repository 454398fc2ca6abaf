"""Usages of a vault: what it protects and stores, counted from its rows (decision 0026)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row

from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain.instants import DAY
from ...domain.vault_settings import CROSS_REGION, REDUNDANCY
from ...store import usages
from ...store.vaults import get_vault
from .vaults import VAULT

TAG = "Usages"

_STORAGE = {
    "GRSStorageUsage": "Cloud - GRS",
    "LRSStorageUsage": "Cloud - LRS",
    "ZRSStorageUsage": "Cloud - ZRS",
    "RAGRSStorageUsage": "Cloud - RAGRS",
    "GRSDedupStorageUsage": "Dedup - GRS",
    "LRSDedupStorageUsage": "Dedup - LRS",
    "UsedDiskSize": "Backup Engines' Disk Used",
}
_STORED_AS = {
    "GeoRedundant": "GRSStorageUsage",
    "LocallyRedundant": "LRSStorageUsage",
    "ZoneRedundant": "ZRSStorageUsage",
}


@endpoint("GET", f"{VAULT}/usages", "Usages_ListByVaults", tag=TAG, answers=Shape.VALUES)
def list_by_vaults(call: Call) -> Answer:
    """List what a vault protects and how much it stores."""
    vault = get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])
    found = [*_items(call, vault), *_jobs(call, vault), *_storage(call, vault)]
    return Answer(body={"value": found})


@endpoint(
    "GET", f"{VAULT}/replicationUsages", "ReplicationUsages_List", tag=TAG, answers=Shape.VALUES
)
def list_replication(call: Call) -> Answer:
    """List what a vault replicates: nothing, as Azure Site Recovery is not emulated."""
    get_vault(call.connection, call.subscription, call.group, call.path["vaultName"])
    nothing = {
        "monitoringSummary": {
            "unHealthyVmCount": 0,
            "unHealthyProviderCount": 0,
            "eventsCount": 0,
            "deprecatedProviderCount": 0,
            "supportedProviderCount": 0,
            "unsupportedProviderCount": 0,
        },
        "jobsSummary": {"failedJobs": 0, "suspendedJobs": 0, "inProgressJobs": 0},
        "protectedItemCount": 0,
        "recoveryPlanCount": 0,
        "registeredServersCount": 0,
    }
    return Answer(body={"value": [nothing]})


def _items(call: Call, vault: Row[Any]) -> Iterator[dict[str, Any]]:
    protected = usages.count_items(call.connection, vault.key)
    yield _usage("MABContainersCount", "Backup management servers", 0)
    for prefix, title, counted in (
        ("ProtectedItem", "Backup items/Azure virtual machine backup", protected.every),
        ("IaaSVMProtectedItem", "Azure Virtual Machines", protected.vms),
    ):
        yield _usage(f"{prefix}Count", title, counted.total)
        yield _usage(f"{prefix}CriticalCount", "Critical", counted.critical)
        yield _usage(f"{prefix}WarningCount", "Warning", counted.warning)
    yield _usage("MABProtectedItemCount", "File-Folders", 0)
    yield _usage("DPMProtectedItemCount", "DPM Protected Items Count", 0)
    yield _usage("AzureBackupServerProtectedItemCount", "Azure Backup Server Protected Items Count")
    yield _usage("ManagedInstances", "Protected Instances", protected.instances)


def _jobs(call: Call, vault: Row[Any]) -> Iterator[dict[str, Any]]:
    counted = usages.count_jobs(call.connection, vault.key, failed_since=call.now - DAY)
    a_day = {"quotaPeriod": "P1D"}
    yield _usage("InProgressJobsCount", "In progress", counted.in_progress) | a_day
    yield _usage("FailedJobsCount", "Failed", counted.failed) | a_day


def _storage(call: Call, vault: Row[Any]) -> Iterator[dict[str, Any]]:
    redundancy = vault.properties["redundancySettings"]
    # Read access to the pair is what Cross Region Restore adds to geo-redundant storage.
    across = redundancy[CROSS_REGION] == "Enabled"
    name_of_it = "RAGRSStorageUsage" if across else _STORED_AS[redundancy[REDUNDANCY]]
    stored = usages.stored_bytes(call.connection, vault.key)
    for name, title in _STORAGE.items():
        yield _usage(name, title, stored if name == name_of_it else 0, unit="Bytes")


def _usage(name: str, title: str, value: int = 0, *, unit: str = "Count") -> dict[str, Any]:
    return {
        "unit": unit,
        "currentValue": value,
        "limit": -1,
        "name": {"value": name, "localizedValue": title},
    }


ENDPOINTS = (list_by_vaults, list_replication)
