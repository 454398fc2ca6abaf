"""Which events are asked for: a query's filters, each checked before the stream begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from fnmatch import fnmatchcase

from sqlalchemy import ColumnElement, and_, func, or_

from ..domain import ids
from ..domain.errors import Refused, invalid
from ..domain.events import KINDS
from ..domain.jobs import OPERATIONS
from ..store.event_tables import events

LATEST = "latest"
_EVENT = events.c
_LONGEST = 2000
_ITEM_ID = re.compile(
    r"(?P<vault>/.+)/backupfabrics/[^/]+/protectioncontainers/(?P<container>[^/]+)"
    r"/protecteditems/(?P<item>[^/]+)"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The events that are asked for; what is ``None`` does not matter.

    ``kind`` are names, ``operation`` is that of a job, ``after`` is the number of the last event
    that was seen already (or ``latest``). The stream ends after ``limit`` events, after ``wait``
    real seconds, and without ``follow`` once it has told what is kept.
    """

    kind: tuple[str, ...] | None = None
    subscription: str | None = None
    vault: str | None = None
    item: str | None = None
    job: str | None = None
    operation: str | None = None
    after: int | str | None = None
    follow: bool = True
    limit: int | None = None
    wait: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what a row of ``events`` must be like."""
        found: list[ColumnElement[bool]] = []
        if self.kind is not None:
            found.append(_EVENT.kind.in_(self.kind))
        if self.subscription is not None:
            # What became of the whole world became of each subscription.
            mine = _EVENT.subscription == self.subscription
            found.append(or_(_EVENT.subscription.is_(None), mine))
        if self.vault is not None:
            found.append(_is_vault(self.vault))
        if self.item is not None:
            found.append(_is_item(self.item))
        if self.job is not None:
            found.append(_EVENT.job_id == self.job)
        if self.operation is not None:
            found.append(func.lower(_EVENT.operation) == self.operation)
        return found


def _is_vault(wanted: str) -> ColumnElement[bool]:
    folded = func.lower(_EVENT.vault_id)
    if wanted.startswith("/"):
        return folded == wanted
    return folded.endswith(f"/vaults/{wanted}", autoescape=True)


def _is_item(wanted: str) -> ColumnElement[bool]:
    match = _ITEM_ID.fullmatch(wanted)
    if match is None:
        return or_(func.lower(_EVENT.entity_name) == wanted, func.lower(_EVENT.item_name) == wanted)
    container = match["container"].partition(";")[2]
    return and_(
        _is_vault(match["vault"]),
        func.lower(_EVENT.container_name) == container,
        func.lower(_EVENT.item_name) == match["item"],
    )


NAMES = tuple(each.name for each in fields(Wanted))


def read(query: Mapping[str, str], last_event_id: str | None) -> Wanted:
    """Read the filters of a query, whose names are in lower case, and the header of a listener
    that has come back, which goes before ``after``. Raises ``Refused``."""
    chosen: dict[str, object] = {}
    for sent, text in query.items():
        if sent == "api-version":  # SDKs and fixtures put one everywhere
            continue
        if sent not in NAMES:
            raise _unknown(sent)
        chosen[sent] = _READERS[sent](sent, text)
    if last_event_id:
        chosen["after"] = _number("Last-Event-ID", last_event_id)
    return Wanted(**chosen)  # type: ignore[arg-type]


def _kinds(name: str, text: str) -> tuple[str, ...]:
    """Read kinds, or patterns of them, with commas between."""
    found: list[str] = []
    for pattern in text.split(","):
        fitting = [kind for kind in KINDS if fnmatchcase(kind, pattern.strip().lower())]
        if not fitting:
            nearest = get_close_matches(pattern, KINDS, n=1, cutoff=0)[0]
            raise _refused(
                name,
                f"'{pattern[:80]}' is no kind of event; did you mean '{nearest}'? "
                f"There are {', '.join(KINDS)}, and patterns such as job.*",
            )
        found += fitting
    return tuple(dict.fromkeys(found))


def _subscription(name: str, text: str) -> str:
    if ids.parse_guid(text) is None:
        raise _refused(name, f"'{text[:80]}' is not a GUID, as every subscription is")
    return text.lower()


def _name(name: str, text: str) -> str:
    if not text or len(text) > _LONGEST:
        raise _refused(name, f"'{text[:80]}' is neither a name nor an ARM id")
    return text.lower().rstrip("/")


def _job(name: str, text: str) -> str:
    """Read the ARM id of a job, or its name."""
    found = ids.parse_guid(text.rstrip("/").rpartition("/")[2])
    if found is None:
        raise _refused(name, f"'{text[:80]}' is neither the ARM id of a job nor its name, a GUID")
    return found


def _operation(name: str, text: str) -> str:
    if text.lower() not in {each.lower() for each in OPERATIONS}:
        allowed = ", ".join(OPERATIONS)
        raise _refused(name, f"'{text[:80]}' is no operation of a job; allowed: {allowed}")
    return text.lower()


def _whole(name: str, text: str, lowest: int, highest: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and
            lowest <= int(text) <= highest):  # fmt: skip
        raise _refused(name, f"'{text[:80]}' is not a whole number from {lowest} to {highest}")
    return int(text)


def _number(name: str, text: str) -> int:
    return _whole(name, text, 0, 2**63 - 1)


def _after(name: str, text: str) -> int | str:
    return LATEST if text.lower() == LATEST else _number(name, text)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _refused(name, f"'{text[:80]}' is neither true nor false")
    return text.lower() == "true"


_READERS: Mapping[str, Callable[[str, str], object]] = {
    "kind": _kinds,
    "subscription": _subscription,
    "vault": _name,
    "item": _name,
    "job": _job,
    "operation": _operation,
    "after": _after,
    "follow": _flag,
    "limit": lambda name, text: _whole(name, text, 1, 1_000_000),
    "wait": lambda name, text: _whole(name, text, 0, 86_400),
}


def _unknown(sent: str) -> Refused:
    nearest = get_close_matches(sent, NAMES, n=1, cutoff=0)[0]
    return _refused(
        sent,
        f"is not a filter of events; did you mean '{nearest}'? There are {', '.join(NAMES)}",
    )


def _refused(name: str, problem: str) -> Refused:
    return invalid("InvalidEventFilter", f"{name[:80]}: {problem}.", target=name[:80])
