"""Alert processing rules: which alerts one is about, and which action groups they are told to.

A rule is about an alert if the alert's target lies in one of its scopes, if all its conditions
hold, if it is enabled, and if its schedule says that it is its time. Texts compare without casing.
Rules that remove all action groups win over those that add some (Microsoft: alert processing
rules).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from . import time_zones
from .documents import Document
from .instants import to_datetime

SEVERITIES = ("Sev0", "Sev1", "Sev2", "Sev3", "Sev4")
MONITOR_CONDITIONS = ("Fired", "Resolved")
SIGNAL_TYPES = ("Metric", "Log", "Unknown", "Health")
MOST_VALUES = 5
"""How many values a condition may have (Microsoft: alert processing rules, filters)."""
OPERATORS = ("Equals", "NotEquals", "Contains", "DoesNotContain")
_WHOLE = OPERATORS[:2]

FIELDS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "Severity": (_WHOLE, SEVERITIES),
        "MonitorService": (_WHOLE, ()),
        "MonitorCondition": (_WHOLE, MONITOR_CONDITIONS),
        "SignalType": (_WHOLE, SIGNAL_TYPES),
        "TargetResourceType": (OPERATORS, ()),
        "TargetResource": (OPERATORS, ()),
        "TargetResourceGroup": (OPERATORS, ()),
        "AlertRuleId": (OPERATORS, ()),
        "AlertRuleName": (OPERATORS, ()),
        "Description": (OPERATORS, ()),
        "AlertContext": (OPERATORS, ()),
    }
)
"""What a condition may be about: the operators it has, and its only values if there are such."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
RECURRENCES = ("Daily", "Weekly", "Monthly")
ADD = "AddActionGroups"
REMOVE_ALL = "RemoveAllActionGroups"

Facts = Mapping[str, Sequence[str]]
"""What an alert says about each field of ``FIELDS``; a group is known by its name and its id."""

_A_DAY = timedelta(days=1)


def groups_for(rules: Iterable[Document], target: str, facts: Facts, at: int) -> list[str] | None:
    """Return the ids of the action groups that some rules add to an alert of an instant.

    ``rules`` are the rules' properties, ``target`` is the id of what the alert is about. Each
    group is there once, in lower case, in the order of the rules. ``None`` is for an alert whose
    groups are all removed.
    """
    added: dict[str, None] = {}
    for rule in rules:
        if not applies(rule, target, facts, at):
            continue
        for action in rule["actions"]:
            if action["actionType"] == REMOVE_ALL:
                return None
            added |= dict.fromkeys(each.lower() for each in action["actionGroupIds"])
    return list(added)


def applies(rule: Document, target: str, facts: Facts, at: int) -> bool:
    """Tell whether a rule is about an alert that is fired, or resolved, at an instant."""
    return (
        rule.get("enabled", True)
        and _reaches(rule["scopes"], target.lower())
        and all(_holds(each, facts) for each in rule.get("conditions", ()))
        and is_time(rule.get("schedule"), at)
    )


def _reaches(scopes: Iterable[str], target: str) -> bool:
    folded = [each.lower().rstrip("/") for each in scopes]
    return any(target == each or target.startswith(f"{each}/") for each in folded)


def _holds(condition: Document, facts: Facts) -> bool:
    found = [each.lower() for each in facts[condition["field"]]]
    wanted = [each.lower() for each in condition["values"]]
    return _HOLDS[condition["operator"]](found, wanted)


def _equals(found: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(each in wanted for each in found)


def _contains(found: Sequence[str], wanted: Sequence[str]) -> bool:
    return any(part in each for each in found for part in wanted)


_HOLDS: Mapping[str, Callable[[Sequence[str], Sequence[str]], bool]] = MappingProxyType(
    {
        "Equals": _equals,
        "NotEquals": lambda found, wanted: not _equals(found, wanted),
        "Contains": _contains,
        "DoesNotContain": lambda found, wanted: not _contains(found, wanted),
    }
)


# --- schedules ---------------------------------------------------------------------------


def is_time(schedule: Document | None, at: int) -> bool:
    """Tell whether a schedule holds at an instant; the clocks on the wall of its zone count."""
    if not schedule:
        return True
    zone = time_zones.canonical(schedule.get("timeZone", "UTC")) or "UTC"
    wall = to_datetime(at + time_zones.wall_offset(zone, at)).replace(tzinfo=None)
    begins, ends = schedule.get("effectiveFrom"), schedule.get("effectiveUntil")
    if begins is not None and wall < datetime.fromisoformat(begins):
        return False
    if ends is not None and wall >= datetime.fromisoformat(ends):
        return False
    recurrences = schedule.get("recurrences")
    return not recurrences or any(_is_in(each, wall) for each in recurrences)


def _is_in(recurrence: Document, wall: datetime) -> bool:
    """Tell whether a recurrence holds; one that ends before it starts ends on the next day."""
    start = time.fromisoformat(recurrence.get("startTime", "00:00:00"))
    end = time.fromisoformat(recurrence.get("endTime", "00:00:00"))
    if start < end:
        return start <= wall.time() < end and _has_day(recurrence, wall.date())
    begun_today = wall.time() >= start and _has_day(recurrence, wall.date())
    return begun_today or (wall.time() < end and _has_day(recurrence, _day_before(wall)))


def _day_before(wall: datetime) -> date:
    return (wall - _A_DAY).date() if wall.toordinal() > 1 else wall.date()


def _has_day(recurrence: Document, day: date) -> bool:
    kind = recurrence["recurrenceType"]
    if kind == "Weekly":
        return DAYS[day.weekday()] in recurrence["daysOfWeek"]
    if kind == "Monthly":
        return day.day in recurrence["daysOfMonth"]
    return True
