"""What the options of the command line may say, read into plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import click

from .domain import waiting
from .domain.limits import LIMITS


class ClockOption(click.ParamType[tuple[str, int]]):
    """A clock's mode, and its rate."""

    name = "live|scaled:RATE|frozen"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        mode, _, rate = str(value).partition(":")
        fits = rate.isdecimal() if mode == "scaled" else mode in ("live", "frozen") and not rate
        if not fits:
            self.fail(f"{value!r} is none of live, frozen and scaled:RATE, such as scaled:60")
        return mode, int(rate or 1)


class SkipOnWait(click.ParamType[str]):
    """What a client's poll does to the clock, in its one spelling."""

    name = "off|step|finish|polls=N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return waiting.spelled(str(value))
        except ValueError as problem:
            self.fail(str(problem))


class PortOrOff(click.ParamType[int]):
    """A port; ``None`` is off."""

    name = "PORT|off"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = str(value)
        if not (text == "off" or text.isdecimal()):
            self.fail(f"{value!r} is neither a port nor off")
        return None if text == "off" else int(text)


class Waits(click.ParamType[tuple[float, ...]]):
    """Seconds, one after the other; ``none`` is no further attempt."""

    name = "SECONDS,...|none"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return () if value == "none" else tuple(float(each) for each in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is neither none nor like 5,20,5")


class Instant(click.ParamType[datetime]):
    """A date and time; without a zone it is in UTC."""

    name = "ISO"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a date and time such as 2030-01-01T00:00:00Z")
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class LimitOption(click.ParamType[tuple[str, int | None]]):
    """A limit's name and number; ``None`` is off."""

    name = "limit"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int | None]:
        name, _, most = str(value).partition("=")
        if not (most == "off" or most.isdecimal()):
            example = get_close_matches(name, LIMITS, n=1, cutoff=0)[0]
            self.fail(f"{value!r} is not like {example}=20 or {example}=off")
        return name, None if most == "off" else int(most)


def by_name(_context: click.Context, _option: click.Parameter, pairs: Any) -> dict[str, Any]:
    """Return what an option that is given more than once says, the last word for each name."""
    return dict(pairs)
