"""Rules and lengths against a calendar that knows nothing but how long the months are.

It counts days one by one, from 1 January 1970, a Thursday; nothing in it comes from ``datetime``.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.instants import DAY, LATEST, parse, wire
from app.domain.policies import VmPolicy
from app.domain.retention_documents import LENGTHS, MONTH_DAYS
from app.domain.retention_rules import LAST_DAY, MONTHS, WEEKDAYS, WEEKS, Rule, months_later

LONGEST_RULES = {name[:-8].capitalize(): most for name, (_, (_, most)) in LENGTHS.items()}
"""The most of each category, by its rule's name."""


@dataclass(frozen=True)
class Day:
    """A day of the naive calendar; ``number`` counts from 1 January 1970."""

    year: int
    month: int
    day: int
    number: int

    @property
    def date(self) -> date:
        return date(self.year, self.month, self.day)

    @property
    def weekday(self) -> str:
        return WEEKDAYS[(self.number + 3) % 7]


def month_length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 400 == 0 or (year % 4 == 0 and year % 100 != 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


YEARS = range(1970, 2301)
LENGTHS_OF_MONTHS = [month_length(year, month) for year in YEARS for month in range(1, 13)]
STARTS = [0, *accumulate(LENGTHS_OF_MONTHS)]
"""The number of the first day of each month, and of the day after the last."""


def day_of(number: int) -> Day:
    month = bisect_right(STARTS, number) - 1
    return Day(YEARS[month // 12], month % 12 + 1, number - STARTS[month] + 1, number)


def same_day_later(day: Day, months: int) -> Day:
    """The same day some months later; one day sooner as long as that month has no such day."""
    month = (day.year - 1970) * 12 + day.month - 1 + months
    wanted = day.day
    while wanted > LENGTHS_OF_MONTHS[month]:
        wanted -= 1
    return day_of(STARTS[month] + wanted - 1)


def alike(day: Day) -> list[Day]:
    """All days of a month with the weekday of one of them."""
    length = month_length(day.year, day.month)
    month = [day_of(day.number - day.day + 1 + number) for number in range(length)]
    return [each for each in month if each.weekday == day.weekday]


def weeks_of(day: Day) -> set[str]:
    """Which of its month's days of its weekday a day is: a fifth one has no number."""
    among = alike(day)
    place = among.index(day)
    found = {WEEKS[place]} if place < 4 else set()
    return found | {"Last"} if place == len(among) - 1 else found


days = st.integers(0, STARTS[(2150 - 1970) * 12] - 1).map(day_of)
month_ends = st.integers(1, (2150 - 1970) * 12).map(lambda month: day_of(STARTS[month] - 1))
any_day = st.one_of(days, month_ends)


def some(words: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(words), min_size=1)


@given(any_day)
def test_both_calendars_have_the_same_days(day: Day) -> None:
    assert date(1970, 1, 1) + timedelta(days=day.number) == day.date
    assert day.date.strftime("%A") == day.weekday


@given(any_day, some(WEEKDAYS), some(WEEKS), st.none() | some(MONTHS))
def test_days_by_week_are_those_of_the_naive_calendar(
    day: Day, weekdays: frozenset[str], weeks: frozenset[str], months: frozenset[str] | None
) -> None:
    rule = Rule("Yearly", 1, weekdays, weeks, months=months)
    in_months = months is None or MONTHS[day.month - 1] in months
    assert rule.tags(day.date) == (
        day.weekday in weekdays and bool(weeks & weeks_of(day)) and in_months
    )


@given(any_day, st.frozensets(st.integers(*MONTH_DAYS) | st.just(LAST_DAY), min_size=1))
def test_days_by_number_are_those_of_the_naive_calendar(day: Day, numbers: frozenset[int]) -> None:
    is_last = day_of(day.number + 1).month != day.month
    rule = Rule("Monthly", 1, month_days=numbers)
    assert rule.tags(day.date) == (day.day in numbers or (is_last and LAST_DAY in numbers))


@given(any_day, st.integers(0, LONGEST_RULES["Monthly"]))
def test_months_later_is_the_same_day_or_the_last_one(day: Day, months: int) -> None:
    later = same_day_later(day, months)
    assert months_later(day.date, months) == later.date
    assert Rule("Monthly", months).days(day.date) == later.number - day.number


@given(any_day, st.integers(1, LONGEST_RULES["Yearly"]))
def test_years_later_is_the_same_day_or_28_february(day: Day, years: int) -> None:
    later = same_day_later(day, 12 * years)
    assert Rule("Yearly", years).days(day.date) == later.number - day.number
    assert (later.month, later.day) in ((day.month, day.day), (2, 28))


@given(any_day, st.integers(1, LONGEST_RULES["Daily"]), st.integers(1, LONGEST_RULES["Weekly"]))
def test_days_and_weeks_are_counted_whatever_the_calendar_holds(
    day: Day, count: int, weeks: int
) -> None:
    assert Rule("Daily", count).days(day.date) == count
    assert Rule("Weekly", weeks).days(day.date) == 7 * weeks


@pytest.mark.parametrize("year", [2023, 2024, 2025, 2026])
def test_every_month_has_each_weekday_in_four_weeks_and_one_last(year: int) -> None:
    for weekday in WEEKDAYS:
        for month in MONTHS:
            rules = [
                Rule("Yearly", 1, frozenset({weekday}), frozenset({week}), None, frozenset({month}))
                for week in WEEKS
            ]
            first = date(year, 1, 1)
            length = (date(year + 1, 1, 1) - first).days
            whole_year = [first + timedelta(days=number) for number in range(length)]
            found = [[day for day in whole_year if rule.tags(day)] for rule in rules]
            assert [len(each) for each in found] == [1] * 5
            dates = [each[0] for each in found]
            assert {later - sooner for sooner, later in pairwise(dates[:4])} == {timedelta(days=7)}
            # The last is the fourth, or a fifth one that has no other name.
            assert dates[4] - dates[3] in (timedelta(0), timedelta(days=7))


@pytest.mark.parametrize(
    ("rule", "slot", "end"),
    [
        (Rule("Daily", 9999), "2026-01-01T00:00:00Z", "2053-05-18T00:00:00Z"),
        (Rule("Weekly", 5163, frozenset(WEEKDAYS)), "2026-01-01T00:00:00Z", "2124-12-14T00:00:00Z"),
        (
            Rule("Monthly", 1188, month_days=frozenset({LAST_DAY})),
            "2024-02-29T00:00:00Z",
            "2123-02-28T00:00:00Z",
        ),
        (
            Rule("Yearly", 99, month_days=frozenset({LAST_DAY}), months=frozenset({"February"})),
            "2024-02-29T00:00:00Z",
            "2123-02-28T00:00:00Z",
        ),
        (Rule("Monthly", 1, month_days=frozenset({LAST_DAY})), "2026-01-31T00:00:00Z",
         "2026-02-28T00:00:00Z"),
        (Rule("Monthly", 1, month_days=frozenset({LAST_DAY})), "2026-12-31T00:00:00Z",
         "2027-01-31T00:00:00Z"),
    ],
)  # fmt: skip
def test_the_longest_lengths_end_on_their_day(rule: Rule, slot: str, end: str) -> None:
    keep = VmPolicy((0,), "UTC", 2, (rule,)).keep(parse(slot))
    assert wire(parse(slot) + keep.length.micros) == end


@pytest.mark.parametrize("name", LONGEST_RULES)
def test_what_ends_after_the_last_year_is_shown_as_its_end(name: str) -> None:
    rule = Rule(name, LONGEST_RULES[name])
    policy = VmPolicy((0,), "UTC", 2, (rule,))
    slot = policy.next_slot(LATEST - 40 * DAY)
    assert wire(slot + policy.keep(slot).length.micros)[:5] == "9999-"
