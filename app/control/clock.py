"""The clock's verbs: read it, change how it runs, move it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ..arm.bodies import Body
from ..arm.calls import Answer, endpoint
from ..domain import ids, waiting
from ..domain.errors import Refused, invalid
from ..domain.instants import DAY, Duration, after, parse, parse_duration, wire
from ..engine import clock, tallies
from ..engine.worker import Engine

_log = logging.getLogger("rsvault.clock")

CLOCK = "/_emulator/clock"
TAG = "Emulator"
_SOME_DAY = 20_000 * DAY
"""2024-10-04: what is earlier a duration later is negative, whatever the calendar."""


class ClockChange(Body):
    """How time runs from now on; what is left out stays."""

    EXAMPLE = {"skipOnWait": "finish"}

    mode: Literal["live", "scaled", "frozen"] | None = Field(None, examples=["frozen"])
    rate: Annotated[
        int | None, Field(strict=True, description="Virtual seconds a real second; mode scaled")
    ] = None
    skip_on_wait: (
        Annotated[
            str,
            AfterValidator(waiting.spelled),
            Field(json_schema_extra={"pattern": waiting.PATTERN}),
        ]
        | None
    ) = Field(
        None,
        description="What a poll of an operation or a running job does to the clock",
        examples=["polls=3"],
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


_INSTANT = {"type": "string", "format": "date-time"}
SHOWN: Mapping[str, Any] = {
    "type": "object",
    "required": ["now", "mode", "rate", "skipOnWait", "epoch", "seed", "startTime", "advancing"],
    "properties": {
        "now": _INSTANT,
        "mode": {"enum": ["live", "scaled", "frozen"]},
        "rate": {"type": "integer", "minimum": 1},
        "skipOnWait": {"type": "string", "pattern": waiting.KEPT},
        "epoch": {"type": "integer", "minimum": 1},
        "seed": {"type": "integer"},
        "startTime": _INSTANT,
        "advancing": {
            "type": ["object", "null"],
            "properties": {"from": _INSTANT, "to": {"type": ["string", "null"]}},
        },
    },
}
"""How the control plane shows the clock, as a JSON schema."""


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


@endpoint("GET", CLOCK, "Emulator_GetClock", tag=TAG, answers=SHOWN)
async def get(engine: Engine) -> Answer:
    """What time it is in this world, how time runs, and how far a running advance is."""
    return Answer(body=show(engine))


@endpoint("PATCH", CLOCK, "Emulator_UpdateClock", tag=TAG, body=ClockChange, answers=SHOWN)
async def update(engine: Engine, change: ClockChange) -> Answer:
    """Change how time runs: mode, rate, and what a waiting client does to the clock."""
    await engine.change_clock(mode=change.mode, rate=change.rate, skip_on_wait=change.skip_on_wait)
    shown = show(engine)
    _log.info(
        "runs %s, rate %s, skip-on-wait %s, from %s on",
        *(shown[name] for name in ("mode", "rate", "skipOnWait", "now")),
    )
    return Answer(body=shown)


@endpoint(
    "POST",
    f"{CLOCK}/advance",
    "Emulator_AdvanceClock",
    tag=TAG,
    body=Advance,
    statuses=(200, 404),
    answers=SHOWN,
)
async def advance(engine: Engine, body: Advance) -> Answer:
    """Move the clock forward and answer once everything due on the way is done."""
    asked = [name for name in ("by", "to", "until") if getattr(body, name) is not None]
    if len(asked) != 1:
        raise invalid(
            "InvalidAdvance",
            f"exactly one of by, to and until is needed; got {', '.join(asked) or 'none'}",
        )
    with _told(engine, body):
        if body.by is not None:
            await engine.advance_by(_duration(body.by))
        elif body.to is not None:
            await engine.advance(_instant(body.to))
        elif isinstance(body.until, UntilJob):
            await engine.advance_until_job(_job(body.until.job))
        else:
            await engine.advance_until_idle()
    return Answer(body=show(engine))


@contextmanager
def _told(engine: Engine, asked: Advance) -> Iterator[None]:
    """Log that an advance begins and, once it is over, how far it came and what happened."""
    if not _log.isEnabledFor(logging.INFO):
        yield
        return
    began, start = clock.stopwatch(), _now(engine)
    _log.info("advance from %s: %s", wire(start), asked.wire())
    try:
        yield
    except Refused as refusal:
        _log.info("advance refused: %s", refusal)
        raise
    end = _now(engine)
    with engine.database.reading() as connection:
        unwell = _log.isEnabledFor(logging.DEBUG)
        found = tallies.crossed(connection, start, end, unwell=unwell)
    _log.info(
        "advanced to %s: %s of virtual time in %.3f s, %d jobs started",
        wire(end),
        timedelta(microseconds=end - start),
        clock.stopwatch() - began,
        found.started,
    )
    for job, operation, status, code in found.unwell:
        _log.debug("%s job %s: %s, %s", operation, ids.guid(job), status, code)


def _now(engine: Engine) -> int:
    with engine.database.reading() as connection:
        return clock.read(connection).now(clock.real_now())


def _duration(text: str) -> Duration:
    try:
        duration = parse_duration(text)
    except ValueError as problem:
        raise invalid("InvalidAdvance", f"by: {problem}", target="by") from None
    if after(_SOME_DAY, duration) < _SOME_DAY:
        raise invalid(
            "InvalidAdvance",
            f"by: '{text}' is negative; time never goes back ('reset' begins again)",
            target="by",
        )
    return duration


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
