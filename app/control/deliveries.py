"""The deliveries' verbs: what action groups were told of alerts, or are to be; and wait for it.

What was sent is shown with its body; of a receiver's URI what may be a secret is hidden.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Row, or_, select

from ..arm.bodies import Body
from ..arm.calls import Answer, Call, Endpoint, Visit, endpoint
from ..arm.paging import after, page, row_limit
from ..arm.words import Whole
from ..domain import ids, webhook_signatures
from ..domain.deliveries import State, message_id
from ..domain.documents import Document
from ..domain.errors import Refused, invalid
from ..domain.instants import wire
from ..domain.redaction import Redactor
from ..engine import clock, outbox
from ..engine.worker import Engine
from ..store.delivery_tables import deliveries
from .clock import TAG
from .world import subscription_of

PATH = "/_emulator/deliveries"
WATCH_SECONDS = 0.02
"""How often it is looked whether there is nothing left to tell."""
LONGEST_WAIT = 300
_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_ONE: Mapping[str, Any] = {
    "type": "object",
    "required": ["id", "alertId", "actionGroupId", "receiver", "state", "attempts", "payload"],
    "properties": {
        "id": {"type": "string", "pattern": "^msg_[0-9a-f]{32}$"},
        "alertId": {"type": "string"},
        "monitorCondition": {"enum": ["Fired", "Resolved"]},
        "actionGroupId": {"type": "string"},
        "receiver": {"type": "string"},
        "receiverType": {"type": "string"},
        "uri": _TEXT,
        "createdAt": _INSTANT,
        "state": {"enum": list(State.ALL)},
        "attempts": _COUNT,
        "status": {"type": ["integer", "null"]},
        "problem": _TEXT,
        "attemptedAt": _INSTANT,
        "nextAttemptAt": _INSTANT,
        "payload": {"type": "object"},
    },
}
LISTED: Mapping[str, Any] = {
    "type": "object",
    "required": ["value"],
    "properties": {"value": {"type": "array", "items": _ONE}, "nextLink": {"type": "string"}},
}
SETTLED: Mapping[str, Any] = {
    "type": "object",
    "required": ["settled", "waiting", "states"],
    "properties": {
        "settled": {"type": "boolean"},
        "waiting": _COUNT,
        "states": {"type": "object", "additionalProperties": _COUNT},
    },
}
_KEY: Mapping[str, Any] = {
    "type": "object",
    "required": ["signingSecret"],
    "properties": {"signingSecret": {"type": "string", "pattern": "^whsec_"}},
}


class Settling(Body):
    """How to wait until there is nothing left to tell."""

    EXAMPLE = {"timeoutSeconds": 5}

    timeout_seconds: Whole = Field(
        30, ge=0, le=LONGEST_WAIT, description="After how long to give up", examples=[5]
    )
    hurry: bool = Field(True, description="Whether what waits for its next attempt gets it at once")


# --- what there is -----------------------------------------------------------------------


def _alert(text: str) -> ColumnElement[bool]:
    name = ids.parse_guid(text.rstrip("/").rpartition("/")[2])
    if name is None:
        raise _wrong("alert", f"'{text[:80]}' is neither the id nor the GUID of an alert")
    return deliveries.c.alert_id == name


def _action_group(text: str) -> ColumnElement[bool]:
    folded = text.rstrip("/").lower()
    if not folded:
        raise _wrong("actionGroup", "the id or the name of an action group is needed")
    by_name = deliveries.c.group_folded.endswith(f"/{folded}", autoescape=True)
    return or_(deliveries.c.group_folded == folded, by_name)


def _state(text: str) -> ColumnElement[bool]:
    known = {state.lower(): state for state in State.ALL}
    if text.lower() not in known:
        raise _wrong("state", f"'{text[:80]}' is not known; allowed: {', '.join(State.ALL)}")
    return deliveries.c.state == known[text.lower()]


def _subscription(text: str) -> ColumnElement[bool]:
    if ids.parse_guid(text) is None:
        raise _wrong("subscription", f"'{text[:80]}' is not a GUID, as every subscription is")
    return deliveries.c.subscription == text.lower()


_FILTERS: Mapping[str, Callable[[str], ColumnElement[bool]]] = {
    "alert": _alert,
    "actionGroup": _action_group,
    "state": _state,
    "subscription": _subscription,
}
_OTHERS = ("$top", "$skiptoken", "api-version")


def _wanted(query: Mapping[str, str]) -> list[ColumnElement[bool]]:
    by_folded = {name.lower(): name for name in _FILTERS}
    found = []
    for sent, text in query.items():
        if sent in _OTHERS:
            continue
        if sent not in by_folded:
            near = get_close_matches(sent, by_folded, n=1, cutoff=0)[0]
            raise _wrong(
                sent[:80],
                f"it is not a filter; did you mean '{by_folded[near]}'? "
                f"There are {', '.join(_FILTERS)}",
            )
        found.append(_FILTERS[by_folded[sent]](text))
    return found


def _wrong(name: str, problem: str) -> Refused:
    return invalid("InvalidDeliveryFilter", f"{name}: {problem}.", target=name)


@endpoint(
    "GET",
    PATH,
    "Emulator_ListDeliveries",
    tag=TAG,
    query=(*_FILTERS, "$top", "$skipToken"),
    answers=LISTED,
)
def list_(call: Call) -> Answer:
    """What action groups were told of alerts, or are to be told, the oldest first, in pages."""
    query = select(deliveries).where(*_wanted(call.query))
    query = query.order_by(deliveries.c.created_at, deliveries.c.delivery_id)
    start = after(call, int, str)
    if start is not None:
        created, name = deliveries.c.created_at, deliveries.c.delivery_id
        later = (created == start[0]) & (name > start[1])
        query = query.where((created > start[0]) | later)
    found = call.connection.execute(query.limit(row_limit(call))).all()
    return page(call, found, _show, lambda row: [row.created_at, row.delivery_id])


def _show(row: Row[Any]) -> Document:
    name = ids.guid(row.alert_id)
    return {
        "id": message_id(row.delivery_id),
        "alertId": (
            f"/subscriptions/{row.subscription}/providers/Microsoft.AlertsManagement/alerts/{name}"
        ),
        "monitorCondition": row.condition,
        "actionGroupId": row.group_id,
        "receiver": row.receiver,
        "receiverType": row.kind,
        "uri": None if row.uri is None else Redactor().uri(row.uri),
        "createdAt": wire(row.created_at),
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "problem": row.problem,
        "attemptedAt": None if row.attempted_at is None else wire(row.attempted_at),
        "nextAttemptAt": wire(row.due_at) if row.due_at and row.state == State.WAITING else None,
        "payload": json.loads(row.body),
    }


# --- waiting -----------------------------------------------------------------------------


@endpoint(
    "POST",
    f"{PATH}/settle",
    "Emulator_SettleDeliveries",
    tag=TAG,
    body=Settling,
    optional_body=True,
    query=("subscription",),
    answers=SETTLED,
)
async def settle(engine: Engine, visit: Visit, body: Settling) -> Answer:
    """Answer once nothing is left to tell: all is delivered, or has failed for good.

    Without hurry, what waits for its next attempt may be left. It takes no longer than it is
    given, and says whether it came to that.
    """
    subscription = subscription_of(visit)
    until = clock.stopwatch() + body.timeout_seconds
    engine.post()
    while not (settled := _is_settled(engine, body, subscription)) and not engine.is_stopping:
        if clock.stopwatch() >= until:
            break
        if body.hurry:
            _hurry(engine, subscription)
        await asyncio.sleep(WATCH_SECONDS)
    with engine.database.reading() as connection:
        states = outbox.counts(connection, subscription)
    waiting = states[State.WAITING] + states[State.SENDING]
    return Answer(body={"settled": settled, "waiting": waiting, "states": states})


def _is_settled(engine: Engine, asked: Settling, subscription: str | None) -> bool:
    with engine.database.reading() as connection:
        if asked.hurry:
            return outbox.is_empty(connection, subscription)
        return not outbox.has_work(connection, clock.real_now(), subscription)


def _hurry(engine: Engine, subscription: str | None) -> None:
    with engine.database.reading() as connection:
        if not outbox.has_patience(connection, subscription):
            return
    with engine.database.writing() as connection:
        outbox.hurry(connection, subscription)
    engine.post()


def endpoints_of(key: bytes) -> tuple[Endpoint, ...]:
    """Return the verbs' endpoints; ``key`` is what webhooks are signed with."""

    @endpoint("GET", f"{PATH}/key", "Emulator_GetWebhookKey", tag=TAG, answers=_KEY)
    async def get_key(_engine: Engine) -> Answer:
        """What webhooks are signed with, as libraries of Standard Webhooks take it."""
        return Answer(body={"signingSecret": webhook_signatures.written(key)})

    return (get_key, settle, list_)
