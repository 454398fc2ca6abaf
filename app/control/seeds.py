"""The verbs of seeds: make a document's world, tell how far that is, show what one may say.

What reads documents is imported when it is first asked: a start need not wait for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import ConfigDict

from ..arm.bodies import Body
from ..arm.calls import Answer, Endpoint, Visit, endpoint
from ..arm.inner_calls import InnerCalls
from ..arm.shapes import Shape
from ..domain.documents import Document
from ..domain.errors import invalid
from ..domain.instants import wire
from ..engine import clock
from ..engine.worker import Engine
from .clock import TAG, show
from .world import subscription_of

if TYPE_CHECKING:
    from ..worlds.seeding import Seed

_log = logging.getLogger("rsvault.worlds")

PATH = "/_emulator/seed"
_MOST_LEFT_OUT = 20
"""So many are named in a header."""
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_SEEDED: Mapping[str, Any] = {
    "type": "object",
    "required": ["applied", "now", "steps"],
    "properties": {
        "applied": {"type": "boolean"},
        "now": {"type": "string", "format": "date-time"},
        "steps": {"type": "integer", "minimum": 0},
    },
}
_PROGRESS: Mapping[str, Any] = {
    "type": "object",
    "required": ["running", "from", "now", "to"],
    "properties": {
        "running": {"type": "boolean"},
        "from": _INSTANT,
        "now": _INSTANT,
        "to": _INSTANT,
    },
}


def _described(schema: dict[str, Any]) -> None:
    """Say that a world is sent; its own schema is at /_emulator/schemas/world."""
    schema.clear()
    schema.update(
        {
            "type": "object",
            "description": "A world, as YAML or JSON: see GET /_emulator/schemas/world",
            "properties": {
                "subscription": {"type": "string", "format": "uuid"},
                "now": {"type": "string", "format": "date-time"},
                "resourceGroups": {"type": "array", "items": {"type": "object"}},
                "resources": {"type": "array", "items": {"type": "object"}},
            },
            "additionalProperties": False,
        }
    )


class WorldBody(Body):
    """A world as YAML or JSON; what is wrong in it its reader says, with line and column."""

    TEXT = True
    LARGEST: ClassVar[int] = 64 * 1024 * 1024
    EXAMPLE = {
        "resourceGroups": [
            {
                "name": "web",
                "location": "westeurope",
                "virtualMachines": [{"name": "web-{n}", "count": 3, "disks": [30, 64]}],
                "vaults": [
                    {
                        "name": "safe",
                        "protectedItems": [{"virtualMachine": "web-{n}", "since": "P10D"}],
                    }
                ],
            }
        ]
    }
    model_config = ConfigDict(json_schema_extra=_described)

    text: str = ""


@endpoint(
    "GET",
    "/_emulator/schemas/world",
    "Emulator_GetWorldSchema",
    tag=TAG,
    answers=Shape.OBJECT,
)
async def schema(_engine: Engine) -> Answer:
    """The JSON schema of worlds, for editors and other programs."""
    from ..worlds import documents

    return Answer(body=documents.schema())


def endpoints_of(inner: InnerCalls) -> tuple[Endpoint, ...]:
    """Return the endpoints of a server whose requests ``inner`` runs."""
    turn = asyncio.Lock()
    running: list[Seed] = []

    @endpoint(
        "POST",
        PATH,
        "Emulator_Seed",
        tag=TAG,
        body=WorldBody,
        query=("subscription", "check"),
        answers=_SEEDED,
    )
    async def seed(engine: Engine, visit: Visit, body: WorldBody) -> Answer:
        """Make a document's world part of this one: all of it, or nothing and a refusal.

        History is lived through by the engine. With ``check=true`` nothing is made of it.
        """
        from ..worlds import seeding

        only_check, subscription = _flag(visit, "check"), subscription_of(visit)
        async with turn:  # the processor is one, and memory too
            with engine.database.reading() as connection:
                present = clock.read(connection).now(clock.real_now())
            found = seeding.Seed(body.text, inner, engine.rules, present, subscription)
            if only_check:
                found.live(history=False).close()
                return Answer(body=_seeded(found, applied=False))
            running[:] = [found]
            try:
                await found.apply(engine)
            finally:
                running.clear()
        _log.info("seeded in %d steps; it is %s", len(found.steps), show(engine)["now"])
        return Answer(body=_seeded(found, applied=True))

    @endpoint("GET", PATH, "Emulator_GetSeed", tag=TAG, answers=_PROGRESS)
    async def progress(_engine: Engine) -> Answer:
        """How far a seed is that runs: from which instant to which, and where it is now."""
        if not running:
            return Answer(body={"running": False, "from": None, "now": None, "to": None})
        found = running[0].progress
        ways = {"from": found.start, "now": found.reached, "to": found.end}
        return Answer(body={"running": True, **{name: wire(at) for name, at in ways.items()}})

    return seed, progress


def _seeded(seed: Seed, *, applied: bool) -> Document:
    return {"applied": applied, "now": wire(seed.now), "steps": len(seed.steps)}


def _flag(visit: Visit, name: str) -> bool:
    sent = visit.query.get(name, "false")
    if sent.lower() not in ("true", "false"):
        raise invalid(
            "InvalidQuery", f"{name}: '{sent}' is not allowed; allowed: true, false", target=name
        )
    return sent.lower() == "true"


@endpoint(
    "GET",
    "/_emulator/world",
    "Emulator_ExportWorld",
    tag=TAG,
    query=("subscription",),
    answers=Shape.OBJECT,
)
async def export(engine: Engine, visit: Visit) -> Answer:
    """The present world, or one subscription of it, as a document that can be seeded.

    What the format cannot carry is named in the header x-rsvault-left-out, a JSON list.
    """
    from ..worlds.exporting import Export

    with engine.database.reading() as connection:
        now = clock.read(connection).now(clock.real_now())
        found = Export(connection, subscription_of(visit), now)
        document = found.document()
    left_out = json.dumps(found.left_out[:_MOST_LEFT_OUT])
    headers = {"x-rsvault-left-out": left_out} if found.left_out else {}
    return Answer(body=document, headers=headers)


ENDPOINTS = (schema, export)
