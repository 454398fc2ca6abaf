"""The numbers of a vault are those of its rows, in the words of both resource providers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    STOP,
    UNDELETE,
    VAULT_ID,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    item_id,
    listed,
    protect,
    put_vault,
    put_vm,
    refused,
    tiers,
    vm_id,
)
from tests.wire.protected_databases import SALES, protect_database, sql_world
from tests.wire.shares import CONTAINER_ID, protect_share, put_share_policy, register, share_world

SUMMARIES = f"{VAULT_ID}/backupUsageSummaries"
CONTAINERS = "type eq 'BackupProtectionContainerCountSummary'"


def usages(arm: httpx.Client, vault: str = VAULT_ID) -> dict[str, int]:
    found = done(arm.get(f"{vault}/usages")).json()["value"]
    return {each["name"]["value"]: each["currentValue"] for each in found}


def summary(arm: httpx.Client, **query: str) -> dict[str, int]:
    found = done(arm.get(SUMMARIES, params=query)).json()["value"]
    return {each["name"]["value"]: each["currentValue"] for each in found}


def used_bytes(arm: httpx.Client) -> int:
    """Return what a first, full backup of the newest job has copied."""
    jobs = listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})
    detail = done(arm.get(f"{VAULT_ID}/backupJobs/{jobs[-1]['name']}")).json()["properties"]
    size = detail["extendedInfo"]["propertyBag"]["Backup Size"]
    assert size.endswith(" MB")
    return int(size.removesuffix(" MB")) << 20


def test_an_empty_vault_uses_nothing(vault: httpx.Client) -> None:
    assert set(usages(vault).values()) == {0}
    assert set(summary(vault).values()) == {0}


def test_a_usage_has_the_fields_of_the_service(vault: httpx.Client) -> None:
    found = {each["name"]["value"]: each for each in listed(vault, f"{VAULT_ID}/usages")}
    assert found["ProtectedItemCount"] == {
        "unit": "Count",
        "currentValue": 0,
        "limit": -1,
        "name": {
            "value": "ProtectedItemCount",
            "localizedValue": "Backup items/Azure virtual machine backup",
        },
    }
    assert found["GRSStorageUsage"]["unit"] == "Bytes"
    assert found["FailedJobsCount"]["quotaPeriod"] == "P1D"


def test_items_are_counted_until_they_are_deleted(protected: httpx.Client) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    for name in ("ProtectedItemCount", "IaaSVMProtectedItemCount", "ManagedInstances"):
        assert usages(protected)[name] == 2
    assert summary(protected)["AzureIaasVM"] == 2
    delete_item(protected)
    assert usages(protected)["ProtectedItemCount"] == 1
    assert summary(protected) == {
        "AzureIaasVM": 1,
        "MAB": 0,
        "AzureBackupServer": 0,
        "AzureStorage": 0,
        "AzureWorkload": 0,
    }


def test_an_item_whose_backup_failed_is_critical(protected: httpx.Client) -> None:
    done(protected.delete(vm_id()))
    advance(protected, by="P1D")
    found = usages(protected)
    assert found["ProtectedItemCriticalCount"] == found["IaaSVMProtectedItemCriticalCount"] == 1
    assert found["FailedJobsCount"] == 1
    put_vm(protected)


def test_jobs_are_counted_while_they_run_and_a_day_after_they_failed(
    protected: httpx.Client,
) -> None:
    back_up(protected)
    assert usages(protected)["InProgressJobsCount"] == 1
    advance(protected, until="idle")
    assert usages(protected)["InProgressJobsCount"] == 0
    done(protected.delete(vm_id()))
    failed = []
    for moment in ("2026-01-01T21:00:00Z", "2026-01-02T21:00:00Z", "2026-01-02T23:00:00Z"):
        advance(protected, to=moment)
        failed.append(usages(protected)["FailedJobsCount"])
    delete_item(protected)
    advance(protected, by="P1D")
    failed.append(usages(protected)["FailedJobsCount"])
    assert failed == [0, 1, 1, 0]


def test_a_vault_stores_a_full_copy_and_then_what_changes(protected: httpx.Client) -> None:
    back_up(protected, until="2027-01-01T00:00:00Z")
    assert usages(protected)["GRSStorageUsage"] == 0
    advance(protected, until="idle")
    first = usages(protected)["GRSStorageUsage"]
    assert first >> 20 == used_bytes(protected) >> 20
    advance(protected, by="P3D")
    grown = usages(protected)["GRSStorageUsage"]
    assert first < grown < first * 1.2
    advance(protected, by="P60D")
    assert len(listed(protected, POINTS)) == 31
    steady = usages(protected)["GRSStorageUsage"]
    advance(protected, by="P1D")
    assert steady < usages(protected)["GRSStorageUsage"]


def test_storage_shrinks_with_the_points_and_goes_with_the_item(protected: httpx.Client) -> None:
    advance(protected, by="P40D")
    full = usages(protected)["GRSStorageUsage"]
    finish(protected, protected.put(ITEM_ID, json=STOP))
    assert usages(protected)["GRSStorageUsage"] == full
    delete_item(protected)
    assert usages(protected)["GRSStorageUsage"] == 0


@pytest.mark.parametrize(
    ("redundancy", "name"),
    [
        ({"standardTierStorageRedundancy": "LocallyRedundant"}, "LRSStorageUsage"),
        ({"standardTierStorageRedundancy": "ZoneRedundant"}, "ZRSStorageUsage"),
        ({"crossRegionRestore": "Enabled"}, "RAGRSStorageUsage"),
    ],
)
def test_storage_is_counted_where_it_is(
    vault: httpx.Client, redundancy: dict[str, str], name: str
) -> None:
    finish(vault, vault.patch(VAULT_ID, json={"properties": {"redundancySettings": redundancy}}))
    put_vm(vault)
    protect(vault)
    advance(vault, by="P2D")
    stored = {key: value for key, value in usages(vault).items() if key.endswith("StorageUsage")}
    assert [key for key, value in stored.items() if value] == [name]


def test_a_point_that_is_not_in_the_vault_yet_takes_no_room(protected: httpx.Client) -> None:
    back_up(protected)
    advance(protected, by="PT10M")
    assert list(tiers(listed(protected, POINTS)[0])) == ["InstantRP"]
    assert item(protected)["lastRecoveryPoint"]
    assert usages(protected)["GRSStorageUsage"] == 0


def test_one_vaults_numbers_are_not_anothers(protected: httpx.Client) -> None:
    other = VAULT_ID.replace("vault-1", "vault-2")
    put_vault(protected, other)
    put_vm(protected, "vm-2")
    protect(protected, "vm-2", f"{other}/backupPolicies/DefaultPolicy")
    advance(protected, by="P1D")
    assert usages(protected)["ProtectedItemCount"] == 1
    assert usages(protected, other)["ProtectedItemCount"] == 1
    assert usages(protected) != usages(protected, other)
    assert done(protected.get(item_id("vm-2", other)))


def test_containers_that_register_are_counted_and_vms_are_none(protected: httpx.Client) -> None:
    found = summary(protected, **{"$filter": CONTAINERS})
    assert found == {"AzureBackupServer": 0, "MAB": 0, "AzureStorage": 0, "AzureWorkload": 0}


def check_against_lists(arm: httpx.Client) -> dict[str, int]:
    """Compare the numbers of a vault with its lists, and return those of its items."""
    kept = [
        each["properties"]
        for each in listed(arm, f"{VAULT_ID}/backupProtectedItems")
        if not each["properties"].get("isScheduledForDeferredDelete")
    ]
    of = Counter(each["backupManagementType"] for each in kept)
    assert Counter(summary(arm)) == of
    registered = {
        kind: len(listed(arm, f"{VAULT_ID}/backupProtectionContainers", **{"$filter": query}))
        for kind in ("AzureStorage", "AzureWorkload")
        if (query := f"backupManagementType eq '{kind}'")
    }
    assert Counter(summary(arm, **{"$filter": CONTAINERS})) == Counter(registered)
    running = listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "status eq 'InProgress'"})
    found = usages(arm)
    assert found["InProgressJobsCount"] == len(running)
    assert found["ProtectedItemCount"] == len(kept)
    assert found["IaaSVMProtectedItemCount"] == of["AzureIaasVM"]
    instances = {(each["backupManagementType"], each["containerName"].lower()) for each in kept}
    assert found["ManagedInstances"] == len(instances)
    return dict(of)


def test_the_numbers_are_those_of_the_lists_whatever_was_done(protected: httpx.Client) -> None:
    """VMs, shares and databases are protected, backed up, stopped, deleted and brought back."""
    sql_world(protected)
    protect_database(protected, SALES.replace("sales", "hr"))
    share_world(protected, "share-1", "share-2")
    put_share_policy(protected)
    register(protected)
    shares = [protect_share(protected, share) for share in ("share-1", "share-2")]
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    back_up(protected)
    assert check_against_lists(protected) == {
        "AzureIaasVM": 2, "AzureStorage": 2, "AzureWorkload": 2
    }  # fmt: skip
    assert usages(protected)["ManagedInstances"] == 4
    advance(protected, by="P2D")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    delete_item(protected, item_id("vm-2"))
    delete_item(protected, shares[0])
    delete_item(protected, SALES)
    assert check_against_lists(protected) == {
        "AzureIaasVM": 1, "AzureStorage": 1, "AzureWorkload": 1
    }  # fmt: skip
    delete_item(protected, shares[1])
    finish(protected, protected.delete(CONTAINER_ID))
    assert check_against_lists(protected) == {"AzureIaasVM": 1, "AzureWorkload": 1}
    finish(protected, protected.put(item_id("vm-2"), json=UNDELETE))
    assert check_against_lists(protected) == {"AzureIaasVM": 2, "AzureWorkload": 1}
    advance(protected, by="P15D")
    assert check_against_lists(protected) == {"AzureIaasVM": 2, "AzureWorkload": 1}


@pytest.mark.parametrize("sent", ["type eq 'Weight'", "kind eq 'x'", "type", "type ne 'MAB'"])
def test_a_wrong_filter_of_summaries_is_refused(vault: httpx.Client, sent: str) -> None:
    answer = vault.get(SUMMARIES, params={"$filter": sent})
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")


def test_nothing_is_replicated(vault: httpx.Client) -> None:
    found: list[dict[str, Any]] = listed(vault, f"{VAULT_ID}/replicationUsages")
    assert [each["protectedItemCount"] for each in found] == [0]


@pytest.mark.parametrize("path", ["usages", "replicationUsages", "backupUsageSummaries"])
def test_a_vault_that_is_not_there_has_no_numbers(vault: httpx.Client, path: str) -> None:
    missing = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults/vault-9/{path}"
    assert refused(vault.get(missing)) == (404, "ResourceNotFound")
