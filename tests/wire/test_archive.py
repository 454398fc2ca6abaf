"""Recovery points in the archive: moved there by users or by policies, and rehydrated.

A policy keeps the first Sunday of a month for a year, and the world begins on 1 January 2026, so
that the dates are written out by hand.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESUME,
    STOP,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    job,
    job_of,
    listed,
    protect,
    put_group,
    put_vault,
    put_vm,
    refused,
    set_clock,
    tiers,
)
from tests.wire.test_archive_readiness import (
    APRIL,
    FEBRUARY,
    JANUARY,
    MARCH,
    build,
    days,
    readiness,
    recommended,
)
from tests.wire.test_long_term_retention import AT, FIRST_SUNDAY, SUNDAY, kept

MOVE = {"sourceTierType": "HardenedRP", "targetTierType": "ArchivedRP"}
STANDARD = {"InstantRP": "Deleted", "HardenedRP": "Valid"}
ARCHIVED = {"InstantRP": "Deleted", "HardenedRP": "Deleted", "ArchivedRP": "Valid"}


def point_of(arm: httpx.Client, day: str) -> dict[str, Any]:
    (found,) = (each for each in listed(arm, POINTS) if days([each]) == [day])
    return found


def move(arm: httpx.Client, point: dict[str, Any], **body: Any) -> httpx.Response:
    return arm.post(f"{point['id']}/move", json=MOVE | body)


def test_a_moved_point_is_in_the_archive_when_its_job_is_over(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    set_clock(arm, skipOnWait="off")
    point = point_of(arm, JANUARY)
    answer = move(arm, point, objectType="MoveRPAcrossTiersRequest")
    assert answer.status_code == 202
    assert "/operationResults/" in answer.headers["location"]
    moving = job(arm, job_of(arm, answer))
    assert (moving["operation"], moving["status"]) == ("MoveRecoveryPoint", "InProgress")
    assert "actionsInfo" not in moving
    assert moving["extendedInfo"]["tasksList"] == []
    assert moving["extendedInfo"]["propertyBag"] == {
        "VM Name": "vm-1",
        "Recovery point time ": "1/4/2026 10:00:05 PM",
    }
    now = point_of(arm, JANUARY)
    assert tiers(now) == STANDARD
    assert "being moved" in readiness(now)["additionalInfo"]
    assert days(recommended(arm)) == [FEBRUARY]
    assert refused(move(arm, point)) == (409, "UserErrorRecoveryPointMoveAlreadyInProgress")
    advance(arm, until="idle")
    assert job(arm, job_of(arm, answer))["status"] == "Completed"
    now = point_of(arm, JANUARY)
    assert now == done(arm.get(point["id"])).json()
    assert tiers(now) == ARCHIVED
    assert readiness(now) == {
        "isReadyForMove": False,
        "additionalInfo": "Recovery-Point Type is not eligible for archive move as it is already "
        "moved to archive tier",
    }
    info = item(arm)["extendedInfo"]
    assert info["oldestRecoveryPoint"][:10] == JANUARY
    assert info["oldestRecoveryPointInVault"][:10] == FEBRUARY
    assert info["oldestRecoveryPointInArchive"] == info["newestRecoveryPointInArchive"]
    assert info["newestRecoveryPointInArchive"][:10] == JANUARY
    assert item(arm)["isArchiveEnabled"] is True
    only = {"$filter": "operation eq 'MoveRecoveryPoint'"}
    assert len(listed(arm, f"{VAULT_ID}/backupJobs", **only)) == 1


def test_a_move_cannot_be_cancelled(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    set_clock(arm, skipOnWait="off")
    job_id = job_of(arm, move(arm, point_of(arm, JANUARY)))
    cancelled = arm.post(f"{VAULT_ID}/backupJobs/{job_id}/cancel")
    assert refused(cancelled) == (400, "UserErrorCancellationNotSupportedForJobType")
    assert job(arm, job_id)["status"] == "InProgress"


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("objectType", "MoveRequest"),
        ("sourceTierType", "InstantRP"),
        ("sourceTierType", None),
        ("targetTierType", "HardenedRP"),
    ],
)
def test_there_is_one_way_to_move(protected: httpx.Client, field: str, sent: Any) -> None:
    point = {"id": f"{POINTS}/1"}
    answer = move(protected, point, **{field: sent})
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    assert answer.json()["error"]["target"] == field
    missing = move(protected, point)
    assert refused(missing) == (404, "BMSUserErrorRecoveryPointNotFound")


def test_a_point_that_is_not_ready_is_not_moved(arm: httpx.Client) -> None:
    build(arm, "2026-06-28", days=30, weeks=14)
    on_demand = back_up(arm)
    advance(arm, until={"job": on_demand})
    reasons = {
        "2026-06-28": "RecoveryPointTypeNotEligibleForArchive",
        "2026-06-07": "MinLifeSpanInStandardRequiredForArchive",
        APRIL: "MinLifeSpanInStandardRequiredForArchive",
    }
    for day, code in reasons.items():
        point = next(each for each in listed(arm, POINTS) if days([each]) == [day])
        assert refused(move(arm, point)) == (409, code)
        assert not readiness(done(arm.get(point["id"])).json())["isReadyForMove"]
    advance(arm, to="2026-07-10T12:00:00Z")
    needed = (409, "RecoveryPointHaveActiveDependencies")
    assert refused(move(arm, point_of(arm, APRIL))) == needed
    short = (409, "MinRemainingLifeSpanInArchiveRequired")
    assert refused(move(arm, point_of(arm, JANUARY))) == short
    delete_item(arm)
    gone = (409, "BMSUserErrorItemSoftDeleted")
    assert refused(move(arm, point_of(arm, FEBRUARY))) == gone
    assert {tiers(each).get("ArchivedRP") for each in listed(arm, POINTS)} == {None}
    assert listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Restore'"}) == []


def test_a_move_ends_with_the_data_that_is_deleted(arm: httpx.Client) -> None:
    build(arm, "2026-05-10")
    set_clock(arm, skipOnWait="off")
    job_id = job_of(arm, move(arm, point_of(arm, JANUARY)))
    assert arm.delete(ITEM_ID).status_code == 202
    advance(arm, until="idle")
    assert job(arm, job_id)["status"] == "Cancelled"
    assert tiers(point_of(arm, JANUARY)) == STANDARD


def test_a_move_of_a_point_that_expires_meanwhile_fails(serve: Served) -> None:
    arm = serve(soft_delete="disabled")
    arm.params = {"api-version": "2025-04-01"}
    build(arm, "2026-05-10")
    set_clock(arm, skipOnWait="off")
    advance(arm, to="2026-05-10T12:55:00Z")
    job_id = job_of(arm, move(arm, point_of(arm, JANUARY)))
    put_tiered(arm, None, kind="V1", months=1)
    advance(arm, until="idle")
    failed = job(arm, job_id)
    assert failed["status"] == "Failed"
    assert failed["errorDetails"][0]["errorTitle"] == "UserErrorRecoveryPointNotFound"
    assert JANUARY not in days(listed(arm, POINTS))


# --- by policy ---------------------------------------------------------------------------


def put_tiered(
    arm: httpx.Client,
    mode: dict[str, Any] | None,
    *,
    kind: str = "V2",
    months: int = 12,
    keep: int = 30,
) -> dict[str, Any]:
    """Put a policy of weekly backups that keeps monthly ones for a year and may archive them."""
    schedule: dict[str, Any] = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Daily",
        "dailySchedule": {"scheduleRunTimes": AT},
    }
    if kind == "V1":
        schedule = {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": AT,
        }
    properties: dict[str, Any] = {
        "backupManagementType": "AzureIaasVM",
        "policyType": kind,
        "schedulePolicy": schedule,
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": kept(keep, "Days"),
            "weeklySchedule": kept(5, "Weeks", **SUNDAY),
            "monthlySchedule": kept(months, "Months", **FIRST_SUNDAY),
        },
        "timeZone": "UTC",
    }
    off = {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
    properties["tieringPolicy"] = {"ArchivedRP": mode or off}
    found: dict[str, Any] = done(arm.put(POLICY_ID, json={"properties": properties})).json()
    return found


RECOMMENDED = {"tieringMode": "TierRecommended", "duration": 0, "durationType": "Invalid"}
AFTER_FOUR_MONTHS = {"tieringMode": "TierAfter", "duration": 4, "durationType": "Months"}


def live(arm: httpx.Client, until: str, mode: dict[str, Any] | None, kind: str = "V2") -> None:
    put_group(arm)
    put_vault(arm)
    put_tiered(arm, mode, kind=kind)
    put_vm(arm)
    protect(arm)
    advance(arm, to=f"{until}T12:00:00Z")


def in_archive(arm: httpx.Client) -> list[str]:
    return days([each for each in listed(arm, POINTS) if tiers(each) == ARCHIVED])


def test_a_policy_moves_what_is_recommended(arm: httpx.Client) -> None:
    live(arm, "2026-04-04", RECOMMENDED)
    assert in_archive(arm) == []
    # From the vault on the evening of 4 January, 90 days take until the evening of 4 April.
    advance(arm, to="2026-04-05T12:00:00Z")
    assert in_archive(arm) == [JANUARY]
    assert recommended(arm) == []
    advance(arm, to="2026-07-05T12:00:00Z")
    assert in_archive(arm) == [APRIL, MARCH, FEBRUARY, JANUARY]
    advance(arm, to="2027-01-06T12:00:00Z")
    assert JANUARY not in days(listed(arm, POINTS))
    moves = {"$filter": "operation eq 'MoveRecoveryPoint'"}
    assert listed(arm, f"{VAULT_ID}/backupJobs", **moves) == []


def test_a_policy_moves_what_is_old_enough(arm: httpx.Client) -> None:
    live(arm, "2026-05-04", AFTER_FOUR_MONTHS)
    assert in_archive(arm) == []
    advance(arm, to="2026-05-05T12:00:00Z")
    assert in_archive(arm) == [JANUARY]


def test_a_standard_policy_ignores_its_tiering(arm: httpx.Client) -> None:
    live(arm, "2026-06-10", RECOMMENDED, kind="V1")
    assert days(recommended(arm)) == [MARCH, FEBRUARY, JANUARY]


def test_an_edited_policy_moves_what_is_there_and_expires_what_was_moved(
    arm: httpx.Client,
) -> None:
    live(arm, "2026-05-10", None)
    assert in_archive(arm) == []
    put_tiered(arm, RECOMMENDED)
    advance(arm, by="PT1H")
    assert in_archive(arm) == [FEBRUARY, JANUARY]
    put_tiered(arm, None)
    advance(arm, to="2026-06-10T12:00:00Z")
    assert in_archive(arm) == [FEBRUARY, JANUARY]
    assert days(recommended(arm)) == [MARCH]
    put_tiered(arm, None, months=4)
    advance(arm, by="PT1H")
    assert in_archive(arm) == []


def test_stopped_data_stays_where_it_is_until_protection_is_resumed(arm: httpx.Client) -> None:
    live(arm, "2026-04-10", RECOMMENDED)
    finish(arm, arm.put(ITEM_ID, json=STOP))
    advance(arm, to="2026-09-10T12:00:00Z")
    assert in_archive(arm) == [JANUARY]
    assert FEBRUARY in days(recommended(arm))
    finish(arm, arm.put(ITEM_ID, json=RESUME))
    advance(arm, by="PT2H")
    # Of the others only April's has six months to live.
    assert in_archive(arm) == [APRIL, JANUARY]
    delete_item(arm)
    assert [readiness(each)["isReadyForMove"] for each in listed(arm, POINTS)].count(True) == 0
    advance(arm, by="P15D")
    assert refused(arm.get(ITEM_ID))[0] == 404
