"""What answers look like: the few shapes that bodies of ARM have, as JSON schemas.

An endpoint whose answer has another shape declares a schema of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any


class Shape(Enum):
    """The shapes by the names they have in the OpenAPI document."""

    NOTHING = "nothing"
    TEXT = "text"
    FILE = "file"
    EVENTS = "events"
    RESOURCE = "Resource"
    RESOURCES = "ResourceList"
    VALUES = "ValueList"
    OPERATION = "OperationStatus"
    OBJECT = "Object"
    ERROR = "Error"
    SIGN_IN_ERROR = "SignInError"


_TEXT = {"type": "string"}
_URL = {"type": "string", "format": "uri"}


def _object(required: tuple[str, ...], **properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


_ERROR = _object(
    ("code", "message"),
    code=_TEXT,
    message={"type": "string", "minLength": 1},
    target=_TEXT,
    details={"type": "array", "items": {"$ref": "#/components/schemas/ErrorDetail"}},
)

SERVER_SENT_EVENT = _object(
    (),
    data=_TEXT,
    event=_TEXT,
    id=_TEXT,
    retry={"type": "integer", "minimum": 0},
)
"""One message of a stream, as OpenAPI describes it."""

SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "Error": {
        **_object(("error",), error={"$ref": "#/components/schemas/ErrorDetail"}),
        "additionalProperties": False,
    },
    "SignInError": _object(
        ("error", "error_description"),
        error=_TEXT,
        error_description=_TEXT,
        error_codes={"type": "array", "items": {"type": "integer"}},
        timestamp=_TEXT,
        trace_id=_TEXT,
        correlation_id=_TEXT,
        error_uri=_URL,
    ),
    "ErrorDetail": {**_ERROR, "additionalProperties": False},
    "Resource": _object(
        ("id", "name", "type"),
        id={"type": "string", "pattern": "^/subscriptions/"},
        name={"type": "string", "minLength": 1},
        type={"type": "string", "pattern": "^[A-Z][A-Za-z]+\\.[A-Z]"},
        location=_TEXT,
        tags={"type": "object", "additionalProperties": _TEXT},
        properties={"type": "object"},
    ),
    "ResourceList": _object(
        ("value",),
        value={"type": "array", "items": {"$ref": "#/components/schemas/Resource"}},
        nextLink=_URL,
    ),
    "ValueList": _object(
        ("value",), value={"type": "array", "items": {"type": "object"}}, nextLink=_URL
    ),
    "OperationStatus": _object(
        ("id", "name", "status"),
        id=_TEXT,
        name={"type": "string", "format": "uuid"},
        status={"enum": ["InProgress", "Succeeded", "Failed", "Canceled"]},
        startTime={"type": "string", "format": "date-time"},
        # What still runs ends in the year 1, which Azure writes without a zone.
        endTime=_TEXT,
        properties={"type": "object"},
        error={"$ref": "#/components/schemas/ErrorDetail"},
    ),
    "Object": {"type": "object"},
}
