"""Windows time zone names, as policies spell them, and the UTC offsets of schedules and walls.

The mapping is Unicode CLDR's, by way of tzlocal. A schedule keeps the zone's standard offset
all year: Azure Backup does not follow daylight saving for VMs (docs/decisions/0007). The zones'
data is the ``tzdata`` package's, never the host's: equal worlds have equal slots everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]
from tzlocal.windows_tz import tz_win, win_tz

from .instants import MINUTE, to_datetime

OLD = {"Kamchatka Standard Time": "Asia/Kamchatka", "Mid-Atlantic Standard Time": "Etc/GMT+2"}
"""Names that Windows and the Azure CLI list still, as "Old", and CLDR's table leaves out."""
ZONES = OLD | win_tz
"""The IANA zone of each name, in Windows' casing."""

_BY_FOLDED_NAME = {name.lower(): name for name in ZONES}
_BY_FOLDED_IANA_NAME = {name.lower(): windows for name, windows in tz_win.items()}
_LONGEST_MISSPELLING = 64
_DATA = Path(tzdata.__file__).parent / "zoneinfo"
_NO_SHIFT = timedelta(0)
_HALF_HOUR = 30 * MINUTE


def canonical(name: str) -> str | None:
    """Return a Windows time zone's name in Windows' own casing, or ``None`` if unknown."""
    return _BY_FOLDED_NAME.get(name.lower())


def is_unknown(name: str) -> str:
    """Return what to tell of a name that Windows does not have, and which one was meant."""
    told = f"'{name}' is not a Windows time zone name"
    folded = name.strip().lower()
    if folded in _BY_FOLDED_IANA_NAME:
        return f"{told}; Windows calls it '{_BY_FOLDED_IANA_NAME[folded]}'"
    near = get_close_matches(folded[:_LONGEST_MISSPELLING], _BY_FOLDED_NAME, n=1)
    if near:
        return f"{told}; did you mean '{_BY_FOLDED_NAME[near[0]]}'?"
    return f"{told} such as 'Pacific Standard Time'"


@lru_cache(maxsize=1024)
def standard_offset(name: str, year: int) -> int:
    """Return a zone's standard UTC offset in a year, in microseconds.

    Standard time is the hour that is not daylight saving. Where saving goes backwards (Morocco
    sets its clocks back an hour for Ramadan) it is the hour of the rest of the year, as in
    Windows' own "(UTC+01:00) Casablanca". A change of the standard offset itself takes effect
    with the next year: what counts is 2 January, when it is the same year in every zone.
    """
    moment = datetime(year, 1, 2, tzinfo=UTC).astimezone(_zone(ZONES[name]))
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
    moment = to_datetime(half_hours * _HALF_HOUR).astimezone(_zone(ZONES[name]))
    return (moment.utcoffset() or _NO_SHIFT) // timedelta(microseconds=1)


@lru_cache(maxsize=256)
def _zone(key: str) -> ZoneInfo:
    with _DATA.joinpath(*key.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key)
