"""Rehydration on the wire: what is in the archive is restored after hours, and stays for days.

The point of January is in the archive, and the world stands in the middle of May.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    STORAGE_ID,
    VAULT_ID,
    advance,
    done,
    job,
    job_of,
    listed,
    put_group,
    put_storage,
    refused,
    set_clock,
    tiers,
    vm_id,
)
from tests.wire.test_archive import ARCHIVED, move, point_of
from tests.wire.test_archive_readiness import FEBRUARY, JANUARY, build
from tests.wire.test_restores import DISKS, TARGET, fingerprints, restore

REHYDRATED = {"InstantRP": "Deleted", "HardenedRP": "Valid", "ArchivedRP": "Rehydrated"}
WITH_REHYDRATION = "IaasVMRestoreWithRehydrationRequest"
DURATION = "rehydrationRetentionDuration"
NOT_REHYDRATED = (409, "UserErrorRecoveryPointNotRehydrated")


def rehydrate(
    arm: httpx.Client, point: dict[str, Any], days: int | None = None, priority: str = "High"
) -> httpx.Response:
    info: dict[str, Any] = {"rehydrationPriority": priority}
    if days is not None:
        info[DURATION] = f"P{days}D"
    return restore(arm, point, objectType=WITH_REHYDRATION, recoveryPointRehydrationInfo=info)


@pytest.fixture
def archived(arm: httpx.Client) -> httpx.Client:
    """A client of a world whose oldest monthly point is in the archive; the clock stands still."""
    build(arm, "2026-05-10")
    put_group(arm, TARGET)
    put_storage(arm)
    set_clock(arm, skipOnWait="off")
    move(arm, point_of(arm, JANUARY))
    advance(arm, until="idle")
    return arm


def test_a_point_is_rehydrated_restored_and_archived_again(archived: httpx.Client) -> None:
    arm = archived
    point = point_of(arm, JANUARY)
    answer = rehydrate(arm, point)
    job_id = job_of(arm, answer)
    began = job(arm, job_id)
    assert (began["operation"], began["status"]) == ("RestoreWithRehydrate", "InProgress")
    assert began["actionsInfo"] == ["Cancellable"]
    assert tasks(began) == {
        "Rehydrate from Archive storage": "InProgress",
        "Transfer data from vault": "NotStarted",
    }
    bag = began["extendedInfo"]["propertyBag"]
    assert bag["Rehydration Priority"] == "High"
    assert bag["Rehydrated Recovery Point Retention"] == "P15D"
    again = (409, "UserErrorRecoveryPointRehydrationAlreadyInProgress")
    assert refused(rehydrate(arm, point)) == again
    assert refused(restore(arm, point)) == NOT_REHYDRATED
    advance(arm, by="PT1H")
    assert tasks(job(arm, job_id)) == {
        "Rehydrate from Archive storage": "Completed",
        "Transfer data from vault": "InProgress",
    }
    back = point_of(arm, JANUARY)
    assert tiers(back) == REHYDRATED
    until = back["properties"]["recoveryPointTierDetails"][2]["extendedInfo"]
    assert until["RehydratedRPExpiryTime"].startswith("2026-05-25T")
    advance(arm, until="idle")
    assert job(arm, job_id)["status"] == "Completed"
    assert restored(arm) == fingerprints(point)
    already = (409, "UserErrorRecoveryPointAlreadyRehydrated")
    assert refused(rehydrate(arm, point, days=30)) == already
    assert point_of(arm, JANUARY) == back
    plain = job_of(arm, restore(arm, point))
    advance(arm, until={"job": plain})
    assert job(arm, plain)["status"] == "Completed"
    advance(arm, by="P15D")
    assert tiers(point_of(arm, JANUARY)) == ARCHIVED
    assert refused(restore(arm, point)) == NOT_REHYDRATED
    assert rehydrate(arm, point, days=10).status_code == 202


def tasks(found: dict[str, Any]) -> dict[str, str]:
    return {task["taskId"]: task["status"] for task in found["extendedInfo"]["tasksList"]}


def restored(arm: httpx.Client) -> set[str]:
    return {disk["properties"]["contentFingerprint"] for disk in listed(arm, DISKS)}


def test_the_standard_priority_takes_most_of_a_day(archived: httpx.Client) -> None:
    rehydrate(archived, point_of(archived, JANUARY), priority="Standard")
    advance(archived, by="PT11H")
    assert tiers(point_of(archived, JANUARY)) == ARCHIVED
    advance(archived, by="PT4H")
    assert tiers(point_of(archived, JANUARY)) == REHYDRATED


def test_a_rehydration_can_be_cancelled(archived: httpx.Client) -> None:
    arm = archived
    job_id = job_of(arm, rehydrate(arm, point_of(arm, JANUARY)))
    assert arm.post(f"{VAULT_ID}/backupJobs/{job_id}/cancel").status_code == 202
    advance(arm, until="idle")
    assert job(arm, job_id)["status"] == "Cancelled"
    assert tiers(point_of(arm, JANUARY)) == ARCHIVED
    assert listed(arm, DISKS) == []


def test_what_is_in_the_archive_is_not_read(archived: httpx.Client) -> None:
    arm = archived
    point = point_of(arm, JANUARY)
    assert refused(restore(arm, point)) == NOT_REHYDRATED
    registration = {"objectType": "IaasVMILRRegistrationRequest", "virtualMachineId": vm_id()}
    files = arm.post(
        f"{point['id']}/provisionInstantItemRecovery", json={"properties": registration}
    )
    assert refused(files) == NOT_REHYDRATED
    february = point_of(arm, FEBRUARY)
    needless = (409, "UserErrorRecoveryPointRehydrationNotAllowed")
    assert refused(rehydrate(arm, february)) == needless
    asked = {"objectType": "IaasVMRestoreRequest", "recoveryType": "RestoreDisks"}
    asked |= {"targetResourceGroupId": TARGET, "sourceResourceId": vm_id()}
    asked |= {"storageAccountId": STORAGE_ID}
    body = {"id": point["id"], "properties": {"restoreRequest": asked}}
    validated = done(arm.post(f"{VAULT_ID}/backupValidateOperation", json=body)).json()
    (result,) = validated["validateOperationResponse"]["validationResults"]
    assert result["code"] == NOT_REHYDRATED[1]
    assert job_count(arm, "Restore") == 0
    assert job_count(arm, "RestoreWithRehydrate") == 0


def job_count(arm: httpx.Client, operation: str) -> int:
    only = {"$filter": f"operation eq '{operation}'"}
    return len(listed(arm, f"{VAULT_ID}/backupJobs", **only))


def test_a_rehydration_says_how_soon_and_for_how_long(archived: httpx.Client) -> None:
    point = point_of(archived, JANUARY)
    lengths = [
        {"rehydrationPriority": "High", DURATION: sent}
        for sent in ("P9D", "P31D", "P10DT1H", "P1M", "15")
    ]
    for info, field in (
        (None, ""),
        ({}, ".rehydrationPriority"),
        *((each, f".{DURATION}") for each in lengths),
    ):
        asked = {"objectType": WITH_REHYDRATION, "recoveryPointRehydrationInfo": info}
        answer = restore(archived, point, **asked)
        assert refused(answer) == (400, "BMSUserErrorInvalidInput")
        target = answer.json()["error"]["target"]
        assert target == f"properties.recoveryPointRehydrationInfo{field}"
    unasked = restore(archived, point, recoveryPointRehydrationInfo=lengths[0])
    assert refused(unasked) == (400, "BMSUserErrorInvalidInput")
    wrong = {"rehydrationPriority": "Low"}
    asked = {"objectType": WITH_REHYDRATION, "recoveryPointRehydrationInfo": wrong}
    assert refused(restore(archived, point, **asked)) == (400, "InvalidRequestContent")
    assert job_count(archived, "RestoreWithRehydrate") == 0
