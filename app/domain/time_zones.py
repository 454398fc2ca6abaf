"""Windows time zone names, as policies spell them, and the UTC offset that a schedule uses.

The mapping is Unicode CLDR's, by way of tzlocal. A schedule keeps the zone's standard offset
all year: Azure Backup does not follow daylight saving for VMs (docs/decisions/0007).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

_BY_FOLDED_NAME = {name.lower(): name for name in win_tz}
_NO_SHIFT = timedelta(0)


def canonical(name: str) -> str | None:
    """Return a Windows time zone's name in Windows' own casing, or ``None`` if unknown."""
    return _BY_FOLDED_NAME.get(name.lower())


@lru_cache(maxsize=1024)
def standard_offset(name: str, year: int) -> int:
    """Return a zone's standard UTC offset in a year, in microseconds.

    Standard time is the hour that is not daylight saving; where a zone changed its standard
    offset within a year the one of 1 January counts.
    """
    zone = ZoneInfo(win_tz[name])
    moment = datetime(year, 1, 1, tzinfo=UTC).astimezone(zone)
    offset = moment.utcoffset() or _NO_SHIFT
    saving = moment.dst() or _NO_SHIFT
    return (offset - saving) // timedelta(microseconds=1)
