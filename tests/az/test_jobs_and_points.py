"""az backup job and recoverypoint: list, show, wait and stop; which tier a point is in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import (
    advance,
    item,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    set_clock,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = f"{VAULT} -c vm-1 -i vm-1 {OF_VMS}"


@pytest.fixture(autouse=True)
def protected(arm: httpx.Client) -> None:
    """A VM under a daily policy."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    put_storage(arm)
    protect(arm)


def names(jobs: list[dict[str, Any]]) -> list[str]:
    return [job["name"] for job in jobs]


def test_a_restore_is_watched_while_it_runs_and_waited_for(az: Az, arm: httpx.Client) -> None:
    backup = az(f"backup protection backup-now {ITEM}")
    advance(arm, until="idle")
    (point,) = az(f"backup recoverypoint list {ITEM}")
    set_clock(arm, skipOnWait="off")
    restore = f"backup restore restore-disks {VAULT} -c vm-1 -i vm-1 --storage-account staging"
    job = az(restore, "-t", "group-1", "-r", point["name"])
    assert (job["properties"]["operation"], job["properties"]["status"]) == (
        "Restore",
        "InProgress",
    )
    assert job["properties"]["extendedInfo"]["tasksList"][0]["endTime"] is None
    of_vault = f"backup job list {VAULT}"
    assert names(az(f"{of_vault} --status InProgress")) == [job["name"]]
    assert names(az(f"{of_vault} --operation Backup --status Completed")) == [backup["name"]]
    assert len(az(f"{of_vault} --backup-management-type AzureIaasVM")) == 3
    assert az(f"{of_vault} --operation Restore --status Completed") == []
    assert len(az(f"{of_vault} --start-date 01-01-2026 --end-date 02-01-2026")) == 3
    assert az(f"{of_vault} --end-date 01-12-2025") == []
    row = az.table(of_vault)[0]
    assert (row["Operation"], row["Status"]) == ("Restore", "InProgress")
    assert (row["Item Name"], row["Backup Management Type"]) == ("vm-1", "AzureIaasVM")

    set_clock(arm, skipOnWait="finish")
    waited = az(f"backup job wait {VAULT} -n {job['name']} --timeout 60")
    assert waited["properties"]["status"] == "Completed"
    shown = az(f"backup job show {VAULT} -n {job['name']}")["properties"]
    assert shown["extendedInfo"]["propertyBag"]["Target Storage Account Name"] == "staging"
    said = az.refused(f"backup job show {VAULT} -n 00000000-0000-0000-0000-000000000000", code=3)
    assert "00000000-0000-0000-0000-000000000000" in said


def test_a_backup_that_runs_is_stopped(az: Az, arm: httpx.Client) -> None:
    set_clock(arm, skipOnWait="off")
    job = az(f"backup protection backup-now {ITEM} --retain-until 01-02-2026")
    assert job["properties"]["status"] == "InProgress"
    row = az.table(f"backup job list {VAULT} --status InProgress")[0]
    assert row["Operation"] == "Backup"
    az(f"backup job stop {VAULT} -n {job['name']}")
    advance(arm, by="PT10M")
    assert az(f"backup job show {VAULT} -n {job['name']}")["properties"]["status"] == "Cancelled"
    assert names(az(f"backup job list {VAULT} --status Cancelled")) == [job["name"]]
    said = az.refused(f"backup job stop {VAULT} -n {job['name']}")
    assert "UserErrorJobNotInProgress" in said
    assert item(arm)["lastBackupStatus"] != "Completed"
    assert az(f"backup recoverypoint list {ITEM}") == []


def test_points_are_listed_by_tier_and_by_day(az: Az, arm: httpx.Client) -> None:
    advance(arm, by="P5D")
    listed = f"backup recoverypoint list {ITEM}"
    points = az(listed)
    assert len(points) == 5
    tiers = [point["tierType"] for point in points]
    assert tiers == [*["SnapshotAndVaultStandard"] * 2, *["VaultStandard"] * 3]
    assert len(az(f"{listed} --tier VaultStandard")) == 3
    assert az(f"{listed} --tier VaultArchive") == []
    assert len(az(f"{listed} --start-date 02-01-2026 --end-date 04-01-2026")) == 2
    assert az(f"{listed} --is-ready-for-move true --target-tier VaultArchive") == []
    rows = az.table(listed)
    assert [row["Name"] for row in rows] == [point["name"] for point in points]
    assert {row["Consistency"] for row in rows} == {"FileSystemConsistent"}
    shown = az(f"backup recoverypoint show {ITEM} -n {points[0]['name']}")["properties"]
    assert shown["recoveryPointTime"] == points[0]["properties"]["recoveryPointTime"]
    assert shown["isManagedVirtualMachine"] is True
    said = az.refused(f"backup recoverypoint show {ITEM} -n 1")
    assert "BMSUserErrorRecoveryPointNotFound" in said
    said = az.refused(f"backup recoverypoint show-log-chain {ITEM}")
    assert "AzureWorkload" in said


def test_one_backup_makes_one_point(az: Az, arm: httpx.Client) -> None:
    az(f"backup protection backup-now {ITEM} --retain-until 01-03-2026")
    advance(arm, until="idle")
    (point,) = az(f"backup recoverypoint list {ITEM}")
    details = point["properties"]["recoveryPointTierDetails"]
    assert [(tier["type"], tier["status"]) for tier in details] == [
        ("InstantRP", "Valid"),
        ("HardenedRP", "Valid"),
    ]
    assert az(f"backup recoverypoint show {ITEM} -n {point['name']}")["name"] == point["name"]
    said = az.refused(f"backup protection backup-now {ITEM} --retain-until 01-03-2225")
    assert "recoveryPointExpiryTimeInUTC" in said
