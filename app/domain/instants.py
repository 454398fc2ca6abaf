"""Instants as whole microseconds since 1970-01-01 UTC, and the texts Azure writes them in.

Integers are exact, compare the same in Python, SQLite and PostgreSQL, and cannot be naive.
A calendar is only needed at the edges: there an instant becomes an aware ``datetime``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import isodate

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Duration: TypeAlias = timedelta | isodate.Duration

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NEVER_BACKED_UP = "2001-01-01T00:00:00Z"
"""What Azure writes as lastBackupTime before the first backup (azure-cli recordings)."""
UNFINISHED = "0001-01-01T00:00:00"
"""What Azure writes as the endTime of an operation that still runs (azure-cli recordings)."""
EARLIEST = -62_135_596_800 * SECOND
"""0001-01-01T00:00:00Z, the first instant of the calendar."""
LATEST = 253_402_300_799 * SECOND
"""9999-12-31T23:59:59Z, the last instant that clients can read."""

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def from_datetime(moment: datetime) -> int:
    """Return the instant of an aware ``datetime``; a naive one is a ``ValueError``."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (moment - EPOCH) // timedelta(microseconds=1)


def to_datetime(instant: int) -> datetime:
    """Return the aware UTC ``datetime`` of an instant.

    What lies past an end of the calendar, such as the expiry of a point taken in the year 9999,
    is shown as that end.
    """
    return EPOCH + timedelta(microseconds=min(max(instant, EARLIEST), LATEST + SECOND - 1))


def parse(text: str) -> int:
    """Read an ISO 8601 date and time; without an offset it is UTC, as .NET reads the wire.

    Fractions beyond microseconds are cut, as Microsoft's SDKs do. Raises ``ValueError``.
    """
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text}' is not a date and time such as 2026-01-31T22:00:00Z")
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    zone = "+00:00" if offset in (None, "Z", "z") else offset
    micros = (fraction or "0").ljust(6, "0")[:6]
    stamp = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}.{micros}{zone}"
    try:
        instant = from_datetime(datetime.fromisoformat(stamp))
    except (ValueError, OverflowError) as problem:
        raise ValueError(f"'{text}' is not a date and time: {problem}") from None
    if not EARLIEST <= instant < LATEST + SECOND:
        raise ValueError(f"'{text}' is not in the years 1 to 9999 of UTC")
    return instant


def parse_duration(text: str) -> Duration:
    """Read an ISO 8601 duration such as P120D or PT30M. Raises ``ValueError``."""
    try:
        duration: Duration = isodate.parse_duration(text)
    except (ValueError, OverflowError, TypeError) as problem:
        raise ValueError(f"'{text}' is not an ISO 8601 duration such as P120D") from problem
    if isinstance(duration, isodate.Duration) and not (
        duration.years == int(duration.years) and duration.months == int(duration.months)
    ):
        raise ValueError(f"'{text}' has a fraction of a year or month; no calendar has that")
    return duration


def after(instant: int, duration: Duration) -> int:
    """Return the instant a duration later; months and years move by the calendar.

    Past an end of the calendar it is the first instant that lies outside.
    """
    try:
        return from_datetime(to_datetime(instant) + duration)
    except (ValueError, ArithmeticError):
        return EARLIEST - 1 if _is_negative(duration) else LATEST + SECOND


def _is_negative(duration: Duration) -> bool:
    if isinstance(duration, timedelta):
        return duration < timedelta(0)
    return bool(duration.years * 12 + duration.months < 0)


def wire(instant: int) -> str:
    """Write an instant as Azure does: UTC, ``Z``, trailing zeros of the fraction trimmed."""
    return f"{wire_without_zone(instant)}Z"


def wire_without_zone(instant: int) -> str:
    """Write an instant as Azure writes a VM recovery point's expiryTime: without ``Z``."""
    seconds, micros = divmod(instant, SECOND)
    text = to_datetime(seconds * SECOND).isoformat()[:19]
    return f"{text}.{micros:06d}".rstrip("0") if micros else text


def ticks(instant: int) -> int:
    """Return an instant as .NET counts: tenths of a microsecond since the year 1."""
    return (instant - EARLIEST) * 10


def human(instant: int) -> str:
    """Write an instant as job property bags do: US style, 12 hour clock, UTC."""
    moment = to_datetime(instant)
    hour = moment.hour % 12 or 12
    half = "AM" if moment.hour < 12 else "PM"
    return (
        f"{moment.month}/{moment.day}/{moment.year:04d} "
        f"{hour}:{moment.minute:02d}:{moment.second:02d} {half}"
    )


def iso_duration(micros: int) -> str:
    """Write a length of time as Azure's jobs do: ``PT41M12.3S``, zero is ``PT0S``."""
    days, rest = divmod(max(micros, 0), DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, fraction = divmod(rest, SECOND)
    text = f"{seconds}.{fraction:06d}".rstrip("0").rstrip(".")
    clock = "".join(
        f"{value}{unit}"
        for value, unit in ((hours, "H"), (minutes, "M"), (text, "S"))
        if value not in (0, "0")
    )
    date = f"{days}D" if days else ""
    if not date and not clock:
        return "PT0S"
    return f"P{date}T{clock}" if clock else f"P{date}"


def time_span(micros: int) -> str:
    """Write a length of time as .NET's TimeSpan does: ``d.hh:mm:ss.fffffff``."""
    days, rest = divmod(max(micros, 0), DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, fraction = divmod(rest, SECOND)
    text = f"{hours:02d}:{minutes:02d}:{seconds:02d}"
    if days:
        text = f"{days}.{text}"
    return f"{text}.{fraction:06d}0" if fraction else text
