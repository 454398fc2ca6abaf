"""The archive tier as figures: what may go there, and how long the ways in and out take.

Sources: azure-backup-semantics 4.4 and Microsoft's archive-tier-support; hours of rehydration are
those of Blob Storage's archive, to which that article refers (docs/decisions/0078, 0079).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .instants import DAY, HOUR, MINUTE

ARCHIVED = "ArchivedRP"
HARDENED = "HardenedRP"
INSTANT = "InstantRP"
TIERS = (INSTANT, HARDENED, ARCHIVED)
"""The tiers of a recovery point, in Azure's words."""
REHYDRATED = "Rehydrated"
"""What the archive tier of a point is while it is in the standard tier as well."""

AGE = 90 * DAY
"""Three months, of 30 days each: how long a point must have been in the vault."""
DATABASE_AGE = 45 * DAY
"""The same of a full backup of a database."""
LEFT = 180 * DAY
"""Six months: how long it must be kept still, or a deletion would be an early one."""

FEWEST_DAYS, USUAL_DAYS, MOST_DAYS = 10, 15, 30
"""For how many days a point may be rehydrated."""


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time of which some is drawn: a minimum and a spread, in microseconds."""

    least: int
    spread: int


REHYDRATION: Mapping[str, Length] = {
    "Standard": Length(11 * HOUR, 4 * HOUR),
    "High": Length(40 * MINUTE, 20 * MINUTE),
}
"""By priority: up to 15 hours, or under one."""

STANDARD_PRICES: Mapping[str, float] = {
    "LocallyRedundant": 0.028,
    "ZoneRedundant": 0.035,
    "GeoRedundant": 0.056,
}
CROSS_REGION_PRICE = 0.0711
ARCHIVE_PRICES: Mapping[str, float] = {
    "LocallyRedundant": 0.0024,
    "ZoneRedundant": 0.0024,
    "GeoRedundant": 0.0048,
}
"""US dollars for a GB and a month, by the redundancy of the vault (docs/decisions/0080)."""
REHYDRATION_PRICES: Mapping[str, float] = {"Standard": 0.02, "High": 0.10}
"""US dollars for a GB, by priority."""
