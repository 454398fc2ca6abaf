"""The schedule part of policy bodies: of VMs (Standard and Enhanced), file shares and databases.

Sources: azure-backup-semantics 1.2, 1.5 and 7.3; what they leave open, docs/decisions/0043,
0069 and 0070.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .documents import Document
from .errors import invalid_policy_input
from .instants import parse, wire
from .policies import ENHANCED, STANDARD
from .policy_fields import (
    in_range,
    one_of,
    one_of_numbers,
    required,
    run_time,
    several_of,
    time_in,
)
from .retention_rules import WEEKDAYS

KINDS = (STANDARD, ENHANCED)
FREQUENCIES = {STANDARD: ("Daily", "Weekly"), ENHANCED: ("Hourly", "Daily", "Weekly")}
INTERVALS = (4, 6, 8, 12, 24)
WINDOW_HOURS = (4, 24)
FILE_SHARE_INTERVALS = (4, 6, 8, 12)
FILE_SHARE_WINDOW_HOURS = (4, 23)
LOG_MINUTES = (15, 30, 60, 120, 240, 480, 720, 1440)
"""How often the log of a database is backed up."""
WEEKLY_FREQUENCIES = (0, 1)
"""Every week, in either of two spellings: no week of a VM's schedule is skipped."""
DEFAULT_INSTANT_DAYS = {STANDARD: 2, ENHANCED: 7}
_INSTANT_DAYS = {(STANDARD, "Daily"): (1, 5), (STANDARD, "Weekly"): (5, 5)}
_INSTANT_DAYS_OF_INTERVALS = {4: 17, 6: 22}
_MOST_INSTANT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as it is stored, and what the rest of the policy must know of it.

    ``at`` is its time (of an hourly one its window's start), an instant on some day;
    ``run_days`` are the weekdays of a weekly one.
    """

    kind: str
    frequency: str
    at: int
    run_days: list[str] | None
    interval: int | None
    document: Document

    @property
    def instant_days(self) -> tuple[int, int]:
        """For how many days snapshots may be kept."""
        most = _INSTANT_DAYS_OF_INTERVALS.get(self.interval or 0, _MOST_INSTANT_DAYS)
        return _INSTANT_DAYS.get((self.kind, self.frequency), (1, most))

    @property
    def retention_times(self) -> Document:
        """What each category of the retention shows: its time; a file share's hourly one none."""
        if self.kind == STANDARD and self.frequency == "Hourly":
            return {}
        return {"retentionTimes": [wire(self.at)]}

    def __str__(self) -> str:
        name = "Enhanced" if self.kind == ENHANCED else "Standard"
        every = "" if self.interval is None else f" that runs every {self.interval} hours"
        return f"{self.frequency.lower()} {name} policy{every}"


def schedule_of(sent: Mapping[str, Any], now: int) -> Schedule:
    """Read the schedule in a request's properties (without nulls). Raises ``Refused``."""
    kind = STANDARD
    if "policyType" in sent:
        kind = one_of(sent, "policyType", "properties", KINDS)
    if kind == STANDARD:
        return simple_schedule(sent, "properties", FREQUENCIES[kind], now)
    field = "properties.schedulePolicy"
    schedule = required(sent, "schedulePolicy", field)
    name = "SimpleSchedulePolicyV2"
    one_of(schedule, "schedulePolicyType", field, (name,))
    frequency = one_of(schedule, "scheduleRunFrequency", field, FREQUENCIES[kind])
    shared: Document = {"schedulePolicyType": name, "scheduleRunFrequency": frequency}
    part = f"{frequency.lower()}Schedule"
    inner = required(schedule, part, f"{field}.{part}")
    if frequency == "Hourly":
        window = _window(inner, f"{field}.{part}", INTERVALS, WINDOW_HOURS, now)
        at, interval = _start(window), window["interval"]
        return Schedule(kind, frequency, at, None, interval, shared | {part: window})
    at, run_days, runs = _runs(inner, frequency, f"{field}.{part}", now)
    return Schedule(kind, frequency, at, run_days, None, shared | {part: runs})


def simple_schedule(
    sent: Mapping[str, Any], field: str, frequencies: tuple[str, ...], now: int
) -> Schedule:
    """Read the ``SimpleSchedulePolicy`` of what ``field`` names, which has these frequencies.

    Hourly ones are those of file shares. Raises ``Refused``.
    """
    field = f"{field}.schedulePolicy"
    schedule = required(sent, "schedulePolicy", field)
    name = "SimpleSchedulePolicy"
    one_of(schedule, "schedulePolicyType", field, (name,))
    frequency = one_of(schedule, "scheduleRunFrequency", field, frequencies)
    weekly = "scheduleWeeklyFrequency"
    in_range(schedule.get(weekly, 0), f"{field}.{weekly}", WEEKLY_FREQUENCIES, "weeks")
    shared: Document = {
        "schedulePolicyType": name,
        "scheduleRunFrequency": frequency,
        weekly: 0,
    }
    if frequency == "Hourly":
        part = "hourlySchedule"
        inner = required(schedule, part, f"{field}.{part}")
        window = _window(
            inner, f"{field}.{part}", FILE_SHARE_INTERVALS, FILE_SHARE_WINDOW_HOURS, now
        )
        at, interval = _start(window), window["interval"]
        return Schedule(STANDARD, frequency, at, None, interval, shared | {part: window})
    at, run_days, runs = _runs(schedule, frequency, field, now)
    return Schedule(STANDARD, frequency, at, run_days, None, shared | runs)


def log_schedule(sent: Mapping[str, Any], field: str) -> Document:
    """Return the ``LogSchedulePolicy`` to store of what ``field`` names. Raises ``Refused``."""
    field = f"{field}.schedulePolicy"
    schedule = required(sent, "schedulePolicy", field)
    name = "scheduleFrequencyInMins"
    return {
        "schedulePolicyType": one_of(schedule, "schedulePolicyType", field, ("LogSchedulePolicy",)),
        name: one_of_numbers(schedule.get(name), f"{field}.{name}", LOG_MINUTES, "minutes"),
    }


def _runs(
    sent: Mapping[str, Any], frequency: str, field: str, now: int
) -> tuple[int, list[str] | None, Document]:
    """Return the time, the weekdays and the document of a daily or weekly schedule."""
    run_days, days = None, Document()
    if frequency == "Weekly":
        run_days = several_of(sent, "scheduleRunDays", field, WEEKDAYS)
        days = {"scheduleRunDays": run_days}
    at = run_time(sent, "scheduleRunTimes", field, now)
    return at, run_days, days | {"scheduleRunTimes": [wire(at)]}


def _window(
    sent: Mapping[str, Any],
    field: str,
    intervals: tuple[int, ...],
    hours: tuple[int, int],
    now: int,
) -> Document:
    """Return the ``hourlySchedule`` to store: every so many hours from a start on."""
    interval = one_of_numbers(sent.get("interval"), f"{field}.interval", intervals, "hours")
    start = sent.get("scheduleWindowStartTime")
    if start is None:
        raise invalid_policy_input(f"{field}.scheduleWindowStartTime", "is required")
    at = time_in(start, f"{field}.scheduleWindowStartTime", now)
    duration = sent.get("scheduleWindowDuration")
    return {
        "interval": interval,
        "scheduleWindowStartTime": wire(at),
        "scheduleWindowDuration": in_range(
            duration, f"{field}.scheduleWindowDuration", hours, "hours"
        ),
    }


def _start(window: Document) -> int:
    return parse(window["scheduleWindowStartTime"])


def instant_days(
    sent: Mapping[str, Any], stored: Mapping[str, Any] | None, schedule: Schedule, kept_days: int
) -> int:
    """Return the snapshot days: those sent, else those stored if they are allowed still.

    Snapshots are kept no longer than the vault keeps its points, which is ``kept_days``. Where
    only one number is allowed, the stored one sent back counts as left out: azurerm patches what
    it read, and its daily policies become weekly. Raises ``Refused``.
    """
    name = "instantRpRetentionRangeInDays"
    low, high = schedule.instant_days
    high = min(high, kept_days)
    days = stored.get(name) if stored else None
    if days is None or not low <= days <= high:
        days = min(max(DEFAULT_INSTANT_DAYS[schedule.kind], low), high)
    asked = sent.get(name, days)
    if low == high and stored is not None and asked == stored[name]:
        asked = low
    unit = f"days on a {schedule} whose points are kept for {kept_days} days"
    return in_range(asked, f"properties.{name}", (low, high), unit)
