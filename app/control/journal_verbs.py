"""The journal's verbs: what clients asked and what they got, and forget it (docs/journal.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..arm.calls import Answer, Endpoint, Visit, endpoint
from ..domain.errors import not_found
from ..domain.redaction import Redactor
from ..engine.emptiness import is_new
from ..engine.worker import Engine
from . import clock, journal_filters
from .journal import ITS_OWN, Journal, Kept
from .journal_entries import SHOWN, entry
from .journal_filters import SINCE_RESET, Wanted

SCOPE = "what this server process was asked; others on the same database keep their own journal"
_LISTED: Mapping[str, Any] = {
    "type": "object",
    "required": ["value", "last", "lost", "bytes", "scope", "world"],
    "properties": {
        "value": {"type": "array", "items": SHOWN},
        "last": {"type": "integer", "minimum": 0},
        "lost": {"type": "integer", "minimum": 0},
        "bytes": {"type": "integer", "minimum": 0},
        "scope": {"type": "string"},
        "world": {"type": "object", "required": ["new", "began", "complete", "rules"]},
    },
}
_NUMBER = {"type": "object", "properties": {"forgotten": {"type": "integer", "minimum": 0}}}


def endpoints_of(journal: Journal) -> tuple[Endpoint, ...]:
    """Return the endpoints that show and clear a server's journal."""

    @endpoint(
        "GET",
        ITS_OWN,
        "Emulator_ListJournal",
        tag=clock.TAG,
        query=journal_filters.NAMES,
        answers=_LISTED,
    )
    async def list_(engine: Engine, visit: Visit) -> Answer:
        """What clients asked and got, without secrets, the oldest first; filtered by the query."""
        wanted = journal_filters.read(visit.query)
        since = journal.began_after if wanted.since == SINCE_RESET else int(wanted.since)
        await journal.news_after(since, wanted.wait)
        return Answer(body=await _listed(engine, journal, wanted, since))

    @endpoint(
        "GET",
        f"{ITS_OWN}/{{sequence}}",
        "Emulator_GetJournalEntry",
        tag=clock.TAG,
        statuses=(200, 404),
        answers=SHOWN,
    )
    async def get(_engine: Engine, visit: Visit) -> Answer:
        """One exchange, with what went over the wire, without secrets."""
        sequence = journal_filters.sequence_number("sequence", visit.path["sequence"])
        for each in journal.kept():
            if each.sequence == sequence:
                return Answer(body=entry(each, Redactor(), bodies=True))
        raise not_found(
            "JournalEntryNotFound",
            f"sequence: the journal does not hold {sequence}; the latest is {journal.last}, and "
            f"of those up to {journal.lost} some are lost.",
        )

    @endpoint(
        "DELETE",
        ITS_OWN,
        "Emulator_ClearJournal",
        tag=clock.TAG,
        query=("subscription",),
        answers=_NUMBER,
    )
    async def clear(_engine: Engine, visit: Visit) -> Answer:
        """Forget what was noted, all of it or what is about one subscription; the world stays."""
        return Answer(
            body={"forgotten": journal.forget(journal_filters.only_subscription(visit.query))}
        )

    return (get, list_, clear)


async def _listed(engine: Engine, journal: Journal, wanted: Wanted, since: int) -> dict[str, Any]:
    last = journal.last
    kept = [each for each in journal.kept() if each.sequence > since]
    return {
        "value": await asyncio.to_thread(_shown, kept, wanted),
        "last": last,
        "lost": journal.lost,
        "bytes": journal.size,
        "scope": SCOPE,
        "world": _world(engine, journal),
    }


def _shown(kept: list[Kept], wanted: Wanted) -> list[dict[str, Any]]:
    redact = Redactor()
    found = [each for each in kept if wanted.takes(each)]
    return [entry(each, redact, bodies=wanted.bodies) for each in found[-wanted.limit :]]


def _world(engine: Engine, journal: Journal) -> dict[str, Any]:
    """Return what a replay has to know: how the world began, and whether all since then is kept.

    ``new`` is whether it is as it began: only such a world may be replayed to unasked.
    """
    with engine.database.reading() as connection:
        new = is_new(connection)
    return {
        "new": new,
        "began": journal.began,
        "beganAfter": journal.began_after,
        "complete": journal.began is not None and journal.lost <= journal.began_after,
        "rules": asdict(engine.rules),
    }
