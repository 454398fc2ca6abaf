"""Errors on the wire: the one map from a refusal's kind to HTTP, and the one envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.errors import Kind, Refused
from ..store.troubles import Trouble, trouble_of

STATUS: Mapping[Kind, int] = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD_NOT_ALLOWED: 405,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.TOO_LARGE: 413,
    Kind.NOT_ACCEPTABLE: 415,
    Kind.UNAVAILABLE: 503,
    Kind.FULL: 507,
}
_DATABASE: Mapping[Trouble, tuple[Kind, str, str]] = {
    Trouble.BUSY: (Kind.UNAVAILABLE, "ServiceUnavailable", "is kept busy by another process"),
    Trouble.GONE: (Kind.UNAVAILABLE, "ServiceUnavailable", "cannot be reached or read"),
    Trouble.FULL: (Kind.FULL, "InsufficientStorage", "has no space left on its disk"),
}


def envelope(refusal: Refused) -> dict[str, Any]:
    """Return ARM's error body."""
    return {"error": _error(refusal)}


def _error(refusal: Refused) -> dict[str, Any]:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.target is not None:
        error["target"] = refusal.target
    if refusal.details:
        error["details"] = [_error(detail) for detail in refusal.details]
    return error


def of_database(problem: Exception) -> Refused | None:
    """Return the refusal for an error that the database is to blame for; ``None`` for others."""
    trouble = trouble_of(problem)
    if trouble is None:
        return None
    kind, code, state = _DATABASE[trouble]
    return Refused(
        kind,
        code,
        f"The database of this rsvault {state}; nothing was changed. Try again once that is over; "
        "the log has the details.",
    )


def internal_error(correlation_id: str) -> dict[str, Any]:
    """Return the body for a fault of ours; the log has the rest under the same id."""
    return {
        "error": {
            "code": "InternalServerError",
            "message": "rsvault met a fault of its own; its log has the details under "
            f"correlation id {correlation_id}. Please report it.",
        }
    }
