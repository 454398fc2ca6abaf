"""The journal's place in the request path: what is noted of every exchange."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; ``operation_id`` is ``None`` where no endpoint was found."""

    method: str
    path: str
    query: str
    operation_id: str | None
    status: int
    correlation_id: str
    seconds: float


Record = Callable[[Exchange], None]
"""Takes note of an exchange; it must not fail and must not keep the request waiting."""
