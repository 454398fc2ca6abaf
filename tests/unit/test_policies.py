"""When a policy backs up: at one time of the zone's standard day, whatever the season."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tzlocal.windows_tz import win_tz

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
CLOCK_CHANGES = {
    "GMT Standard Time": ((2026, 3, 29), (2026, 10, 25)),
    "Pacific Standard Time": ((2027, 3, 14), (2027, 11, 7)),
    "AUS Eastern Standard Time": ((2026, 4, 5), (2026, 10, 4)),
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


@pytest.mark.parametrize("zone", CLOCK_CHANGES)
def test_slots_stay_where_they_are_when_clocks_are_changed(zone: str) -> None:
    policy = daily(2 * HOUR + 30 * MINUTE, zone)
    for year, month, day in CLOCK_CHANGES[zone]:
        noon = datetime(year, month, day, 12, tzinfo=ZoneInfo(win_tz[zone]))
        assert noon.utcoffset() != (noon - timedelta(days=2)).utcoffset()
        slots = [policy.next_slot(from_datetime(noon) + days * DAY) for days in range(-3, 4)]
        assert {later - sooner for sooner, later in pairwise(slots)} == {DAY}


def test_ten_in_the_evening_in_seattle_is_six_in_the_morning_of_the_next_day() -> None:
    policy = daily(22 * HOUR, "Pacific Standard Time")
    for month in (1, 7):
        slot = policy.next_slot(from_datetime(datetime(2026, month, 10, 12, tzinfo=UTC)))
        assert to_datetime(slot) == datetime(2026, month, 11, 6, tzinfo=UTC)


@given(st.sampled_from(sorted(win_tz)))
def test_zones_of_windows_are_known_in_any_casing(name: str) -> None:
    assert time_zones.canonical(name.upper()) == name
    assert time_zones.canonical(name.lower()) == name
    assert abs(time_zones.standard_offset(name, 2026)) <= 14 * HOUR


@pytest.mark.parametrize("name", ["", "Europe/London", "Pacific Time", "UTC+1"])
def test_what_windows_does_not_call_a_zone_is_unknown(name: str) -> None:
    assert time_zones.canonical(name) is None


def test_the_hour_of_ramadan_is_not_the_standard_time_of_morocco() -> None:
    assert time_zones.standard_offset("Morocco Standard Time", 2025) == HOUR


def test_a_zone_south_of_the_equator_is_on_summer_time_in_january() -> None:
    assert time_zones.standard_offset("AUS Eastern Standard Time", 2026) == 10 * HOUR
    assert time_zones.standard_offset("New Zealand Standard Time", 2026) == 12 * HOUR


@given(HALF_HOURS, st.sampled_from(sorted(win_tz)), st.integers(0, 3 * DAY))
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


def test_policies_that_are_only_shown_do_not_run() -> None:
    assert policies.read(default_policies(0, 1, 0)["HourlyLogBackup"]) is None


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
