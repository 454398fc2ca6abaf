"""The virtual clock as the control plane shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from .connection import unexpected

Mode = Literal["live", "scaled", "frozen"]


@dataclass(frozen=True)
class Advancing:
    """An advance that is under way: where it began and where it will end, if that is known."""

    start: datetime
    end: datetime | None

    def share(self, now: datetime) -> float | None:
        """Return how much of the way lies behind ``now``, from 0 to 1, if the end is known."""
        if self.end is None:
            return None
        span = self.end - self.start
        return min(max((now - self.start) / span, 0.0), 1.0) if span else 1.0


@dataclass(frozen=True)
class Clock:
    """The virtual clock as one answer showed it."""

    now: datetime
    mode: Mode
    rate: int
    skip_on_wait: str
    epoch: int
    advancing: Advancing | None


def shown(answer: Mapping[str, Any]) -> Clock:
    """Read an answer. Raises ``ControlError`` for what no clock shows."""
    try:
        return Clock(
            now=datetime.fromisoformat(answer["now"]),
            mode=answer["mode"],
            rate=answer["rate"],
            skip_on_wait=answer["skipOnWait"],
            epoch=answer["epoch"],
            advancing=_advancing(answer["advancing"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise unexpected(json.dumps(answer)) from problem


def _advancing(answer: Mapping[str, Any] | None) -> Advancing | None:
    if answer is None:
        return None
    end = answer["to"]  # null while nobody knows how long what runs will take
    return Advancing(datetime.fromisoformat(answer["from"]), end and datetime.fromisoformat(end))


def duration(by: str | timedelta) -> str:
    """Write a length of time as ISO 8601 does."""
    if isinstance(by, str):
        return by
    seconds, micros = divmod(by // timedelta(microseconds=1), 1_000_000)
    if seconds < 0:
        raise ValueError(f"by cannot be {by}: time never goes back")
    return f"PT{seconds}.{micros:06d}S" if micros else f"PT{seconds}S"


def instant(to: str | datetime) -> str:
    """Write an instant as ISO 8601 does, in UTC. Raises ``ValueError`` without a time zone."""
    if isinstance(to, str):
        return to
    if to.tzinfo is None:
        raise ValueError("to must be a datetime with a time zone")
    return to.astimezone(UTC).isoformat().replace("+00:00", "Z")
