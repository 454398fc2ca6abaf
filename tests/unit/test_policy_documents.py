"""Policy bodies: what Azure Backup takes, what it refuses, and in which words."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

from app.domain.errors import Kind, Refused
from app.domain.instants import DAY, HOUR, LATEST, from_datetime, parse, wire
from app.domain.policies import VmPolicy, read_vm
from app.domain.policy_documents import (
    DEFAULT_POLICIES,
    check_name,
    default_policies,
    policy,
    vm_policy,
)
from app.domain.retention_rules import Rule

NOW = from_datetime(datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC))
RUN_TIMES = "schedulePolicy.scheduleRunTimes"
DAILY = "retentionPolicy.dailySchedule"
COUNT = f"{DAILY}.retentionDuration.count"
INSTANT_DAYS = "instantRpRetentionRangeInDays"
LEAVE_OUT = object()


def body(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a policy that is right, but for what is changed at dotted paths."""
    at = "2026-01-01T22:00:00Z"
    properties: dict[str, Any] = {
        "backupManagementType": "AzureIaasVM",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": [at],
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": {
                "retentionTimes": [at],
                "retentionDuration": {"count": 30, "durationType": "Days"},
            },
        },
    }
    for path, value in (changes or {}).items():
        *parents, name = path.split(".")
        place = properties
        for parent in parents:
            place = place[parent]
        if value is LEAVE_OUT:
            place.pop(name)
        else:
            place[name] = value
    return properties


def accepted(changes: dict[str, Any] | None = None, stored: Any = None) -> dict[str, Any]:
    return vm_policy(body(changes), stored, NOW)


def refusal(changes: dict[str, Any], now: int = NOW) -> Refused:
    with pytest.raises(Refused) as raised:
        vm_policy(body(changes), None, now)
    return raised.value


def test_a_policy_is_completed_with_what_azure_shows() -> None:
    assert accepted() == {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V1",
        "instantRPDetails": {},
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": ["2026-01-01T22:00:00Z"],
            "scheduleWeeklyFrequency": 0,
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": {
                "retentionTimes": ["2026-01-01T22:00:00Z"],
                "retentionDuration": {"count": 30, "durationType": "Days"},
            },
        },
        "tieringPolicy": {
            "ArchivedRP": {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
        },
        "instantRpRetentionRangeInDays": 2,
        "timeZone": "UTC",
    }


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({"policyType": "V3"}, "policyType", "allowed: V1, V2"),
        ({"policyType": ""}, "policyType", "allowed: V1, V2"),
        ({"snapshotConsistencyType": "OnlyCrashConsistent"}, "snapshotConsistencyType", "V2"),
        ({"schedulePolicy": LEAVE_OUT}, "schedulePolicy", "is required"),
        (
            {"schedulePolicy.schedulePolicyType": LEAVE_OUT},
            "schedulePolicy.schedulePolicyType",
            "is required; allowed: SimpleSchedulePolicy",
        ),
        (
            {"schedulePolicy.schedulePolicyType": "LogSchedulePolicy"},
            "schedulePolicy.schedulePolicyType",
            "'LogSchedulePolicy' is not allowed; allowed: SimpleSchedulePolicy",
        ),
        (
            {"schedulePolicy.scheduleRunFrequency": "Hourly"},
            "schedulePolicy.scheduleRunFrequency",
            "allowed: Daily, Weekly",
        ),
        ({RUN_TIMES: LEAVE_OUT}, RUN_TIMES, "has 0 entries; exactly 1"),
        ({RUN_TIMES: []}, RUN_TIMES, "has 0 entries; exactly 1"),
        (
            {RUN_TIMES: ["2026-01-01T10:00:00Z", "2026-01-01T22:00:00Z"]},
            RUN_TIMES,
            "has 2 entries; exactly 1",
        ),
        ({RUN_TIMES: ["noon"]}, f"{RUN_TIMES}[0]", "'noon' is not a date and time"),
        ({RUN_TIMES: ["25:00"]}, f"{RUN_TIMES}[0]", "25:00' is not a date and time"),
        ({RUN_TIMES: ["2026-01-01T22:15:00Z"]}, f"{RUN_TIMES}[0]", "22:00 or 22:30"),
        ({RUN_TIMES: ["2026-01-01T22:00:01Z"]}, f"{RUN_TIMES}[0]", "22:00 or 22:30"),
        ({RUN_TIMES: ["9999-12-31T23:00:00-05:00"]}, f"{RUN_TIMES}[0]", "1 to 9999"),
        ({"retentionPolicy": LEAVE_OUT}, "retentionPolicy", "is required"),
        (
            {"retentionPolicy.retentionPolicyType": "SimpleRetentionPolicy"},
            "retentionPolicy.retentionPolicyType",
            "allowed: LongTermRetentionPolicy",
        ),
        ({DAILY: LEAVE_OUT}, DAILY, "is required"),
        ({f"{DAILY}.retentionTimes": []}, f"{DAILY}.retentionTimes", "has 0 entries; exactly 1"),
        (
            {f"{DAILY}.retentionTimes": ["2026-01-01T21:30:00Z"]},
            f"{DAILY}.retentionTimes",
            "must be the time of the schedule, 22:00:00Z",
        ),
        (
            {f"{DAILY}.retentionTimes": ["never"]},
            f"{DAILY}.retentionTimes[0]",
            "'never' is not a date and time",
        ),
        ({f"{DAILY}.retentionDuration": LEAVE_OUT}, f"{DAILY}.retentionDuration", "is required"),
        (
            {f"{DAILY}.retentionDuration.durationType": "Weeks"},
            f"{DAILY}.retentionDuration.durationType",
            "'Weeks' is not allowed; allowed: Days",
        ),
        ({COUNT: LEAVE_OUT}, COUNT, "is required; allowed: 7 to 9999 days"),
        ({COUNT: 6}, COUNT, "6 is out of range; allowed: 7 to 9999 days"),
        ({COUNT: 10_000}, COUNT, "10000 is out of range; allowed: 7 to 9999 days"),
        ({INSTANT_DAYS: 0}, INSTANT_DAYS, "0 is out of range; allowed: 1 to 5 days"),
        ({INSTANT_DAYS: 6}, INSTANT_DAYS, "6 is out of range; allowed: 1 to 5 days"),
        ({"timeZone": "Europe/London"}, "timeZone", "'Europe/London' is not a Windows time zone"),
    ],
)
def test_what_azure_refuses_is_refused_by_field_and_range(
    changes: dict[str, Any], field: str, told: str
) -> None:
    refused = refusal(changes)
    assert (refused.kind, refused.code) == (Kind.INVALID, "BMSUserErrorInvalidPolicyInput")
    assert refused.target == f"properties.{field}"
    assert refused.message.startswith(f"properties.{field}: ")
    assert told in refused.message


def test_what_is_not_emulated_is_refused_by_name() -> None:
    name = "instantAccessSnapshotEnabled"
    refused = refusal({name: True})
    assert (refused.kind, refused.code) == (Kind.INVALID, "NotSupported")
    assert refused.target == f"properties.{name}"
    assert "not emulated" in refused.message
    assert name not in accepted({name: False})


@pytest.mark.parametrize("days", [7, 9999])
def test_the_shortest_and_the_longest_retention_are_accepted(days: int) -> None:
    policy = read_vm(accepted({COUNT: days}))
    assert policy is not None
    assert policy.rules == (Rule("Daily", days),)


@pytest.mark.parametrize("days", [1, 5])
def test_snapshots_may_be_kept_from_one_day_to_five(days: int) -> None:
    assert accepted({INSTANT_DAYS: days})[INSTANT_DAYS] == days


@pytest.mark.parametrize("time", ["23:00:00Z", "23:00", "23:00:00", "23:00:00.0000000Z"])
def test_a_time_without_a_date_is_a_time_of_the_present_day(time: str) -> None:
    document = accepted({RUN_TIMES: [time], f"{DAILY}.retentionTimes": [time]})
    assert document["schedulePolicy"]["scheduleRunTimes"] == ["2026-05-06T23:00:00Z"]
    assert document["retentionPolicy"]["dailySchedule"]["retentionTimes"] == [
        "2026-05-06T23:00:00Z"
    ]


def test_a_time_whose_day_in_utc_is_past_the_calendar_is_refused() -> None:
    refused = refusal({RUN_TIMES: ["23:00:00-05:00"]}, now=LATEST)
    assert refused.code == "BMSUserErrorInvalidPolicyInput"


def test_the_retention_time_takes_the_date_of_the_schedule() -> None:
    document = accepted({f"{DAILY}.retentionTimes": ["2019-07-07T22:00:00Z"]})
    assert document["retentionPolicy"]["dailySchedule"]["retentionTimes"] == [
        "2026-01-01T22:00:00Z"
    ]


def test_words_are_read_in_any_casing_and_shown_in_azures() -> None:
    changes = {
        "schedulePolicy.schedulePolicyType": "simpleschedulepolicy",
        "schedulePolicy.scheduleRunFrequency": "DAILY",
        "retentionPolicy.retentionPolicyType": "LONGTERMRETENTIONPOLICY",
        f"{DAILY}.retentionDuration.durationType": "days",
        "policyType": "v1",
        "timeZone": "pacific standard TIME",
    }
    assert accepted(changes) == accepted({"timeZone": "Pacific Standard Time"})


def test_an_update_keeps_the_snapshot_days_and_the_zone_that_it_leaves_out() -> None:
    stored = accepted({INSTANT_DAYS: 4, "timeZone": "India Standard Time"})
    updated = accepted({COUNT: 40}, stored)
    assert (updated[INSTANT_DAYS], updated["timeZone"]) == (4, "India Standard Time")
    changed = accepted({INSTANT_DAYS: 3, "timeZone": "UTC"}, stored)
    assert (changed[INSTANT_DAYS], changed["timeZone"]) == (3, "UTC")


def test_only_the_names_of_the_snapshot_group_that_say_something_are_kept() -> None:
    sent = {"azureBackupRGNamePrefix": "snap", "azureBackupRGNameSuffix": "", "other": "x"}
    document = accepted({"instantRPDetails": sent})
    assert document["instantRPDetails"] == {"azureBackupRGNamePrefix": "snap"}


@given(
    at=st.integers(0, LATEST // (DAY // 48)).map(lambda halves: wire(halves * (DAY // 48))),
    days=st.integers(7, 9999),
    instant_days=st.integers(1, 5),
    zone=st.sampled_from(sorted(win_tz)),
)
def test_a_policy_that_was_read_back_is_accepted_unchanged(
    at: str, days: int, instant_days: int, zone: str
) -> None:
    times = {RUN_TIMES: [at], f"{DAILY}.retentionTimes": [at]}
    document = accepted({**times, COUNT: days, INSTANT_DAYS: instant_days, "timeZone": zone})
    before = copy.deepcopy(document)
    assert vm_policy(document, document, NOW + DAY) == document == before
    assert read_vm(document) == VmPolicy(
        (parse(at) % DAY,), zone, instant_days, (Rule("Daily", days),)
    )


@pytest.mark.parametrize("name", ["abc", "A" * 150, "Daily-Policy_1!"])
def test_names_that_azure_allows_are_allowed(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", "ab", "A" * 151, "1abc", "-abc", "a b c", "abc\n", "äbc"])
def test_names_that_azure_refuses_are_refused(name: str) -> None:
    with pytest.raises(Refused) as raised:
        check_name(name)
    assert raised.value.code == "BMSUserErrorInvalidPolicyInput"
    assert "3 to 150 characters" in raised.value.message


@pytest.mark.parametrize(
    ("kind", "code"),
    [("Fridge", "BMSUserErrorInvalidPolicyInput"), ("", "BMSUserErrorInvalidPolicyInput")]
    + [(kind, "NotSupported") for kind in ("MAB", "DPM", "AzureSql")],
)
def test_an_unknown_kind_of_policy_is_refused_by_its_name(kind: str, code: str) -> None:
    with pytest.raises(Refused, match=kind or "'' is not known") as raised:
        policy("daily", {"backupManagementType": kind}, None, NOW)
    assert (raised.value.code, raised.value.target) == (code, "properties.backupManagementType")


def test_every_vault_is_born_with_three_policies() -> None:
    documents = default_policies(0, 1, NOW)
    assert tuple(documents) == DEFAULT_POLICIES
    assert documents["DefaultPolicy"]["backupManagementType"] == "AzureIaasVM"
    assert documents["EnhancedPolicy"]["policyType"] == "V2"
    assert documents["HourlyLogBackup"]["backupManagementType"] == "AzureWorkload"


@given(st.integers(0, 1 << 60), st.integers(0, LATEST))
def test_the_default_policy_is_one_that_could_have_been_sent(vault: int, now: int) -> None:
    document = default_policies(0, vault, now)["DefaultPolicy"]
    assert vm_policy(document, None, now) == document
    assert default_policies(0, vault, now)["DefaultPolicy"] == document


def test_vaults_have_their_default_policies_at_different_times() -> None:
    times = {
        default_policies(0, vault, NOW)["DefaultPolicy"]["schedulePolicy"]["scheduleRunTimes"][0]
        for vault in range(100)
    }
    assert len(times) > 24
    assert {time[:10] for time in times} == {"2026-05-06"}


def test_the_enhanced_policy_begins_at_eight_in_the_morning() -> None:
    hourly = default_policies(0, 1, NOW)["EnhancedPolicy"]["schedulePolicy"]["hourlySchedule"]
    assert parse(hourly["scheduleWindowStartTime"]) % DAY == 8 * HOUR
