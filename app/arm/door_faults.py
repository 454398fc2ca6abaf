"""Armed faults at the front door: refusals, lost connections, slow answers.

The door asks only where the world's row says that something is armed there. What a fault counts is
written in a transaction of its own, before the request's: a request that is refused is rolled back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import Response

from ..domain.errors import Kind, Refused
from ..domain.faults import FAULTS, Point
from ..domain.instants import SECOND
from ..domain.subjects import stands_for
from ..engine import armed_faults
from ..engine.worker import Engine
from . import errors
from .calls import Answer, Endpoint

HANG_UP = "rsvault.hang_up"
"""What the server leaves in the extensions of a request's scope: how to end its connection."""
CONNECTION_DROPPED = "connection-dropped"
ANSWER_LOST = "answer-lost"


class Ask(Exception):
    """A fault may strike a request: its transaction ends, and the faults are asked."""


class Struck(Exception):
    """A fault has struck a request: this is what the client gets."""

    def __init__(self, answer: Answer | None) -> None:
        super().__init__("an armed fault struck")
        self.answer = answer
        """``None`` where the connection is to end without one."""


async def meet(engine: Engine, endpoint: Endpoint, request: Request) -> bool:
    """Let the faults strike a request, and tell whether its answer is to be lost.

    Raises ``Struck`` for what is not served at all. Others are served while one waits.
    """
    path = request.scope["path"]
    with engine.database.writing() as connection:
        now = engine.enter(connection, writes=True).now
        struck = []
        for row in armed_faults.of_point(connection, Point.DOOR, now):
            if not is_subject(row, path, endpoint.operation_id):
                continue
            strikes = armed_faults.strikes(engine.rules, row, row.asked)
            armed_faults.note_asked(connection, row, struck=strikes)
            if strikes:
                struck.append(row)
            if strikes and _ends_it(row):
                break
    waits = sum(row.duration for row in struck if FAULTS[row.name].reply is None and row.duration)
    if waits:
        await asyncio.sleep(waits / SECOND)
    for row in struck:
        _refuse(row, request)
    return any(row.name == ANSWER_LOST for row in struck)


def is_subject(row: Row[Any], path: str, *names: str) -> bool:
    """Tell whether a fault is armed for a request to a path."""
    prefix = f"/subscriptions/{row.subscription}/"
    if row.subscription is not None and not f"{path.lower()}/".startswith(prefix):
        return False
    return stands_for(row.subject, path, *names)


def _ends_it(row: Row[Any]) -> bool:
    return FAULTS[row.name].reply is not None or row.name in (CONNECTION_DROPPED, ANSWER_LOST)


def _refuse(row: Row[Any], request: Request) -> None:
    fault = FAULTS[row.name]
    if row.name == CONNECTION_DROPPED:
        raise Struck(None)
    if fault.reply is None:
        return
    assert fault.code is not None, "an answer has a code"
    message = f"{fault.reply.message} (rsvault's fault '{row.name}', {row.fault_id}, is armed.)"
    headers: Mapping[str, str] = {}
    if fault.reply.tells_when:
        headers = {"Retry-After": str(row.duration // SECOND)}
    if fault.reply.status == 429:
        request.scope["rsvault"]["remaining"] = "0"
    body = errors.envelope(Refused(Kind.UNAVAILABLE, fault.code, message))
    raise Struck(Answer(fault.reply.status, body, headers))


class NoAnswer(Response):
    """Ends the connection of a request, and sends nothing."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hang up, and wait until that is done: the server would answer for us otherwise."""
        hang_up: Callable[[], None] | None = scope.get("extensions", {}).get(HANG_UP)
        if hang_up is None:  # another ASGI server: an answer that breaks off
            headers = [(b"content-length", b"1")]
            await send({"type": "http.response.start", "status": 502, "headers": headers})
            return
        scope["rsvault"]["unanswered"] = True
        hang_up()
        while (await receive())["type"] != "http.disconnect":
            pass
