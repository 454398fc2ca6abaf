"""Enhanced policies over the wire: which backups of a day are vaulted, and what the others leave.

The dates are written out by hand from docs/decisions/0043; VMs are protected at 13:00 on 1
January 2026, a Thursday.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    HOURLY_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESUME,
    STOP,
    VAULT_ID,
    advance,
    back_up,
    done,
    finish,
    item,
    item_body,
    job,
    listed,
    protect,
    put_hourly,
    put_policy,
    refused,
    tiers,
    vm_id,
)


def points(arm: httpx.Client) -> list[tuple[str, str]]:
    """The points, oldest first: when they were taken, and the tiers that they are in."""
    short = {"InstantRP": "snapshot", "HardenedRP": "vault"}
    return [
        (
            point["properties"]["recoveryPointTime"][5:16],
            " ".join(short[name] for name, status in tiers(point).items() if status == "Valid"),
        )
        for point in reversed(listed(arm, POINTS))
    ]


def life(arm: httpx.Client, time: str) -> dict[str, Any]:
    (point,) = [
        each["properties"]
        for each in listed(arm, POINTS)
        if each["properties"]["recoveryPointTime"][5:16] == time
    ]
    found: dict[str, Any] = point["recoveryPointProperties"]
    return found


@pytest.fixture
def hourly(vault: httpx.Client) -> httpx.Client:
    """A vault with a VM that is backed up at 8, 12, 16 and 20 o'clock, from 16:00 on."""
    protect_hourly(vault)
    return vault


def protect_hourly(arm: httpx.Client, **how: Any) -> dict[str, Any]:
    done(arm.put(vm_id(), json=VM))
    shown = put_hourly(arm, **how)
    advance(arm, to="2026-01-01T13:00:00Z")
    protect(arm, policy=HOURLY_ID)
    return shown


VM = {
    "location": "westeurope",
    "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "osDisk": {"createOption": "FromImage", "diskSizeGB": 30, "osType": "Windows"}
        },
    },
}


def test_only_the_last_backup_of_a_day_is_vaulted(hourly: httpx.Client) -> None:
    advance(hourly, to="2026-01-02T13:00:00Z")
    assert points(hourly) == [
        ("01-01T16:00", "snapshot"),
        ("01-01T20:00", "snapshot vault"),
        ("01-02T08:00", "snapshot"),
        ("01-02T12:00", "snapshot"),
    ]
    advance(hourly, to="2026-01-04T13:00:00Z")
    # Snapshots live for two days; what was vaulted lives on without its snapshot.
    assert points(hourly) == [
        ("01-01T20:00", "vault"),
        ("01-02T16:00", "snapshot"),
        ("01-02T20:00", "snapshot vault"),
        ("01-03T08:00", "snapshot"),
        ("01-03T12:00", "snapshot"),
        ("01-03T16:00", "snapshot"),
        ("01-03T20:00", "snapshot vault"),
        ("01-04T08:00", "snapshot"),
        ("01-04T12:00", "snapshot"),
    ]
    assert life(hourly, "01-01T20:00") == {
        "expiryTime": "2026-01-31T20:00:05",
        "ruleName": "Daily",
        "isSoftDeleted": False,
    }
    assert life(hourly, "01-02T16:00") == {
        "expiryTime": "2026-01-04T16:00:05",
        "isSoftDeleted": False,
    }


def test_a_backup_that_is_not_vaulted_shows_its_transfer_as_skipped(hourly: httpx.Client) -> None:
    assert item(hourly)["protectionState"] == "IRPending"
    advance(hourly, to="2026-01-01T17:00:00Z")
    (found,) = listed(hourly, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})
    shown = job(hourly, found["name"])
    assert shown["status"] == "Completed"
    assert [(task["taskId"], task["status"]) for task in shown["extendedInfo"]["tasksList"]] == [
        ("Take Snapshot", "Completed"),
        ("Transfer data to vault", "Skipped"),
    ]
    shown = item(hourly)
    assert (shown["protectionState"], shown["lastBackupStatus"]) == ("Protected", "Completed")
    assert (shown["policyType"], shown["policyName"]) == ("V2", "hourly")
    (point,) = listed(hourly, POINTS)
    assert point["properties"]["createdWithPolicyType"] == "V2"
    assert point["properties"]["recoveryPointType"] == "AppConsistent"


def cancel_backup_of(arm: httpx.Client, time: str) -> None:
    """Cancel the backup that starts at a time, while its snapshot is being taken."""
    advance(arm, to=time)
    (running,) = listed(arm, f"{VAULT_ID}/backupJobs", **{"$filter": "status eq 'InProgress'"})
    done(arm.post(f"{VAULT_ID}/backupJobs/{running['name']}/cancel"))


def test_what_the_last_backup_owes_the_first_of_the_next_day_settles(
    hourly: httpx.Client,
) -> None:
    cancel_backup_of(hourly, "2026-01-01T20:00:00Z")
    advance(hourly, to="2026-01-03T07:00:00Z")
    assert points(hourly) == [
        ("01-01T16:00", "snapshot"),
        ("01-02T08:00", "snapshot vault"),
        ("01-02T12:00", "snapshot"),
        ("01-02T16:00", "snapshot"),
        ("01-02T20:00", "snapshot vault"),
    ]
    assert life(hourly, "01-02T08:00")["ruleName"] == "Daily"


def test_it_stays_owed_while_the_first_backup_fails_too(hourly: httpx.Client) -> None:
    cancel_backup_of(hourly, "2026-01-01T20:00:00Z")
    cancel_backup_of(hourly, "2026-01-02T08:00:00Z")
    cancel_backup_of(hourly, "2026-01-02T20:00:00Z")
    cancel_backup_of(hourly, "2026-01-03T12:00:00Z")  # owes nothing
    advance(hourly, to="2026-01-04T13:00:00Z")
    assert [time for time, tier in points(hourly) if "vault" in tier] == [
        "01-03T08:00",
        "01-03T20:00",
    ]


def test_a_stop_forgets_what_is_owed(hourly: httpx.Client) -> None:
    cancel_backup_of(hourly, "2026-01-01T20:00:00Z")
    advance(hourly, by="PT1M")
    finish(hourly, hourly.put(ITEM_ID, json=STOP))
    resume = {"properties": RESUME["properties"] | {"policyId": HOURLY_ID}}
    finish(hourly, hourly.put(ITEM_ID, json=resume))
    advance(hourly, to="2026-01-02T15:00:00Z")
    assert [tier for _, tier in points(hourly)] == ["snapshot", "snapshot", "snapshot"]


def test_a_window_over_midnight_is_vaulted_at_the_end_of_the_calendar_day(
    vault: httpx.Client,
) -> None:
    protect_hourly(vault, start="20:00", hours=8)
    advance(vault, to="2026-01-03T06:00:00Z")
    assert points(vault) == [
        ("01-01T20:00", "snapshot vault"),
        ("01-02T00:00", "snapshot"),
        ("01-02T04:00", "snapshot"),
        ("01-02T20:00", "snapshot vault"),
        ("01-03T00:00", "snapshot"),
        ("01-03T04:00", "snapshot"),
    ]


def test_an_on_demand_backup_is_always_vaulted(hourly: httpx.Client) -> None:
    advance(hourly, to="2026-01-01T17:00:00Z")
    back_up(hourly, until="2026-03-01T00:00:00Z")
    advance(hourly, to="2026-01-01T19:00:00Z")
    assert points(hourly) == [("01-01T16:00", "snapshot"), ("01-01T17:00", "snapshot vault")]
    advance(hourly, to="2026-01-03T19:00:00Z")
    assert life(hourly, "01-01T17:00")["expiryTime"] == "2026-03-01T00:00:00"


def test_snapshot_days_of_an_edit_are_for_the_snapshots_that_are_there(
    hourly: httpx.Client,
) -> None:
    advance(hourly, to="2026-01-03T13:00:00Z")
    put_hourly(hourly, instant=1)
    # A sweep comes on the hour; the newest stays.
    advance(hourly, to="2026-01-03T15:00:00Z")
    assert points(hourly) == [
        ("01-01T20:00", "vault"),
        ("01-02T16:00", "snapshot"),
        ("01-02T20:00", "snapshot vault"),
        ("01-03T08:00", "snapshot"),
        ("01-03T12:00", "snapshot"),
    ]
    put_hourly(hourly, instant=17)
    advance(hourly, to="2026-01-18T13:00:00Z")
    assert points(hourly)[1] == ("01-02T16:00", "snapshot")
    assert life(hourly, "01-02T16:00")["expiryTime"] == "2026-01-19T16:00:05"


def test_only_crash_consistent_points_come_of_a_policy_that_says_so(vault: httpx.Client) -> None:
    shown = protect_hourly(vault, snapshotConsistencyType="OnlyCrashConsistent")
    assert shown["snapshotConsistencyType"] == "OnlyCrashConsistent"
    back_up(vault)
    advance(vault, to="2026-01-01T17:00:00Z")
    kinds = [each["properties"]["recoveryPointType"] for each in listed(vault, POINTS)]
    assert kinds == ["CrashConsistent", "CrashConsistent"]
    assert "snapshotConsistencyType" not in put_hourly(vault)
    advance(vault, to="2026-01-01T21:00:00Z")
    assert listed(vault, POINTS)[0]["properties"]["recoveryPointType"] == "AppConsistent"


def use(arm: httpx.Client, policy: str) -> httpx.Response:
    return arm.put(ITEM_ID, json=item_body(policyId=policy, sourceResourceId=vm_id()))


def test_an_item_goes_from_standard_to_enhanced_and_never_back(hourly: httpx.Client) -> None:
    put_policy(hourly)
    answer = use(hourly, POLICY_ID)
    assert refused(answer) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert "never" in answer.text or "does not let it go back" in answer.text
    assert item(hourly)["policyName"] == "hourly"
    finish(hourly, hourly.put(ITEM_ID, json=STOP))
    assert refused(use(hourly, POLICY_ID))[0] == 400
    finish(hourly, use(hourly, HOURLY_ID))


def test_standard_points_stay_when_their_item_becomes_enhanced(protected: httpx.Client) -> None:
    advance(protected, to="2026-01-03T12:00:00Z")
    put_hourly(protected)
    finish(protected, use(protected, HOURLY_ID))
    assert item(protected)["policyType"] == "V2"
    advance(protected, to="2026-01-03T21:00:00Z")
    kinds = [each["properties"]["createdWithPolicyType"] for each in listed(protected, POINTS)]
    assert kinds == ["V2", "V2", "V2", "V1", "V1"], "the first of V2 is the migration's own"
    assert [tier for _, tier in points(protected)][-1] == "snapshot vault"


def backups_of(arm: httpx.Client) -> list[tuple[str, str]]:
    """The backups of the vault's items, newest first: when they started, and how they stand."""
    query = {"$filter": "operation eq 'Backup'"}
    found = [each["properties"] for each in listed(arm, f"{VAULT_ID}/backupJobs", **query)]
    return [(each["startTime"][5:16], each["status"]) for each in found]


def test_a_migration_waits_for_no_backup_and_makes_one(protected: httpx.Client) -> None:
    put_hourly(protected)
    advance(protected, to="2026-01-02T12:00:00Z")
    running = back_up(protected)
    for _phase in ("snapshot", "transfer"):
        answer = use(protected, HOURLY_ID)
        assert refused(answer) == (409, "UserErrorBackupOperationInProgress")
        advance(protected, by="PT6M")
    advance(protected, until={"job": running})
    assert item(protected)["policyType"] == "V1"
    assert len(backups_of(protected)) == 2
    finish(protected, use(protected, HOURLY_ID))
    assert [status for _, status in backups_of(protected)] == [
        "InProgress", "Completed", "Completed"
    ]  # fmt: skip
    advance(protected, until="idle")
    newest = listed(protected, POINTS)[0]["properties"]
    assert newest["createdWithPolicyType"] == "V2"
    assert [tier for _, tier in points(protected)][-1] == "snapshot vault"
    configured = listed(
        protected, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'ConfigureBackup'"}
    )
    assert configured[0]["properties"]["status"] == "Completed"


def test_what_migrates_nothing_backs_up_nothing(protected: httpx.Client) -> None:
    put_hourly(protected)
    finish(protected, use(protected, HOURLY_ID))
    assert backups_of(protected) == [], "there was no point yet"
    other = HOURLY_ID.replace("hourly", "EnhancedPolicy")
    advance(protected, to="2026-01-02T09:00:00Z")
    made = backups_of(protected)
    finish(protected, use(protected, other))
    assert backups_of(protected) == made, "from one Enhanced policy to another one"


def test_a_stopped_item_migrates_as_it_is_resumed(protected: httpx.Client) -> None:
    put_hourly(protected)
    advance(protected, to="2026-01-02T12:00:00Z")
    finish(protected, protected.put(ITEM_ID, json=STOP))
    finish(protected, use(protected, HOURLY_ID))
    assert [status for _, status in backups_of(protected)] == ["InProgress", "Completed"]


def test_the_enhanced_policy_that_every_vault_has_protects(vault: httpx.Client) -> None:
    done(vault.put(vm_id(), json=VM))
    advance(vault, to="2026-01-01T13:00:00Z")
    protect(vault, policy=f"{VAULT_ID}/backupPolicies/EnhancedPolicy")
    advance(vault, to="2026-01-01T21:00:00Z")
    assert points(vault) == [("01-01T16:00", "snapshot"), ("01-01T20:00", "snapshot vault")]


def test_the_kind_of_a_policy_cannot_be_edited(hourly: httpx.Client) -> None:
    body = hourly.get(HOURLY_ID).json()
    body["properties"]["policyType"] = "V1"
    assert refused(hourly.put(HOURLY_ID, json=body)) == (400, "BMSUserErrorInvalidPolicyInput")
    assert hourly.get(HOURLY_ID).json()["properties"]["policyType"] == "V2"
    put_policy(hourly)
    enhanced = f"{VAULT_ID}/backupPolicies/EnhancedPolicy"
    answer = hourly.put(enhanced, json=hourly.get(POLICY_ID).json())
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")


def test_a_policy_that_was_read_can_be_sent_again(hourly: httpx.Client) -> None:
    for policy in ("hourly", "EnhancedPolicy"):
        path = f"{VAULT_ID}/backupPolicies/{policy}"
        before = hourly.get(path).json()
        assert done(hourly.put(path, json=before)).json() == before
