"""The regions' verbs: which are there, take one down, bring it back."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from ..arm.bodies import Body
from ..arm.calls import Answer, endpoint
from ..arm.shapes import Shape
from ..domain.documents import Document
from ..domain.errors import invalid
from ..domain.instants import wire
from ..domain.outages import Outage, Outages, read
from ..domain.regions import REGIONS, SECONDARY_REGION, some_names
from ..domain.resource_ids import normal_location
from ..engine import clock
from ..engine.worker import Engine
from .clock import TAG

_log = logging.getLogger("rsvault.regions")

PATH = "/_emulator/regions"
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
SHOWN: Mapping[str, Any] = {
    "type": "object",
    "required": ["name", "state", "secondary", "outages"],
    "properties": {
        "name": {"type": "string"},
        "state": {"enum": ["up", "down"]},
        "secondary": {"type": ["string", "null"]},
        "outages": {
            "type": "array",
            "items": {"type": "object", "properties": {"since": _INSTANT, "until": _INSTANT}},
        },
    },
}
"""How the control plane shows a region, as a JSON schema."""


class RegionChange(Body):
    """Whether a region works from now on."""

    EXAMPLE = {"region": "koreasouth", "state": "down"}

    region: str = Field(description="A region's name", examples=["westeurope"])
    state: Literal["up", "down"]


@endpoint("GET", PATH, "Emulator_ListRegions", tag=TAG, answers=Shape.VALUES)
async def list_(engine: Engine) -> Answer:
    """Every region: whether it is up, its paired region, and its outages in this epoch."""
    known = _outages(engine)
    return Answer(body={"value": [_show(name, known) for name in REGIONS]})


@endpoint(
    "PATCH",
    PATH,
    "Emulator_UpdateRegion",
    tag=TAG,
    body=RegionChange,
    answers=SHOWN,
)
async def update(engine: Engine, change: RegionChange) -> Answer:
    """Take a region down, or bring it back; what is in that state already stays as it is."""
    name = normal_location(change.region)
    if name not in REGIONS:
        raise invalid(
            "InvalidRegion",
            f"region: there is no region '{change.region}'; there are {some_names()}",
            target="region",
        )
    await engine.switch_region(name, down=change.state == "down")
    _log.info("%s is %s", name, change.state)
    return Answer(body=_show(name, _outages(engine)))


def _outages(engine: Engine) -> Outages:
    with engine.database.reading() as connection:
        return read(clock.read(connection).outages)


def _show(name: str, known: Outages) -> Document:
    return {
        "name": name,
        "state": "down" if name in known.down else "up",
        "secondary": SECONDARY_REGION.get(name),
        "outages": [_span(each) for each in known.known if each.region == name],
    }


def _span(outage: Outage) -> Document:
    until = None if outage.until is None else wire(outage.until)
    return {"since": wire(outage.since), "until": until}


ENDPOINTS = (list_, update)
