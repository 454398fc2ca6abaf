"""What az prints of a real estate becomes a world, and what does not is named with its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.worlds.importing import Import, WrongFile
from app.worlds.reading import read

ROOT = "/subscriptions/da364f0f-307b-41c9-9d47-b7413ec45535/resourceGroups/prod"
VAULT = f"{ROOT}/providers/Microsoft.RecoveryServices/vaults/safe"
FABRICS = "Microsoft.RecoveryServices/vaults/backupFabrics"
FABRIC = f"{VAULT}/backupFabrics/Azure/protectionContainers"
# As the recordings of azure-cli's own tests have them (docs/sources.md), shortened.
VAULTS = [
    {
        "etag": None,
        "id": VAULT,
        "identity": {"type": "SystemAssigned", "principalId": "x"},
        "location": "eastus2euap",
        "name": "safe",
        "properties": {
            "encryption": None,
            "privateEndpointStateForBackup": "None",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
            "redundancySettings": {
                "crossRegionRestore": "Disabled",
                "standardTierStorageRedundancy": "GeoRedundant",
            },
            "securitySettings": {
                "immutabilitySettings": None,
                "multiUserAuthorization": "Disabled",
                "softDeleteSettings": {
                    "softDeleteRetentionPeriodInDays": 14,
                    "softDeleteState": "Enabled",
                },
            },
        },
        "resourceGroup": "prod",
        "sku": {"name": "Standard"},
        "tags": {"owner": "me"},
        "type": "Microsoft.RecoveryServices/vaults",
    }
]
POLICIES = [
    {
        "eTag": None,
        "id": f"{VAULT}/backupPolicies/nightly",
        "name": "nightly",
        "properties": {
            "backupManagementType": "AzureIaasVM",
            "instantRpDetails": {},
            "instantRpRetentionRangeInDays": 2,
            "protectedItemsCount": 1,
            "retentionPolicy": {
                "dailySchedule": {
                    "retentionDuration": {"count": 30, "durationType": "Days"},
                    "retentionTimes": ["2026-02-25T03:30:00+00:00"],
                },
                "monthlySchedule": None,
                "retentionPolicyType": "LongTermRetentionPolicy",
            },
            "schedulePolicy": {
                "schedulePolicyType": "SimpleSchedulePolicy",
                "scheduleRunFrequency": "Daily",
                "scheduleRunTimes": ["2026-02-25T03:30:00+00:00"],
                "scheduleRunDays": None,
            },
            "timeZone": "UTC",
        },
        "type": "Microsoft.RecoveryServices/vaults/backupPolicies",
    }
]


def item(kind: str, name: str, **properties: Any) -> dict[str, Any]:
    return {
        "id": f"{FABRIC}/c/protectedItems/{name}",
        "name": name,
        "properties": {"protectedItemType": kind, "friendlyName": name, **properties},
        "type": f"{FABRICS}/protectionContainers/protectedItems",
    }


def vm(name: str, **properties: Any) -> dict[str, Any]:
    vm_id = f"{ROOT}/providers/Microsoft.Compute/virtualMachines/{name}"
    told = {"virtualMachineId": vm_id, "policyName": "nightly", "protectionState": "Protected"}
    return item("Microsoft.Compute/virtualMachines", name, **(told | properties))


def imported(*lists: Any) -> Import:
    found = Import()
    for number, each in enumerate(lists):
        found.read(f"list-{number}.json", json.dumps(each).encode())
    return found


def test_vaults_policies_and_items_become_a_world() -> None:
    items = [
        vm("a", extendedInfo={"oldestRecoveryPoint": "2026-01-05T03:30:12.123456+00:00"}),
        vm("b", protectionState="ProtectionStopped", policyName=""),
        vm("c", isScheduledForDeferredDelete=True),
        vm("d", policyName="elsewhere"),
    ]
    found = imported(items, POLICIES, VAULTS)
    document = found.document()
    world, _ = read(json.dumps(document))
    [group] = world.resource_groups
    [vault] = group.vaults
    assert [each.name for each in group.virtual_machines] == ["a", "b", "c", "d"]
    assert (vault.location, vault.tags) == ("eastus2euap", {"owner": "me"})
    assert [each.state for each in vault.protected_items] == [
        "Protected",
        "ProtectionStopped",
        "SoftDeleted",
        "Protected",
    ]
    assert [each.policy for each in vault.protected_items] == ["nightly", None, "nightly", None]
    assert vault.protected_items[0].since == "2026-01-05T03:30:12.123456+00:00"
    assert "monthlySchedule" not in vault.policies[0].properties["retentionPolicy"]
    assert any("managed identity" in each for each in found.left_out)
    assert any("'elsewhere' is in no file" in each for each in found.left_out)


def test_what_is_not_emulated_is_named_and_the_rest_goes_on() -> None:
    mab = item("MabFileFolderProtectedItem", "laptop")
    other = {"id": f"{ROOT}/providers/Microsoft.Compute/disks/d", "type": "Microsoft.Compute/disks"}
    found = imported([mab, vm("a"), item("AzureVmWorkloadSQLDatabase", "x")], [other])
    [group] = found.document()["resourceGroups"]
    assert len(group["vaults"][0]["protectedItems"]) == 1
    told = "\n".join(found.left_out)
    assert "MabFileFolderProtectedItem is not emulated" in told
    assert "its type Microsoft.Compute/disks is none of vaults, policies and items" in told
    assert "az does not tell which database it is" in told
    assert f"{VAULT}: no file of 'az backup vault list' has it" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", r"x.json, line 1: is not JSON"),
        (b"[]", r"there is no vault in these files"),
        (b"3", r"x.json: holds no list"),
        (b"[{}]", r"x.json\[0\]: is nothing that az prints: it has no id"),
    ],
)
def test_a_file_of_something_else_is_refused(content: bytes, told: str) -> None:
    with pytest.raises(WrongFile, match=told):
        document_of(content)


def document_of(content: bytes) -> Any:
    found = Import()
    found.read("x.json", content)
    return found.document()
