"""The world's verbs: is it there, and begin again."""

from __future__ import annotations

import logging
from importlib import metadata

from ..arm.calls import Answer, endpoint
from ..arm.shapes import Shape
from ..engine.worker import Engine
from .clock import SHOWN, TAG, show

_log = logging.getLogger("rsvault.clock")


@endpoint("GET", "/_emulator/health", "Emulator_GetHealth", tag=TAG, answers=Shape.OBJECT)
async def health(engine: Engine) -> Answer:
    """Whether the service can answer: it has read its world's clock to say so."""
    return Answer(
        body={
            "status": "ok",
            "version": version(),
            "database": "memory"
            if engine.database.is_memory
            else engine.database.engine.dialect.name,
            "leads": engine.leads,
            "now": show(engine)["now"],
        }
    )


@endpoint("POST", "/_emulator/reset", "Emulator_Reset", tag=TAG, answers=SHOWN)
async def reset(engine: Engine) -> Answer:
    """Empty the world: back to the start time and seed, in a new epoch."""
    await engine.reset()
    shown = show(engine)
    _log.info("reset: epoch %s begins at %s", shown["epoch"], shown["now"])
    return Answer(body=shown)


def version() -> str:
    """Return the installed distribution's version; a bare checkout has none."""
    try:
        return metadata.version("rsvault")
    except metadata.PackageNotFoundError:
        return "0+checkout"


ENDPOINTS = (health, reset)
