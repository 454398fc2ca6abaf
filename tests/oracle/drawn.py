"""Policies and histories as Hypothesis draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.oracle.histories import Act, History
from tests.oracle.policy import MONTHS, OFFSETS, ONE_DAY, WEEKDAYS, DaysOfMonth, Policy, Window
from tests.oracle.worlds import Setting

ONE_HOUR = timedelta(hours=1)
ONE_MINUTE = timedelta(minutes=1)
BLINK = timedelta(microseconds=1)
VMS = 3
POLICIES = 2

Drawn = st.SearchStrategy

times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
zones = st.sampled_from(list(OFFSETS))

# --- retention ---------------------------------------------------------------------------------


def some_of(names: Sequence[str]) -> Drawn[tuple[str, ...]]:
    """Draw at least one of some names."""
    return st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True).map(tuple)


def days_of_month(weekdays: Sequence[str]) -> Drawn[DaysOfMonth]:
    """Draw days of a month: by some of the weekdays, or by date."""
    weeks = some_of(["First", "Second", "Third", "Fourth", "Last"])
    dates = st.lists(st.integers(1, 28), max_size=3, unique=True).map(tuple)
    return st.one_of(
        st.builds(DaysOfMonth, weekdays=some_of(weekdays), weeks=weeks),
        st.builds(DaysOfMonth, dates=dates, last_day=st.just(True)),
        st.builds(DaysOfMonth, dates=dates.filter(bool)),
    )


def monthly_of(weekdays: Sequence[str]) -> Drawn[Any]:
    """Draw a monthly retention, or none."""
    return st.none() | st.tuples(days_of_month(weekdays), st.integers(1, 4) | st.integers(1, 30))


def yearly_of(weekdays: Sequence[str]) -> Drawn[Any]:
    """Draw a yearly retention, or none; a rule that applies in February applies often."""
    months = some_of(MONTHS) | st.just(("February",)) | st.just(tuple(MONTHS))
    return st.none() | st.tuples(months, days_of_month(weekdays), st.integers(1, 4))


weekly_of_any = st.none() | st.tuples(some_of(WEEKDAYS), st.integers(1, 3) | st.integers(1, 60))
short = st.integers(7, 12) | st.integers(7, 100)

# --- Standard policies -------------------------------------------------------------------------

plain_policies = st.builds(
    Policy,
    at=times,
    zone=zones,
    instant=st.integers(1, 5),
    daily=st.integers(7, 12) | st.integers(7, 400),
)
daily_policies = st.builds(
    Policy,
    at=times,
    zone=zones,
    instant=st.integers(1, 5),
    daily=short,
    weekly=weekly_of_any,
    monthly=monthly_of(WEEKDAYS),
    yearly=yearly_of(WEEKDAYS),
)


def weekly_policies_on(days: tuple[str, ...]) -> Drawn[Policy]:
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
standard_policies = st.one_of(plain_policies, daily_policies, daily_policies, weekly_policies)

# --- Enhanced policies -------------------------------------------------------------------------

windows = st.builds(Window, st.sampled_from([4, 6, 8, 12, 24]), st.integers(4, 24) | st.just(24))
busy_windows = st.builds(Window, st.sampled_from([4, 6, 8, 12]), st.integers(12, 24))
snapshot_days = st.integers(1, 3) | st.integers(1, 30)


def enhance(policy: Policy, window: Window | None, instant: int) -> Policy:
    """Make an Enhanced policy of a Standard one; its snapshots live as long as they may."""
    kept = policy.daily if policy.weekly is None or policy.daily else 7 * policy.weekly[1]
    assert kept is not None
    most = 30 if window is None else {4: 17, 6: 22}.get(window.every, 30)
    return replace(policy, enhanced=True, window=window, instant=min(instant, most, kept))


hourly_policies = st.builds(enhance, daily_policies, windows | busy_windows, snapshot_days)
enhanced_policies = st.one_of(
    hourly_policies,
    hourly_policies,
    st.builds(enhance, daily_policies, st.none(), snapshot_days),
    st.builds(enhance, weekly_policies, st.none(), snapshot_days),
)

# --- what is done under them -------------------------------------------------------------------

AT_ANY_TIME = ["back up", "edit", "edit", "edit", "use", "use", "stop", "suspend", "look"]
DURING_A_SNAPSHOT = ["suspend", "suspend", "stop", "use", "edit", "edit", "delete", "back up"]

# On an instant to the microsecond, or so near that it is before or after another one.
nudges = st.sampled_from(
    [
        timedelta(0),
        -BLINK,
        BLINK,
        *(count * ONE_MINUTE for count in (-8, -4, -2, -1, 1, 2, 8, 20)),
        timedelta(seconds=-10),
    ]
)
minutes = st.integers(0, 24 * 60).map(lambda count: count * ONE_MINUTE)
starts = st.builds(
    lambda days, half_hours: datetime(2026, 1, 1) + days * ONE_DAY + half_hours * ONE_HOUR / 2,  # noqa: DTZ001
    st.integers(0, 4 * 366),
    st.integers(0, 47),
)
some_minutes = st.integers(1, 4)
vms = st.integers(0, VMS - 1)
whiches = st.integers(0, 6)
policy_keys = st.integers(0, POLICIES - 1)


def waits_of(*most_days: int) -> Drawn[timedelta]:
    """Draw how long users wait: as often up to each of some numbers of days."""
    days = st.one_of(*[st.integers(0, most) for most in most_days])
    return st.builds(lambda count, rest: count * ONE_DAY + rest, days, minutes)


def acts_of(waits: Drawn[timedelta], verbs: list[str], aims: Drawn[str | None]) -> Drawn[Act]:
    """Draw what is done once."""
    return st.builds(
        Act,
        wait=waits,
        verb=st.sampled_from(verbs),
        vm=vms,
        policy=policy_keys,
        edited=st.tuples(standard_policies, enhanced_policies),
        days=st.integers(1, 60),
        aim=aims,
        which=whiches,
        nudge=nudges,
    )


def during_a_snapshot(act: Act, minute: int) -> list[Act]:
    """Do something while a scheduled backup takes its snapshot."""
    return [replace(act, aim="slot", nudge=minute * ONE_MINUTE)]


def cancelled(act: Act, minute: int, seconds: int) -> list[Act]:
    """Cancel a scheduled backup, and back up soon after it."""
    cancel = replace(act, verb="cancel", aim="slot", nudge=minute * ONE_MINUTE)
    return [cancel, replace(act, verb="back up", wait=timedelta(seconds=seconds), aim=None)]


def outage(act: Act, what: str, slots: int) -> list[Act]:
    """Let a VM miss one slot or some: it is gone, its agent falls silent, its disks fit no more."""
    goes = replace(act, verb=f"{what} goes", aim="slot", nudge=-3 * ONE_MINUTE)
    comes = replace(goes, verb=f"{what} comes", wait=10 * ONE_MINUTE, which=slots)
    return [goes, comes]


def pause(act: Act, verb: str, later: timedelta) -> list[Act]:
    """Stop protection, or delete what there is, and take it up again."""
    ends = replace(act, verb=verb)
    back = [replace(act, verb="undelete", wait=later, aim=None)] if verb == "delete" else []
    return [ends, *back, replace(act, verb="use", wait=later, aim=None)]


def burst(vm: int, nudged: list[timedelta], days: int) -> list[Act]:
    """Back up again and again, around the ends of what runs."""
    first = Act("back up", wait=20 * ONE_MINUTE, vm=vm, days=days)
    return [first, *(Act("back up", vm=vm, aim="due", nudge=each, days=days) for each in nudged)]


def histories(
    waits: Drawn[timedelta],
    most: int,
    sweeps: Sequence[int] = (1, 2, 4, 6, 8, 12, 24, 24),
    longest: timedelta | None = None,
) -> Drawn[History]:
    """Draw what happens to a few VMs under two policies: at most so much, in so long."""
    once = acts_of(waits, AT_ANY_TIME, st.sampled_from([None, None, "slot", "due"]))
    single = once.map(lambda act: [act])
    parts = st.one_of(
        single,
        single,
        once.map(lambda act: [replace(act, verb="edit")]),
        st.builds(during_a_snapshot, acts_of(waits, DURING_A_SNAPSHOT, st.none()), some_minutes),
        st.builds(cancelled, once, some_minutes, st.sampled_from([0, 5, 10, 60])),
        st.builds(outage, once, st.sampled_from(["vm", "agent", "fit"]), st.integers(0, 6)),
        st.builds(pause, once, st.sampled_from(["stop", "suspend", "delete"]), waits),
        st.builds(burst, vms, st.lists(nudges, min_size=1, max_size=3), st.integers(1, 20)),
    )
    policies = st.one_of(
        st.tuples(standard_policies, standard_policies),
        st.tuples(standard_policies, enhanced_policies),
        st.tuples(enhanced_policies, enhanced_policies),
    )
    settings = st.builds(
        Setting,
        start=starts,
        policies=policies,
        vms=st.sampled_from([(0, 0, 1), (0, 1, 1)]),
        sweep_every=st.sampled_from(sweeps).map(lambda hours: hours * ONE_HOUR),
        start_jitter=st.sampled_from([timedelta(0), timedelta(0), ONE_HOUR, 2 * ONE_HOUR]),
        disk_gb=st.sampled_from([8, 64, 32_000]),
    )
    drawn = st.lists(parts, min_size=5, max_size=most).map(lambda found: _after_all(found, longest))
    return st.builds(History, settings, drawn)


def _after_all(parts: list[list[Act]], longest: timedelta | None) -> tuple[Act, ...]:
    """Put the parts in a row, so far as there is time, and look again long after them."""
    acts = [act for part in parts for act in part]
    if longest is not None:
        waited = timedelta(0)
        for number, act in enumerate(acts):
            waited += act.wait
            if waited > longest:
                acts = acts[:number]
                break
    return (*acts, Act("look", ONE_HOUR), Act("look", 9 * ONE_DAY), Act("look", 16 * ONE_DAY))
