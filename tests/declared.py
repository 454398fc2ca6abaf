"""Every answer that a test gets over HTTP has a status that its operation declares."""

from __future__ import annotations

from functools import cache

import httpx

from app.arm.answers import statuses_of
from app.arm.paths import PathTree, segments_of
from app.domain.errors import Refused
from app.main import endpoints


def check_status(answer: httpx.Response) -> None:
    """Fail if the OpenAPI document does not know of an answer's status."""
    found = _statuses(answer.request.method, answer.request.url.raw_path.partition(b"?")[0])
    if found is None:
        return
    operation_id, statuses = found
    assert answer.status_code in statuses, (
        f"{operation_id} answered {answer.status_code} but declares {statuses}: add it to "
        "statuses= of its @endpoint, or to app/arm/answers.py if a fact tells it.\n"
        f"{answer.read()!r}"
    )


@cache
def _tree() -> PathTree:
    return PathTree(endpoints())


@cache
def _statuses(method: str, raw_path: bytes) -> tuple[str, list[int]] | None:
    """Return an operation and what it declares; ``None`` where a request leads to none."""
    try:
        match = _tree().find(segments_of(raw_path))
    except Refused:
        return None
    if match is None or method not in match.endpoints:
        return None
    each = match.endpoints[method]
    return each.operation_id, statuses_of(each, match.endpoints)
