"""Policies, numbers and lengths of time in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..domain.documents import Document
from ..domain.instants import DAY, HOUR, MINUTE
from ..domain.policies import time_of_day
from ..workloads.azure_vm import GIBIBYTE
from .plans import clock_time


def schedule(document: Document) -> str:
    """Return when a policy backs up, such as 'Sun and Wed at 22:00'."""
    policy = document["schedulePolicy"]
    frequency = policy["scheduleRunFrequency"]
    if frequency == "Hourly":
        hourly = policy["hourlySchedule"]
        start = time_of_day(hourly["scheduleWindowStartTime"])
        end = (start + hourly["scheduleWindowDuration"] * HOUR) % DAY
        return f"every {hourly['interval']} h, {clock_time(start)}-{clock_time(end)}"
    times = policy.get(f"{frequency.lower()}Schedule", policy)
    at = clock_time(time_of_day(times["scheduleRunTimes"][0]))
    days = times.get("scheduleRunDays")
    if frequency == "Weekly" and days:
        return f"{listed([day[:3] for day in days])} at {at}"
    return f"daily at {at}"


def is_hourly(document: Document) -> bool:
    """Tell whether a policy backs up several times a day."""
    return bool(document["schedulePolicy"]["scheduleRunFrequency"] == "Hourly")


def is_weekly(document: Document) -> bool:
    """Tell whether a policy backs up on some days of the week only."""
    return bool(document["schedulePolicy"]["scheduleRunFrequency"] == "Weekly")


def retention(document: Document) -> str:
    """Return what a policy keeps, such as '30 days, 12 weeks'."""
    return ", ".join(
        f"{count} {unit[:-1] if count == 1 else unit}" for count, unit in lengths(document)
    )


def lengths(document: Document) -> Iterator[tuple[int, str]]:
    """Return the lengths of a policy's retention, the short ones first."""
    for name in ("daily", "weekly", "monthly", "yearly"):
        category = document["retentionPolicy"].get(f"{name}Schedule")
        if category is not None:
            duration = category["retentionDuration"]
            yield duration["count"], duration["durationType"].lower()


def listed(words: Sequence[str], most: int = 4) -> str:
    """Return words as a list, of many only the first."""
    shown = [*words[:most]]
    if len(words) > most:
        return f"{', '.join(shown)} and {len(words) - most} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def quoted(names: Sequence[str]) -> str:
    """Return names as a list in quotes."""
    return listed([f"'{name}'" for name in names])


def number(value: float) -> str:
    """Write a number with its thousands apart; a small one that is not whole with a decimal."""
    if abs(value) < 10 and abs(value - round(value)) > 0.05:
        return f"{value:.1f}"
    return f"{round(value):,}"


def gigabytes(size: float) -> str:
    """Write a number of GB."""
    return f"{number(size)} GB"


def in_gigabytes(size: float) -> float:
    """Return bytes as GB, with one decimal; as Azure does, 1 GB is 2^30 bytes."""
    return round(size / GIBIBYTE, 1)


def several(count: float, thing: str) -> str:
    """Write how many there are of a thing."""
    shown = number(count)
    return f"{shown} {thing}" if shown == "1" else f"{shown} {thing}s"


def length(micros: int) -> str:
    """Write a length of time in its largest fitting unit."""
    if micros >= 2 * 365 * DAY:
        return f"{number(micros / (365.25 * DAY))} years"
    if micros >= 2 * DAY:
        return f"{number(micros / DAY)} days"
    if micros >= 2 * HOUR:
        return f"{number(micros / HOUR)} hours"
    return f"{round(micros / MINUTE)} minutes"
