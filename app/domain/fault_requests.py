"""What somebody asks for when he arms a fault, read; every refusal says what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .errors import Refused, invalid
from .faults import CERTAIN, FAULTS, Arming, Fault, Point
from .ids import guid, parse_guid
from .instants import SECOND, after, iso_duration, parse, parse_duration
from .jobs import ERRORS
from .regions import REGIONS
from .resource_ids import normal_location

MOST = 1_000_000
"""How often a fault may strike at most, if that is given."""
LONGEST_SUBJECT = 800
FIELDS = (
    "fault",
    "subject",
    "count",
    "probability",
    "after",
    "until",
    "duration",
    "code",
    "subscription",
)
_SOME_DAY = parse("2026-01-01T00:00:00Z")


def read(asked: Mapping[str, Any], now: int) -> Arming:
    """Return what is to be armed, asked for by wire names. Raises ``Refused``."""
    fault = _fault(str(asked["fault"]))
    from_at = _instant("after", asked.get("after"), now)
    until_at = _instant("until", asked.get("until"), now)
    if until_at is not None and until_at <= (now if from_at is None else max(from_at, now)):
        raise _wrong("until", f"'{asked['until']}' is over before the fault could strike")
    return Arming(
        name=fault.name,
        subject=_subject(fault, asked.get("subject")),
        subscription=read_subscription(asked.get("subscription")),
        code=_code(fault, asked.get("code")),
        count=_count(fault, asked.get("count")),
        chance=_chance(fault, asked.get("probability")),
        from_at=now if from_at is None else from_at,
        until_at=until_at,
        duration=_duration(fault, asked.get("duration")),
    )


def check_fields(sent: Iterable[str]) -> None:
    """Refuse a field that there is not: it would be armed without what it says."""
    for name in sent:
        raise invalid(
            "InvalidFault",
            f"{name}: there is no such field{_nearest(name, FIELDS)}. There are "
            f"{', '.join(FIELDS)}",
            target=name[:80],
        )


def _nearest(sent: str, names: Collection[str]) -> str:
    folded = {name.lower(): name for name in names}
    found = difflib.get_close_matches(sent.lower()[:120], folded, n=1, cutoff=0.5)
    return f"; did you mean '{folded[found[0]]}'?" if found else ""


def _wrong(field: str, why: str) -> Refused:
    return invalid("InvalidFault", f"{field}: {why}", target=field)


def _fault(sent: str) -> Fault:
    found = FAULTS.get(sent.strip().lower())
    if found is None:
        raise invalid(
            "UnknownFault",
            f"fault: there is no fault '{sent[:80]}'{_nearest(sent, FAULTS)} 'rsvault fault "
            "catalogue' and GET /_emulator/faults/catalogue show all",
            target="fault",
        )
    return found


def _subject(fault: Fault, sent: str | None) -> str | None:
    if fault.points == (Point.REGION,):
        return _region(sent)
    if sent is None:
        return None
    folded = sent.strip().rstrip("/").lower()
    if not folded or len(folded) > LONGEST_SUBJECT:
        raise _wrong("subject", f"it has 1 to {LONGEST_SUBJECT} characters; leave it out for all")
    return folded


def _region(sent: str | None) -> str:
    name = "" if sent is None else normal_location(sent)
    if name not in REGIONS:
        raise _wrong(
            "subject",
            f"of region-down it is a region's name, such as 'westeurope', not '{sent or ''}'"
            f"{_nearest(name, REGIONS)}",
        )
    return name


def read_subscription(sent: str | None) -> str | None:
    """Return a subscription as rows keep it. Raises ``Refused`` for what is no GUID."""
    if sent is None:
        return None
    found = parse_guid(sent)
    if found is None:
        raise _wrong("subscription", f"'{sent[:80]}' is no GUID such as {guid('1' * 32)}")
    return guid(found)


def _code(fault: Fault, sent: str | None) -> str | None:
    if sent is None:
        return fault.code
    if not fault.is_of_jobs:
        raise _wrong("code", f"'{fault.name}' makes no job fail, so it takes none")
    found = next((code for code in ERRORS if code.lower() == sent.lower()), None)
    if found is None:
        raise _wrong("code", f"there is no error '{sent[:80]}'{_nearest(sent, ERRORS)}")
    return found


def _count(fault: Fault, sent: int | None) -> int | None:
    if fault.points == (Point.REGION,) and sent is not None:
        raise _wrong("count", "region-down happens once, so it takes none")
    if sent is not None and not 1 <= sent <= MOST:
        raise _wrong("count", f"{sent} is out of range; allowed: 1 to {MOST}, or none for no end")
    return 1 if fault.points == (Point.REGION,) else sent


def _chance(fault: Fault, sent: float | None) -> int:
    if sent is None:
        return CERTAIN
    if fault.points == (Point.REGION,):
        raise _wrong("probability", "region-down happens, so it takes none")
    chance = round(sent * CERTAIN) if 0 < sent <= 1 else 0
    if not chance:
        raise _wrong(
            "probability", f"{sent} is out of range; allowed: above 0 (at least 0.000001) to 1"
        )
    return chance


def _instant(field: str, sent: str | None, now: int) -> int | None:
    """Read an instant, or a duration from now on."""
    if sent is None:
        return None
    try:
        if sent.lstrip().upper().startswith(("P", "-P")):
            found = after(now, parse_duration(sent.strip()))
        else:
            found = parse(sent)
    except ValueError:
        raise _wrong(
            field,
            f"'{sent[:80]}' is neither an instant such as 2026-01-31T22:00:00Z nor a duration "
            "from now such as PT2H or P1D",
        ) from None
    if found < now and field == "until":
        raise _wrong(field, f"'{sent[:80]}' is in the past")
    return found


def _duration(fault: Fault, sent: str | None) -> int | None:
    if sent is None:
        return fault.duration
    if fault.takes is None:
        raise _wrong("duration", f"'{fault.name}' takes none; 'until' ends a fault")
    try:
        found = after(_SOME_DAY, parse_duration(sent.strip())) - _SOME_DAY
    except ValueError:
        raise _wrong("duration", f"'{sent[:80]}' is no duration such as PT30S or PT2H") from None
    whole = fault.reply is not None
    most = fault.longest
    if found <= 0 or (most is not None and found > most) or (whole and found % SECOND):
        seconds = "whole seconds from PT1S" if whole else "more than PT0S"
        up_to = "" if most is None else f" to {iso_duration(most)}"
        raise _wrong("duration", f"'{sent[:80]}' is out of range; allowed: {seconds}{up_to}")
    return found
