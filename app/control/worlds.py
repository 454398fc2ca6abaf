"""The verbs of saved worlds: save the present one, list, restore and forget those saved."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from ..arm.calls import Answer, Visit, endpoint
from ..arm.shapes import Shape
from ..domain.documents import Document
from ..domain.errors import invalid
from ..domain.instants import wire
from ..engine.saved_worlds import SavedWorld, SavedWorlds
from ..engine.worker import Engine
from .clock import SHOWN as CLOCK
from .clock import TAG, show
from .world import subscription_of

_log = logging.getLogger("rsvault.worlds")

PATH = "/_emulator/worlds"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)
SHOWN: Mapping[str, Any] = {
    "type": "object",
    "required": ["name", "subscription", "savedAt"],
    "properties": {
        "name": {"type": "string"},
        "subscription": {"type": ["string", "null"], "format": "uuid"},
        "savedAt": {"type": "string", "format": "date-time"},
    },
}
"""How the control plane shows a saved world, as a JSON schema."""


@endpoint("GET", PATH, "Emulator_ListWorlds", tag=TAG, answers=Shape.VALUES)
async def list_(engine: Engine) -> Answer:
    """The saved worlds, each with the instant of its clock and whose rows it has: null is all."""
    return Answer(body={"value": [_shown(each) for each in SavedWorlds(engine).list()]})


@endpoint("GET", f"{PATH}/{{worldName}}", "Emulator_GetWorld", tag=TAG, answers=SHOWN)
async def get(engine: Engine, visit: Visit) -> Answer:
    """A saved world: the instant of its clock, and whose rows it has."""
    return Answer(body=_shown(SavedWorlds(engine).get(_named(visit))))


@endpoint(
    "PUT",
    f"{PATH}/{{worldName}}",
    "Emulator_SaveWorld",
    tag=TAG,
    query=("subscription",),
    statuses=(200, 413),
    answers=SHOWN,
)
async def save(engine: Engine, visit: Visit) -> Answer:
    """Save the world as it is now, or one subscription of it; an earlier one of the name goes."""
    saved = SavedWorlds(engine).save(_named(visit), subscription_of(visit))
    _log.info("saved '%s' at %s", saved.name, wire(saved.saved_at))
    return Answer(body=_shown(saved))


@endpoint(
    "POST",
    f"{PATH}/{{worldName}}/restore",
    "Emulator_RestoreWorld",
    tag=TAG,
    query=("subscription",),
    answers=CLOCK,
)
async def restore(engine: Engine, visit: Visit) -> Answer:
    """Put a saved world in place of the present one, with its clock, in a new epoch.

    Of a subscription only its resources are replaced; they live through the time since, as the
    clock, which others share, goes on.
    """
    saved = await SavedWorlds(engine).restore(_named(visit), subscription_of(visit))
    shown = show(engine)
    _log.info("restored '%s': epoch %s, %s", saved.name, shown["epoch"], shown["now"])
    return Answer(body=shown)


@endpoint("DELETE", f"{PATH}/{{worldName}}", "Emulator_DeleteWorld", tag=TAG, statuses=(200, 204))
async def delete(engine: Engine, visit: Visit) -> Answer:
    """Forget a saved world; the present one stays as it is."""
    return Answer(200 if SavedWorlds(engine).delete(_named(visit)) else 204)


def _named(visit: Visit) -> str:
    name = visit.path["worldName"]
    if _NAME.fullmatch(name) is None:
        raise invalid(
            "InvalidWorldName",
            f"name: '{name}' is not allowed: a name has 1 to 64 letters, digits, '_', '.' or '-' "
            "and begins with a letter or digit",
            target="name",
        )
    return name


def _shown(saved: SavedWorld) -> Document:
    return {
        "name": saved.name,
        "subscription": saved.subscription,
        "savedAt": wire(saved.saved_at),
    }


ENDPOINTS = (list_, get, save, restore, delete)
