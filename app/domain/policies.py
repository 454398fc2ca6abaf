"""A backup policy as a value: when it backs up, and how long it keeps what it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import time_zones
from .instants import DAY, parse, to_datetime


@dataclass(frozen=True, slots=True)
class Keep:
    """How long a recovery point of one slot is kept in the vault, and by which rule."""

    rule: str
    micros: int


@dataclass(frozen=True, slots=True)
class DailyPolicy:
    """A Standard (V1) policy that backs up once a day.

    ``time_of_day`` and the lengths are microseconds; ``time_zone`` is a Windows name.
    """

    time_of_day: int
    time_zone: str
    daily_days: int
    instant_days: int

    def next_slot(self, after: int) -> int:
        """Return the first scheduled instant strictly after an instant."""
        start = after - (after % DAY) - 2 * DAY
        while True:
            slot = self._slot_of(start)
            if slot > after:
                return slot
            start += DAY

    def _slot_of(self, utc_midnight: int) -> int:
        """Return the slot of the local day that has the date of a UTC midnight."""
        year = to_datetime(utc_midnight).year
        return utc_midnight + self.time_of_day - time_zones.standard_offset(self.time_zone, year)

    def keep(self, slot: int) -> Keep:
        """Return how long the point of a slot is kept."""
        return Keep("Daily", self.daily_days * DAY)

    @property
    def instant(self) -> int:
        """How long a snapshot is kept for instant restore, in microseconds."""
        return self.instant_days * DAY


def time_of_day(text: str) -> int:
    """Return the microseconds since midnight of a policy's date and time text."""
    return parse(text) % DAY


def read(document: Mapping[str, Any]) -> DailyPolicy | None:
    """Return the policy that a stored, validated document describes.

    ``None`` for the kinds that a vault shows but the engine does not run yet.
    """
    if document["backupManagementType"] != "AzureIaasVM" or document["policyType"] != "V1":
        return None
    schedule = document["schedulePolicy"]
    return DailyPolicy(
        time_of_day=time_of_day(schedule["scheduleRunTimes"][0]),
        time_zone=document["timeZone"],
        daily_days=document["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"],
        instant_days=document["instantRpRetentionRangeInDays"],
    )
