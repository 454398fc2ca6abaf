"""The events' verbs: begin and end to record what happens, and listen to it (docs/events.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from sqlalchemy import Connection

from ..arm.bodies import Body
from ..arm.calls import Answer, Call, Endpoint, Visit, endpoint
from ..arm.shapes import Shape
from ..domain.errors import conflict, invalid
from ..domain.events import MOST_KEPT, USUALLY_KEPT
from ..engine import events
from ..engine.worker import Engine
from . import event_filters
from .clock import TAG
from .event_stream import Listeners, stream

PATH = "/_emulator/events"
RECORDING = f"{PATH}/recording"
_SHOWN: Mapping[str, Any] = {
    "type": "object",
    "required": ["recording", "keep", "last", "lost"],
    "properties": {
        "recording": {"type": "boolean"},
        "keep": {"type": ["integer", "null"], "minimum": 1},
        "last": {"type": "integer", "minimum": 0},
        "lost": {"type": "integer", "minimum": 0},
    },
}


class RecordingBody(Body):
    """How much of what happens is kept."""

    EXAMPLE = {"keep": USUALLY_KEPT}

    model_config = ConfigDict(frozen=True, defer_build=True)

    keep: Annotated[int | None, Field(strict=True)] = Field(
        None,
        description=f"How many of the latest events: 1 to {MOST_KEPT}. Without it as many as "
        f"were kept before, else {USUALLY_KEPT}",
    )


@endpoint(
    "PUT",
    RECORDING,
    "Emulator_RecordEvents",
    tag=TAG,
    body=RecordingBody,
    optional_body=True,
    answers=_SHOWN,
)
def record(call: Call, body: RecordingBody | None) -> Answer:
    """Record what happens from now on; of a world that is recorded already, change the bound."""
    keep = None if body is None else body.keep
    if keep is not None and not 1 <= keep <= MOST_KEPT:
        raise invalid(
            "InvalidRecording",
            f"keep: {keep} is out of range; allowed: 1 to {MOST_KEPT}.",
            target="keep",
        )
    kept = keep or events.recording(call.connection).kept or USUALLY_KEPT
    events.record(call.connection, kept, call.now)
    return _show(call.connection)


@endpoint("GET", RECORDING, "Emulator_GetEventRecording", tag=TAG, answers=_SHOWN)
def get_recording(call: Call) -> Answer:
    """Whether events are recorded, how many are kept, and what their numbers have come to."""
    return _show(call.connection)


@endpoint("DELETE", RECORDING, "Emulator_StopRecordingEvents", tag=TAG, answers=_SHOWN)
def stop(call: Call) -> Answer:
    """Record nothing any more, and forget what was recorded."""
    events.stop(call.connection)
    return _show(call.connection)


def _show(connection: Connection) -> Answer:
    found = events.recording(connection)
    return Answer(
        body={
            "recording": found.kept is not None,
            "keep": found.kept,
            "last": found.last,
            "lost": found.lost,
        }
    )


def endpoint_of(listeners: Listeners | None) -> Endpoint:
    """Return the endpoint that listeners come by."""

    @endpoint(
        "GET",
        PATH,
        "Emulator_StreamEvents",
        tag=TAG,
        statuses=(200, 409),
        query=event_filters.NAMES,
        answers=Shape.EVENTS,
    )
    async def listen(engine: Engine, visit: Visit) -> Answer:
        """What happens in the world, as server-sent events: what is kept, then what comes."""
        assert listeners is not None, "a server has them"
        wanted = event_filters.read(visit.query, visit.headers.get("last-event-id"))
        with engine.database.reading() as connection:
            if events.recording(connection).kept is None:
                raise conflict(
                    "EventsNotRecorded",
                    "Nothing is recorded in this world, as that takes time and room. Begin with "
                    f"PUT {RECORDING} or 'rsvault events --follow', or start the server with "
                    f"--events {USUALLY_KEPT}.",
                )
        return Answer(body=stream(engine, listeners, wanted))

    return listen


ENDPOINTS = (record, get_recording, stop)
