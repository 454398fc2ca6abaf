"""What makes a backup policy weaker than another one: that is what a resource guard looks for.

The rules are those by which az brings a guard's leave (its ``is_retention_duration_decreased``):
none is asked of it that it would not bring. The same holds for the parts of a database's policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .retention_rules import WEEKDAYS

_SCHEDULES = ("dailySchedule", "weeklySchedule", "monthlySchedule", "yearlySchedule")
_INSTANT = "instantRpRetentionRangeInDays"
_SNAPSHOT = "snapshotRetentionInDays"
_VAULT = "vaultRetentionPolicy"
_PARTS = "subProtectionPolicy"
Policy = Mapping[str, Any]


def weakened(before: Policy, after: Policy) -> list[str]:
    """Return the fields of a policy's document that get worse; both are stored, and valid."""
    if _PARTS not in after:
        return list(_weakened(before, after))
    left = _parts(after)
    return [
        f"{_PARTS}.{kind}.{field}"
        for kind, part in _parts(before).items()
        for field in (_weakened(part, left[kind]) if kind in left else ("policyType",))
    ]


def keeps_less(before: Policy, after: Policy) -> bool:
    """Tell whether a policy keeps what it backs up for a shorter time than it did.

    Backups that become rarer are weaker, but are kept as long.
    """
    return any(not field.endswith("schedulePolicy") for field in weakened(before, after))


def _parts(policy: Policy) -> Mapping[str, Policy]:
    return {part["policyType"]: part for part in policy[_PARTS]}


def _weakened(before: Policy, after: Policy) -> Iterator[str]:
    if _minutes_between(after["schedulePolicy"]) > _minutes_between(before["schedulePolicy"]):
        yield "schedulePolicy"
    if after.get(_INSTANT, 0) < before.get(_INSTANT, 0):
        yield _INSTANT
    if _snapshot_days(after) < _snapshot_days(before):
        yield f"{_VAULT}.{_SNAPSHOT}"
    kept, keeps = _retention(before), _retention(after)
    if _count(keeps) < _count(kept):
        yield "retentionPolicy"
    for name in _SCHEDULES:
        if _count(keeps.get(name, {})) < _count(kept.get(name, {})):
            yield f"retentionPolicy.{name}"


def _snapshot_days(policy: Policy) -> int:
    return int(policy.get(_VAULT, {}).get(_SNAPSHOT, 0))


def _retention(policy: Policy) -> Policy:
    """Return how long what is backed up is kept; of file shares it may stand with the snapshots."""
    found: Policy = policy[_VAULT]["vaultRetention"] if _VAULT in policy else {}
    return found or policy.get("retentionPolicy", {})


def _count(kept: Policy) -> int:
    """Return how many of its units a retention lasts; one that is not there lasts none."""
    return int(kept["retentionDuration"]["count"]) if "retentionDuration" in kept else 0


def _minutes_between(schedule: Policy) -> int:
    """Return how many minutes may lie between two backups: of a window, those outside it."""
    if "scheduleFrequencyInMins" in schedule:
        return int(schedule["scheduleFrequencyInMins"])
    return 60 * _hours_between(schedule)


def _hours_between(schedule: Policy) -> int:
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
