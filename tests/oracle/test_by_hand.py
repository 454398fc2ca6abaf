"""Policies whose dates were worked out with a calendar and a pencil, from the rules.

Each line is a recovery point that is there at an instant: the day (UTC) on which its backup
started, the rule that governs it, and the day (UTC) on which that ends, at the same time of day.
Sweeps are at midnight UTC. Engine and oracle are held against the same lines.
"""

from __future__ import annotations

from datetime import time

from tests.oracle.by_hand import Protect
from tests.oracle.policy import DaysOfMonth, Policy

DAILY = Policy(at=time(22), instant=2, daily=7)

BY_WEEKDAY = Policy(
    at=time(22),
    instant=2,
    daily=7,
    weekly=(("Sunday",), 4),
    monthly=(DaysOfMonth(weekdays=("Sunday",), weeks=("First",)), 6),
    yearly=(("January",), DaysOfMonth(weekdays=("Sunday",), weeks=("Last",)), 2),
)

TUESDAYS = Policy(
    at=time(2),
    run_days=("Tuesday",),
    instant=5,
    weekly=(("Tuesday",), 2),
    monthly=(DaysOfMonth(weekdays=("Tuesday",), weeks=("First", "Last")), 3),
    yearly=(("February",), DaysOfMonth(weekdays=("Tuesday",), weeks=("Last",)), 4),
)

SATURDAYS = Policy(
    at=time(10),
    run_days=("Saturday",),
    instant=5,
    weekly=(("Saturday",), 1),
    monthly=(DaysOfMonth(weekdays=("Saturday",), weeks=("Fourth",)), 2),
    yearly=(("May",), DaysOfMonth(weekdays=("Saturday",), weeks=("Last",)), 1),
)

EVEN = Policy(at=time(22), instant=2, daily=7, weekly=(("Sunday",), 1))

ADELAIDE = Policy(
    at=time(0, 30),
    zone="Cen. Australia Standard Time",
    instant=2,
    daily=7,
    weekly=(("Monday",), 2),
    monthly=(DaysOfMonth(dates=(1,)), 2),
)

CLAMPED = Policy(
    at=time(12),
    instant=1,
    daily=7,
    monthly=(DaysOfMonth(last_day=True), 1),
    yearly=(("February",), DaysOfMonth(last_day=True), 3),
)


def test_a_short_daily_policy_keeps_a_week(protect: Protect) -> None:
    vm = protect(DAILY, "2028-02-20 00:00")
    # The 29th follows the 28th in 2028. The point of the 22nd was over on the 29th at 22:00.
    assert vm.kept("2028-02-29 23:59") == [
        "2028-02-22 Daily 2028-02-29",
        "2028-02-23 Daily 2028-03-01",
        "2028-02-24 Daily 2028-03-02",
        "2028-02-25 Daily 2028-03-03",
        "2028-02-26 Daily 2028-03-04",
        "2028-02-27 Daily 2028-03-05",
        "2028-02-28 Daily 2028-03-06",
        "2028-02-29 Daily 2028-03-07",
    ]
    assert vm.kept("2028-03-01 00:00") == [
        "2028-02-23 Daily 2028-03-01",
        "2028-02-24 Daily 2028-03-02",
        "2028-02-25 Daily 2028-03-03",
        "2028-02-26 Daily 2028-03-04",
        "2028-02-27 Daily 2028-03-05",
        "2028-02-28 Daily 2028-03-06",
        "2028-02-29 Daily 2028-03-07",
    ]


def test_days_weeks_months_and_years_by_weekday(protect: Protect) -> None:
    vm = protect(BY_WEEKDAY, "2026-01-01 00:00")
    # First Sundays: 4 January, 1 February, 1 March, 5 April. 25 January is the last one.
    assert vm.kept("2026-04-10 12:00") == [
        "2026-01-04 Monthly 2026-07-04",
        "2026-01-25 Yearly 2028-01-25",
        "2026-02-01 Monthly 2026-08-01",
        "2026-03-01 Monthly 2026-09-01",
        "2026-03-15 Weekly 2026-04-12",
        "2026-03-22 Weekly 2026-04-19",
        "2026-03-29 Weekly 2026-04-26",
        "2026-04-03 Daily 2026-04-10",
        "2026-04-04 Daily 2026-04-11",
        "2026-04-05 Monthly 2026-10-05",
        "2026-04-06 Daily 2026-04-13",
        "2026-04-07 Daily 2026-04-14",
        "2026-04-08 Daily 2026-04-15",
        "2026-04-09 Daily 2026-04-16",
    ]
    # January 2027 and January 2028 have five Sundays: the last is the fifth.
    assert vm.kept("2028-01-31 12:00") == [
        "2027-01-31 Yearly 2029-01-31",
        "2027-08-01 Monthly 2028-02-01",
        "2027-09-05 Monthly 2028-03-05",
        "2027-10-03 Monthly 2028-04-03",
        "2027-11-07 Monthly 2028-05-07",
        "2027-12-05 Monthly 2028-06-05",
        "2028-01-02 Monthly 2028-07-02",
        "2028-01-09 Weekly 2028-02-06",
        "2028-01-16 Weekly 2028-02-13",
        "2028-01-23 Weekly 2028-02-20",
        "2028-01-24 Daily 2028-01-31",
        "2028-01-25 Daily 2028-02-01",
        "2028-01-26 Daily 2028-02-02",
        "2028-01-27 Daily 2028-02-03",
        "2028-01-28 Daily 2028-02-04",
        "2028-01-29 Daily 2028-02-05",
        "2028-01-30 Yearly 2030-01-30",
    ]


def test_weeks_months_and_years_of_a_weekly_schedule(protect: Protect) -> None:
    vm = protect(TUESDAYS, "2028-01-01 00:00")
    # 29 February 2028 is a Tuesday, and 4 years later there is a 29th again.
    assert vm.kept("2028-05-10 12:00") == [
        "2028-02-29 Yearly 2032-02-29",
        "2028-03-07 Monthly 2028-06-07",
        "2028-03-28 Monthly 2028-06-28",
        "2028-04-04 Monthly 2028-07-04",
        "2028-04-25 Monthly 2028-07-25",
        "2028-05-02 Monthly 2028-08-02",
        "2028-05-09 Weekly 2028-05-23",
    ]
    # October has five Tuesdays: the fourth is not the last one.
    assert vm.kept("2028-11-05 12:00") == [
        "2028-02-29 Yearly 2032-02-29",
        "2028-08-29 Monthly 2028-11-29",
        "2028-09-05 Monthly 2028-12-05",
        "2028-09-26 Monthly 2028-12-26",
        "2028-10-03 Monthly 2029-01-03",
        "2028-10-24 Weekly 2028-11-07",
        "2028-10-31 Monthly 2029-01-31",
    ]
    assert vm.kept("2032-02-29 12:00")[0] == "2028-02-29 Yearly 2032-02-29"
    assert vm.kept("2032-03-01 00:00") == [
        "2029-02-27 Yearly 2033-02-27",
        "2030-02-26 Yearly 2034-02-26",
        "2031-02-25 Yearly 2035-02-25",
        "2031-12-02 Monthly 2032-03-02",
        "2031-12-30 Monthly 2032-03-30",
        "2032-01-06 Monthly 2032-04-06",
        "2032-01-27 Monthly 2032-04-27",
        "2032-02-03 Monthly 2032-05-03",
        "2032-02-17 Weekly 2032-03-02",
        "2032-02-24 Yearly 2036-02-24",
    ]


def test_of_two_rules_that_keep_as_long_the_higher_governs(protect: Protect) -> None:
    vm = protect(EVEN, "2026-03-01 00:00")
    assert vm.kept("2026-03-04 12:00") == [
        "2026-03-01 Weekly 2026-03-08",
        "2026-03-02 Daily 2026-03-09",
        "2026-03-03 Daily 2026-03-10",
    ]


def test_a_fifth_weekday_is_the_last_and_no_fourth(protect: Protect) -> None:
    vm = protect(SATURDAYS, "2026-01-01 00:00")
    # January and May have five Saturdays.
    assert vm.kept("2026-02-05 12:00") == [
        "2026-01-24 Monthly 2026-03-24",
        "2026-01-31 Weekly 2026-02-07",
    ]
    assert vm.kept("2026-06-04 12:00") == [
        "2026-04-25 Monthly 2026-06-25",
        "2026-05-23 Monthly 2026-07-23",
        "2026-05-30 Yearly 2027-05-30",
    ]


def test_half_hours_in_the_south(protect: Protect) -> None:
    vm = protect(ADELAIDE, "2026-02-20 00:00")
    # 00:30 of a Monday there is 15:00 of a Sunday in UTC, before and after 5 April alike, when
    # daylight saving ends. 1 March there is 28 February in UTC,
    # and two months later it is 1 May there.
    assert vm.kept("2026-04-08 12:00") == [
        "2026-02-28 Monthly 2026-04-30",
        "2026-03-29 Weekly 2026-04-12",
        "2026-03-31 Monthly 2026-05-31",
        "2026-04-01 Daily 2026-04-08",
        "2026-04-02 Daily 2026-04-09",
        "2026-04-03 Daily 2026-04-10",
        "2026-04-04 Daily 2026-04-11",
        "2026-04-05 Weekly 2026-04-19",
        "2026-04-06 Daily 2026-04-13",
        "2026-04-07 Daily 2026-04-14",
    ]


def test_ends_of_months_are_clamped(protect: Protect) -> None:
    vm = protect(CLAMPED, "2027-12-25 00:00")
    assert vm.kept("2028-02-29 11:00") == [
        "2028-01-31 Monthly 2028-02-29",
        "2028-02-22 Daily 2028-02-29",
        "2028-02-23 Daily 2028-03-01",
        "2028-02-24 Daily 2028-03-02",
        "2028-02-25 Daily 2028-03-03",
        "2028-02-26 Daily 2028-03-04",
        "2028-02-27 Daily 2028-03-05",
        "2028-02-28 Daily 2028-03-06",
    ]
    assert vm.kept("2028-03-01 06:00") == [
        "2028-02-23 Daily 2028-03-01",
        "2028-02-24 Daily 2028-03-02",
        "2028-02-25 Daily 2028-03-03",
        "2028-02-26 Daily 2028-03-04",
        "2028-02-27 Daily 2028-03-05",
        "2028-02-28 Daily 2028-03-06",
        "2028-02-29 Yearly 2031-02-28",
    ]
    assert vm.kept("2028-06-01 06:00") == [
        "2028-02-29 Yearly 2031-02-28",
        "2028-05-25 Daily 2028-06-01",
        "2028-05-26 Daily 2028-06-02",
        "2028-05-27 Daily 2028-06-03",
        "2028-05-28 Daily 2028-06-04",
        "2028-05-29 Daily 2028-06-05",
        "2028-05-30 Daily 2028-06-06",
        "2028-05-31 Monthly 2028-06-30",
    ]
    assert vm.kept("2029-03-01 06:00") == [
        "2028-02-29 Yearly 2031-02-28",
        "2029-02-22 Daily 2029-03-01",
        "2029-02-23 Daily 2029-03-02",
        "2029-02-24 Daily 2029-03-03",
        "2029-02-25 Daily 2029-03-04",
        "2029-02-26 Daily 2029-03-05",
        "2029-02-27 Daily 2029-03-06",
        "2029-02-28 Yearly 2032-02-28",
    ]
