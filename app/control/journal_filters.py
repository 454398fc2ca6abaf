"""What of the journal is asked for: a query's filters, each checked before anything is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from fnmatch import translate
from functools import cache
from urllib.parse import unquote

from pydantic.alias_generators import to_camel

from ..domain import ids
from ..domain.errors import Refused, invalid
from .journal import Kept
from .journal_entries import error_code

MOST = 1_000_000
LONGEST_WAIT = 30
PLANES = ("azure", "control")
SINCE_RESET = "reset"
_STATUS = re.compile(r"[1-5](?:xx|\d\d)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The exchanges that are asked for; what is ``None`` does not matter.

    ``since`` and ``until`` are sequence numbers (after the one, up to the other), ``limit`` is
    for the latest so many; ``wait`` is how many seconds to wait for news after ``since``.
    """

    operation_id: str | None = None
    method: str | None = None
    path: str | None = None
    status: str | None = None
    error_code: str | None = None
    correlation_id: str | None = None
    subscription: str | None = None
    plane: str | None = None
    since: int | str = 0
    until: int | None = None
    limit: int = MOST
    bodies: bool = True
    wait: int = 0

    def takes(self, kept: Kept) -> bool:
        """Tell whether an exchange is asked for."""
        exchange = kept.exchange
        return (
            (self.until is None or kept.sequence <= self.until)
            and _fits(self.operation_id, exchange.operation_id)
            and (self.method is None or self.method.upper() == exchange.method)
            and (self.path is None or _is_at(self.path, exchange.path))
            and (self.status is None or _has_status(self.status, exchange.status))
            and (self.correlation_id is None or _same(self.correlation_id, exchange.correlation_id))
            and self.subscription in (None, kept.subscription)
            and (self.plane is None or (self.plane == "control") == kept.is_control)
            and (self.error_code is None or _fits(self.error_code, error_code(exchange)))
        )


def _fits(pattern: str | None, text: str | None) -> bool:
    return pattern is None or (text is not None and _glob(pattern).fullmatch(text) is not None)


def _is_at(pattern: str, path: str) -> bool:
    """Tell whether a path fits: as it was sent, or as it is read."""
    return _fits(pattern, path) or ("%" in path and _fits(pattern, unquote(path)))


def _has_status(wanted: str, status: int) -> bool:
    return wanted == str(status) or (wanted[1:] == "xx" and wanted[0] == str(status)[0])


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.IGNORECASE)


def read(query: Mapping[str, str]) -> Wanted:
    """Read the filters of a query, whose names are in lower case. Raises ``Refused``."""
    chosen = {}
    for sent, text in query.items():
        if sent == "api-version":  # SDKs and fixtures put one everywhere
            continue
        name = _BY_FOLDED.get(sent)
        if name is None:
            raise _unknown(sent)
        chosen[_FILTERS[name]] = _READERS.get(name, _text)(name, text)
    return Wanted(**chosen)  # type: ignore[arg-type]


_FILTERS = {to_camel(each.name): each.name for each in fields(Wanted)}
NAMES = tuple(_FILTERS)
_BY_FOLDED = {name.lower(): name for name in NAMES}


def only_subscription(query: Mapping[str, str]) -> str | None:
    """Read the one filter of what is to be forgotten. Raises ``Refused``."""
    wanted = read(query)
    others = [name for name in query if name not in ("subscription", "api-version")]
    if others:
        raise _refused(others[0], "is for reading; only 'subscription' says what to forget")
    return wanted.subscription


def sequence_number(name: str, text: str) -> int:
    """Read a sequence number. Raises ``Refused``."""
    return _whole(name, text, 0, 2**63 - 1)


def _text(name: str, text: str) -> str:
    if not text or len(text) > 2000:
        raise _refused(name, f"'{text[:80]}' is no pattern: 1 to 2000 characters are needed")
    return text


def _whole(name: str, text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and
            lowest <= int(text) <= highest):  # fmt: skip
        raise _refused(name, f"'{text[:80]}' is not a whole number from {lowest} to {highest}")
    return int(text)


def _since(name: str, text: str) -> int | str:
    if text.lower() == SINCE_RESET:
        return SINCE_RESET
    if not text.isdecimal():
        raise _refused(name, f"'{text[:80]}' is neither a sequence number nor '{SINCE_RESET}'")
    return sequence_number(name, text)


def _status(name: str, text: str) -> str:
    if _STATUS.fullmatch(text.lower()) is None:
        raise _refused(name, f"'{text[:80]}' is neither a status such as 404 nor a class like 4xx")
    return text.lower()


def _subscription(name: str, text: str) -> str:
    if ids.parse_guid(text) is None:
        raise _refused(name, f"'{text[:80]}' is not a GUID, as every subscription is")
    return text.lower()


def _one_of(*words: str) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text.lower() not in words:
            nearest = get_close_matches(text.lower(), words, n=1, cutoff=0)
            hint = nearest[0] if nearest else words[0]
            raise _refused(
                name, f"'{text[:80]}' is not known; allowed: {', '.join(words)} (try {hint})"
            )
        return text.lower()

    return read


_READERS: Mapping[str, Callable[[str, str], object]] = {
    "status": _status,
    "subscription": _subscription,
    "plane": _one_of(*PLANES),
    "since": _since,
    "until": sequence_number,
    "limit": lambda name, text: _whole(name, text, 1, MOST),
    "bodies": lambda name, text: _one_of("true", "false")(name, text) == "true",
    "wait": lambda name, text: _whole(name, text, 0, LONGEST_WAIT),
}


def _unknown(sent: str) -> Refused:
    nearest = get_close_matches(sent, _BY_FOLDED, n=1, cutoff=0)
    hint = f"did you mean '{_BY_FOLDED[nearest[0]]}'? " if nearest else ""
    return _refused(sent, f"is not a filter of the journal; {hint}There are {', '.join(NAMES)}")


def _refused(name: str, problem: str) -> Refused:
    return invalid("InvalidJournalFilter", f"{name[:80]}: {problem}.", target=name[:80])
