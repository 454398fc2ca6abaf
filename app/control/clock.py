"""The clock's verbs: read it, change how it runs, move it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ..arm.bodies import Body
from ..arm.calls import Answer, endpoint
from ..domain import ids
from ..domain.errors import invalid
from ..domain.instants import Duration, parse, parse_duration, wire
from ..engine import clock
from ..engine.worker import Engine

CLOCK = "/_emulator/clock"
TAG = "Emulator"


class ClockChange(Body):
    """How time runs from now on; what is left out stays."""

    EXAMPLE = {"skipOnWait": "finish"}

    mode: Literal["live", "scaled", "frozen"] | None = Field(None, examples=["frozen"])
    rate: Annotated[
        int | None, Field(strict=True, description="Virtual seconds a real second; mode scaled")
    ] = None
    skip_on_wait: Literal["off", "step", "finish"] | None = Field(
        None, description="What a poll of an operation or a running job does to the clock"
    )


class UntilJob(Body):
    """A job to wait for."""

    job: str = Field(description="The job's id", examples=["5b6cd8e8-6b1c-4c02-a6a3-0f3ad5cd9c7b"])


class Advance(Body):
    """How far to move the clock: exactly one of the three."""

    EXAMPLE = {"by": "P1D"}

    by: str | None = Field(None, description="An ISO 8601 duration", examples=["P120D"])
    to: str | None = Field(None, description="An instant", examples=["2030-01-01T00:00:00Z"])
    until: Literal["idle"] | UntilJob | None = Field(
        None, description="'idle' (no job or operation runs) or a job's end"
    )


def show(engine: Engine) -> dict[str, Any]:
    """Return the clock as the control plane shows it."""
    with engine.database.reading() as connection:
        state = clock.read(connection)
    real = clock.real_now()
    advancing = state.advancing(real)
    return {
        "now": wire(state.now(real)),
        "mode": state.mode,
        "rate": state.rate,
        "skipOnWait": state.skip_on_wait,
        "epoch": state.epoch,
        "seed": engine.rules.seed,
        "startTime": wire(state.started_at),
        "advancing": None
        if advancing is None
        else {
            "from": wire(advancing.start),
            "to": None if advancing.target is None else wire(advancing.target),
        },
    }


@endpoint("GET", CLOCK, "Emulator_GetClock", tag=TAG)
async def get(engine: Engine) -> Answer:
    """What time it is in this world, how time runs, and how far a running advance is."""
    return Answer(body=show(engine))


@endpoint("PATCH", CLOCK, "Emulator_UpdateClock", tag=TAG, body=ClockChange)
async def update(engine: Engine, change: ClockChange) -> Answer:
    """Change how time runs: mode, rate, and what a waiting client does to the clock."""
    await engine.change_clock(mode=change.mode, rate=change.rate, skip_on_wait=change.skip_on_wait)
    return Answer(body=show(engine))


@endpoint("POST", f"{CLOCK}/advance", "Emulator_AdvanceClock", tag=TAG, body=Advance)
async def advance(engine: Engine, body: Advance) -> Answer:
    """Move the clock forward and answer once everything due on the way is done."""
    asked = [name for name in ("by", "to", "until") if getattr(body, name) is not None]
    if len(asked) != 1:
        raise invalid(
            "InvalidAdvance",
            f"exactly one of by, to and until is needed; got {', '.join(asked) or 'none'}",
        )
    if body.by is not None:
        await engine.advance_by(_duration(body.by))
    elif body.to is not None:
        await engine.advance(_instant(body.to))
    elif isinstance(body.until, UntilJob):
        await engine.advance_until_job(_job(body.until.job))
    else:
        await engine.advance_until_idle()
    return Answer(body=show(engine))


def _duration(text: str) -> Duration:
    try:
        return parse_duration(text)
    except ValueError as problem:
        raise invalid("InvalidAdvance", f"by: {problem}", target="by") from None


def _instant(text: str) -> int:
    try:
        return parse(text)
    except ValueError as problem:
        raise invalid("InvalidAdvance", f"to: {problem}", target="to") from None


def _job(text: str) -> str:
    found = ids.parse_guid(text)
    if found is None:
        raise invalid("InvalidAdvance", f"until.job: '{text}' is not a job id", target="until.job")
    return found


ENDPOINTS = (get, update, advance)
