"""Policies and histories as Hypothesis draws them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.histories import Act, History
from tests.oracle.oracle import MONTHS, OFFSETS, ONE_DAY, WEEKDAYS, DaysOfMonth, Policy

ONE_HOUR = timedelta(hours=1)
VMS = 3
POLICIES = 2
VERBS = [
    "back up", "back up", "edit", "edit", "edit", "use", "use", "stop", "suspend",
    "vm goes", "vm comes", "look",
]  # fmt: skip

times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
zones = st.sampled_from(list(OFFSETS))
daily_policies = st.builds(
    Policy,
    at=times,
    zone=zones,
    instant=st.integers(1, 5),
    daily=st.integers(7, 12) | st.integers(7, 400),
)

# --- long-term retention -----------------------------------------------------------------------


def some_of(names: list[str] | tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Draw at least one of some names."""
    return st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True).map(tuple)


def days_of_month(weekdays: list[str] | tuple[str, ...]) -> st.SearchStrategy[DaysOfMonth]:
    """Draw days of a month: by some of the weekdays, or by date."""
    weeks = some_of(["First", "Second", "Third", "Fourth", "Last"])
    dates = st.lists(st.integers(1, 28), max_size=3, unique=True).map(tuple)
    return st.one_of(
        st.builds(DaysOfMonth, weekdays=some_of(weekdays), weeks=weeks),
        st.builds(DaysOfMonth, dates=dates, last_day=st.just(True)),
        st.builds(DaysOfMonth, dates=dates.filter(bool)),
    )


def monthly_of(weekdays: list[str] | tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Draw a monthly retention, or none."""
    return st.none() | st.tuples(days_of_month(weekdays), st.integers(1, 4) | st.integers(1, 30))


def yearly_of(weekdays: list[str] | tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Draw a yearly retention, or none; a rule that applies in February applies often."""
    months = some_of(MONTHS) | st.just(("February",)) | st.just(tuple(MONTHS))
    return st.none() | st.tuples(months, days_of_month(weekdays), st.integers(1, 4))


weekly_of_any = st.none() | st.tuples(some_of(WEEKDAYS), st.integers(1, 3) | st.integers(1, 60))
long_daily_policies = st.builds(
    Policy,
    at=times,
    zone=zones,
    instant=st.integers(1, 5),
    daily=st.integers(7, 12) | st.integers(7, 100),
    weekly=weekly_of_any,
    monthly=monthly_of(WEEKDAYS),
    yearly=yearly_of(WEEKDAYS),
)


def weekly_policies_on(days: tuple[str, ...]) -> st.SearchStrategy[Policy]:
    """Draw policies that back up on some weekdays."""
    return st.builds(
        Policy,
        at=times,
        zone=zones,
        run_days=st.just(days),
        instant=st.just(5),
        weekly=st.tuples(st.just(days), st.integers(1, 3) | st.integers(1, 60)),
        monthly=monthly_of(days).filter(lambda kept: kept is None or kept[0].weekdays),
        yearly=yearly_of(days).filter(lambda kept: kept is None or kept[1].weekdays),
    )


weekly_policies = some_of(WEEKDAYS).flatmap(weekly_policies_on)
any_policies = st.one_of(daily_policies, long_daily_policies, long_daily_policies, weekly_policies)

# --- what is done under them -------------------------------------------------------------------

# On a slot to the microsecond, while its snapshot is taken, while its transfer runs, and later.
nudges = st.sampled_from(
    [
        timedelta(0),
        timedelta(microseconds=-1),
        timedelta(microseconds=1),
        timedelta(minutes=2),
        timedelta(minutes=8),
        timedelta(minutes=20),
        timedelta(minutes=-3),
    ]
)
minutes = st.integers(0, 24 * 60).map(lambda count: timedelta(minutes=count))
starts = st.builds(
    lambda days, half_hours: datetime(2026, 1, 1) + days * ONE_DAY + half_hours * ONE_HOUR / 2,  # noqa: DTZ001
    st.integers(0, 4 * 366),
    st.integers(0, 47),
)


def waits_of(*most_days: int) -> st.SearchStrategy[timedelta]:
    """Draw how long users wait: as often up to each of some numbers of days."""
    days = st.one_of(*[st.integers(0, most) for most in most_days])
    return st.builds(lambda count, rest: count * ONE_DAY + rest, days, minutes)


def histories(
    policies: st.SearchStrategy[Policy],
    waits: st.SearchStrategy[timedelta],
    sweep_every: timedelta,
    most: int,
) -> st.SearchStrategy[History]:
    """Draw what happens to a few VMs under two policies, in at most so many acts."""
    acts = st.builds(
        Act,
        wait=waits,
        verb=st.sampled_from(VERBS),
        vm=st.integers(0, VMS - 1),
        policy=st.integers(0, POLICIES - 1),
        edited=policies,
        days=st.integers(1, 60),
        aims=st.booleans(),
        nudge=nudges,
    )
    return st.builds(
        History,
        start=starts,
        policies=st.tuples(policies, policies),
        vms=st.sampled_from([(0, 0, 1), (0, 1, 1)]),
        acts=st.lists(acts, min_size=1, max_size=most).map(tuple),
        sweep_every=st.just(sweep_every),
        disk_gb=st.sampled_from([8, 64, 32_000]),
    )
