"""az backup recoverypoint move, and a restore of what is in the archive."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import GROUP_ID, advance, listed, put_group, put_storage
from tests.wire.test_archive import RECOMMENDED, live
from tests.wire.test_archive_readiness import JANUARY, build

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = f"{VAULT} -c vm-1 -i vm-1 {OF_VMS}"
LIST = f"backup recoverypoint list {ITEM}"
READY = f"{LIST} --is-ready-for-move true --target-tier VaultArchive"
MOVE = (
    f"backup recoverypoint move {ITEM} --source-tier VaultStandard "
    "--destination-tier VaultArchive -n"
)
RESTORED = GROUP_ID.replace("group-1", "restored")
RESTORE = f"backup restore restore-disks {VAULT} -c vm-1 -i vm-1 -t restored --storage-account"


def names(az: Az, command: str) -> list[str]:
    found: list[str] = az(f"{command} --query [].name")
    return found


def finished(az: Az, job: dict[str, Any], operation: str) -> dict[str, Any]:
    """Wait for a job and return what it tells."""
    assert job["properties"]["operation"] == operation
    az(f"backup job wait {VAULT} -n {job['name']}")
    shown: dict[str, Any] = az(f"backup job show {VAULT} -n {job['name']}")["properties"]
    assert shown["status"] == "Completed"
    return shown


def test_a_point_is_moved_rehydrated_and_archived_again(az: Az, arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    put_group(arm, RESTORED)
    put_storage(arm)
    february, january = names(az, READY)
    assert names(az, f"{LIST} --recommended-for-archive") == [february, january]
    finished(az, az(f"{MOVE} {january}"), "MoveRecoveryPoint")
    assert names(az, f"{LIST} --tier VaultArchive") == [january]
    assert names(az, READY) == [february]
    assert "UserErrorRecoveryPointAlreadyInArchiveTier" in az.refused(f"{MOVE} {january}")
    assert names(az, f"{LIST} --tier VaultArchive") == [january]
    said = az.refused(f"{RESTORE} staging -r {january}")
    assert "The selected recovery point is in archive tier" in said
    mount = f"backup restore files mount-rp {VAULT} -c vm-1 -i vm-1 -r {january}"
    assert "UserErrorRecoveryPointNotRehydrated" in az.refused(mount)
    rehydrate = f"{RESTORE} staging -r {january} --rehydration-priority High"
    said = az.refused(f"{rehydrate} --rehydration-duration 31")
    assert "between 10 and 30" in said
    job = az(f"{rehydrate} --rehydration-duration 10")
    bag = finished(az, job, "RestoreWithRehydrate")["extendedInfo"]["propertyBag"]
    assert bag["Rehydrated Recovery Point Retention"] == "P10D"
    assert names(az, f"{LIST} --tier VaultStandardRehydrated") == [january]
    disks = f"{RESTORED}/providers/Microsoft.Compute/disks"
    before = len(listed(arm, disks))
    assert before == 2
    finished(az, az(f"{RESTORE} staging -r {january}"), "Restore")
    assert len(listed(arm, disks)) == 2 * before
    advance(arm, by="P10D")
    assert names(az, f"{LIST} --tier VaultArchive") == [january]


def test_a_policy_moves_points_by_itself(az: Az, arm: httpx.Client) -> None:
    live(arm, "2026-04-05", RECOMMENDED)
    tiering = "backup policy list --move-to-archive-tier"
    assert "daily" in names(az, f"{tiering} Enabled {VAULT}")
    (moved,) = az(f"{LIST} --tier VaultArchive")
    assert moved["properties"]["recoveryPointTime"].startswith(JANUARY)
