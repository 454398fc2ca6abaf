"""Which days a rule tags and how long it keeps them; the dates are written out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.instants import EARLIEST, LATEST, parse, wire
from app.domain.policies import VmPolicy
from app.domain.retention_rules import LAST_DAY, Rule, months_later

EVERY_DAY_OF_2024 = [date(2024, 1, 1) + timedelta(days=number) for number in range(366)]


def tagged(rule: Rule) -> list[str]:
    """The days of a leap year that a rule tags, as month-day."""
    return [f"{day:%m-%d}" for day in EVERY_DAY_OF_2024 if rule.tags(day)]


def by_week(weekdays: str, weeks: str) -> Rule:
    return Rule("Monthly", 1, frozenset(weekdays.split()), frozenset(weeks.split()))


def test_a_weekday_of_the_first_week_is_one_of_the_first_seven_days() -> None:
    assert tagged(by_week("Monday", "First")) == [
        "01-01", "02-05", "03-04", "04-01", "05-06", "06-03", "07-01", "08-05", "09-02", "10-07",
        "11-04", "12-02",
    ]  # fmt: skip


def test_a_month_with_five_thursdays_has_its_last_one_in_no_numbered_week() -> None:
    february = [day for day in tagged(by_week("Thursday", "Fourth Last")) if day < "03"]
    assert february == ["01-25", "02-22", "02-29"]


def test_a_weekday_of_the_fourth_week_may_be_the_last_of_the_month() -> None:
    assert tagged(by_week("Wednesday", "Last"))[1] == "02-28"
    assert "02-28" in tagged(by_week("Wednesday", "Fourth"))


def test_several_weekdays_of_several_weeks_are_all_tagged() -> None:
    march = [day for day in tagged(by_week("Saturday Sunday", "Second Last")) if day[:2] == "03"]
    assert march == ["03-09", "03-10", "03-30", "03-31"]


def test_the_last_day_is_that_of_each_month() -> None:
    rule = Rule("Monthly", 1, month_days=frozenset({1, LAST_DAY}))
    assert tagged(rule)[:6] == ["01-01", "01-31", "02-01", "02-29", "03-01", "03-31"]


def test_a_yearly_rule_tags_days_of_its_months_only() -> None:
    months = frozenset({"February", "December"})
    assert tagged(Rule("Yearly", 1, month_days=frozenset({LAST_DAY}), months=months)) == [
        "02-29",
        "12-31",
    ]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2026-08-31", 1, "2026-09-30"),
        ("2096-02-29", 48, "2100-02-28"),
        ("2026-11-15", 1188, "2125-11-15"),
        ("9999-06-01", 12, "9999-12-31"),
    ],
)
def test_months_are_added_by_the_calendar(day: str, months: int, later: str) -> None:
    assert months_later(date.fromisoformat(day), months).isoformat() == later


ALL = VmPolicy(
    times=(0,),
    time_zone="UTC",
    instant_days=2,
    rules=(
        Rule("Yearly", 1, month_days=frozenset({1}), months=frozenset({"January"})),
        Rule("Monthly", 12, month_days=frozenset({1})),
        Rule("Weekly", 2, weekdays=frozenset({"Thursday"})),
        Rule("Daily", 14),
    ),
)


def kept(policy: VmPolicy, slot: str) -> tuple[str, str, str]:
    """Return the tags of a slot's point, its rule, and how its length counts from the slot."""
    keep = policy.keep(parse(slot))
    return keep.tags, keep.length.rule, wire(parse(slot) + keep.length.micros)


def test_the_longest_rule_governs_and_of_equal_ones_the_highest() -> None:
    # 1 January 2026 was a Thursday: a year and twelve months are equally long.
    assert kept(ALL, "2026-01-01T00:00:00Z") == ("YMWD", "Yearly", "2027-01-01T00:00:00Z")
    assert kept(ALL, "2026-02-01T00:00:00Z") == ("MD", "Monthly", "2027-02-01T00:00:00Z")
    assert kept(ALL, "2026-01-08T00:00:00Z") == ("WD", "Weekly", "2026-01-22T00:00:00Z")
    assert kept(ALL, "2026-01-09T00:00:00Z") == ("D", "Daily", "2026-01-23T00:00:00Z")


def test_a_monthly_rule_that_is_shorter_than_the_daily_one_does_not_govern() -> None:
    rules = (Rule("Monthly", 1, month_days=frozenset({1})), Rule("Daily", 60))
    policy = VmPolicy((0,), "UTC", 2, rules)
    assert kept(policy, "2026-02-01T00:00:00Z") == ("MD", "Daily", "2026-04-02T00:00:00Z")


def test_the_date_of_a_slot_is_that_of_the_policys_standard_day() -> None:
    rules = (Rule("Monthly", 1, month_days=frozenset({LAST_DAY})), Rule("Daily", 7))
    # 23:00 of 31 January in Seattle; 05:30 of 1 February in Delhi is midnight in UTC.
    seattle = VmPolicy((parse("1970-01-01T23:00:00Z"),), "Pacific Standard Time", 2, rules)
    assert kept(seattle, "2026-02-01T07:00:00Z") == ("MD", "Monthly", "2026-03-01T07:00:00Z")
    delhi = VmPolicy((parse("1970-01-01T05:30:00Z"),), "India Standard Time", 2, rules)
    assert kept(delhi, "2026-02-01T00:00:00Z")[0] == "D"
    assert kept(delhi, "2026-01-31T00:00:00Z")[0] == "MD"


def test_a_weekly_schedule_runs_on_its_days_of_the_standard_week() -> None:
    days = frozenset({"Sunday", "Wednesday"})
    rules = (Rule("Weekly", 1, weekdays=days),)
    auckland = VmPolicy((0,), "New Zealand Standard Time", 5, rules, weekdays=days)
    slots = [parse("2026-01-01T00:00:00Z")]
    for _ in range(4):
        slots.append(auckland.next_slot(slots[-1]))
    # Midnight of a day in Auckland is noon of the day before in UTC, in summer too (0007).
    assert [wire(slot) for slot in slots[1:]] == [
        "2026-01-03T12:00:00Z",
        "2026-01-06T12:00:00Z",
        "2026-01-10T12:00:00Z",
        "2026-01-13T12:00:00Z",
    ]
    assert {auckland.keep(slot).tags for slot in slots[1:]} == {"W"}


def test_tags_without_a_rule_have_no_length() -> None:
    assert ALL.length("", 0) is None
    weekly = VmPolicy((0,), "UTC", 5, (Rule("Weekly", 1, weekdays=frozenset({"Monday"})),))
    assert weekly.length("D", 0) is None


def test_no_rule_keeps_more_points_than_it_counts() -> None:
    assert [rule.most_points for rule in ALL.rules] == [1, 12, 2, 14]
    assert by_week("Monday Friday", "First Last").most_points == 4
    assert not ALL.is_crowded
    assert VmPolicy((0,), "UTC", 2, (Rule("Daily", 5000),)).is_crowded


def test_the_end_of_the_calendar_is_no_fault() -> None:
    for slot in (ALL.next_slot(LATEST), ALL.next_slot(EARLIEST)):
        assert ALL.keep(slot).length.micros >= 0
