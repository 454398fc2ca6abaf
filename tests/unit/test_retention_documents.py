"""The retention of policy bodies: which categories Azure takes together, and in which words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app.domain.errors import Refused
from app.domain.instants import DAY, parse
from app.domain.policies import read_vm
from app.domain.policy_documents import vm_policy
from app.domain.retention_rules import LAST_DAY, Rule

NOW = parse("2026-05-06T07:08:09Z")
AT = ["2026-01-01T22:00:00Z"]
LEAVE_OUT = ...
SUNDAYS = frozenset({"Sunday"})


def kept(count: int, unit: str, **days: Any) -> dict[str, Any]:
    return {
        **days,
        "retentionTimes": AT,
        "retentionDuration": {"count": count, "durationType": unit},
    }


def by_week(weekdays: list[str], weeks: list[str]) -> dict[str, Any]:
    return {
        "retentionScheduleFormatType": "Weekly",
        "retentionScheduleWeekly": {"daysOfTheWeek": weekdays, "weeksOfTheMonth": weeks},
    }


def by_day(*days: dict[str, Any]) -> dict[str, Any]:
    return {
        "retentionScheduleFormatType": "Daily",
        "retentionScheduleDaily": {"daysOfTheMonth": list(days)},
    }


def body(*, weekly: bool, **changes: Any) -> dict[str, Any]:
    """Return a policy with all its categories, but for what is changed at dotted paths."""
    schedule = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunTimes": AT}
    schedule["scheduleRunFrequency"] = "Weekly" if weekly else "Daily"
    if weekly:
        schedule["scheduleRunDays"] = ["Sunday"]
    retention: dict[str, Any] = {"retentionPolicyType": "LongTermRetentionPolicy"}
    if not weekly:
        retention["dailySchedule"] = kept(180, "Days")
    first = by_week(["Sunday"], ["First"])
    retention["weeklySchedule"] = kept(12, "Weeks", daysOfTheWeek=["Sunday"])
    retention["monthlySchedule"] = kept(60, "Months", **first)
    retention["yearlySchedule"] = kept(10, "Years", monthsOfYear=["January"], **first)
    sent: dict[str, Any] = {"schedulePolicy": schedule, "retentionPolicy": retention}
    for path, value in copy.deepcopy(changes).items():
        *parents, name = path.split(".")
        place = sent
        for parent in parents:
            place = place[parent]
        if value is LEAVE_OUT:
            place.pop(name)
        else:
            place[name] = value
    return sent


@pytest.mark.parametrize("weekly", [False, True])
def test_a_policy_with_every_category_comes_back_as_it_was_sent(weekly: bool) -> None:
    sent = body(weekly=weekly)
    document = vm_policy(sent, None, NOW)
    assert document["retentionPolicy"] == sent["retentionPolicy"]
    assert document["schedulePolicy"] == sent["schedulePolicy"] | {"scheduleWeeklyFrequency": 0}
    assert document["instantRpRetentionRangeInDays"] == (5 if weekly else 2)
    assert vm_policy(document, document, NOW + DAY) == document


def test_a_policy_with_every_category_is_read_highest_first() -> None:
    policy = read_vm(vm_policy(body(weekly=True), None, NOW))
    assert policy is not None
    first = frozenset({"First"})
    assert policy.weekdays == SUNDAYS
    assert policy.rules == (
        Rule("Yearly", 10, SUNDAYS, first, months=frozenset({"January"})),
        Rule("Monthly", 60, SUNDAYS, first),
        Rule("Weekly", 12, SUNDAYS),
    )


def test_days_of_the_month_are_shown_with_the_last_one_as_zero() -> None:
    sent_days = by_day({"date": 15}, {"date": 28, "isLast": True}, {"date": 1, "isLast": False})
    monthly = kept(3, "Months", **sent_days)
    sent = body(weekly=False, **{"retentionPolicy.monthlySchedule": monthly})
    document = vm_policy(sent, None, NOW)
    shown = document["retentionPolicy"]["monthlySchedule"]["retentionScheduleDaily"]
    assert shown["daysOfTheMonth"] == [
        {"date": 15, "isLast": False},
        {"date": 0, "isLast": True},
        {"date": 1, "isLast": False},
    ]
    policy = read_vm(document)
    assert policy is not None
    assert policy.rules[1] == Rule("Monthly", 3, month_days=frozenset({1, 15, LAST_DAY}))


def test_words_are_shown_in_azures_casing() -> None:
    lower = kept(1, "years", monthsOfYear=["may"], **by_week(["monday"], ["last"]))
    lower["retentionScheduleFormatType"] = "weekly"
    document = vm_policy(body(weekly=False, **{"retentionPolicy.yearlySchedule": lower}), None, NOW)
    assert document["retentionPolicy"]["yearlySchedule"] == kept(
        1, "Years", monthsOfYear=["May"], **by_week(["Monday"], ["Last"])
    )


@pytest.mark.parametrize(
    ("category", "unit", "low", "high"),
    [
        ("daily", "Days", 7, 9999),
        ("weekly", "Weeks", 1, 5163),
        ("monthly", "Months", 1, 1188),
        ("yearly", "Years", 1, 99),
    ],
)
def test_each_category_has_its_range(category: str, unit: str, low: int, high: int) -> None:
    path = f"retentionPolicy.{category}Schedule.retentionDuration.count"
    for count in (low, high):
        assert vm_policy(body(weekly=False, **{path: count}), None, NOW)
    for count in (low - 1, high + 1):
        refused = refusal(weekly=False, **{path: count})
        assert refused.target == f"properties.{path}"
        told = f"{count} is out of range; allowed: {low} to {high} {unit.lower()}"
        assert told in refused.message


def refusal(*, weekly: bool, **changes: Any) -> Refused:
    with pytest.raises(Refused) as raised:
        vm_policy(body(weekly=weekly, **changes), None, NOW)
    assert raised.value.code == "BMSUserErrorInvalidPolicyInput"
    return raised.value


RETENTION = "retentionPolicy"
MONTHLY = f"{RETENTION}.monthlySchedule"
YEARLY = f"{RETENTION}.yearlySchedule"
WEEKDAYS = f"{RETENTION}.weeklySchedule.daysOfTheWeek"
OF_MONTH = f"{MONTHLY}.retentionScheduleDaily.daysOfTheMonth"


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        ({WEEKDAYS: LEAVE_OUT}, WEEKDAYS, "has 0 entries; at least 1 is needed; allowed: Monday"),
        ({WEEKDAYS: ["Funday"]}, f"{WEEKDAYS}[0]", "'Funday' is not allowed; allowed: Monday,"),
        ({WEEKDAYS: ["Monday", "monday"]}, WEEKDAYS, "'Monday, Monday' must be distinct"),
        (
            {f"{MONTHLY}.retentionScheduleFormatType": "Invalid"},
            f"{MONTHLY}.retentionScheduleFormatType",
            "'Invalid' is not allowed; allowed: Daily, Weekly",
        ),
        (
            {f"{MONTHLY}.retentionScheduleWeekly": LEAVE_OUT},
            f"{MONTHLY}.retentionScheduleWeekly",
            "is required",
        ),
        (
            {f"{MONTHLY}.retentionScheduleWeekly.weeksOfTheMonth": ["Fifth"]},
            f"{MONTHLY}.retentionScheduleWeekly.weeksOfTheMonth[0]",
            "'Fifth' is not allowed; allowed: First, Second, Third, Fourth, Last",
        ),
        ({MONTHLY: kept(1, "Months", **by_day())}, OF_MONTH, "has 0 entries"),
        ({MONTHLY: kept(1, "Months", **by_day({"date": 29}))}, f"{OF_MONTH}[0].date", "1 to 28 or"),
        ({MONTHLY: kept(1, "Months", **by_day({"date": 0}))}, f"{OF_MONTH}[0].date", "0 is out of"),
        ({MONTHLY: kept(1, "Months", **by_day({}))}, f"{OF_MONTH}[0].date", "is required"),
        (
            {MONTHLY: kept(1, "Months", **by_day({"date": 3}, {"date": 3}))},
            OF_MONTH,
            "'3, 3' must be distinct",
        ),
        (
            {MONTHLY: kept(1, "Months", **by_day({"isLast": True}, {"isLast": True}))},
            OF_MONTH,
            "'last, last' must be distinct",
        ),
        ({f"{YEARLY}.monthsOfYear": []}, f"{YEARLY}.monthsOfYear", "has 0 entries"),
        ({f"{YEARLY}.monthsOfYear": ["Invalid"]}, f"{YEARLY}.monthsOfYear[0]", "January, Feb"),
        ({f"{YEARLY}.retentionTimes": LEAVE_OUT}, f"{YEARLY}.retentionTimes", "has 0 entries"),
        (
            {f"{MONTHLY}.retentionTimes": ["2026-01-01T21:00:00Z"]},
            f"{MONTHLY}.retentionTimes",
            "must be the time of the schedule, 22:00:00Z",
        ),
        (
            {f"{YEARLY}.retentionDuration.durationType": "Days"},
            f"{YEARLY}.retentionDuration.durationType",
            "'Days' is not allowed; allowed: Years",
        ),
        ({f"{RETENTION}.weeklySchedule": {}}, WEEKDAYS, "has 0 entries"),
        ({f"{RETENTION}.dailySchedule": LEAVE_OUT}, f"{RETENTION}.dailySchedule", "is required"),
    ],
)
def test_a_daily_policy_is_refused_by_field_and_range(
    changes: dict[str, Any], field: str, told: str
) -> None:
    refused = refusal(weekly=False, **changes)
    assert refused.target == f"properties.{field}"
    assert refused.message.startswith(f"properties.{field}: ")
    assert told in refused.message


@pytest.mark.parametrize(
    ("changes", "field", "told"),
    [
        (
            {"schedulePolicy.scheduleRunDays": []},
            "schedulePolicy.scheduleRunDays",
            "has 0 entries; at least 1 is needed",
        ),
        (
            {"schedulePolicy.scheduleRunDays": ["Sunday", "Monday"]},
            WEEKDAYS,
            "'Sunday' must be the days of the schedule: Sunday, Monday",
        ),
        (
            {f"{RETENTION}.dailySchedule": kept(30, "Days")},
            f"{RETENTION}.dailySchedule",
            "is not allowed with a weekly schedule",
        ),
        (
            {f"{RETENTION}.weeklySchedule": LEAVE_OUT},
            f"{RETENTION}.weeklySchedule",
            "is required",
        ),
        (
            {MONTHLY: kept(1, "Months", **by_day({"date": 1}))},
            f"{MONTHLY}.retentionScheduleFormatType",
            "'Daily' is not allowed; allowed: Weekly",
        ),
        (
            {f"{MONTHLY}.retentionScheduleWeekly.daysOfTheWeek": ["Sunday", "Friday"]},
            f"{MONTHLY}.retentionScheduleWeekly.daysOfTheWeek",
            "'Friday' is not a day of the schedule; allowed: Sunday",
        ),
        (
            {"instantRpRetentionRangeInDays": 2},
            "instantRpRetentionRangeInDays",
            "2 is out of range; allowed: 5 days on a weekly Standard policy",
        ),
    ],
)
def test_a_weekly_policy_is_refused_by_field_and_range(
    changes: dict[str, Any], field: str, told: str
) -> None:
    refused = refusal(weekly=True, **changes)
    assert refused.target == f"properties.{field}"
    assert told in refused.message


def test_an_edit_to_a_weekly_schedule_takes_the_snapshot_days_along_where_they_are_allowed() -> (
    None
):
    daily = vm_policy(body(weekly=False, instantRpRetentionRangeInDays=3), None, NOW)
    weekly = vm_policy(body(weekly=True), daily, NOW)
    assert weekly["instantRpRetentionRangeInDays"] == 5
    assert vm_policy(body(weekly=False), weekly, NOW)["instantRpRetentionRangeInDays"] == 5
