"""Schedules on the days when clocks are changed, and where a zone moves: every day has its backup.

The offsets and the days of the changes are written out by hand (docs/decisions/0007).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import time_zones
from app.domain.instants import DAY, HOUR, MINUTE, from_datetime, wire
from app.domain.policies import VmPolicy
from app.domain.retention_rules import WEEKDAYS, Rule

CHANGES = [
    ("GMT Standard Time", 0.0, 1.0, "2026-03-29", "2026-10-25"),
    ("Pacific Standard Time", -8.0, 1.0, "2026-03-08", "2026-11-01"),
    ("Newfoundland Standard Time", -3.5, 1.0, "2026-03-08", "2026-11-01"),
    ("Cen. Australia Standard Time", 9.5, 1.0, "2026-10-04", "2026-04-05"),
    ("Lord Howe Standard Time", 10.5, 0.5, "2026-10-04", "2026-04-05"),
    ("New Zealand Standard Time", 12.0, 1.0, "2026-09-27", "2026-04-05"),
    # Winter time that goes backwards: the standard hour is summer's.
    ("Namibia Standard Time", 2.0, 1.0, "2016-09-04", "2016-04-03"),
    ("Morocco Standard Time", 1.0, 1.0, "2025-04-06", "2025-02-23"),
]
HALF_PAST_TWO = 2 * HOUR + 30 * MINUTE
"""A time that is not there on the spring day, and twice on the autumn day."""
EVERY_FOUR_HOURS = tuple(30 * MINUTE + hour * HOUR for hour in range(0, 24, 4))


def policy(zone: str, *times: int, weekday: str | None = None) -> VmPolicy:
    if weekday is None:
        return VmPolicy(times, zone, 2, (Rule("Daily", 30),))
    days = frozenset({weekday})
    return VmPolicy(times, zone, 5, (Rule("Weekly", 4, weekdays=days),), weekdays=days)


def midnight(day: date) -> int:
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))


def walk(found: VmPolicy, after: int, until: int) -> list[int]:
    """The slots after an instant, and up to another one."""
    slots = [found.next_slot(after)]
    while slots[-1] <= until:
        slots.append(found.next_slot(slots[-1]))
    return slots[:-1]


@pytest.mark.parametrize(("zone", "hours", "saved", "spring", "autumn"), CHANGES)
def test_no_day_of_a_clock_change_has_one_backup_too_few_or_too_many(
    zone: str, hours: float, saved: float, spring: str, autumn: str
) -> None:
    for text, way in ((spring, saved), (autumn, -saved)):
        change = date.fromisoformat(text)
        assert forward(zone, change) == timedelta(hours=way)
        days = [change + timedelta(days=number) for number in range(-3, 4)]
        start = midnight(days[0]) - int(hours * HOUR) - 1
        assert change.strftime("%A") == "Sunday"
        for times, weekday, runs in (
            ((HALF_PAST_TWO,), None, days),
            ((HALF_PAST_TWO,), "Sunday", [change]),
            (EVERY_FOUR_HOURS, None, days),
        ):
            found = policy(zone, *times, weekday=weekday)
            slots = walk(found, start, start + 7 * DAY)
            assert slots == [
                midnight(day) + time - int(hours * HOUR) for day in runs for time in times
            ]
            keeps = [found.keep(slot) for slot in slots]
            expected = [midnight(day) // DAY for day in runs]
            assert [keep.day for keep in keeps if keep.vaulted] == expected
            assert [keep.day for keep in keeps if keep.settles] == expected


def forward(zone: str, change: date) -> timedelta:
    """By how much the clocks of a zone are set forward on a day."""
    noon = datetime(change.year, change.month, change.day, 12, tzinfo=UTC)
    here = ZoneInfo(time_zones.ZONES[zone])
    before, after = (
        (noon + timedelta(days=number)).astimezone(here).utcoffset() for number in (-2, 2)
    )
    assert before is not None
    assert after is not None
    return after - before


# --- zones that move ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "year", "slots"),
    [
        # Each of 23:30 on 31 December and on 1 January. Turkey went from +2 to +3 in 2016.
        ("Turkey Standard Time", 2017, ["2016-12-31T21:30:00Z", "2017-01-01T20:30:00Z"]),
        # Venezuela from -4:30 to -4 in 2016; Jordan and Syria from +2 to +3 in 2022.
        ("Venezuela Standard Time", 2017, ["2017-01-01T04:00:00Z", "2017-01-02T03:30:00Z"]),
        ("Jordan Standard Time", 2023, ["2022-12-31T21:30:00Z", "2023-01-01T20:30:00Z"]),
        ("Syria Standard Time", 2023, ["2022-12-31T21:30:00Z", "2023-01-01T20:30:00Z"]),
        # Moscow from +4 to +3 in 2014.
        ("Russian Standard Time", 2015, ["2014-12-31T19:30:00Z", "2015-01-01T20:30:00Z"]),
    ],
)
def test_a_zone_that_moves_does_so_at_the_end_of_the_year(
    zone: str, year: int, slots: list[str]
) -> None:
    found = policy(zone, 23 * HOUR + 30 * MINUTE)
    new_year = midnight(date(year, 1, 1))
    shown = walk(found, new_year - 2 * DAY, new_year + 3 * DAY)
    days = [new_year // DAY - 1, new_year // DAY]
    assert [wire(slot) for slot in shown if found.keep(slot).day in days] == slots


def test_the_day_that_samoa_skipped_has_no_backup_of_its_own() -> None:
    # From -11 to +13: the last day of 2011 and the first of 2012 begin at the same instant.
    found = policy("Samoa Standard Time", 22 * HOUR)
    new_year = midnight(date(2012, 1, 1))
    slots = walk(found, new_year - 2 * DAY, new_year + 2 * DAY)
    assert [(wire(slot), found.keep(slot).day - new_year // DAY) for slot in slots] == [
        ("2011-12-30T09:00:00Z", -3),
        ("2011-12-31T09:00:00Z", -2),
        ("2012-01-01T09:00:00Z", -1),
        ("2012-01-02T09:00:00Z", 1),
    ]
    # A schedule that runs on one of the two days runs that day.
    sundays = policy("Samoa Standard Time", 22 * HOUR, weekday="Sunday")
    slot = sundays.next_slot(new_year - 2 * DAY)
    assert (wire(slot), sundays.keep(slot).day) == ("2012-01-01T09:00:00Z", new_year // DAY)


MOVES = [
    (zone, year)
    for zone in sorted(time_zones.ZONES)
    for year in range(1971, 2101)
    if time_zones.standard_offset(zone, year) != time_zones.standard_offset(zone, year - 1)
]
KINDS = [
    *(((hour * HOUR,), None) for hour in (0, 2.5, 11.5, 23.5)),
    *(((HALF_PAST_TWO,), weekday) for weekday in WEEKDAYS),
    (EVERY_FOUR_HOURS, None),
    (tuple(time + 3 * HOUR for time in EVERY_FOUR_HOURS), None),
]


def expected(
    zone: str, times: tuple[float, ...], weekday: str | None, first: date
) -> dict[int, list[int]]:
    """The slots of nine days, each with the days that it is of: a list of what should be."""
    found = defaultdict(list)
    for day in (first + timedelta(days=number) for number in range(9)):
        if weekday in (None, day.strftime("%A")):
            begin = midnight(day) - time_zones.standard_offset(zone, day.year)
            for time in times:
                found[begin + int(time)].append(midnight(day) // DAY)
    return dict(sorted(found.items()))


def test_whatever_zone_moves_no_slot_is_missed_or_doubled() -> None:
    assert len(MOVES) > 100
    for zone, year in MOVES:
        for times, weekday in KINDS:
            found = policy(zone, *(int(time) for time in times), weekday=weekday)
            slots = expected(zone, times, weekday, date(year - 1, 12, 28))
            first, last = min(slots), max(slots)
            assert walk(found, first - 1, last) == list(slots), (zone, year)
            for slot, days in slots.items():
                keep = found.keep(slot)
                assert keep.day == days[0], (zone, year)
                assert keep.tags


@given(
    zone=st.sampled_from(sorted(time_zones.ZONES)),
    kind=st.sampled_from(KINDS),
    after=st.integers(0, midnight(date(2100, 12, 31))),
)
def test_in_every_zone_and_year_slots_follow_each_other_and_have_their_day(
    zone: str, kind: tuple[tuple[float, ...], str | None], after: int
) -> None:
    times, weekday = kind
    found = policy(zone, *(int(time) for time in times), weekday=weekday)
    slots = [after]
    for _ in range(2 * len(times)):
        slots.append(found.next_slot(slots[-1]))
    longest = DAY if weekday is None else 7 * DAY
    assert all(left < right <= left + longest + 2 * HOUR for left, right in pairwise(slots))
    keeps = [found.keep(slot) for slot in slots[1:]]
    assert all(left.day < right.day for left, right in pairwise(keeps) if left.vaulted)
    assert sum(keep.vaulted for keep in keeps) == 2
