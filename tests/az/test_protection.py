"""az backup protection, item and container: enable, look, stop, resume, delete, undelete."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.az.conftest import CLIENT
from tests.az.runner import Az
from tests.conftest import SUBSCRIPTION
from tests.wire.builders import (
    POLICY_ID,
    VAULT_ID,
    advance,
    done,
    item,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    times,
    vm_body,
    vm_id,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = f"{VAULT} -c vm-1 -i vm-1 {OF_VMS}"
SHOW = f"backup item show {VAULT} -c vm-1 -n vm-1 {OF_VMS}"
CONTAINER = "IaasVMContainer;iaasvmcontainerv2;group-1;vm-1"
NATIVE = "VM;iaasvmcontainerv2;group-1;vm-1"


@pytest.fixture(autouse=True)
def around_it(arm: httpx.Client) -> None:
    """A vault with a policy, and two VMs."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    for name in ("vm-1", "vm-2"):
        put_vm(arm, name)


@pytest.fixture
def protected(az: Az) -> dict[str, Any]:
    """The first VM under the daily policy; this is the job that did it."""
    job: dict[str, Any] = az(f"backup protection enable-for-vm {VAULT} --vm vm-1 -p daily")
    return job


def told(job: dict[str, Any]) -> tuple[str, str, str]:
    properties = job["properties"]
    return properties["operation"], properties["status"], properties["entityFriendlyName"]


def test_a_vm_is_unprotected_until_it_is_enabled_and_only_once(az: Az) -> None:
    check = "backup protection check-vm -g group-1 --vm vm-1"
    assert az(check) is None
    job = az(f"backup protection enable-for-vm {VAULT} --vm vm-1 -p daily")
    assert told(job) == ("ConfigureBackup", "Completed", "vm-1")
    assert az(check) == VAULT_ID
    assert az("backup protection check-vm --vm", vm_id()) == VAULT_ID
    said = az.refused(f"backup protection enable-for-vm {VAULT} --vm vm-1 -p daily")
    assert "VM is already Protected" in said
    said = az.refused(f"backup protection enable-for-vm {VAULT} --vm vm-3 -p daily")
    assert "vm-3" in said
    said = az.refused(f"backup protection enable-for-vm {VAULT} --vm vm-2 -p nightly")
    assert "nightly" in said
    said = az.refused(f"backup protection enable-for-vm {VAULT} --vm vm-2 -p HourlyLogBackup")
    assert "policy type should match" in said


def test_a_vm_of_another_subscription_is_protected_by_its_id(az: Az, arm: httpx.Client) -> None:
    group = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/group-9"
    vm = f"{group}/providers/Microsoft.Compute/virtualMachines/far-1"
    put_group(arm, group)
    done(arm.put(vm, json=vm_body()))
    az(f"login --service-principal -u {CLIENT} -p any --tenant contoso.com")
    az("account set --subscription", SUBSCRIPTION)
    job = az(f"backup protection enable-for-vm {VAULT} -p daily --vm", vm)
    assert told(job) == ("ConfigureBackup", "Completed", "far-1")
    bag = job["properties"]["extendedInfo"]["propertyBag"]
    assert bag["VM Subscription ID"] == group.split("/")[2]
    (found,) = az(f"backup item list {VAULT} {OF_VMS}")
    assert found["properties"]["sourceResourceId"] == vm
    said = az.refused(f"backup protection enable-for-vm {VAULT} -p daily --vm {vm}0")
    assert "far-10" in said


def test_containers_are_shown_by_both_names(az: Az, protected: object) -> None:
    az("backup protection enable-for-vm", *VAULT.split(), "--vm", vm_id("vm-2"), "-p", "daily")
    show = f"backup container show {VAULT} --backup-management-type AzureIaasVM -n"
    found = az(show, "vm-1")
    assert found == az(show, CONTAINER)
    properties = found["properties"]
    assert found["name"] == CONTAINER
    assert properties["healthStatus"] == "Healthy"
    assert properties["registrationStatus"] == "Registered"
    assert properties["resourceGroup"] == "group-1"
    assert properties["virtualMachineId"] == vm_id()
    assert properties["virtualMachineVersion"] == "Compute"
    listed = f"backup container list {VAULT} --backup-management-type AzureIaasVM"
    assert len(az(listed)) == 2
    assert az.table(listed)[0] == {
        "Name": CONTAINER,
        "Friendly Name": "vm-1",
        "Resource Group": "group-1",
        "Type": "AzureIaasVM",
        "Registration Status": "Registered",
    }
    assert az(f"backup container list {VAULT} --backup-management-type AzureStorage") == []


def test_items_are_shown_by_both_names_and_change_their_policy(az: Az, protected: object) -> None:
    az(f"backup protection enable-for-vm {VAULT} --vm vm-2 -p daily")
    found = az(SHOW)
    assert found == az(f"backup item show {VAULT} {OF_VMS} -c", CONTAINER, "-n", NATIVE)
    properties = found["properties"]
    assert properties["healthStatus"] == "Passed"
    assert properties["protectionState"] == "IRPending"
    assert properties["protectionStatus"] == "Healthy"
    assert properties["virtualMachineId"] == properties["sourceResourceId"] == vm_id()
    assert properties["policyId"] == POLICY_ID
    listed = f"backup item list {VAULT} {OF_VMS}"
    assert [each["properties"]["friendlyName"] for each in az(listed)] == ["vm-1", "vm-2"]
    assert len(az(f"backup item list {VAULT} -c vm-2 {OF_VMS}")) == 1
    said = az.refused(f"{SHOW} -o table")
    assert "Table output unavailable" in said, "az 2.91 has no table of what was never backed up"

    change = f"backup item set-policy {VAULT} -c vm-1 -n vm-1 {OF_VMS} -p"
    assert told(az(change, "DefaultPolicy")) == ("ConfigureBackup", "Completed", "vm-1")
    assert az(SHOW)["properties"]["policyName"] == "DefaultPolicy"
    said = az.refused(change, "nightly")
    assert "nightly" in said
    assert told(az(change, "EnhancedPolicy", "--yes"))[1] == "Completed"
    assert az(SHOW)["properties"]["policyType"] == "V2"
    said = az.refused(change, "DefaultPolicy")
    assert "Enhanced (V2)" in said
    assert az(f"backup item show {VAULT} -c vm-3 -n vm-3 {OF_VMS}") is None


def test_a_backup_is_stopped_and_resumed_with_its_points(
    az: Az, arm: httpx.Client, protected: object
) -> None:
    job = az(f"backup protection backup-now {ITEM} --retain-until 01-03-2026")
    az(f"backup job wait {VAULT} -n {job['name']}")
    assert told(az(f"backup job show {VAULT} -n {job['name']}")) == ("Backup", "Completed", "vm-1")
    (row,) = az.table(f"backup item list {VAULT} {OF_VMS}")
    assert row["Last Backup Status"] == "Completed"
    assert row["Last Recovery Point"].startswith("2026-01-01T00:00:")

    stopped = az(f"backup protection disable {ITEM} --yes")
    assert told(stopped) == ("DisableBackup", "Completed", "vm-1")
    properties = az(SHOW)["properties"]
    assert (properties["protectionState"], properties["policyName"]) == ("ProtectionStopped", "")
    advance(arm, by="P3D")
    assert len(times(arm)) == 1
    resumed = az(f"backup protection resume {ITEM} -p daily")
    assert told(resumed) == ("ConfigureBackup", "Completed", "vm-1")
    advance(arm, by="P1D")
    assert len(times(arm)) == 2
    assert az(SHOW)["properties"]["protectionState"] == "Protected"

    kept = az(f"backup protection disable {ITEM} --yes --retain-recovery-points-as-per-policy")
    assert told(kept)[0] == "DisableBackup"
    assert az(SHOW)["properties"]["protectionState"] == "BackupsSuspended"


def test_deleted_data_is_brought_back(az: Az, arm: httpx.Client, protected: object) -> None:
    az(f"backup protection backup-now {ITEM}")
    advance(arm, until="idle")
    deleted = "backup vault list-soft-deleted-containers -g group-1 -n vault-1"
    deleted = f"{deleted} --backup-management-type AzureIaasVM"
    assert az(deleted) == []
    job = az(f"backup protection disable {ITEM} --yes --delete-backup-data true")
    assert told(job) == ("DeleteBackupData", "Completed", "vm-1")
    properties = az(SHOW)["properties"]
    assert properties["protectionState"] == "ProtectionStopped"
    assert properties["isScheduledForDeferredDelete"] is True
    (container,) = az(deleted)
    assert container["properties"]["registrationStatus"] == "SoftDeleted"
    assert az("backup protection check-vm --vm", vm_id()) is None

    job = az(f"backup protection undelete {ITEM}")
    assert told(job) == ("Undelete", "Completed", "vm-1")
    properties = az(SHOW)["properties"]
    assert "isScheduledForDeferredDelete" not in properties
    assert properties["protectionState"] == "ProtectionStopped"
    assert len(times(arm)) == 1
    az(f"backup protection resume {ITEM} -p daily")
    assert item(arm)["policyName"] == "daily"


def test_disks_are_left_out_by_lun(az: Az, arm: httpx.Client) -> None:
    enable = f"backup protection enable-for-vm {VAULT} -p daily"

    def chosen() -> Any:
        extended = az(SHOW)["properties"].get("extendedProperties", {})
        return extended.get("diskExclusionProperties")

    az(f"{enable} --vm vm-1 --disk-list-setting include --diskslist 0")
    assert chosen() == {"diskLunList": [0], "isInclusionList": True}
    update = f"backup protection update-for-vm {VAULT} -c vm-1 -i vm-1"
    job = az(f"{update} --exclude-all-data-disks")
    assert told(job) == ("ConfigureBackup", "Completed", "vm-1")
    assert chosen() == {"diskLunList": [], "isInclusionList": True}
    az(f"{update} --disk-list-setting exclude --diskslist 1 2")
    assert chosen() == {"diskLunList": [1, 2], "isInclusionList": False}
    az(f"{update} --disk-list-setting resetexclusionsettings")
    assert chosen() is None
    az(f"{enable} --vm vm-2 --exclude-all-data-disks true")
    said = az.refused(f"{update} --disk-list-setting include")
    assert "Please provide LUNs" in said
    said = az.refused(f"{update} --disk-list-setting include --diskslist many")
    assert "diskLunList" in said


def test_the_scan_of_an_item_follows_the_vault_until_it_is_told_otherwise(
    az: Az, protected: object
) -> None:
    scan = f"backup item source-scan-configuration set {VAULT} -c vm-1 -n vm-1 {OF_VMS} --state"

    def status() -> str:
        return str(az(SHOW)["properties"]["sourceSideScanInfo"]["sourceSideScanStatus"])

    assert status() == "NotConfigured"
    az("backup vault update -g group-1 -n vault-1 --source-scan-state Enabled")
    assert status() == "Configured"
    assert az(scan, "Enabled") is None
    az(scan, "Disabled")
    assert status() == "NotConfigured"
    az("backup vault update -g group-1 -n vault-1 --source-scan-state Disabled")
    az(scan, "Enabled")
    assert status() == "Configured"


def test_a_vm_moves_to_another_vault(az: Az, arm: httpx.Client, protected: object) -> None:
    az("backup vault create -g group-1 -n vault-2 -l westeurope")
    moved = f"backup protection reconfigure {VAULT} -c vm-1 -i vm-1 --new-vault-name vault-2"
    moved = f"{moved} --new-rg group-1 --backup-management-type AzureIaasVM"
    said = az.refused(f"{moved} --new-policy-name DefaultPolicy")
    assert "Current state: IRPending" in said
    az(f"backup protection backup-now {ITEM}")
    advance(arm, until="idle")
    job = az(f"{moved} --new-policy-name DefaultPolicy")
    assert told(job) == ("ConfigureBackup", "Completed", "vm-1")
    assert az(SHOW)["properties"]["protectionState"] == "ProtectionStopped"
    assert len(times(arm)) == 1
    assert az("backup protection check-vm --vm", vm_id()) == VAULT_ID.replace("vault-1", "vault-2")
    said = az.refused(f"backup protection resume {ITEM} -p daily")
    assert "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault" in said
