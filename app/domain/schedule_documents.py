"""The schedule part of policy bodies: Standard and Enhanced ones, and their snapshot days.

Sources: azure-backup-semantics 1.2 and 1.5; what they leave open, docs/decisions/0043.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .documents import Document
from .errors import invalid_policy_input
from .instants import wire
from .policies import ENHANCED, STANDARD
from .policy_fields import in_range, one_of, required, run_time, several_of, time_in
from .retention_rules import WEEKDAYS

KINDS = (STANDARD, ENHANCED)
FREQUENCIES = {STANDARD: ("Daily", "Weekly"), ENHANCED: ("Hourly", "Daily", "Weekly")}
INTERVALS = (4, 6, 8, 12, 24)
WINDOW_HOURS = (4, 24)
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

    def __str__(self) -> str:
        name = "Enhanced" if self.kind == ENHANCED else "Standard"
        every = "" if self.interval is None else f" that runs every {self.interval} hours"
        return f"{self.frequency.lower()} {name} policy{every}"


def schedule_of(sent: Mapping[str, Any], now: int) -> Schedule:
    """Read the schedule in a request's properties (without nulls). Raises ``Refused``."""
    kind = STANDARD
    if "policyType" in sent:
        kind = one_of(sent, "policyType", "properties", KINDS)
    field = "properties.schedulePolicy"
    schedule = required(sent, "schedulePolicy", field)
    name = "SimpleSchedulePolicy" if kind == STANDARD else "SimpleSchedulePolicyV2"
    one_of(schedule, "schedulePolicyType", field, (name,))
    frequency = one_of(schedule, "scheduleRunFrequency", field, FREQUENCIES[kind])
    shared: Document = {"schedulePolicyType": name, "scheduleRunFrequency": frequency}
    if kind == STANDARD:
        at, run_days, runs = _runs(schedule, frequency, field, now)
        name = "scheduleWeeklyFrequency"
        in_range(schedule.get(name, 0), f"{field}.{name}", WEEKLY_FREQUENCIES, "weeks")
        document = shared | runs | {name: 0}
        return Schedule(kind, frequency, at, run_days, None, document)
    part = f"{frequency.lower()}Schedule"
    inner = required(schedule, part, f"{field}.{part}")
    if frequency == "Hourly":
        return _hourly(shared, inner, f"{field}.{part}", now)
    at, run_days, runs = _runs(inner, frequency, f"{field}.{part}", now)
    return Schedule(kind, frequency, at, run_days, None, shared | {part: runs})


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


def _hourly(shared: Document, sent: Mapping[str, Any], field: str, now: int) -> Schedule:
    interval = sent.get("interval")
    if interval not in INTERVALS:
        fault = "is required" if interval is None else f"{interval} is not allowed"
        allowed = ", ".join(map(str, INTERVALS))
        raise invalid_policy_input(f"{field}.interval", f"{fault}; allowed: {allowed} hours")
    start = sent.get("scheduleWindowStartTime")
    if start is None:
        raise invalid_policy_input(f"{field}.scheduleWindowStartTime", "is required")
    at = time_in(start, f"{field}.scheduleWindowStartTime", now)
    duration = sent.get("scheduleWindowDuration")
    hours = in_range(duration, f"{field}.scheduleWindowDuration", WINDOW_HOURS, "hours")
    window = {
        "interval": interval,
        "scheduleWindowStartTime": wire(at),
        "scheduleWindowDuration": hours,
    }
    document = shared | {"hourlySchedule": window}
    return Schedule(ENHANCED, "Hourly", at, None, interval, document)


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
