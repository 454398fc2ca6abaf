"""Rehydration: what is in the archive comes back to the standard tier for some days.

It is the first phase of a restore. Whether a point is rehydrated follows from an instant of its
row and the clock: the engine writes when it is, and never that it is over (docs/decisions/0079).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, update

from ..domain import ids
from ..domain.archive_tier import REHYDRATED, REHYDRATION
from ..domain.documents import Document
from ..domain.events import EventKind
from ..domain.instants import DAY
from ..store.tables import recovery_points
from . import events
from .rules import Rules
from .tiering import is_there


@dataclass(frozen=True, slots=True)
class Rehydration:
    """How soon a point comes back to the standard tier, in Azure's words, and for how many days."""

    priority: str
    days: int

    def micros(self, rules: Rules, job_id: str) -> int:
        """Return how long it takes; a part of it is drawn."""
        length = REHYDRATION[self.priority]
        return length.least + ids.key(rules.seed, "rehydration", job_id) % length.spread

    @property
    def detail(self) -> Document:
        """What its job must know."""
        return {"priority": self.priority, "days": self.days}


def is_rehydrated(point: Row[Any], now: int) -> bool:
    """Tell whether a point of the archive is in the standard tier as well."""
    return point.rehydrated_until is not None and bool(now < point.rehydrated_until)


def end(connection: Connection, job: Row[Any]) -> bool:
    """Let a point be in the standard tier from now on; tell whether it was there still."""
    until = job.due_at + job.detail["rehydration"]["days"] * DAY
    events.note_points(
        connection, EventKind.POINT_REHYDRATED, job.due_at, is_there(job), status=REHYDRATED
    )
    found = connection.execute(
        update(recovery_points).where(is_there(job)).values(rehydrated_until=until)
    )
    return found.rowcount > 0
