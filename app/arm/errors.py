"""Errors on the wire: the one map from a refusal's kind to HTTP, and the one envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.errors import Kind, Refused

STATUS: Mapping[Kind, int] = {
    Kind.INVALID: 400,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD_NOT_ALLOWED: 405,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.TOO_LARGE: 413,
    Kind.NOT_ACCEPTABLE: 415,
    Kind.UNAVAILABLE: 503,
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


def internal_error(correlation_id: str) -> dict[str, Any]:
    """Return the body for a fault of ours; the log has the rest under the same id."""
    return {
        "error": {
            "code": "InternalServerError",
            "message": "rsvault met a fault of its own; its log has the details under "
            f"correlation id {correlation_id}. Please report it.",
        }
    }
