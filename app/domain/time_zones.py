"""Windows time zone names, as policies spell them, and the UTC offsets of schedules and walls.

The mapping is Unicode CLDR's, by way of tzlocal. A schedule keeps the zone's standard offset
all year: Azure Backup does not follow daylight saving for VMs (docs/decisions/0007). The zones'
data is the ``tzdata`` package's, never the host's: equal worlds have equal slots everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]
from tzlocal.windows_tz import win_tz

from .instants import MINUTE, to_datetime

_BY_FOLDED_NAME = {name.lower(): name for name in win_tz}
NAMES = tuple(sorted(win_tz))
"""Every name, in Windows' casing."""
_DATA = Path(tzdata.__file__).parent / "zoneinfo"
_NO_SHIFT = timedelta(0)
_HALF_HOUR = 30 * MINUTE


def canonical(name: str) -> str | None:
    """Return a Windows time zone's name in Windows' own casing, or ``None`` if unknown."""
    return _BY_FOLDED_NAME.get(name.lower())


@lru_cache(maxsize=1024)
def standard_offset(name: str, year: int) -> int:
    """Return a zone's standard UTC offset in a year, in microseconds.

    Standard time is the hour that is not daylight saving. Where saving goes backwards (Morocco
    sets its clocks back an hour for Ramadan) it is the hour of the rest of the year, as in
    Windows' own "(UTC+01:00) Casablanca". A change of the standard offset itself takes effect
    with the next year: what counts is 2 January, when it is the same year in every zone.
    """
    moment = datetime(year, 1, 2, tzinfo=UTC).astimezone(_zone(win_tz[name]))
    offset = moment.utcoffset() or _NO_SHIFT
    saving = moment.dst() or _NO_SHIFT
    return (offset - saving) // timedelta(microseconds=1)


def wall_offset(name: str, instant: int) -> int:
    """Return what the clocks on the wall add to UTC at an instant, in microseconds.

    Unlike schedules they follow daylight saving. Offsets change on the half hour.
    """
    return _wall_offset(name, instant // _HALF_HOUR)


@lru_cache(maxsize=65_536)
def _wall_offset(name: str, half_hours: int) -> int:
    moment = to_datetime(half_hours * _HALF_HOUR).astimezone(_zone(win_tz[name]))
    return (moment.utcoffset() or _NO_SHIFT) // timedelta(microseconds=1)


@lru_cache(maxsize=256)
def _zone(key: str) -> ZoneInfo:
    with _DATA.joinpath(*key.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key)
