"""What makes a backup policy weaker than another one: that is what a resource guard looks for.

The rules are those by which az brings a guard's leave (its ``is_retention_duration_decreased``):
none is asked of it that it would not bring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .retention_rules import WEEKDAYS

_SCHEDULES = ("dailySchedule", "weeklySchedule", "monthlySchedule", "yearlySchedule")
_INSTANT = "instantRpRetentionRangeInDays"
Policy = Mapping[str, Any]


def weakened(before: Policy, after: Policy) -> list[str]:
    """Return the fields of a VM policy's document that get worse; both are stored, and valid."""
    return list(_weakened(before, after))


def _weakened(before: Policy, after: Policy) -> Iterator[str]:
    if _hours_between(after) > _hours_between(before):
        yield "schedulePolicy"
    if after[_INSTANT] < before[_INSTANT]:
        yield _INSTANT
    for name in _SCHEDULES:
        if _count(after, name) < _count(before, name):
            yield f"retentionPolicy.{name}"


def _count(policy: Policy, schedule: str) -> int:
    kept = policy["retentionPolicy"].get(schedule)
    return 0 if kept is None else int(kept["retentionDuration"]["count"])


def _hours_between(policy: Policy) -> int:
    """Return how many hours may lie between two backups: of a window, those outside it."""
    schedule = policy["schedulePolicy"]
    frequency = schedule["scheduleRunFrequency"]
    if frequency == "Hourly":
        window = schedule["hourlySchedule"]
        hours: int = window["scheduleWindowDuration"]
        return int(window["interval"]) if hours == 24 else 24 - hours
    if frequency == "Daily":
        return 24
    days = schedule.get("weeklySchedule", schedule)["scheduleRunDays"]
    return 24 * _longest_gap(sorted(WEEKDAYS.index(day) for day in days))


def _longest_gap(days: list[int]) -> int:
    """Return the most days from one weekday of some to the next one."""
    return max(later - day for day, later in zip(days, [*days[1:], days[0] + 7], strict=True))
