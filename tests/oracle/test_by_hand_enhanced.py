"""Enhanced policies whose points were worked out with a calendar and a pencil, from the rules.

Each line is a recovery point that is there at an instant: the time (UTC) at which its backup
started, the rule that governs it ("-" where it stays a snapshot), the day (UTC) on which that
ends at the same time of day, and the tiers that hold it. Sweeps are at midnight UTC. Engine and
oracle are held against the same lines.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from tests.oracle.by_hand import Protect
from tests.oracle.policy import DaysOfMonth, Policy, Window

OFFICE_HOURS = Policy(
    at=time(8),
    enhanced=True,
    window=Window(4, 12),
    instant=2,
    daily=7,
    weekly=(("Sunday",), 2),
)

NIGHTS_IN_INDIA = Policy(
    at=time(20),
    zone="India Standard Time",
    enhanced=True,
    window=Window(4, 8),
    instant=1,
    daily=7,
    monthly=(DaysOfMonth(dates=(1,)), 2),
)

TWICE_A_DAY = Policy(
    at=time(6),
    enhanced=True,
    window=Window(12, 12),
    instant=3,
    daily=7,
    weekly=(("Sunday",), 2),
)

TUESDAYS_AND_FRIDAYS = Policy(
    at=time(23, 30),
    zone="Pacific Standard Time",
    enhanced=True,
    run_days=("Tuesday", "Friday"),
    instant=30,
    weekly=(("Tuesday", "Friday"), 5),
    monthly=(DaysOfMonth(weekdays=("Tuesday",), weeks=("First",)), 3),
)


def test_the_last_of_four_backups_a_day_is_vaulted(protect: Protect) -> None:
    vm = protect(OFFICE_HOURS, "2026-03-01 00:00")
    # 1 March is a Sunday. The snapshots of 7 March were over by midnight of the 9th, but that
    # of 20:00; the point of the 2nd was over on the 9th at 20:00.
    assert vm.kept_by_the_hour("2026-03-10 12:30") == [
        "2026-03-01 20:00 Weekly 2026-03-15 vault",
        "2026-03-03 20:00 Daily 2026-03-10 vault",
        "2026-03-04 20:00 Daily 2026-03-11 vault",
        "2026-03-05 20:00 Daily 2026-03-12 vault",
        "2026-03-06 20:00 Daily 2026-03-13 vault",
        "2026-03-07 20:00 Daily 2026-03-14 vault",
        "2026-03-08 08:00 - 2026-03-10 snapshot",
        "2026-03-08 12:00 - 2026-03-10 snapshot",
        "2026-03-08 16:00 - 2026-03-10 snapshot",
        "2026-03-08 20:00 Weekly 2026-03-22 both",
        "2026-03-09 08:00 - 2026-03-11 snapshot",
        "2026-03-09 12:00 - 2026-03-11 snapshot",
        "2026-03-09 16:00 - 2026-03-11 snapshot",
        "2026-03-09 20:00 Daily 2026-03-16 both",
        "2026-03-10 08:00 - 2026-03-12 snapshot",
        "2026-03-10 12:00 - 2026-03-12 snapshot",
    ]


def test_fewer_snapshot_days_reach_the_snapshots_that_are_there(protect: Protect) -> None:
    vm = protect(OFFICE_HOURS, "2026-03-01 00:00")
    vm.edit("2026-03-02 10:00", replace(OFFICE_HOURS, instant=1))
    assert vm.kept_by_the_hour("2026-03-02 23:00") == [
        "2026-03-01 08:00 - 2026-03-02 snapshot",
        "2026-03-01 12:00 - 2026-03-02 snapshot",
        "2026-03-01 16:00 - 2026-03-02 snapshot",
        "2026-03-01 20:00 Weekly 2026-03-15 both",
        "2026-03-02 08:00 - 2026-03-03 snapshot",
        "2026-03-02 12:00 - 2026-03-03 snapshot",
        "2026-03-02 16:00 - 2026-03-03 snapshot",
        "2026-03-02 20:00 Daily 2026-03-09 both",
    ]
    assert vm.kept_by_the_hour("2026-03-03 07:00") == [
        "2026-03-01 20:00 Weekly 2026-03-15 vault",
        "2026-03-02 08:00 - 2026-03-03 snapshot",
        "2026-03-02 12:00 - 2026-03-03 snapshot",
        "2026-03-02 16:00 - 2026-03-03 snapshot",
        "2026-03-02 20:00 Daily 2026-03-09 both",
    ]


def test_a_window_over_midnight_ends_before_it_begins(protect: Protect) -> None:
    vm = protect(NIGHTS_IN_INDIA, "2026-01-28 00:00")
    # A day has 00:00, 04:00 and 20:00 there, in UTC 18:30 and 22:30 of the day before, and
    # 14:30. The last one is that at 20:00, on the 1st it is kept for two months.
    assert vm.kept_by_the_hour("2026-02-03 12:00") == [
        "2026-01-28 14:30 Daily 2026-02-04 vault",
        "2026-01-29 14:30 Daily 2026-02-05 vault",
        "2026-01-30 14:30 Daily 2026-02-06 vault",
        "2026-01-31 14:30 Daily 2026-02-07 vault",
        "2026-02-01 14:30 Monthly 2026-04-01 vault",
        "2026-02-02 14:30 Daily 2026-02-09 both",
        "2026-02-02 18:30 - 2026-02-03 snapshot",
        "2026-02-02 22:30 - 2026-02-03 snapshot",
    ]


def test_a_last_backup_that_failed_is_owed_by_the_next_day(protect: Protect) -> None:
    vm = protect(TWICE_A_DAY, "2026-06-01 00:00")
    vm.gone("2026-06-03 17:00", "2026-06-04 00:00")
    # Of 3 June nothing is in the vault, of 4 June both backups are.
    assert vm.kept_by_the_hour("2026-06-05 12:00") == [
        "2026-06-01 18:00 Daily 2026-06-08 vault",
        "2026-06-02 06:00 - 2026-06-05 snapshot",
        "2026-06-02 18:00 Daily 2026-06-09 both",
        "2026-06-03 06:00 - 2026-06-06 snapshot",
        "2026-06-04 06:00 Daily 2026-06-11 both",
        "2026-06-04 18:00 Daily 2026-06-11 both",
        "2026-06-05 06:00 - 2026-06-08 snapshot",
    ]
    # The last one of Saturday and the first one of Sunday fail; Sunday's last one settles it.
    vm.gone("2026-06-06 17:00", "2026-06-07 12:00")
    assert vm.kept_by_the_hour("2026-06-08 12:00") == [
        "2026-06-01 18:00 Daily 2026-06-08 vault",
        "2026-06-02 18:00 Daily 2026-06-09 vault",
        "2026-06-04 06:00 Daily 2026-06-11 vault",
        "2026-06-04 18:00 Daily 2026-06-11 vault",
        "2026-06-05 06:00 - 2026-06-08 snapshot",
        "2026-06-05 18:00 Daily 2026-06-12 both",
        "2026-06-06 06:00 - 2026-06-09 snapshot",
        "2026-06-07 18:00 Weekly 2026-06-21 both",
        "2026-06-08 06:00 - 2026-06-11 snapshot",
    ]


def test_what_is_owed_waits_for_a_first_backup_or_a_last_one(protect: Protect) -> None:
    vm = protect(OFFICE_HOURS, "2026-03-09 00:00")
    # Monday's last backup fails and Tuesday's first: Tuesday's others stay snapshots but one.
    vm.gone("2026-03-09 19:00", "2026-03-10 10:00")
    assert vm.kept_by_the_hour("2026-03-11 12:30") == [
        "2026-03-09 08:00 - 2026-03-11 snapshot",
        "2026-03-09 12:00 - 2026-03-11 snapshot",
        "2026-03-09 16:00 - 2026-03-11 snapshot",
        "2026-03-10 12:00 - 2026-03-12 snapshot",
        "2026-03-10 16:00 - 2026-03-12 snapshot",
        "2026-03-10 20:00 Daily 2026-03-17 both",
        "2026-03-11 08:00 - 2026-03-13 snapshot",
        "2026-03-11 12:00 - 2026-03-13 snapshot",
    ]


def test_what_settles_is_tagged_by_its_own_date(protect: Protect) -> None:
    vm = protect(TWICE_A_DAY, "2026-06-06 12:00")
    # Sunday's last one is cancelled, so that no point is kept for Sunday's two weeks.
    vm.cancel("2026-06-07 18:01")
    assert vm.kept_by_the_hour("2026-06-08 20:00") == [
        "2026-06-06 18:00 Daily 2026-06-13 both",
        "2026-06-07 06:00 - 2026-06-10 snapshot",
        "2026-06-08 06:00 Daily 2026-06-15 both",
        "2026-06-08 18:00 Daily 2026-06-15 both",
    ]
    # Saturday's last one is cancelled: Sunday's first one falls under Sunday's rule as well.
    vm.cancel("2026-06-13 18:01")
    assert vm.kept_by_the_hour("2026-06-14 20:00") == [
        "2026-06-08 06:00 Daily 2026-06-15 vault",
        "2026-06-08 18:00 Daily 2026-06-15 vault",
        "2026-06-09 18:00 Daily 2026-06-16 vault",
        "2026-06-10 18:00 Daily 2026-06-17 vault",
        "2026-06-11 06:00 - 2026-06-14 snapshot",
        "2026-06-11 18:00 Daily 2026-06-18 both",
        "2026-06-12 06:00 - 2026-06-15 snapshot",
        "2026-06-12 18:00 Daily 2026-06-19 both",
        "2026-06-13 06:00 - 2026-06-16 snapshot",
        "2026-06-14 06:00 Weekly 2026-06-28 both",
        "2026-06-14 18:00 Weekly 2026-06-28 both",
    ]


def test_two_days_a_week_with_a_month_of_snapshots(protect: Protect) -> None:
    vm = protect(TUESDAYS_AND_FRIDAYS, "2027-01-01 00:00")
    # 23:30 there is 07:30 of the next day. 5 January and 2 February are first Tuesdays: three
    # months are 90 and 89 days. The snapshot of the 8th was over on 8 February at 07:30.
    assert vm.kept_by_the_hour("2027-02-10 12:00") == [
        "2027-01-06 07:30 Monthly 2027-04-06 vault",
        "2027-01-09 07:30 Weekly 2027-02-13 vault",
        "2027-01-13 07:30 Weekly 2027-02-17 both",
        "2027-01-16 07:30 Weekly 2027-02-20 both",
        "2027-01-20 07:30 Weekly 2027-02-24 both",
        "2027-01-23 07:30 Weekly 2027-02-27 both",
        "2027-01-27 07:30 Weekly 2027-03-03 both",
        "2027-01-30 07:30 Weekly 2027-03-06 both",
        "2027-02-03 07:30 Monthly 2027-05-03 both",
        "2027-02-06 07:30 Weekly 2027-03-13 both",
        "2027-02-10 07:30 Weekly 2027-03-17 both",
    ]
