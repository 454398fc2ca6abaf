"""Recovery points on the wire: their shape, their tiers as they age, and the list."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    VAULT_ID,
    advance,
    back_up,
    done,
    item_id,
    job,
    listed,
    protect,
    put_vm,
    refused,
    set_clock,
    tiers,
    times,
    vm_id,
)

TYPE = (
    "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
    "/recoveryPoints"
)
ALWAYS = {
    "objectType",
    "recoveryPointType",
    "recoveryPointTime",
    "recoveryPointAdditionalInfo",
    "sourceVMStorageType",
    "isSourceVMEncrypted",
    "isInstantIlrSessionActive",
    "recoveryPointTierDetails",
    "isManagedVirtualMachine",
    "virtualMachineSize",
    "originalStorageAccountOption",
    "osType",
    "recoveryPointMoveReadinessInfo",
    "securityType",
    "recoveryPointDiskConfiguration",
    "isPrivateAccessEnabledOnAnyDisk",
    "createdWithPolicyType",
}


def backed_up(arm: httpx.Client, path: str = ITEM_ID) -> dict[str, Any]:
    """Back up to the end and return the recovery point."""
    advance(arm, until={"job": back_up(arm, path)})
    return listed(arm, f"{path}/recoveryPoints")[0]


# --- its shape ---------------------------------------------------------------------------


def test_a_new_point_has_the_fields_of_the_recordings(protected: httpx.Client) -> None:
    point = backed_up(protected)
    assert set(point) == {"id", "name", "type", "properties"}
    assert point["id"] == f"{POINTS}/{point['name']}"
    assert point["name"].isdigit()
    assert 14 <= len(point["name"]) <= 18
    assert point["type"] == TYPE
    assert set(point["properties"]) == ALWAYS
    expected = {
        "objectType": "IaasVMRecoveryPoint",
        "recoveryPointAdditionalInfo": "",
        "isManagedVirtualMachine": True,
        "virtualMachineSize": "Standard_D2s_v5",
        "osType": "Linux",
        "securityType": "None",
        "originalStorageAccountOption": False,
    }
    assert {name: point["properties"][name] for name in expected} == expected
    assert point["properties"]["recoveryPointMoveReadinessInfo"]["ArchivedRP"] == {
        "isReadyForMove": False,
        "additionalInfo": "Recovery-Point Type is not eligible for archive move as only monthly "
        "and yearly recovery points are.",
    }


def test_a_point_is_taken_seconds_after_its_job_began(protected: httpx.Client) -> None:
    set_clock(protected, skipOnWait="off")
    job_id = back_up(protected)
    advance(protected, until="idle")
    began = datetime.fromisoformat(job(protected, job_id)["startTime"])
    (taken,) = (datetime.fromisoformat(each) for each in times(protected))
    assert taken - began == timedelta(seconds=5)


def test_a_listed_point_looks_as_it_does_alone(protected: httpx.Client) -> None:
    advance(protected, by="P5D")
    for point in listed(protected, POINTS):
        assert protected.get(point["id"]).json() == point
        assert protected.get(point["id"].lower()).json() == point


def test_a_point_lists_the_disks_that_it_holds(protected: httpx.Client) -> None:
    disks = backed_up(protected)["properties"]["recoveryPointDiskConfiguration"]
    assert disks["numberOfDisksIncludedInBackup"] == disks["numberOfDisksAttachedToVm"] == 2
    assert [disk["lun"] for disk in disks["includedDiskList"]] == [-1, 0]
    assert disks["excludedDiskList"] == []


def test_two_points_hold_different_content(protected: httpx.Client) -> None:
    first, second = backed_up(protected), backed_up(protected)

    def content(point: dict[str, Any]) -> set[str]:
        disks = point["properties"]["recoveryPointDiskConfiguration"]["includedDiskList"]
        return {disk["contentFingerprint"] for disk in disks}

    assert not content(first) & content(second)


# --- how consistent it is -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("os", "powered_on", "consistency"),
    [
        ("Linux", True, "FileSystemConsistent"),
        ("Windows", True, "AppConsistent"),
        ("Linux", False, "CrashConsistent"),
        ("Windows", False, "CrashConsistent"),
    ],
)
def test_the_consistency_of_a_point_is_that_of_its_vm(
    vault: httpx.Client, os: str, powered_on: bool, consistency: str
) -> None:
    put_vm(vault, os=os)
    protect(vault)
    if not powered_on:
        done(vault.post(f"{vm_id()}/deallocate"))
    assert backed_up(vault)["properties"]["recoveryPointType"] == consistency


# --- its tiers as it ages -----------------------------------------------------------------


def test_a_point_is_in_the_snapshot_tier_first_and_then_in_the_vault_too(
    protected: httpx.Client,
) -> None:
    job_id = back_up(protected)
    assert listed(protected, POINTS) == []
    advance(protected, by="PT8M")
    (early,) = listed(protected, POINTS)
    assert tiers(early) == {"InstantRP": "Valid"}
    advance(protected, until={"job": job_id})
    (late,) = listed(protected, POINTS)
    assert tiers(late) == {"InstantRP": "Valid", "HardenedRP": "Valid"}
    assert late["name"] == early["name"]


def test_an_ageing_point_shows_the_end_of_its_snapshot_first(protected: httpx.Client) -> None:
    advance(protected, by="P6D")
    newest, *older = [point["properties"] for point in listed(protected, POINTS)]
    assert "recoveryPointProperties" not in newest
    for properties in older:
        taken = datetime.fromisoformat(properties["recoveryPointTime"])
        shown = properties["recoveryPointProperties"]
        in_snapshot = properties["recoveryPointTierDetails"][0]["status"] == "Valid"
        days = 2 if in_snapshot else 30
        assert shown["expiryTime"] == f"{taken + timedelta(days=days):%Y-%m-%dT%H:%M:%S}"
        assert (shown["ruleName"], shown["isSoftDeleted"]) == ("Daily", False)


def test_a_snapshot_that_is_gone_stays_listed_as_deleted(protected: httpx.Client) -> None:
    advance(protected, by="P6D")
    shown = [tiers(point)["InstantRP"] for point in listed(protected, POINTS)]
    assert shown[0] == "Valid"
    assert shown[-1] == "Deleted"
    assert shown == sorted(shown, reverse=True)
    assert {tiers(point)["HardenedRP"] for point in listed(protected, POINTS)} == {"Valid"}


def test_the_newest_point_shows_when_it_ends_from_its_second_day_on(
    protected: httpx.Client,
) -> None:
    set_clock(protected, skipOnWait="off")
    advance(protected, until={"job": back_up(protected, until="2026-01-20T00:00:00Z")})
    done(protected.delete(vm_id()))
    assert "recoveryPointProperties" not in listed(protected, POINTS)[0]["properties"]
    advance(protected, by="P1D")
    shown = listed(protected, POINTS)[0]["properties"]["recoveryPointProperties"]
    assert "ruleName" not in shown
    assert not shown["expiryTime"].endswith("Z")


# --- the list ----------------------------------------------------------------------------


def test_points_are_listed_newest_first(protected: httpx.Client) -> None:
    advance(protected, by="P10D")
    assert times(protected) == [f"2026-01-{day:02d}T22:00:05Z" for day in range(10, 0, -1)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("startDate eq '2026-01-03 12:00:00 AM'", 3),
        ("endDate eq '2026-01-03 12:00:00 AM'", 2),
        ("startDate eq '2026-01-02 10:00:05 PM' and endDate eq '2026-01-04 10:00:05 PM'", 3),
        ("startDate eq '2026-01-02 10:00:06 PM' and endDate eq '2026-01-04 10:00:04 PM'", 1),
        ("startDate eq '2026-01-04T00:00:00Z'", 2),
        ("startDate eq '2027-01-01 12:00:00 AM'", 0),
        ("restorePointQueryType eq 'Full'", 5),
        ("restorePointQueryType eq 'Log'", 0),
        ("extendedInfo eq 'True'", 5),
        ("startDate eq '2026-01-03' and endDate eq '1/4/2026 12:00:00 AM'", 1),
        ("moveReadyRPOnly eq 'True'", 0),
        ("moveReadyRPOnly eq 'False'", 5),
        ("includeSoftDeletedRP eq 'False'", 5),
        ("restorePointQueryType eq 'SnapshotFull'", 0),
    ],
)
def test_points_are_filtered_by_what_is_asked(
    protected: httpx.Client, text: str, count: int
) -> None:
    advance(protected, by="P5D")
    assert len(listed(protected, POINTS, **{"$filter": text})) == count


@pytest.mark.parametrize(
    "name", ["0", "1" * 18, "9" * 19, "9" * 400, "x", "-1", "%20", "%EF%BC%91"]
)
def test_a_point_that_is_not_there_is_not_found(protected: httpx.Client, name: str) -> None:
    advance(protected, by="P2D")
    assert refused(protected.get(f"{POINTS}/{name}")) == (404, "BMSUserErrorRecoveryPointNotFound")


def test_a_point_of_another_item_is_not_found(protected: httpx.Client) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    point = backed_up(protected)
    path = f"{item_id('vm-2')}/recoveryPoints/{point['name']}"
    assert refused(protected.get(path)) == (404, "BMSUserErrorRecoveryPointNotFound")


def test_the_points_of_an_item_that_is_not_there_are_refused(vault: httpx.Client) -> None:
    assert refused(vault.get(POINTS)) == (404, "BMSUserErrorDataSourceObjectNotFound")
    nowhere = POINTS.replace(VAULT_ID, VAULT_ID.replace("vault-1", "vault-9"))
    assert refused(vault.get(nowhere)) == (404, "ResourceNotFound")


def test_points_of_items_that_share_an_instant_have_names_of_their_own(
    protected: httpx.Client,
) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    advance(protected, by="P2D")
    mine, theirs = listed(protected, POINTS), listed(protected, f"{item_id('vm-2')}/recoveryPoints")
    assert len(mine) == len(theirs) == 2
    assert not {point["name"] for point in mine} & {point["name"] for point in theirs}
