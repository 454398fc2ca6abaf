"""Policies of databases: their parts, and which of them Azure allows together."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Refused
from app.domain.instants import DAY, LATEST, parse
from app.domain.policies import read
from app.domain.policy_documents import default_policies, policy
from app.domain.workload_documents import WORKLOADS, workload_policy

NOW = parse("2026-05-06T07:08:09Z")
AT = "2026-01-01T15:00:00Z"
GUID = "11111111-1111-1111-1111-111111111111"
PARTS = "properties.subProtectionPolicy"
INVALID, RETENTION = "BMSUserErrorInvalidPolicyInput", "BMSUserErrorPolicyRetentionInvalid"
LOG_LONG = "UserErrorLogRetentionMoreThanDiffRetentionInPolicy"
LOG_RANGE = "UserErrorLogRetentionNotInValidRangeInPolicy"


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    return {
        **days,
        "retentionTimes": [AT],
        "retentionDuration": {"count": count, "durationType": unit},
    }


def runs(days: list[str] | None) -> dict[str, Any]:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Weekly" if days else "Daily",
        **({"scheduleRunDays": days} if days else {}),
        "scheduleRunTimes": [AT],
        "scheduleWeeklyFrequency": 0,
    }


def full(*days: str, count: int = 30, **more: Any) -> dict[str, Any]:
    daily = {"dailySchedule": kept(count, "Days")}
    weekly = {"weeklySchedule": kept(count, "Weeks", daysOfTheWeek=list(days))}
    return {
        "policyType": "Full",
        "schedulePolicy": runs(list(days)),
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            **(weekly if days else daily),
        },
        **more,
    }


def simple(days: int) -> dict[str, Any]:
    return {
        "retentionPolicyType": "SimpleRetentionPolicy",
        "retentionDuration": {"count": days, "durationType": "Days"},
    }


def delta(kind: str, *days: str, count: int = 12) -> dict[str, Any]:
    return {
        "policyType": kind,
        "schedulePolicy": runs(list(days)),
        "retentionPolicy": simple(count),
    }


def log(count: int = 8) -> dict[str, Any]:
    schedule = {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": 15}
    return {"policyType": "Log", "schedulePolicy": schedule, "retentionPolicy": simple(count)}


def snapshot(kind: str, **details: Any) -> dict[str, Any]:
    part = full() | {"policyType": kind, "snapshotBackupAdditionalDetails": details}
    if kind == "SnapshotCopyOnlyFull":
        del part["retentionPolicy"]
    return part


def body(workload: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": workload,
        "settings": {"timeZone": "UTC", "isCompression": False},
        "subProtectionPolicy": list(parts),
        **more,
    }


def accepted(sent: dict[str, Any], stored: Any = None) -> dict[str, Any]:
    return workload_policy(copy.deepcopy(sent), stored, NOW)


def refusal(sent: dict[str, Any], stored: Any = None) -> Refused:
    with pytest.raises(Refused) as raised:
        accepted(sent, stored)
    return raised.value


SQL, HANA, ASE, INSTANCE = WORKLOADS


def test_a_policy_is_completed_with_what_azure_shows() -> None:
    assert accepted(body("sqldatabase", full(), log())) == {
        "backupManagementType": "AzureWorkload",
        "workLoadType": "SQLDataBase",
        "settings": {"timeZone": "UTC", "issqlcompression": False, "isCompression": False},
        "subProtectionPolicy": [full(), log()],
    }


COMPLETE = body(
    HANA, full("Monday", "Tuesday"), delta("Incremental", "Saturday", "Friday"), log(), settings={}
)


@pytest.mark.parametrize(
    "sent",
    [
        COMPLETE,
        body(SQL, log(9), full("Tuesday"), delta("Differential", "Saturday", "Sunday")),
        body(
            HANA,
            full("Sunday"),
            delta("Differential", "Monday"),
            delta("Incremental", "Friday"),
            log(),
        ),
        body(ASE, full("Sunday"), delta("Differential", "Monday")),
        body(ASE, full()),
        body(SQL, full(tieringPolicy={"ArchivedRP": {"tieringMode": "DoNotTier"}})),
        body(INSTANCE, snapshot("SnapshotFull", instantRpRetentionRangeInDays=35)),
        body(INSTANCE, snapshot("SnapshotCopyOnlyFull", instantRPDetails="snapshots")),
    ],
)
def test_a_policy_that_was_read_back_is_accepted_unchanged(sent: dict[str, Any]) -> None:
    document = accepted(sent)
    before = copy.deepcopy(document)
    assert policy("databases", document, document, NOW + DAY) == document == before
    kinds = [part["policyType"] for part in sent["subProtectionPolicy"]]
    assert [part["policyType"] for part in document["subProtectionPolicy"]] == kinds
    runs = document["workLoadType"] in (SQL, HANA)
    assert (read(document) is not None) is runs, "the engine runs what it has a workload for"


@given(st.integers(0, 1 << 60), st.integers(0, LATEST))
def test_the_default_policy_of_sql_is_one_that_could_have_been_sent(vault: int, now: int) -> None:
    document = default_policies(0, vault, now)["HourlyLogBackup"]
    assert policy("HourlyLogBackup", document, None, now) == document


# --- settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "compressed"),
    [
        ({}, False),
        ({"isCompression": True}, True),
        ({"issqlcompression": True}, True),
        ({"isCompression": False, "issqlcompression": True}, False),
        ({"isCompression": True, "issqlcompression": False}, True),
    ],
)
def test_both_names_of_the_compression_are_shown_and_agree(
    settings: dict[str, Any], compressed: bool
) -> None:
    found = accepted(body(SQL, full(), settings=settings))["settings"]
    assert found == {
        "timeZone": "UTC",
        "issqlcompression": compressed,
        "isCompression": compressed,
    }


def test_an_update_keeps_the_settings_and_the_tiering_that_it_leaves_out() -> None:
    after = {"tieringMode": "TierAfter", "duration": 45, "durationType": "Days"}
    settings = {"timeZone": "India Standard Time", "isCompression": True}
    tiered = full(count=300, tieringPolicy={"ArchivedRP": after})
    stored = accepted(body(SQL, tiered, settings=settings))
    updated = accepted(body(SQL, full(count=225), log(), settings={}), stored)
    assert updated["settings"] == stored["settings"]
    assert updated["subProtectionPolicy"][0]["tieringPolicy"] == {"ArchivedRP": after}
    field = f"{PARTS}[0].tieringPolicy.ArchivedRP.tieringMode"
    refused = refusal(body(SQL, full(count=224)), stored)
    assert refused.target == field
    assert "needs daily or weekly or monthly or yearly retention of 225 days" in refused.message


def test_a_policy_keeps_its_workload() -> None:
    stored = accepted(body(SQL, full(), log()))
    refused = refusal(body(HANA, full(), log()), stored)
    assert (refused.code, refused.target) == (INVALID, "properties.workLoadType")
    assert "this policy is for SQLDataBase and stays so" in refused.message


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"workLoadType": "SQLInstance"}, "properties.workLoadType"),
        ({"vmWorkloadPolicyType": "snapshotv2"}, "properties.vmWorkloadPolicyType"),
    ],
)
def test_snapshots_of_sql_server_are_not_emulated(more: dict[str, Any], field: str) -> None:
    refused = refusal(body(SQL, full()) | more)
    assert (refused.code, refused.target) == ("NotSupported", field)


# --- the parts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workload", "parts", "code", "field", "told"),
    [
        (SQL, [], INVALID, PARTS, "needs a part with policyType Full"),
        (SQL, [log()], INVALID, PARTS, "needs a part with policyType Full"),
        (HANA, [full()], INVALID, PARTS, "needs a part with policyType Log"),
        (INSTANCE, [], INVALID, PARTS, "has 0 entries; allowed: SnapshotFull"),
        (SQL, [full(), full()], INVALID, f"{PARTS}[1].policyType", "'Full' is there twice"),
        (
            SQL,
            [full("Sunday"), delta("Incremental", "Monday")],
            INVALID,
            f"{PARTS}[1].policyType",
            "'Incremental' is not allowed; allowed: Full, Differential, Log",
        ),
        (ASE, [full(), delta("Incremental", "Monday")], INVALID, f"{PARTS}[1].policyType", "Log"),
        (INSTANCE, [full(), log()], INVALID, f"{PARTS}[0].policyType", "SnapshotCopyOnlyFull"),
        (
            SQL,
            [full(), delta("Differential", "Monday")],
            INVALID,
            f"{PARTS}[1].schedulePolicy",
            "Differential is not allowed on Monday, a day of Full",
        ),
        (
            SQL,
            [delta("Differential", "Monday", "Sunday"), full("Sunday")],
            INVALID,
            f"{PARTS}[0].schedulePolicy",
            "Differential is not allowed on Sunday, a day of Full",
        ),
        (
            HANA,
            [
                full("Sunday"),
                delta("Differential", "Friday"),
                delta("Incremental", "Friday"),
                log(),
            ],
            INVALID,
            f"{PARTS}[2].schedulePolicy",
            "Incremental is not allowed on Friday, a day of Differential",
        ),
        (
            INSTANCE,
            [snapshot("SnapshotFull"), snapshot("SnapshotCopyOnlyFull")],
            INVALID,
            f"{PARTS}[1].schedulePolicy",
            "SnapshotCopyOnlyFull is not allowed on Monday",
        ),
        (
            SQL,
            [full("Sunday", count=4), delta("Differential", "Monday", count=29)],
            RETENTION,
            f"{PARTS}[1].retentionPolicy.retentionDuration.count",
            "29 is more than the 28 days of Full",
        ),
        (
            SQL,
            [full("Sunday"), log(12), delta("Differential", "Monday", count=12)],
            LOG_LONG,
            f"{PARTS}[1].retentionPolicy.retentionDuration.count",
            "12 must be less than the 12 days of Differential",
        ),
        (
            SQL,
            [full(), log(36)],
            LOG_RANGE,
            f"{PARTS}[1].retentionPolicy.retentionDuration.count",
            "36 is out of range; allowed: 7 to 35 days",
        ),
        (
            SQL,
            [full(count=6)],
            RETENTION,
            f"{PARTS}[0].retentionPolicy.dailySchedule.retentionDuration.count",
            "6 is out of range; allowed: 7 to 9999 days",
        ),
    ],
)
def test_parts_that_azure_does_not_allow_are_refused(
    workload: str, parts: list[dict[str, Any]], code: str, field: str, told: str
) -> None:
    refused = refusal(body(workload, *parts))
    assert (refused.code, refused.target) == (code, field)
    assert told in refused.message


def test_a_log_may_be_kept_as_long_as_an_incremental() -> None:
    parts = full("Sunday"), delta("Incremental", "Monday", count=12), log(35)
    assert accepted(body(HANA, *parts))["subProtectionPolicy"] == list(parts)


def test_a_snapshot_of_an_instance_is_completed() -> None:
    identity = {
        "identityArmId": f"/subscriptions/{GUID}/resourceGroups/g/providers"
        "/Microsoft.ManagedIdentity/userAssignedIdentities/hana"
    }
    name = "userAssignedManagedIdentityDetails"
    sent = snapshot("SnapshotCopyOnlyFull", **{name: identity, "instantRPDetails": ""})
    document = accepted(body(INSTANCE, sent))
    assert document["subProtectionPolicy"] == [
        {
            "policyType": "SnapshotCopyOnlyFull",
            "schedulePolicy": runs(None),
            "snapshotBackupAdditionalDetails": {"instantRpRetentionRangeInDays": 2, name: identity},
        }
    ]
