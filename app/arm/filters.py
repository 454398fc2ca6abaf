"""``$filter`` as Azure Backup's lists take it: ``key eq 'value'`` joined by ``and``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from ..domain.errors import Refused, invalid
from ..domain.instants import from_datetime, parse

_TERM = re.compile(r"\s*(\w+)\s+eq\s+(?:'((?:[^']|'')*)'|(\w+))\s*", re.IGNORECASE)
_AND = re.compile(r"\band\b", re.IGNORECASE)


def read(text: str | None, allowed: Collection[str]) -> dict[str, str]:
    """Return the terms of a filter by key, in the spelling of ``allowed``. Raises ``Refused``."""
    terms: dict[str, str] = {}
    position = 0
    text = (text or "").strip()
    by_folded = {key.lower(): key for key in allowed}
    while position < len(text):
        match = _TERM.match(text, position)
        if match is None:
            raise _malformed(text, allowed)
        key = by_folded.get(match[1].lower())
        if key is None or key in terms:
            raise _malformed(text, allowed)
        terms[key] = match[2].replace("''", "'") if match[2] is not None else match[3]
        position = match.end()
        if position < len(text):
            joint = _AND.match(text, position)
            if joint is None or joint.end() == len(text):
                raise _malformed(text, allowed)
            position = joint.end()
    return terms


def _malformed(text: str, allowed: Collection[str]) -> Refused:
    return invalid(
        "BMSUserErrorInvalidInput",
        f"$filter: '{text}' is not understood; write key eq 'value' joined by 'and', "
        f"each of {', '.join(sorted(allowed))} at most once.",
        target="$filter",
    )


def one_of(terms: Mapping[str, str], key: str, values: Collection[str]) -> str | None:
    """Return a term's value in its canonical spelling. Raises ``Refused`` for an unknown one."""
    sent = terms.get(key)
    if sent is None:
        return None
    for value in values:
        if value.lower() == sent.lower():
            return value
    raise invalid(
        "BMSUserErrorInvalidInput",
        f"$filter: {key} '{sent}' is not known; allowed: {', '.join(sorted(values))}.",
        target="$filter",
    )


def flag(terms: Mapping[str, str], key: str) -> bool | None:
    """Return a term that is true or false, in any casing. Raises ``Refused``."""
    word = one_of(terms, key, ("true", "false"))
    return None if word is None else word == "true"


_DATES = ("%Y-%m-%d %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d", "%m/%d/%Y")
"""What clients write besides ISO 8601: the service's own form, .NET's, and days."""
_MIDNIGHT = re.compile(r"(?<= )00(?=:\d\d:\d\d AM$)", re.IGNORECASE)
"""Microsoft's own example, ``2016-01-01 00:00:00 AM``, is on no clock of twelve hours."""


def instant(terms: Mapping[str, str], key: str) -> int | None:
    """Return a term's date in UTC: ``yyyy-MM-dd hh:mm:ss AM``, ISO 8601, ``MM/dd/yyyy ...``.

    Raises ``Refused``.
    """
    sent = terms.get(key)
    if sent is None:
        return None
    for form in _DATES:
        try:
            moment = datetime.strptime(_MIDNIGHT.sub("12", sent), form).replace(tzinfo=UTC)
            return from_datetime(moment)
        except ValueError:
            continue
    try:
        return parse(sent)
    except ValueError:
        raise invalid(
            "BMSUserErrorInvalidInput",
            f"$filter: {key} '{sent}' is not a date such as '2026-01-31 01:00:00 PM'.",
            target="$filter",
        ) from None
