"""Enhanced policies: hourly, daily and weekly schedules, snapshot days, and what goes with them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Refused
from app.domain.instants import DAY, HOUR, MINUTE, parse, wire
from app.domain.policies import VmPolicy, read_vm
from app.domain.policy_documents import default_policies, vm_policy
from app.domain.schedule_documents import INTERVALS

NOW = parse("2026-05-06T07:08:09Z")
AT = "2026-01-01T22:00:00Z"
WEEKDAYS = ["Sunday", "Wednesday"]


def window(start: str = AT, interval: Any = 4, duration: Any = 24) -> dict[str, Any]:
    return {
        "interval": interval,
        "scheduleWindowStartTime": start,
        "scheduleWindowDuration": duration,
    }


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    duration = {"count": count, "durationType": unit}
    return {"retentionTimes": [AT], "retentionDuration": duration, **days}


def body(frequency: str, part: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Return an Enhanced policy with a part for its frequency."""
    schedule: dict[str, Any] = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": frequency,
    }
    if part is not None:
        schedule[f"{frequency.lower()}Schedule"] = part
    retention: dict[str, Any] = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if frequency == "Weekly":
        retention["weeklySchedule"] = kept(12, "Weeks", daysOfTheWeek=WEEKDAYS)
    else:
        retention["dailySchedule"] = kept(30, "Days")
    sent = {"policyType": "V2", "schedulePolicy": schedule, "retentionPolicy": retention}
    return sent | more


def accepted(sent: dict[str, Any], stored: Any = None) -> dict[str, Any]:
    return vm_policy(sent, stored, NOW)


def refusal(sent: dict[str, Any], stored: Any = None) -> tuple[str, str]:
    with pytest.raises(Refused) as raised:
        vm_policy(sent, stored, NOW)
    assert raised.value.code == "BMSUserErrorInvalidPolicyInput"
    target = raised.value.target or ""
    return target.removeprefix("properties."), raised.value.message


def hourly(**how: Any) -> VmPolicy:
    start = how.get("start", AT)
    sent = body("Hourly", window(**how))
    sent["retentionPolicy"]["dailySchedule"]["retentionTimes"] = [start]
    policy = read_vm(accepted(sent))
    assert policy is not None
    return policy


def test_an_hourly_policy_is_completed_with_what_azure_shows() -> None:
    assert accepted(body("Hourly", window())) == {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "instantRPDetails": {},
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": window(),
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": kept(30, "Days"),
        },
        "tieringPolicy": {
            "ArchivedRP": {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
        },
        "instantRpRetentionRangeInDays": 7,
        "timeZone": "UTC",
    }


@pytest.mark.parametrize(
    ("frequency", "part"),
    [
        ("Daily", {"scheduleRunTimes": [AT]}),
        ("Weekly", {"scheduleRunDays": WEEKDAYS, "scheduleRunTimes": [AT]}),
    ],
)
def test_a_daily_and_a_weekly_one_have_their_own_part(frequency: str, part: dict[str, Any]) -> None:
    document = accepted(body(frequency, part))
    assert document["schedulePolicy"][f"{frequency.lower()}Schedule"] == part
    policy = read_vm(document)
    assert policy is not None
    assert (policy.times, policy.kind) == ((22 * HOUR,), "V2")
    assert policy.weekdays == (frozenset(WEEKDAYS) if frequency == "Weekly" else None)


@pytest.mark.parametrize(
    ("start", "interval", "duration", "hours"),
    [
        ("08:00", 4, 24, [0, 4, 8, 12, 16, 20]),
        ("08:00", 4, 12, [8, 12, 16, 20]),
        ("08:00", 4, 23, [0, 4, 8, 12, 16, 20]),
        ("20:00", 4, 8, [0, 4, 20]),  # over midnight
        ("20:30", 8, 16, [4.5, 12.5, 20.5]),
        ("09:00", 6, 5, [9]),
        ("09:00", 6, 6, [9, 15]),
        ("23:00", 12, 24, [11, 23]),
        ("01:00", 12, 11, [1]),
        ("13:30", 24, 24, [13.5]),
        ("13:30", 24, 4, [13.5]),
        ("00:00", 8, 24, [0, 8, 16]),
    ],
)
def test_the_times_of_a_window_include_its_end(
    start: str, interval: int, duration: int, hours: list[float]
) -> None:
    at = f"2026-01-01T{start}:00Z"
    policy = hourly(start=at, interval=interval, duration=duration)
    assert [time / HOUR for time in policy.times] == hours


windows = st.builds(
    lambda half, interval, duration: hourly(
        start=wire(half * 30 * MINUTE), interval=interval, duration=duration
    ),
    st.integers(0, 47),
    st.sampled_from(INTERVALS),
    st.integers(4, 24),
)


@given(policy=windows, after=st.integers(0, 4_000_000_000_000_000))
def test_slots_follow_each_other_and_one_a_day_is_vaulted(policy: VmPolicy, after: int) -> None:
    slots = [after]
    for _ in range(3 * len(policy.times)):
        slots.append(policy.next_slot(slots[-1]))
    assert all(left < right <= left + DAY for left, right in pairwise(slots))
    keeps = [policy.keep(slot) for slot in slots[1:]]
    assert sum(keep.vaulted for keep in keeps) == sum(keep.settles for keep in keeps) == 3
    for left, right in pairwise(keeps):
        assert left.vaulted == right.settles == (left.day < right.day)
        assert right.day - left.day == int(left.vaulted)


def test_the_day_of_a_slot_is_that_of_the_policys_zone() -> None:
    sent = body("Hourly", window("2026-01-01T20:00:00Z", 4, 8), timeZone="Tokyo Standard Time")
    sent["retentionPolicy"]["dailySchedule"]["retentionTimes"] = ["2026-01-01T20:00:00Z"]
    policy = read_vm(accepted(sent))
    assert policy is not None
    # 20:00 of Tokyo's 5 March is the last of that day, 00:00 of the 6th the first of the next.
    last = parse("2026-03-05T11:00:00Z")
    assert (policy.keep(last).vaulted, policy.keep(last).day) == (
        True,
        parse("2026-03-05T00:00:00Z") // DAY,
    )
    first = policy.next_slot(last)
    assert first == parse("2026-03-05T15:00:00Z")
    assert (policy.keep(first).settles, policy.keep(first).day) == (
        True,
        parse("2026-03-06T00:00:00Z") // DAY,
    )


PART = "schedulePolicy.hourlySchedule"


@pytest.mark.parametrize(
    ("part", "field", "told"),
    [
        (None, PART, "is required"),
        (window(interval=None), f"{PART}.interval", "is required; allowed: 4, 6, 8, 12, 24 hours"),
        (window(interval=5), f"{PART}.interval", "5 is not allowed; allowed: 4, 6, 8, 12, 24"),
        (window(interval=0), f"{PART}.interval", "0 is not allowed"),
        (window(duration=None), f"{PART}.scheduleWindowDuration", "is required"),
        (window(duration=3), f"{PART}.scheduleWindowDuration", "allowed: 4 to 24 hours"),
        (window(duration=25), f"{PART}.scheduleWindowDuration", "25 is out of range"),
        (window(start="2026-01-01T08:10:00Z"), f"{PART}.scheduleWindowStartTime", "half hour"),
        (window(start="soon"), f"{PART}.scheduleWindowStartTime", "'soon' is not a date"),
    ],
)
def test_a_wrong_window_is_refused_by_its_field(part: Any, field: str, told: str) -> None:
    if part is not None:
        part = {name: value for name, value in part.items() if value is not None}
    target, message = refusal(body("Hourly", part))
    assert target == field
    assert told in message


def test_a_window_must_say_when_it_starts() -> None:
    part = window()
    del part["scheduleWindowStartTime"]
    assert refusal(body("Hourly", part))[0] == f"{PART}.scheduleWindowStartTime"


@pytest.mark.parametrize("frequency", ["Daily", "Weekly"])
def test_a_schedule_without_the_part_of_its_frequency_is_refused(frequency: str) -> None:
    assert refusal(body(frequency, None))[0] == f"schedulePolicy.{frequency.lower()}Schedule"


def test_each_kind_has_its_own_schedule() -> None:
    enhanced = body("Hourly", window())
    enhanced["schedulePolicy"]["schedulePolicyType"] = "SimpleSchedulePolicy"
    assert refusal(enhanced)[1].endswith("allowed: SimpleSchedulePolicyV2")
    standard = body("Hourly", window(), policyType="V1")
    assert refusal(standard)[1].endswith("allowed: SimpleSchedulePolicy")
    assert refusal(body("Monthly", None))[1].endswith("allowed: Hourly, Daily, Weekly")


def test_an_hourly_policy_needs_daily_retention_and_may_leave_out_its_time() -> None:
    sent = body("Hourly", window())
    del sent["retentionPolicy"]["dailySchedule"]["retentionTimes"]
    kept_at = accepted(sent)["retentionPolicy"]["dailySchedule"]["retentionTimes"]
    assert kept_at == [AT]
    sent["retentionPolicy"]["dailySchedule"]["retentionTimes"] = ["2026-01-01T23:00:00Z"]
    assert refusal(sent)[0] == "retentionPolicy.dailySchedule.retentionTimes"
    sent["retentionPolicy"] = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "weeklySchedule": kept(12, "Weeks", daysOfTheWeek=WEEKDAYS),
    }
    assert refusal(sent)[0] == "retentionPolicy.dailySchedule"


# --- snapshot days ------------------------------------------------------------------------

DAILY_PART = {"scheduleRunTimes": [AT]}
WEEKLY_PART = {"scheduleRunDays": WEEKDAYS, "scheduleRunTimes": [AT]}
DAYS = "instantRpRetentionRangeInDays"


@pytest.mark.parametrize(
    ("frequency", "part", "most"),
    [
        ("Hourly", window(interval=4), 17),
        ("Hourly", window(interval=6), 22),
        ("Hourly", window(interval=8), 30),
        ("Hourly", window(interval=12), 30),
        ("Hourly", window(interval=24), 30),
        ("Daily", DAILY_PART, 30),
        ("Weekly", WEEKLY_PART, 30),
    ],
)
def test_the_more_often_the_fewer_days_of_snapshots(
    frequency: str, part: dict[str, Any], most: int
) -> None:
    for days in (1, most):
        assert accepted(body(frequency, part) | {DAYS: days})[DAYS] == days
    for days in (0, most + 1):
        target, message = refusal(body(frequency, part) | {DAYS: days})
        assert target == DAYS
        assert f"{days} is out of range; allowed: 1 to {most} days" in message


def test_snapshots_are_not_kept_longer_than_the_vault_keeps() -> None:
    sent = body("Daily", DAILY_PART)
    sent["retentionPolicy"]["dailySchedule"] = kept(7, "Days")
    assert accepted(sent)[DAYS] == 7
    target, message = refusal(sent | {DAYS: 8})
    assert target == DAYS
    assert "allowed: 1 to 7 days" in message
    assert "kept for 7 days" in message
    weekly = body("Weekly", WEEKLY_PART)
    weekly["retentionPolicy"]["weeklySchedule"] = kept(2, "Weeks", daysOfTheWeek=WEEKDAYS)
    assert "allowed: 1 to 14 days" in refusal(weekly | {DAYS: 15})[1]


def test_days_that_are_not_sent_stay_while_they_are_allowed() -> None:
    stored = accepted(body("Daily", DAILY_PART) | {DAYS: 20})
    assert accepted(body("Hourly", window(interval=6)), stored)[DAYS] == 20
    assert accepted(body("Hourly", window(interval=4)), stored)[DAYS] == 7


# --- the kind, and the consistency --------------------------------------------------------


def test_the_kind_of_a_policy_stays() -> None:
    standard = default_policies(0, 1, 0)["DefaultPolicy"]
    target, message = refusal(body("Hourly", window()), standard)
    assert target == "policyType"
    assert "this policy is V1 and stays so" in message


def test_consistency_is_kept_and_never_invented() -> None:
    name = "snapshotConsistencyType"
    document = accepted(body("Hourly", window()) | {name: "onlycrashconsistent"})
    assert document[name] == "OnlyCrashConsistent"
    policy = read_vm(document)
    assert policy is not None
    assert policy.crash_consistent
    assert name not in accepted(body("Hourly", window()), document)
    assert refusal(body("Hourly", window()) | {name: "AppConsistent"})[0] == name
