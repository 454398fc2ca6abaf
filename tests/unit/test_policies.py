"""When a policy backs up: at one time of the zone's standard day, whatever the season."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import policies, time_zones
from app.domain.instants import DAY, EARLIEST, HOUR, LATEST, MINUTE, from_datetime, to_datetime
from app.domain.policies import Keep, Length, VmPolicy
from app.domain.policy_documents import default_policies
from app.domain.retention_rules import Rule

STANDARD_HOURS = {
    "UTC": 0.0,
    "GMT Standard Time": 0.0,
    "Pacific Standard Time": -8.0,
    "India Standard Time": 5.5,
    "AUS Eastern Standard Time": 10.0,
}
HALF_HOURS = st.integers(0, 47).map(lambda half: half * 30 * MINUTE)
THIS_CENTURY = st.integers(from_datetime(datetime(2000, 1, 1, tzinfo=UTC)), 4_000_000_000_000_000)


def daily(time_of_day: int, time_zone: str = "UTC") -> VmPolicy:
    return VmPolicy((time_of_day,), time_zone, instant_days=2, rules=(Rule("Daily", 30),))


@given(HALF_HOURS, st.sampled_from(sorted(STANDARD_HOURS)), THIS_CENTURY)
def test_the_next_slot_is_the_first_one_strictly_later(at: int, zone: str, now: int) -> None:
    policy = daily(at, zone)
    slot = policy.next_slot(now)
    assert now < slot <= now + DAY
    assert policy.next_slot(slot - 1) == slot
    assert policy.next_slot(slot) == slot + DAY


@given(HALF_HOURS, st.sampled_from(sorted(STANDARD_HOURS)), THIS_CENTURY)
def test_a_slot_is_at_the_policys_time_of_the_standard_day(at: int, zone: str, now: int) -> None:
    offset = int(STANDARD_HOURS[zone] * HOUR)
    assert (daily(at, zone).next_slot(now) + offset) % DAY == at


def test_ten_in_the_evening_in_seattle_is_six_in_the_morning_of_the_next_day() -> None:
    policy = daily(22 * HOUR, "Pacific Standard Time")
    for month in (1, 7):
        slot = policy.next_slot(from_datetime(datetime(2026, month, 10, 12, tzinfo=UTC)))
        assert to_datetime(slot) == datetime(2026, month, 11, 6, tzinfo=UTC)


@given(HALF_HOURS, st.sampled_from(sorted(time_zones.ZONES)), st.integers(0, 3 * DAY))
def test_the_calendar_may_end_without_a_fault(at: int, zone: str, before_the_end: int) -> None:
    policy = daily(at, zone)
    for now in (LATEST - before_the_end, EARLIEST + before_the_end):
        slots = [policy.next_slot(now)]
        slots.append(policy.next_slot(slots[0]))
        assert now < slots[0] < slots[1]


def test_the_document_of_the_default_policy_is_read_as_a_value() -> None:
    now = from_datetime(datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC))
    documents = default_policies(0, 1, now)
    policy = policies.read(documents["DefaultPolicy"])
    run_time = documents["DefaultPolicy"]["schedulePolicy"]["scheduleRunTimes"][0]
    assert policy == daily(policies.time_of_day(run_time))
    slot = policy.next_slot(now)
    assert policy.keep(slot) == Keep(
        "D", slot // DAY, Length("Daily", 30 * DAY), vaulted=True, settles=True
    )
    assert policy.instant == 2 * DAY


def test_the_default_policy_of_databases_backs_up_logs_every_hour() -> None:
    policy = policies.read(default_policies(0, 1, 0)["HourlyLogBackup"])
    assert isinstance(policy, policies.SqlPolicy)
    assert policy.logs == policies.Logs(every=HOUR, keep=30 * DAY)
    assert policy.deltas == ()


def test_the_enhanced_default_policy_runs_four_times_a_day() -> None:
    policy = policies.read(default_policies(0, 1, 0)["EnhancedPolicy"])
    assert policy is not None
    assert [time // HOUR for time in policy.times] == [8, 12, 16, 20]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-01-31T22:30:00Z", 22 * HOUR + 30 * MINUTE),
        ("1969-12-31T22:30:00Z", 22 * HOUR + 30 * MINUTE),
        ("2026-01-31T00:00:00+01:00", 23 * HOUR),
    ],
)
def test_only_the_time_of_day_of_a_run_time_counts(text: str, micros: int) -> None:
    assert policies.time_of_day(text) == micros
