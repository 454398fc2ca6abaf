"""What is about to be protected, of whatever workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...engine.protection import ItemName
from ...engine.sources import Source


@dataclass(frozen=True, slots=True)
class Candidate:
    """A source with the name that its item gets, and what a new item keeps.

    ``source_id`` is what the item shows as its source, where that is not the source itself.
    """

    name: ItemName
    source: Source
    exclusion: dict[str, Any] | None = None
    source_id: str | None = None
