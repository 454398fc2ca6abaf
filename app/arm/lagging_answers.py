"""Eventual consistency, where it is armed: lists and configurations that still show the past.

What a resource was before it is written is kept for a while, and shown in its place: in lists, or
by the ``GET`` of a vault's configuration. The resource itself is changed at once. Operations that
do not come to an end are held here too, in the transaction of the request that began them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select

from ..domain import ids
from ..domain.errors import Kind, Refused
from ..domain.faults import Point
from ..engine import armed_faults
from ..store.fault_tables import stale_answers
from .calls import Answer, Call, Endpoint
from .door_faults import is_subject

_CONFIGURATION = re.compile(r".*/backupconfig/vaultconfig", re.IGNORECASE)
_TERM = re.compile(r"(\w+)\s+eq\s+'((?:[^']|'')*)'")
_COLLECTIONS = {
    "backupprotecteditems": "protecteditems",
    "backupprotectioncontainers": "protectioncontainers",
}
"""Lists that are called otherwise than the last part of the types in them."""
_OPERATION = re.compile(r".*/([0-9a-fA-F-]{36})(?:\?.*)?")


def act(
    endpoint: Endpoint, reader: Endpoint | None, call: Call, answered: Callable[[], Answer]
) -> Answer:
    """Let a request be answered, and the faults that concern its answer strike."""
    lags = not call.faults.isdisjoint(Point.LAGGING)
    if not endpoint.writes:
        return _of_the_past(call, answered()) if lags else answered()
    point = _lagging_point(call, endpoint) if lags else None
    rows = _struck(endpoint, call, point) if point is not None else []
    before = _shown(reader, call) if rows else None
    answer = answered()
    for row in rows[:1]:
        _keep(call, row, before)
    if Point.OPERATION in call.faults:
        _hold(endpoint, call, answer)
    return answer


# --- what was there ----------------------------------------------------------------------


def _lagging_point(call: Call, endpoint: Endpoint) -> str | None:
    """Return where what a request writes is shown; ``None`` for what is no resource."""
    if _CONFIGURATION.fullmatch(call.url_path):
        return Point.CONFIGURATION
    return Point.LIST if endpoint.method in ("PUT", "PATCH", "DELETE") else None


def _struck(endpoint: Endpoint, call: Call, point: str) -> list[Row[Any]]:
    """Return the faults that strike; each is asked, by what is written and when."""
    struck = []
    for row in armed_faults.of_point(call.connection, point, call.now):
        if is_subject(row, call.url_path, endpoint.operation_id):
            strikes = armed_faults.strikes(call.rules, row, call.url_path.lower(), call.now)
            armed_faults.note_asked(call.connection, row, struck=strikes)
            struck += [row] if strikes else []
    return struck


def _shown(reader: Endpoint | None, call: Call) -> dict[str, Any] | None:
    if reader is None:
        return None
    try:
        answer = reader.handler(call)
    except Refused as refusal:
        if refusal.kind is not Kind.NOT_FOUND:
            raise
        return None
    body = answer.body if isinstance(answer, Answer) else answer
    return body if isinstance(body, dict) else None


def _keep(call: Call, row: Row[Any], before: dict[str, Any] | None) -> None:
    """Let what was there be shown for the fault's duration; what lags already goes on to."""
    folded = call.url_path.lower()
    point = Point.CONFIGURATION if _CONFIGURATION.fullmatch(folded) else Point.LIST
    here = (stale_answers.c.folded == folded, stale_answers.c.point == point)
    call.connection.execute(delete(stale_answers).where(stale_answers.c.until_at <= call.now))
    if call.connection.execute(select(stale_answers.c.folded).where(*here)).first() is not None:
        return
    call.connection.execute(
        insert(stale_answers).values(
            folded=folded,
            point=point,
            fault_id=row.fault_id,
            until_at=call.now + row.duration,
            document=before,
        )
    )


# --- what is shown -----------------------------------------------------------------------


def _of_the_past(call: Call, answer: Answer) -> Answer:
    if not isinstance(answer.body, dict):
        return answer
    rows = call.connection.execute(
        select(stale_answers).where(
            stale_answers.c.until_at > call.now,
            or_(
                stale_answers.c.point == Point.LIST,
                stale_answers.c.folded == call.url_path.lower(),
            ),
        )
    ).all()
    if not rows:
        return answer
    entries = answer.body.get("value")
    if isinstance(entries, list):
        lists = {row.folded: row.document for row in rows if row.point == Point.LIST}
        return replace(answer, body={**answer.body, "value": _list(call, entries, lists)})
    old = next((row.document for row in rows if row.point == Point.CONFIGURATION), None)
    return answer if old is None else replace(answer, body=old)


def _list(call: Call, entries: list[Any], past: Mapping[str, Any]) -> list[Any]:
    """Return a page's entries as they were: some not there yet, some still there."""
    shown = []
    for entry in entries:
        folded = str(entry.get("id", "")).lower() if isinstance(entry, dict) else ""
        if folded not in past:
            shown.append(entry)
        elif past[folded] is not None:
            shown.append(past[folded])
    there = {str(entry.get("id", "")).lower() for entry in entries if isinstance(entry, dict)}
    if "$skiptoken" in call.query:
        return shown
    gone = [each for folded, each in sorted(past.items()) if each and folded not in there]
    return shown + [each for each in gone if _belongs(call, each)]


def _belongs(call: Call, document: Mapping[str, Any]) -> bool:
    """Tell whether a list would have shown a resource that is gone."""
    segments = call.url_path.lower().strip("/").split("/")
    collection = _COLLECTIONS.get(segments[-1], segments[-1])
    scope = segments[:-1]
    if len(scope) > 1 and scope[-2] == "providers":
        scope = scope[:-2]
    path = str(document["id"]).lower()
    if path.split("/")[-2] != collection or not path.startswith(f"/{'/'.join(scope)}/"):
        return False
    known = {name.lower(): value for name, value in _values(document)}
    terms = _TERM.findall(call.query.get("$filter", ""))
    return all(
        str(known.get(name.lower(), value)).lower() == value.lower() for name, value in terms
    )


def _values(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    properties = document.get("properties")
    return [*document.items(), *(properties.items() if isinstance(properties, dict) else ())]


# --- operations --------------------------------------------------------------------------


def _hold(endpoint: Endpoint, call: Call, answer: Answer) -> None:
    """Let the operation that a request has begun not end, if a fault strikes it."""
    url = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location") or ""
    found = _OPERATION.fullmatch(url)
    operation_id = ids.parse_guid(found[1]) if found else None
    if operation_id is None:
        return
    for row in armed_faults.of_point(call.connection, Point.OPERATION, call.now):
        if not is_subject(row, call.url_path, endpoint.operation_id):
            continue
        strikes = armed_faults.strikes(call.rules, row, operation_id)
        held = strikes and armed_faults.hold(call.connection, row, operation_id)
        armed_faults.note_asked(call.connection, row, struck=held)
        if held:
            return
