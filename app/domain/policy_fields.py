"""What the fields of a policy's body are read by; each refusal names field, value and range."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from . import time_zones
from .errors import Refused, invalid_policy_input
from .instants import DAY, MINUTE, parse, wire

HALF_HOUR = 30 * MINUTE
Refuse: TypeAlias = Callable[[str, str], Refused]
"""What makes a refusal of a field and what is wrong with it."""

_TIME_ONLY = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def required(body: Mapping[str, Any], name: str, field: str) -> Mapping[str, Any]:
    """Return a part that must be there and say something. Raises ``Refused``."""
    value = body.get(name)
    if not value:
        raise invalid_policy_input(field, "is required")
    found: Mapping[str, Any] = value
    return found


def one_of(body: Mapping[str, Any], name: str, field: str, allowed: tuple[str, ...]) -> str:
    """Return a word in Azure's casing. Raises ``Refused``."""
    return _word(body.get(name), f"{field}.{name}", allowed)


def several_of(
    body: Mapping[str, Any], name: str, field: str, allowed: tuple[str, ...]
) -> list[str]:
    """Return one or more distinct words in Azure's casing, as they were ordered.

    Raises ``Refused``.
    """
    field = f"{field}.{name}"
    sent = body.get(name) or []
    if not sent:
        fault = f"has 0 entries; at least 1 is needed; allowed: {', '.join(allowed)}"
        raise invalid_policy_input(field, fault)
    words = [_word(word, f"{field}[{number}]", allowed) for number, word in enumerate(sent)]
    if len(set(words)) < len(words):
        raise invalid_policy_input(field, f"'{', '.join(words)}' must be distinct")
    return words


def _word(value: Any, field: str, allowed: tuple[str, ...]) -> str:
    for word in allowed:
        if isinstance(value, str) and value.lower() == word.lower():
            return word
    fault = "is required" if value is None else f"'{value}' is not allowed"
    raise invalid_policy_input(field, f"{fault}; allowed: {', '.join(allowed)}")


def in_range(
    value: Any,
    field: str,
    allowed: tuple[int, int],
    unit: str,
    refuse: Refuse = invalid_policy_input,
) -> int:
    """Return a whole number of a range that includes both its ends. Raises ``Refused``."""
    low, high = allowed
    if not isinstance(value, int) or not low <= value <= high:
        fault = "is required" if value is None else f"{value} is out of range"
        reach = str(low) if low == high else f"{low} to {high}"
        raise refuse(field, f"{fault}; allowed: {reach} {unit}")
    return value


def one_of_numbers(value: Any, field: str, allowed: tuple[int, ...], unit: str) -> int:
    """Return one of some whole numbers. Raises ``Refused``."""
    for number in allowed:
        if value == number:
            return number
    fault = "is required" if value is None else f"{value} is not allowed"
    raise invalid_policy_input(field, f"{fault}; allowed: {', '.join(map(str, allowed))} {unit}")


def time_zone(sent: Mapping[str, Any], stored: Mapping[str, Any] | None, field: str) -> str:
    """Return the Windows name of the zone sent, else of the one stored, else UTC.

    Raises ``Refused``.
    """
    asked = sent.get("timeZone") or (stored.get("timeZone") if stored else None) or "UTC"
    name = time_zones.canonical(asked)
    if name is None:
        raise invalid_policy_input(f"{field}.timeZone", time_zones.is_unknown(asked))
    return name


def run_time(body: Mapping[str, Any], name: str, field: str, now: int) -> int:
    """Read the one run time of a list: a full date and time, or (azurerm since 4.67) a time.

    Raises ``Refused``.
    """
    field = f"{field}.{name}"
    times = body.get(name) or []
    if len(times) != 1:
        raise invalid_policy_input(field, f"has {len(times)} entries; exactly 1 is allowed")
    return time_in(times[0], f"{field}[0]", now)


def time_in(text: str, field: str, now: int) -> int:
    """Read a time on the hour or the half hour; a time alone is one of the present day.

    Raises ``Refused``.
    """
    if _TIME_ONLY.fullmatch(text):
        text = f"{wire(now - now % DAY)[:10]}T{text}"
    try:
        at = parse(text)
    except ValueError as problem:
        raise invalid_policy_input(field, str(problem)) from None
    if at % HALF_HOUR:
        raise invalid_policy_input(
            field, f"'{text}' must be on the hour or the half hour, such as 22:00 or 22:30"
        )
    return at
