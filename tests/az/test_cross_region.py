"""az backup ... --use-secondary-region: a drill in the paired region, and what az itself breaks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.server import RunningServer
from tests.az.environment import azure_cli
from tests.az.runner import Az
from tests.az.test_page import ROW
from tests.clients.test_connect_page import run, shell_of
from tests.processes import PROJECT
from tests.wire.builders import (
    GROUP_ID,
    POINTS,
    STORAGE_ID,
    SUBSCRIPTION,
    advance,
    back_up,
    done,
    listed,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
)
from tests.wire.test_region_outages import switch

pytestmark = pytest.mark.az

PAGE = (PROJECT / "docs" / "cross-region-restore.md").read_text(encoding="utf-8")
VAULT = "-g group-1 -v vault-1"
NAMED = "-g group-1 -n vault-1"
ITEM = f"{VAULT} -c vm-1 -i vm-1"
NATIVE = "'{kind};iaasvmcontainerv2;group-1;vm-1'"
NATIVE_ITEM = f"{VAULT} -c {NATIVE.format(kind='IaasVMContainer')} -i {NATIVE.format(kind='VM')}"
FAR = "--use-secondary-region"
RESTORED = GROUP_ID.replace("group-1", "restored")
STAGING = STORAGE_ID.replace("staging", "farstaging")
NETWORK = f"{RESTORED}/providers/Microsoft.Network/virtualNetworks/far-net"
REGION = "northeurope"


@pytest.fixture
def point(az: Az, arm: httpx.Client) -> str:
    """The one point of a VM in the secondary region of its vault, and where to restore it to."""
    for group in (GROUP_ID, RESTORED):
        put_group(arm, group)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    put_storage(arm, STAGING, location=REGION)
    subnets = [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}
    done(arm.put(NETWORK, json={"location": REGION, "properties": space}))
    az(f"backup vault update {NAMED} --cross-region-restore-flag Enabled")
    protect(arm)
    back_up(arm)
    advance(arm, by="PT48H")
    (*_, oldest) = listed(arm, f"{POINTS}/")
    return str(oldest["name"])


def finished(az: Az, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for a restore there and return what its job tells."""
    assert job["properties"]["operation"] == "CrossRegionRestore"
    az(f"backup job wait {VAULT} -n {job['name']} {FAR}")
    shown: dict[str, Any] = az(f"backup job show {VAULT} -n {job['name']} {FAR}")
    assert shown["properties"]["status"] == "Completed"
    return shown


def test_disks_and_a_vm_are_restored_in_the_secondary_region(
    az: Az, arm: httpx.Client, point: str
) -> None:
    into = f"backup restore restore-disks {ITEM} -r {point} {FAR} -t restored"
    into += " --storage-account farstaging"
    disks = finished(az, az(into))
    assert f"/locations/{REGION}/backupJobs/" in disks["id"]
    assert [disk["location"] for disk in az("disk list -g restored")] == [REGION] * 2
    place = "--target-vnet-name far-net --target-vnet-resource-group restored"
    vm = finished(az, az(f"{into} --target-vm-name copy-1 {place} --target-subnet-name default"))
    assert az("vm show -g restored -n copy-1")["location"] == REGION
    names = {disks["name"], vm["name"]}
    restores = az(f"backup job list {VAULT} {FAR} --status Completed")
    assert {each["name"] for each in restores} == names
    assert az(f"backup job list {VAULT} {FAR} --status InProgress") == []
    assert not names & {each["name"] for each in az(f"backup job list {VAULT}")}
    (container,) = az(f"backup container list {VAULT} {FAR} --backup-management-type AzureIaasVM")
    assert container["properties"]["friendlyName"] == "vm-1"


def test_disks_are_restored_there_while_the_vaults_region_is_down(
    az: Az, arm: httpx.Client, point: str
) -> None:
    switch(arm, "down")
    said = az.refused(f"backup restore restore-disks {ITEM} -r {point} {FAR} --storage-account x")
    assert "'westeurope'" in said
    into = f"backup restore restore-disks {NATIVE_ITEM} -r {point} {FAR} -t restored"
    finished(az, az(f"{into} --storage-account farstaging"))
    assert [disk["location"] for disk in az("disk list -g restored")] == [REGION] * 2
    switch(arm, "down", REGION)
    assert "'northeurope'" in az.refused(f"backup job list {VAULT} {FAR}")


def test_az_is_told_what_the_secondary_region_does_not_do(
    az: Az, arm: httpx.Client, point: str
) -> None:
    restore = f"backup restore restore-disks {ITEM} -r {point} {FAR}"
    near = STORAGE_ID.rpartition("/")[2]
    put_storage(arm)
    said = az.refused(f"{restore} -t restored --storage-account {near}")
    assert "both must be in one region" in said
    said = az.refused(f"{restore} --storage-account farstaging")
    assert "provide target resource group" in said
    said = az.refused(f"backup vault update {NAMED} --cross-region-restore-flag Disabled")
    assert "non-reversible" in said
    set_again = f"backup vault backup-properties set {NAMED} --cross-region-restore-flag"
    for flag in ("True", "False"):
        settings = az(f"{set_again} {flag}")["properties"]["redundancySettings"]
        assert settings["crossRegionRestore"] == "Enabled"
    (shown, _) = az(f"backup vault backup-properties show {NAMED}")
    assert shown["properties"]["crossRegionRestoreFlag"] is True


def test_what_az_cannot_do_there_ends_with_the_error_of_the_page(az: Az, point: str) -> None:
    values = {"$POINT": point, "$JOB": "22222222-2222-2222-2222-222222222222"}
    rows = ROW.findall(PAGE)
    assert len(rows) == 5
    for command, error in rows:
        words = [values.get(word, word) for word in shlex.split(command)]
        assert error in " ".join(az.refused("", *words).split()), command


def test_the_commands_of_the_page_end_with_disks_in_the_paired_region(
    az: Az, world: RunningServer, point: str, tmp_path: Path
) -> None:
    script, _ = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    shell = [*shell_of(world, tmp_path, azure_cli()), f"HOME={tmp_path}"]
    connect = f'eval "$(rsvault env az --subscription {SUBSCRIPTION})"'
    said = run(shell, f"{connect}\nPOINT={point}\n{script}", 600)
    assert said.splitlines()[-5:-3] == [REGION] * 2
    assert said.splitlines()[-1].split()[1:4] == ["CrossRegionRestore", "Completed", "vm-1"]
