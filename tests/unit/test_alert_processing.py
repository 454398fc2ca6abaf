"""When an alert processing rule is about an alert, and what it then does."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.alert_processing import groups_for, is_time
from app.domain.instants import parse

VAULT = "/subscriptions/s/resourceGroups/Group-1/providers/Microsoft.RecoveryServices/vaults/v"
FACTS = {
    "Severity": ["Sev1"],
    "MonitorService": ["Azure Backup"],
    "MonitorCondition": ["Fired"],
    "SignalType": ["Log"],
    "TargetResourceType": ["microsoft.recoveryservices/vaults"],
    "TargetResource": [VAULT],
    "TargetResourceGroup": ["Group-1", "/subscriptions/s/resourceGroups/Group-1"],
    "AlertRuleId": [],
    "AlertRuleName": ["Backup Failure"],
    "Description": ["The agent is not there"],
    "AlertContext": ['{"category": "Jobs"}'],
}
ONE, TWO = "/one", "/two"


def rule(*groups: str, **more: Any) -> dict[str, Any]:
    adds = {"actionType": "AddActionGroups", "actionGroupIds": list(groups)}
    return {"scopes": ["/subscriptions/s"], "actions": [adds]} | more


def told(*rules: dict[str, Any], at: str = "2026-01-01T00:00:00Z") -> list[str] | None:
    return groups_for(rules, VAULT, FACTS, parse(at))


def test_groups_of_all_rules_are_told_once() -> None:
    assert told() == []
    assert told(rule(ONE), rule(TWO, "/ONE")) == [ONE, TWO]


def test_one_rule_that_removes_all_groups_wins() -> None:
    removes = rule(actions=[{"actionType": "RemoveAllActionGroups"}])
    assert told(rule(ONE), removes) is None
    assert told(rule(ONE), removes | {"enabled": False}) == [ONE]


@pytest.mark.parametrize(
    ("scope", "reaches"),
    [
        ("/subscriptions/S/", True),
        ("/subscriptions/s/resourcegroups/group-1", True),
        ("/subscriptions/s/resourcegroups/group-", False),
        ("/subscriptions/s/resourcegroups/group-11", False),
        (VAULT.upper(), True),
        (f"{VAULT}2", False),
    ],
)
def test_a_scope_reaches_all_that_lies_below_it(scope: str, reaches: bool) -> None:
    assert told(rule(ONE, scopes=["/subscriptions/other", scope])) == ([ONE] if reaches else [])


@pytest.mark.parametrize(
    ("field", "operator", "values", "holds"),
    [
        ("Severity", "Equals", ["sev0", "sev1"], True),
        ("Severity", "NotEquals", ["Sev0", "Sev1"], False),
        ("TargetResourceGroup", "Equals", ["GROUP-1"], True),
        ("TargetResourceGroup", "Equals", ["/subscriptions/s/resourceGroups/group-1"], True),
        ("TargetResourceGroup", "NotEquals", ["group-1"], False),
        ("TargetResourceType", "Contains", ["MICROSOFT.RECOVERYSERVICES"], True),
        ("AlertContext", "Contains", ["nothing", '"category"'], True),
        ("AlertContext", "DoesNotContain", ["nothing", '"category"'], False),
        ("AlertRuleId", "Equals", ["x"], False),
        ("AlertRuleId", "DoesNotContain", ["x"], True),
        ("Description", "Contains", ["AGENT"], True),
        ("AlertRuleName", "Equals", ["Backup"], False),
    ],
)
def test_a_condition_compares_texts_without_casing(
    field: str, operator: str, values: list[str], holds: bool
) -> None:
    one = {"field": field, "operator": operator, "values": values}
    assert told(rule(ONE, conditions=[one])) == ([ONE] if holds else [])


def test_all_conditions_have_to_hold() -> None:
    right = {"field": "Severity", "operator": "Equals", "values": ["Sev1"]}
    wrong = {"field": "MonitorCondition", "operator": "Equals", "values": ["Resolved"]}
    assert told(rule(ONE, conditions=[right])) == [ONE]
    assert told(rule(ONE, conditions=[right, wrong])) == []


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-07-01T15:59:59Z", False),
        ("2026-07-01T16:00:00Z", True),  # 18:00 in Berlin, in summer
        ("2026-07-01T17:59:59Z", True),
        ("2026-07-01T18:00:00Z", False),
    ],
)
def test_a_window_is_of_the_clocks_on_the_wall(at: str, holds: bool) -> None:
    schedule = {
        "effectiveFrom": "2026-07-01T18:00:00",
        "effectiveUntil": "2026-07-01T20:00:00",
        "timeZone": "W. Europe Standard Time",
    }
    assert is_time(schedule, parse(at)) is holds


SATURDAY = "2026-01-03"
SUNDAY = "2026-01-04"
MONDAY = "2026-01-05"


@pytest.mark.parametrize(
    ("recurrence", "at", "holds"),
    [
        ({"recurrenceType": "Daily", "startTime": "09:00:00", "endTime": "17:00:00"}, "T09:00", 1),
        ({"recurrenceType": "Daily", "startTime": "09:00:00", "endTime": "17:00:00"}, "T17:00", 0),
        ({"recurrenceType": "Daily", "startTime": "17:00:00", "endTime": "09:00:00"}, "T08:59", 1),
        ({"recurrenceType": "Daily", "startTime": "17:00:00", "endTime": "09:00:00"}, "T09:00", 0),
        ({"recurrenceType": "Daily", "startTime": "17:00:00", "endTime": "09:00:00"}, "T23:00", 1),
        ({"recurrenceType": "Weekly", "daysOfWeek": ["Monday"]}, "T00:00", 1),
        ({"recurrenceType": "Weekly", "daysOfWeek": ["Sunday"]}, "T00:00", 0),
        ({"recurrenceType": "Monthly", "daysOfMonth": [5]}, "T23:59", 1),
        ({"recurrenceType": "Monthly", "daysOfMonth": [4, 6]}, "T12:00", 0),
    ],
)
def test_a_recurrence_holds_on_a_monday(recurrence: dict[str, Any], at: str, holds: int) -> None:
    schedule = {"timeZone": "UTC", "recurrences": [recurrence]}
    assert is_time(schedule, parse(f"{MONDAY}{at}:00Z")) is bool(holds)


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (f"{SATURDAY}T03:00:00Z", False),
        (f"{SATURDAY}T22:00:00Z", True),
        (f"{SUNDAY}T03:00:00Z", True),
        (f"{SUNDAY}T12:00:00Z", False),
        (f"{MONDAY}T03:59:59Z", True),
        (f"{MONDAY}T04:00:00Z", False),
        (f"{MONDAY}T23:00:00Z", False),
    ],
)
def test_a_night_belongs_to_the_day_that_it_begins_on(at: str, holds: bool) -> None:
    weekend = {
        "recurrenceType": "Weekly",
        "startTime": "22:00:00",
        "endTime": "04:00:00",
        "daysOfWeek": ["Saturday", "Sunday"],
    }
    assert is_time({"recurrences": [weekend]}, parse(at)) is holds
