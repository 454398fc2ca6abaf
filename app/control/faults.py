"""The faults' verbs: arm one, list what is armed, disarm, and show the table."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel
from sqlalchemy import Row

from ..arm.bodies import Body
from ..arm.calls import Answer, Call, endpoint
from ..arm.shapes import Shape
from ..domain import fault_requests
from ..domain.documents import Document
from ..domain.errors import not_found
from ..domain.faults import CERTAIN, FAULTS, WHERE, Fault
from ..domain.instants import iso_duration, wire
from ..engine import armed_faults
from .clock import TAG

_log = logging.getLogger("rsvault.faults")

PATH = "/_emulator/faults"
SUBSCRIPTION = "subscription"
_TEXT = {"type": ["string", "null"]}
_NUMBER = {"type": ["integer", "null"]}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
SHOWN: Mapping[str, Any] = {
    "type": "object",
    "required": ["id", "fault", "subject", "count", "left", "struck", "probability", "after"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
        "fault": {"enum": sorted(FAULTS)},
        "subject": _TEXT,
        "subscription": _TEXT,
        "code": _TEXT,
        "count": _NUMBER,
        "left": _NUMBER,
        "struck": {"type": "integer", "minimum": 0},
        "probability": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "after": {"type": "string", "format": "date-time"},
        "until": _INSTANT,
        "duration": _TEXT,
        "armedAt": {"type": "string", "format": "date-time"},
    },
}
"""How the control plane shows a fault that is armed, as a JSON schema."""


class FaultBody(Body):
    """A fault to be armed; ``rsvault fault catalogue`` and docs/faults.md have the table."""

    EXAMPLE = {"fault": "transfer-fails", "subject": "web-1", "count": 1}

    model_config = ConfigDict(
        alias_generator=to_camel, extra="allow", frozen=True, defer_build=True
    )

    fault: str = Field(description="A name of the table", examples=["transfer-fails"])
    subject: str | None = Field(
        None,
        description="An ARM id (all below it as well), the name of an item, an operationId, or "
        "for region-down a region; * is any number of characters. Without it, everything",
        examples=["web-*"],
    )
    count: Annotated[int | None, Field(strict=True)] = Field(
        None, description="How often it strikes at most: 1 to 1000000; without it, no end"
    )
    probability: float | None = Field(
        None, description="How likely it strikes, above 0 to 1", examples=[0.5]
    )
    after: str | None = Field(
        None,
        description="From when on: an instant, or a duration from now on",
        examples=["PT2H"],
    )
    until: str | None = Field(None, description="Up to when", examples=["2030-01-01T00:00:00Z"])
    duration: str | None = Field(None, description="What the table says", examples=["PT30S"])
    code: str | None = Field(
        None,
        description="Another of Azure's error codes for a job",
        examples=["UserErrorVmProvisioningStateFailed"],
    )
    subscription: str | None = Field(None, description="Only what is in this subscription")


@endpoint(
    "POST",
    PATH,
    "Emulator_ArmFault",
    tag=TAG,
    body=FaultBody,
    statuses=(201,),
    query=(SUBSCRIPTION,),
    answers=SHOWN,
)
def arm(call: Call, body: FaultBody) -> Answer:
    """Arm a fault of the table, for a subject, a number of times, a chance, a span of time."""
    fault_requests.check_fields(body.model_extra or {})
    asked = {SUBSCRIPTION: call.query.get(SUBSCRIPTION)} | body.wire()
    row = armed_faults.arm(
        call.connection, call.rules, fault_requests.read(asked, call.now), call.now
    )
    _log.info("%s is armed as %s", row.name, row.fault_id)
    return Answer(201, _show(row))


@endpoint(
    "GET",
    PATH,
    "Emulator_ListFaults",
    tag=TAG,
    query=(SUBSCRIPTION,),
    answers=Shape.VALUES,
)
def list_(call: Call) -> Answer:
    """What is armed, how often it struck, and how often it still may."""
    return Answer(body={"value": [_show(row) for row in _armed(call)]})


@endpoint("GET", f"{PATH}/catalogue", "Emulator_ListFaultKinds", tag=TAG, answers=Shape.VALUES)
def catalogue(_call: Call) -> Answer:
    """The table of faults: where each strikes, its error code and words, and what it does."""
    return Answer(body={"value": [_describe(fault) for fault in FAULTS.values()]})


@endpoint(
    "DELETE",
    PATH,
    "Emulator_DisarmFaults",
    tag=TAG,
    query=(SUBSCRIPTION,),
    answers=Shape.VALUES,
)
def disarm_all(call: Call) -> Answer:
    """Disarm everything, or what was armed for a subscription; answers what that was."""
    return _disarm(call, list(_armed(call)))


@endpoint(
    "DELETE",
    f"{PATH}/{{fault}}",
    "Emulator_DisarmFault",
    tag=TAG,
    query=(SUBSCRIPTION,),
    answers=Shape.VALUES,
)
def disarm(call: Call) -> Answer:
    """Disarm one fault by its id, or by its name all of that name; answers what that was."""
    wanted = call.path["fault"].lower()
    rows = [row for row in _armed(call) if wanted in (row.fault_id, row.name)]
    if not rows:
        known = {row.fault_id for row in _armed(call)} | {row.name for row in _armed(call)}
        raise not_found(
            "FaultNotFound",
            f"fault: '{call.path['fault']}' is not armed; "
            f"{', '.join(sorted(known)) or 'nothing is'}",
            target="fault",
        )
    return _disarm(call, rows)


def _armed(call: Call) -> list[Row[Any]]:
    sent = fault_requests.read_subscription(call.query.get(SUBSCRIPTION))
    return list(armed_faults.listed(call.connection, sent))


def _disarm(call: Call, rows: list[Row[Any]]) -> Answer:
    armed_faults.disarm(call.connection, call.rules, rows, call.now)
    for row in rows:
        _log.info("%s is disarmed (%s)", row.name, row.fault_id)
    return Answer(body={"value": [_show(row) for row in rows]})


def _show(row: Row[Any]) -> Document:
    return {
        "id": row.fault_id,
        "fault": row.name,
        "subject": row.subject,
        "subscription": row.subscription,
        "code": row.code,
        "count": row.count,
        "left": row.left_over,
        "struck": row.struck,
        "probability": row.chance / CERTAIN,
        "after": wire(row.from_at),
        "until": None if row.until_at is None else wire(row.until_at),
        "duration": None if row.duration is None else iso_duration(row.duration),
        "armedAt": wire(row.armed_at),
    }


def _describe(fault: Fault) -> Document:
    shown: Document = {
        "name": fault.name,
        "points": list(fault.points),
        "strikes": [WHERE[point] for point in fault.points],
        "code": fault.code,
        "effect": fault.effect,
    }
    if fault.error is not None:
        shown |= {
            "title": fault.error.title,
            "message": fault.error.message,
            "recommendations": list(fault.error.recommendations),
        }
    if fault.reply is not None:
        shown |= {"status": fault.reply.status, "message": fault.reply.message}
    if fault.takes is not None:
        default = None if fault.duration is None else iso_duration(fault.duration)
        shown["duration"] = {"means": fault.takes, "default": default}
    return shown


ENDPOINTS = (catalogue, disarm, arm, list_, disarm_all)
