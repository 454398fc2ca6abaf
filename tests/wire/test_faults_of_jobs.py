"""Jobs that a fault makes fail: what the job, the item and its recovery points show of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from app.client import ControlPlane
from app.server import start
from app.settings import Settings
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    RESTORE,
    VAULT_ID,
    advance,
    back_up,
    done,
    item,
    item_id,
    job,
    job_of,
    listed,
    now,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    tiers,
    times,
)
from tests.wire.protected_databases import SALES, back_up_database, kinds, points, sql_world
from tests.wire.shares import protect_share, put_share_policy, register, share_world

FAULTS = "/_emulator/faults"


def arm_fault(arm: httpx.Client, fault: str, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.post(FAULTS, json={"fault": fault, **how})).json()
    return found


def armed(arm: httpx.Client) -> list[tuple[str, int | None, int]]:
    """What is armed: its name, how often it still may strike, how often it did."""
    found = done(arm.get(FAULTS)).json()["value"]
    return [(each["fault"], each["left"], each["struck"]) for each in found]


def backups(arm: httpx.Client) -> list[tuple[str, str, str]]:
    """Whose backups there were, when, and how they went; oldest first."""
    found = [each["properties"] for each in listed(arm, f"{VAULT_ID}/backupJobs")]
    shown = [
        (each["startTime"][5:13], each["entityFriendlyName"], each["status"])
        for each in found
        if each["operation"] == "Backup"
    ]
    return sorted(shown)


def tasks(properties: dict[str, Any]) -> dict[str, str]:
    return {task["taskId"]: task["status"] for task in properties["extendedInfo"]["tasksList"]}


@pytest.fixture
def vault(arm: httpx.Client) -> httpx.Client:
    """A vault with two VMs under a policy that backs them up at 22:00."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    for vm in ("vm-1", "vm-2"):
        put_vm(arm, vm)
        protect(arm, vm)
    return arm


def test_a_transfer_fails_once_and_the_next_backup_makes_up_for_it(vault: httpx.Client) -> None:
    shown = arm_fault(vault, "transfer-fails", subject=ITEM_ID, count=1)
    assert (shown["left"], shown["struck"], shown["code"]) == (1, 0, "BackUpOperationFailedV2")
    job_id = back_up(vault)
    advance(vault, until="idle")
    failed = job(vault, job_id)
    assert failed["status"] == "CompletedWithWarnings"
    assert tasks(failed) == {"Take Snapshot": "Completed", "Transfer data to vault": "Failed"}
    assert "Backup Size" not in failed["extendedInfo"]["propertyBag"]
    (error,) = failed["errorDetails"]
    assert error["errorTitle"] == "BackUpOperationFailedV2"
    assert error["errorString"]
    assert error["recommendations"]
    unwell = item(vault)
    assert unwell["lastBackupStatus"] == "CompletedWithWarnings"
    assert unwell["healthStatus"] == "ActionSuggested"
    assert unwell["healthDetails"][0]["title"] == "BackUpOperationFailedV2"
    kpi = unwell["kpisHealths"]["BackupOperationStatusKPI"]
    assert kpi["resourceHealthStatus"] == "TransientDegraded"
    assert unwell["protectionState"] == "IRPending"
    (point,) = listed(vault, POINTS)
    assert tiers(point) == {"InstantRP": "Valid"}
    assert armed(vault) == [("transfer-fails", 0, 1)]
    health = f"{VAULT_ID}/backupProtectedItems"
    suggested = listed(vault, health, **{"$filter": "healthState eq 'ActionSuggested'"})
    assert [each["properties"]["friendlyName"] for each in suggested] == ["vm-1"]

    advance(vault, to="2026-01-02T12:00:00Z")
    assert item(vault)["healthStatus"] == "Passed"
    assert item(vault)["protectionState"] == "Protected"
    assert tiers(listed(vault, POINTS)[0]) == {"InstantRP": "Valid", "HardenedRP": "Valid"}
    # What has no copy in the vault goes with its snapshot; the others stay.
    assert len(times(vault)) == 2
    advance(vault, by="P3D")
    assert len([each for each in times(vault) if each < "2026-01-01T12"]) == 0
    assert len(times(vault)) == 4


def test_a_snapshot_fails_by_name_time_and_count(vault: httpx.Client) -> None:
    arm_fault(vault, "agent-not-ready", subject="vm-*", after="P1D", until="P3D", count=3)
    advance(vault, by="P4D")
    failed = [at for at, _, status in backups(vault) if status == "Failed"]
    assert failed == ["01-02T22", "01-02T22", "01-03T22"]
    assert len(backups(vault)) == 8
    assert armed(vault) == [("agent-not-ready", 0, 3)]


def test_a_failed_snapshot_leaves_no_point_and_tells_why(vault: httpx.Client) -> None:
    arm_fault(vault, "agent-not-ready", subject="vm-1")
    job_id = back_up(vault)
    advance(vault, until="idle")
    failed = job(vault, job_id)
    assert failed["status"] == "Failed"
    assert tasks(failed) == {"Take Snapshot": "Failed", "Transfer data to vault": "NotStarted"}
    assert failed["errorDetails"][0]["errorTitle"] == "UserErrorGuestAgentStatusUnavailable"
    assert item(vault)["healthStatus"] == "ActionRequired"
    assert item(vault)["lastBackupStatus"] == "Failed"
    assert times(vault) == []
    done(vault.delete(f"{FAULTS}/agent-not-ready"))
    assert armed(vault) == []
    back_up(vault)
    advance(vault, until="idle")
    assert item(vault)["healthStatus"] == "Passed"
    assert len(times(vault)) == 1


def test_what_has_one_phase_fails_as_a_whole(arm: httpx.Client) -> None:
    sql_world(arm)
    arm_fault(arm, "transfer-fails", subject="vm-that-is-not-there")
    arm_fault(arm, "transfer-fails", subject=SALES, count=1)
    failed = job(arm, back_up_database(arm))
    assert failed["status"] == "Failed"
    assert failed["errorDetails"][0]["errorTitle"] == "BackUpOperationFailedV2"
    assert tasks(failed) == {"Transfer data to vault": "Failed"}
    unwell = item(arm, SALES)
    assert unwell["protectedItemHealthStatus"] == "Unhealthy"
    assert unwell["lastBackupErrorDetail"]["code"] == "BackUpOperationFailedV2"
    assert points(arm) == []
    assert job(arm, back_up_database(arm))["status"] == "Completed"
    assert len(kinds(arm)) == 1


def test_a_backup_of_a_share_fails_though_it_only_has_a_snapshot(arm: httpx.Client) -> None:
    share_world(arm, "share-1")
    register(arm)
    put_share_policy(arm)
    path = protect_share(arm)
    arm_fault(arm, "snapshot-fails")  # of VMs
    arm_fault(arm, "transfer-fails", count=1)
    sent = {"properties": {"objectType": "AzureFileShareBackupRequest"}}
    statuses = []
    for _ in range(2):
        job_id = job_of(arm, arm.post(f"{path}/backup", json=sent))
        advance(arm, until="idle")
        statuses.append(job(arm, job_id)["status"])
    assert statuses == ["Failed", "Completed"]
    assert len(times(arm, f"{path}/recoveryPoints")) == 1


def test_faults_outlive_a_restart(stored_world: str, tmp_path: Path) -> None:
    settings = Settings(port=0, https_port=None, database=stored_world, home=tmp_path)
    with start(settings) as server, ControlPlane(server.http_url) as control:
        armed_there = control.faults.arm("throttled", count=3, until="P1D")
        assert httpx.get(f"{server.http_url}{GROUP_ID}?api-version=2021-04-01").status_code == 429
    with start(settings) as server, ControlPlane(server.http_url) as control:
        assert control.faults.list() == [armed_there | {"left": 2, "struck": 1}]
        assert httpx.get(f"{server.http_url}{GROUP_ID}?api-version=2021-04-01").status_code == 429
        control.reset()
        assert control.faults.list() == []
        assert httpx.get(f"{server.http_url}{GROUP_ID}?api-version=2021-04-01").status_code == 404


def test_another_of_azures_codes_may_be_shown(vault: httpx.Client) -> None:
    arm_fault(vault, "snapshot-fails", code="usererrorfsfreezefailed", count=1)
    job_id = back_up(vault)
    advance(vault, until="idle")
    assert job(vault, job_id)["errorDetails"][0]["errorTitle"] == "UserErrorFsFreezeFailed"


def test_a_restore_fails_and_makes_nothing(vault: httpx.Client) -> None:
    put_storage(vault)
    back_up(vault)
    advance(vault, until="idle")
    before = [each["id"] for each in listed(vault, f"{GROUP_ID}/resources")]
    point = listed(vault, POINTS)[0]["id"]
    arm_fault(vault, "restore-fails", subject=VAULT_ID, count=1)
    job_id = job_of(vault, vault.post(f"{point}/restore", json=RESTORE))
    advance(vault, until="idle")
    failed = job(vault, job_id)
    assert failed["status"] == "Failed"
    assert failed["errorDetails"][0]["errorTitle"] == "BackUpOperationFailed"
    assert tasks(failed) == {"Transfer data from vault": "Failed"}
    assert [each["id"] for each in listed(vault, f"{GROUP_ID}/resources")] == before
    kpi = item(vault)["kpisHealths"]["RestoreOperationStatusKPI"]
    assert kpi["resourceHealthStatus"] == "TransientDegraded"


def test_a_vaults_key_that_is_taken_away_fails_backups_and_restores(vault: httpx.Client) -> None:
    put_vm(vault)
    protect(vault)
    put_storage(vault)
    advance(vault, until={"job": back_up(vault)})
    [kept] = listed(vault, POINTS)
    arm_fault(vault, "vault-key-denied", count=2)
    failed = back_up(vault)
    advance(vault, until={"job": failed})
    restored = job_of(vault, vault.post(f"{kept['id']}/restore", json=RESTORE))
    advance(vault, until={"job": restored})
    for each, status in ((failed, "CompletedWithWarnings"), (restored, "Failed")):
        shown = job(vault, each)
        assert shown["status"] == status
        assert shown["errorDetails"][0]["errorTitle"] == (
            "UserErrorCMKMissingMangedIdentityPermissionOnKeyVault"
        )
    assert list(tiers(listed(vault, POINTS)[0])) == ["InstantRP"]
    assert armed(vault)[0][1:] == (0, 2)


def test_half_of_the_backups_fail_alike_whenever_the_clock_is_moved(vault: httpx.Client) -> None:
    arm_fault(vault, "snapshot-fails", probability=0.5)
    advance(vault, by="P20D")
    statuses = [status for _, _, status in backups(vault)]
    assert 8 < statuses.count("Failed") < 32
    assert statuses.count("Failed") == done(vault.get(FAULTS)).json()["value"][0]["struck"]


def test_only_what_is_in_a_subscription_is_struck(vault: httpx.Client) -> None:
    other = "99999999-2222-3333-4444-555555555555"
    answer = done(vault.post(FAULTS, params={"subscription": other}, json={"fault": "no-network"}))
    assert answer.json()["subscription"] == other
    back_up(vault)
    back_up(vault, item_id("vm-2"))
    advance(vault, until="idle")
    assert {status for _, _, status in backups(vault)} == {"Completed"}
    mine = {"subscription": VAULT_ID.split("/")[2]}
    assert done(vault.get(FAULTS, params=mine)).json()["value"] == []
    assert done(vault.delete(FAULTS, params=mine)).json()["value"] == []
    assert len(armed(vault)) == 1
    assert len(done(vault.delete(FAULTS)).json()["value"]) == 1


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"fault": "transfer-fail"}, "did you mean 'transfer-fails'?"),
        ({"fault": "throttled", "probabilty": 1}, "did you mean 'probability'?"),
        ({"fault": "throttled", "probability": 1.5}, "allowed: above 0"),
        ({"fault": "throttled", "duration": "5 seconds"}, "such as PT30S"),
        ({"fault": "throttled", "duration": "PT0.5S"}, "whole seconds"),
        ({"fault": "transfer-fails", "duration": "PT1H"}, "takes none"),
        ({"fault": "throttled", "after": "tomorrow"}, "a duration from now"),
        ({"fault": "throttled", "until": "2025-01-01"}, "until: "),
        ({"fault": "throttled", "count": 0}, "allowed: 1 to 1000000"),
        ({"fault": "throttled", "code": "X"}, "makes no job fail"),
        ({"fault": "no-network", "code": "UserErrorFsFreezFailed"}, "'UserErrorFsFreezeFailed'?"),
        ({"fault": "region-down", "subject": "westeurop"}, "did you mean 'westeurope'?"),
        ({"fault": "region-down"}, "a region's name"),
        ({"fault": "throttled", "subscription": "mine"}, "no GUID"),
        ({"fault": "throttled", "subject": " "}, "subject: "),
    ],
)
def test_what_cannot_be_armed_is_refused_with_what_can(
    arm: httpx.Client, sent: dict[str, Any], told: str
) -> None:
    answer = arm.post(FAULTS, json=sent)
    code = "UnknownFault" if sent["fault"] == "transfer-fail" else "InvalidFault"
    assert refused(answer) == (400, code)
    assert told in answer.json()["error"]["message"]
    assert armed(arm) == []
    assert now(arm) == "2026-01-01T00:00:00Z"


def test_what_is_not_armed_cannot_be_disarmed(arm: httpx.Client) -> None:
    arm_fault(arm, "throttled")
    answer = arm.delete(f"{FAULTS}/transfer-fails")
    assert refused(answer) == (404, "FaultNotFound")
    assert "throttled" in answer.json()["error"]["message"]
    assert len(armed(arm)) == 1
