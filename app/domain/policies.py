"""A backup policy as a value: when it backs up, and how long it keeps what it made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from . import time_zones
from .instants import DAY, parse, to_datetime
from .retention_rules import LAST_DAY, WEEKDAYS, Rule

MOST_POINTS = 9999
"""Azure keeps no more recovery points of one item (azure-backup-semantics 1.3)."""
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Length:
    """How long a recovery point is kept in the vault, and the name of the rule that governs."""

    rule: str
    micros: int


@dataclass(frozen=True, slots=True)
class Keep:
    """What the point of one slot is given: its tags, its date and its length.

    ``tags`` are the letters of the rules, highest first; ``day`` counts the days from
    1970-01-01 to the slot's date in the policy's standard time.
    """

    tags: str
    day: int
    length: Length


@dataclass(frozen=True, slots=True)
class VmPolicy:
    """A Standard (V1) policy: one backup a day, or on some weekdays (``None`` is all of them).

    ``time_of_day`` is in microseconds; ``time_zone`` is a Windows name; ``rules`` stand highest
    first: Yearly, Monthly, Weekly, Daily.
    """

    time_of_day: int
    time_zone: str
    instant_days: int
    rules: tuple[Rule, ...]
    weekdays: frozenset[str] | None = None

    def next_slot(self, after: int) -> int:
        """Return the first scheduled instant strictly after an instant."""
        day = after // DAY - 2
        while True:
            if self._runs_on(day) and (slot := self._slot_of(day)) > after:
                return slot
            day += 1

    def _runs_on(self, day: int) -> bool:
        # 1970-01-01 was a Thursday.
        return self.weekdays is None or WEEKDAYS[(day + 3) % 7] in self.weekdays

    def _slot_of(self, day: int) -> int:
        """Return the slot of a local day."""
        midnight = day * DAY
        year = to_datetime(midnight).year
        return midnight + self.time_of_day - time_zones.standard_offset(self.time_zone, year)

    def keep(self, slot: int) -> Keep:
        """Return what the point of a slot is given."""
        near = slot // DAY
        day = next(day for day in (near - 1, near, near + 1) if self._slot_of(day) == slot)
        tags = "".join(rule.tag for rule in self.rules if rule.tags(_date(day)))
        length = self.length(tags, day)
        assert length is not None, "every slot has the tag of its schedule"
        return Keep(tags, day, length)

    def length(self, tags: str, day: int) -> Length | None:
        """Return how long a point with such tags and date is kept: as its longest rule says.

        Of equal rules the highest governs. ``None`` if none of the tags has a rule here.
        """
        found = (
            Length(rule.name, rule.days(_date(day)) * DAY)
            for rule in self.rules
            if rule.tag in tags
        )
        return max(found, key=lambda length: length.micros, default=None)

    @property
    def instant(self) -> int:
        """How long a snapshot is kept for instant restore, in microseconds."""
        return self.instant_days * DAY

    @property
    def is_crowded(self) -> bool:
        """Whether its points alone, or with as many on-demand ones, may be more than allowed."""
        return 2 * sum(rule.most_points for rule in self.rules) > MOST_POINTS


def _date(day: int) -> date:
    return date.fromordinal(min(max(day + _EPOCH, 1), date.max.toordinal()))


def time_of_day(text: str) -> int:
    """Return the microseconds since midnight of a policy's date and time text."""
    return parse(text) % DAY


def read(document: Mapping[str, Any]) -> VmPolicy | None:
    """Return the policy that a stored, validated document describes.

    ``None`` for the kinds that a vault shows but the engine does not run yet.
    """
    if document["backupManagementType"] != "AzureIaasVM" or document["policyType"] != "V1":
        return None
    schedule = document["schedulePolicy"]
    retention = document["retentionPolicy"]
    return VmPolicy(
        time_of_day=time_of_day(schedule["scheduleRunTimes"][0]),
        time_zone=document["timeZone"],
        instant_days=document["instantRpRetentionRangeInDays"],
        rules=tuple(
            _rule(name, retention[f"{name.lower()}Schedule"])
            for name in ("Yearly", "Monthly", "Weekly", "Daily")
            if f"{name.lower()}Schedule" in retention
        ),
        weekdays=_set(schedule.get("scheduleRunDays")),
    )


def _rule(name: str, schedule: Mapping[str, Any]) -> Rule:
    by_week = schedule.get("retentionScheduleWeekly", {})
    by_day = schedule.get("retentionScheduleDaily")
    month_days = None
    if by_day is not None:
        month_days = frozenset(
            LAST_DAY if day["isLast"] else int(day["date"]) for day in by_day["daysOfTheMonth"]
        )
    return Rule(
        name,
        schedule["retentionDuration"]["count"],
        weekdays=_set(by_week.get("daysOfTheWeek", schedule.get("daysOfTheWeek"))),
        weeks=_set(by_week.get("weeksOfTheMonth")),
        month_days=month_days,
        months=_set(schedule.get("monthsOfYear")),
    )


def _set(words: Iterable[str] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)
