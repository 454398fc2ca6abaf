"""From an empty subscription to restored disks, with nothing but az."""

from __future__ import annotations

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import advance

pytestmark = pytest.mark.az

VAULT = "-g web -v safe"
OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = f"{VAULT} -c web-1 -i web-1 {OF_VMS}"


def test_a_vm_is_made_backed_up_restored_stopped_and_deleted(az: Az, arm: httpx.Client) -> None:
    for group in ("web", "restored"):
        az(f"group create -n {group} -l westeurope")
    made = az(
        "vm create -g web -n web-1 --image Ubuntu2204 --size Standard_D2s_v5 "
        "--data-disk-sizes-gb 8 --admin-username azureuser --generate-ssh-keys"
    )
    assert made["powerState"] == "VM running"
    assert made["privateIpAddress"]
    az("backup vault create -g web -n safe -l westeurope")
    az("storage account create -g web -n staging1 -l westeurope --sku Standard_LRS")

    enabled = az(f"backup protection enable-for-vm {VAULT} --vm web-1 -p DefaultPolicy")
    assert enabled["properties"]["status"] == "Completed"
    (container,) = az(f"backup container list {VAULT} --backup-management-type AzureIaasVM")
    assert container["properties"]["friendlyName"] == "web-1"
    backup = az(f"backup protection backup-now {ITEM} --retain-until 01-02-2026")
    az(f"backup job wait {VAULT} -n {backup['name']}")
    (point,) = az(f"backup recoverypoint list {ITEM} --query [].name")
    restore = f"backup restore restore-disks {VAULT} -c web-1 -i web-1 --storage-account staging1"
    job = az(f"{restore} -r {point} -t restored --query name")
    az(f"backup job wait {VAULT} -n {job}")
    assert len(az("disk list -g restored")) == 2

    az(f"backup protection disable {ITEM} --yes")
    az(f"backup protection resume {ITEM} -p DefaultPolicy")
    advance(arm, by="P7D")
    assert len(az(f"backup recoverypoint list {ITEM}")) == 8
    deleted = az(f"backup protection disable {ITEM} --yes --delete-backup-data true")
    assert deleted["properties"]["operation"] == "DeleteBackupData"
    done = az.table(f"backup job list {VAULT} --status Completed")
    assert {row["Operation"] for row in done} == {
        "ConfigureBackup",
        "Backup",
        "Restore",
        "DisableBackup",
        "DeleteBackupData",
    }
    assert {row["Item Name"] for row in done} == {"web-1"}
    az("vm delete -g web -n web-1 --yes")
    az("backup vault delete -g web -n safe --yes")
    az("group delete -n web --yes")
    assert az("group exists -n web") is False


def test_a_vm_of_azs_other_ways_is_protected_as_well(az: Az) -> None:
    az("group create -n web -l westeurope")
    az("backup vault create -g web -n safe -l westeurope")
    az(
        "vm create -g web -n win-1 --image Win2022Datacenter --size Standard_D2s_v5 "
        "--admin-username azureuser --admin-password Pa55word-of-tests --public-ip-address ''"
    )
    az(
        "resource create -g web -n plain-1 --resource-type Microsoft.Compute/virtualMachines "
        "--is-full-object --properties",
        PLAIN,
    )
    for name in ("win-1", "plain-1"):
        az(f"backup protection enable-for-vm {VAULT} --vm {name} -p EnhancedPolicy")
    found = az(f"backup item list {VAULT} --query [].properties.friendlyName")
    assert sorted(found) == ["plain-1", "win-1"]


PLAIN = """
{
  "location": "westeurope",
  "properties": {
    "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
    "storageProfile": {"osDisk": {"createOption": "FromImage", "diskSizeGB": 30, "osType": "Linux"}}
  }
}
"""
