"""Histories on which engine and oracle once disagreed, or which chance seldom draws."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from app.store.database import Database
from tests.oracle.histories import Act, History, check_agreement
from tests.oracle.policy import ONE_DAY, Policy, Window
from tests.oracle.worlds import Setting

ONE_HOUR = timedelta(hours=1)
ONE_MINUTE = timedelta(minutes=1)
START = datetime(2027, 8, 24)  # noqa: DTZ001
DAILY = Policy(at=time(22), daily=7)
TWICE_A_DAY = Policy(at=time(6), enhanced=True, window=Window(12, 12), instant=3, daily=7)
LATER = Act("look", 9 * ONE_DAY)


def agree(database: Database, policy: Policy, *acts: Act, **world: object) -> None:
    """Let engine and oracle live what is done to one VM under one policy."""
    setting = replace(Setting(START, [policy], [0]), **world)  # type: ignore[arg-type]
    assert check_agreement(database, History(setting, acts)).backups > 0


def test_a_vm_with_a_snapshot_alone_is_protected_again_after_a_stop(database: Database) -> None:
    # The first backup of the day stays a snapshot: it protects, now and when it is resumed.
    stop = Act("stop", 10 * ONE_HOUR)
    agree(database, TWICE_A_DAY, stop, Act("use", ONE_HOUR), LATER)


def test_the_oldest_of_more_than_9999_points_goes_at_once(database: Database) -> None:
    looks = [Act("look", ONE_DAY) for _ in range(3)]
    by_hand = Act("back up", 5 * ONE_HOUR, days=9999)
    agree(database, DAILY, by_hand, by_hand, *looks, aged=9996)


def test_an_item_that_is_stopped_keeps_more_points(database: Database) -> None:
    # The transfer of the last one has begun when protection is stopped, the snapshot of the
    # one that makes it too many is still being taken.
    stop = Act("stop", aim="slot", nudge=2 * ONE_MINUTE)
    look = Act("look", ONE_DAY)
    agree(database, DAILY, stop, look, Act("use"), look, look, aged=9999)


def test_a_backup_that_is_cancelled_lets_none_start_for_ten_seconds(database: Database) -> None:
    cancel = Act("cancel", aim="slot", nudge=2 * ONE_MINUTE)
    for seconds in (0, 5, 9, 10, 11):
        again = Act("back up", timedelta(seconds=seconds), days=3)
        agree(database, TWICE_A_DAY, cancel, again, LATER)


def test_a_suspended_vm_keeps_only_the_point_that_was_on_its_way(database: Database) -> None:
    suspend = Act("suspend", 5 * ONE_DAY, aim="slot", nudge=2 * ONE_MINUTE)
    agree(database, DAILY, suspend, LATER, LATER)


def test_a_transfer_may_end_while_the_next_snapshot_is_taken(database: Database) -> None:
    first = Act("back up", ONE_HOUR)
    for minutes in (-4, -3, -2, -1):
        second = Act("back up", aim="due", which=0, nudge=minutes * ONE_MINUTE)
        transfers = Act("look", 10 * ONE_MINUTE)
        agree(database, DAILY, first, transfers, second, Act("look", ONE_HOUR), LATER)


def test_what_is_owed_is_not_settled_on_the_same_day(database: Database) -> None:
    # The last backup of the day, at 04:00, fails; by noon the policy says 12:00 and 20:00.
    early = Policy(at=time(0), enhanced=True, window=Window(4, 4), instant=3, daily=7)
    late = replace(early, at=time(12), window=Window(8, 8))
    gone = Act("vm goes", ONE_DAY + 3 * ONE_HOUR)
    edit = Act("edit", 3 * ONE_HOUR, edited=(DAILY, late))
    agree(database, early, gone, Act("vm comes", 3 * ONE_HOUR), edit, Act("look", ONE_DAY), LATER)


def test_a_snapshot_that_failed_is_not_owed(database: Database) -> None:
    # The backup at 16:00 fails; by 17:00 the policy says 00:00, 04:00 and 08:00.
    office = Policy(at=time(8), enhanced=True, window=Window(4, 12), instant=3, daily=7)
    night = replace(office, at=time(0), window=Window(4, 8))
    gone = Act("vm goes", ONE_DAY + 15 * ONE_HOUR)
    edit = Act("edit", ONE_HOUR, edited=(DAILY, night))
    agree(database, office, gone, Act("vm comes", ONE_HOUR), edit, Act("look", ONE_DAY), LATER)


TIMES_THAT_FOLLOW = replace(TWICE_A_DAY, at=time(0), window=Window(8, 16))
"""A day has 00:00, 08:00 and 16:00."""


def test_what_settles_and_fails_stays_owed_over_an_edit(database: Database) -> None:
    # The last backup of a day fails and the first of the next one; by the evening the policy
    # says other times, the first of which settles it.
    gone = Act("vm goes", ONE_DAY + 17 * ONE_HOUR)
    edit = Act("edit", 3 * ONE_HOUR, edited=(DAILY, TIMES_THAT_FOLLOW))
    back = Act("vm comes", 14 * ONE_HOUR)
    agree(database, TWICE_A_DAY, gone, back, Act("look", 7 * ONE_HOUR), edit, LATER)


def test_what_is_owed_waits_for_the_first_time_of_a_day(database: Database) -> None:
    # The first time of the next day has passed when the policy says so.
    gone = Act("vm goes", ONE_DAY + 17 * ONE_HOUR)
    edit = Act("edit", 10 * ONE_HOUR, edited=(DAILY, TIMES_THAT_FOLLOW))
    agree(database, TWICE_A_DAY, gone, Act("vm comes", 2 * ONE_HOUR), edit, Act("look", ONE_DAY))


def test_a_stop_forgets_what_is_owed(database: Database) -> None:
    gone = Act("vm goes", ONE_DAY + 17 * ONE_HOUR)
    back = Act("vm comes", 2 * ONE_HOUR)
    agree(database, TWICE_A_DAY, gone, back, Act("stop"), Act("use", ONE_HOUR), LATER)


def test_a_deletion_cancels_what_runs_and_leaves_what_is_there(database: Database) -> None:
    looks = [Act("look", ONE_HOUR), Act("undelete"), Act("use", ONE_HOUR), LATER]
    for minutes in (2, 12):  # while the snapshot is being taken, and while it is copied
        delete = Act("delete", 2 * ONE_DAY, aim="slot", nudge=minutes * ONE_MINUTE, days=14)
        agree(database, DAILY, delete, *looks)


def test_what_was_deleted_is_purged_on_the_dot(database: Database) -> None:
    delete = Act("delete", 2 * ONE_DAY, days=14)
    blink = timedelta(microseconds=1)
    looks = [Act("look", 14 * ONE_DAY - blink), Act("look", blink), LATER]
    agree(database, DAILY, delete, *looks)
