"""Long-running operations on the wire: what starts one, and the surfaces that poll it.

Clients poll the same operation at the vault, the container, the item, the fabric or the job,
as a status (always 200, the state in the body) or as a result (202, then 200 or 204).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..domain import ids
from ..domain.errors import Refused, not_found
from ..domain.instants import UNFINISHED, wire
from ..engine import operations
from ..engine.operations import Operation
from .calls import Answer, Call, Waiting


def accepted(
    call: Call,
    operation: Operation,
    *,
    status_path: str,
    result_path: str | None,
    status: int = 202,
    body: Any = None,
    name: str | None = None,
) -> Answer:
    """Answer that an operation has begun, with absolute URLs on the request's own host.

    Its ``name`` in them is a GUID where none is given.
    """
    suffix = f"{name or ids.guid(operation.operation_id)}?api-version={call.api_version}"
    headers = _headers(call, operation, suffix, status_path=status_path, result_path=result_path)
    return Answer(status, body, headers)


def _headers(
    call: Call, operation: Operation, suffix: str, *, status_path: str, result_path: str | None
) -> dict[str, str]:
    headers = {
        "Azure-AsyncOperation": _url(call, f"{status_path}/{suffix}"),
        "Retry-After": retry_after(call, operation),
    }
    if result_path is not None:
        headers["Location"] = _url(call, f"{result_path}/{suffix}")
    return headers


def _url(call: Call, path: str) -> str:
    # A header holds Latin-1 only; a group's name may hold any letter.
    return f"{call.base_url}{quote(path, safe='/;?=&')}"


def retry_after(call: Call, operation: Operation) -> str:
    """Return whole seconds: 0 only when the operation is over, so that the next poll ends it.

    Python and JavaScript take 0 on an unfinished operation for "unset" and sleep 30 and 2 s.
    """
    return "0" if operation.is_over(call.now) else str(call.retry_after)


def find(call: Call, scope: str) -> Operation:
    """Return the operation in the path, if it is one on ``scope``. Raises ``Refused``."""
    return named(call, scope, call.path["operationId"], target="operationId")


def find_kind(call: Call, scope: str, kind: str) -> Operation:
    """Return the operation in the path, if it is one on ``scope`` and of a kind.

    Raises ``Refused``.
    """
    found = find(call, scope)
    if found.kind != kind:
        raise _not_here(call.path["operationId"], "operationId")
    return found


def named(call: Call, scope: str, name: str, *, target: str) -> Operation:
    """Return the operation of a name (a GUID), if it is one on ``scope``. Raises ``Refused``."""
    hex_digits = ids.parse_guid(name)
    found = operations.find(call.connection, hex_digits) if hex_digits else None
    if found is None or not f"{found.scope}/".startswith(f"{scope.lower()}/"):
        raise _not_here(name, target)
    return found


def _not_here(name: str, target: str) -> Refused:
    return not_found("OperationNotFound", f"There is no operation '{name}' here.", target=target)


def _polled(call: Call, operation: Operation, body: dict[str, Any]) -> Answer:
    waits = not operation.is_over(call.now)
    headers = {"Retry-After": retry_after(call, operation)}
    return Answer(200, body, headers, waiting_for(operation) if waits else None)


def waiting_for(operation: Operation) -> Waiting | None:
    """Return what a poll of an operation waits for, if that is ever to come."""
    return None if operation.is_held else Waiting(operation.span)


def status(call: Call, operation: Operation) -> Answer:
    """Answer an operation's status as Azure Backup writes it (azure-cli-wire 3).

    On success endTime repeats startTime and the job's id appears; both are the service's habit.
    Where no job did it, the operation's outcome is shown.
    """
    name = ids.guid(operation.operation_id)
    over = operation.is_over(call.now)
    started = wire(operation.started_at)
    body: dict[str, Any] = {
        "id": name,
        "name": name,
        "status": "Succeeded" if over else "InProgress",
        "startTime": started,
        "endTime": started if over else UNFINISHED,
    }
    if over and operation.job_id:
        body["properties"] = {
            "objectType": "OperationStatusJobExtendedInfo",
            "jobId": ids.guid(operation.job_id),
        }
    elif over and operation.outcome:
        body["properties"] = operation.outcome
    return _polled(call, operation, body)


def timed_status(call: Call, operation: Operation) -> Answer:
    """Answer an operation's status as the secondary region writes it: full id, true end."""
    answer = status(call, operation)
    ended = {"endTime": wire(operation.ends_at)} if operation.is_over(call.now) else {}
    return replace(answer, body=answer.body | {"id": call.url_path} | ended)


def arm_status(call: Call, operation: Operation) -> Answer:
    """Answer an operation's status as vaults write it: full id, name and status only."""
    body = {
        "id": call.url_path,
        "name": ids.guid(operation.operation_id),
        "status": "Succeeded" if operation.is_over(call.now) else "InProgress",
    }
    return _polled(call, operation, body)


def result(
    call: Call,
    operation: Operation,
    resource: Callable[[], Any] | None = None,
    *,
    pending: Any = None,
) -> Answer:
    """Answer an operation's result: 202 while it runs, then 200 with a resource, or 204."""
    if not operation.is_over(call.now):
        headers = {
            "Location": _url(call, f"{call.url_path}?api-version={call.api_version}"),
            "Retry-After": retry_after(call, operation),
        }
        return Answer(202, pending, headers, waiting_for(operation))
    body = resource() if resource is not None else None
    return Answer(204) if body is None else Answer(200, body)
