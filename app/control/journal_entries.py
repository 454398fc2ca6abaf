"""What the journal shows of an exchange: read from the bytes that were kept, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from ..arm import lenient_json
from ..arm.bodies import DEEPEST
from ..arm.ignored_keys import ignored
from ..arm.journal import Exchange, Messages
from ..domain.instants import wire
from ..domain.message_bodies import Reader, exact, redacted, strict
from ..domain.redaction import Redactor
from .journal import Kept

_XML_CODE = re.compile(r"<Code>([^<]+)</Code>")
OMITTED = {"omitted": "it has more bytes than the journal keeps"}

_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_MESSAGE = {
    "type": "object",
    "required": ["headers"],
    "properties": {
        "headers": {"type": "object", "additionalProperties": _TEXT},
        "body": {},
        "text": _TEXT,
        "base64": _TEXT,
        "omitted": _TEXT,
    },
}
SHOWN: Mapping[str, Any] = {
    "type": "object",
    "required": ["sequence", "method", "path", "status", "correlationId", "realTime"],
    "properties": {
        "sequence": {"type": "integer", "minimum": 1},
        "plane": {"enum": ["azure", "control"]},
        "method": _TEXT,
        "scheme": {"enum": ["http", "https"]},
        "path": _TEXT,
        "query": _TEXT,
        "apiVersion": _MAYBE,
        "operationId": _MAYBE,
        "status": {"type": "integer"},
        "errorCode": _MAYBE,
        "correlationId": _TEXT,
        "subscription": _MAYBE,
        "client": _MAYBE,
        "command": _MAYBE,
        "virtualTime": {"type": ["string", "null"], "format": "date-time"},
        "realTime": {"type": "string", "format": "date-time"},
        "milliseconds": {"type": "number"},
        "ignoredKeys": {"type": "array", "items": _TEXT},
        "request": _MESSAGE,
        "response": _MESSAGE,
    },
}
"""How the control plane shows an exchange, as a JSON schema."""


def entry(kept: Kept, redact: Redactor, *, bodies: bool) -> dict[str, Any]:
    """Return an exchange as the control plane shows it, with what went over the wire or without."""
    exchange = kept.exchange
    messages = exchange.messages
    assert messages is not None, "the front door keeps what went over the wire"
    found: dict[str, Any] = {
        "sequence": kept.sequence,
        "plane": "control" if kept.is_control else "azure",
        "method": exchange.method,
        "scheme": messages.scheme,
        "path": exchange.path,
        "query": exchange.query,
        "apiVersion": _api_version(exchange.query),
        "operationId": exchange.operation_id,
        "status": exchange.status,
        "errorCode": error_code(exchange),
        "correlationId": exchange.correlation_id,
        "subscription": kept.subscription,
        "client": exchange.client,
        "command": exchange.command,
        "virtualTime": None if messages.now is None else wire(messages.now),
        "realTime": wire(messages.arrived_at),
        "milliseconds": round(exchange.seconds * 1000, 3),
        "ignoredKeys": _ignored(messages),
    }
    if bodies:
        found["request"] = _request(messages, redact)
        found["response"] = _response(messages, redact)
    return found


def error_code(exchange: Exchange) -> str | None:
    """Return the code of a refusal: of ARM's envelope, of a sign-in, or of Storage's XML."""
    messages = exchange.messages
    if exchange.status < 400 or messages is None:
        return None
    sent = dict(messages.answered).get(b"x-ms-error-code")
    if sent is not None:
        return sent.decode("latin-1")
    text = (messages.answer or b"").decode(errors="replace")
    found = _XML_CODE.search(text)
    if found is not None:
        return found[1]
    try:
        error = json.loads(text).get("error")
    except (ValueError, AttributeError):
        return None
    return str(error.get("code")) if isinstance(error, dict) else error


def _api_version(query: str) -> str | None:
    pairs = {name.lower(): value for name, value in reversed(parse_qsl(query))}
    return pairs.get("api-version")


def _ignored(messages: Messages) -> list[str]:
    endpoint = messages.endpoint
    if endpoint is None or endpoint.body is None or not messages.content:
        return []
    try:
        return ignored(endpoint.body, json.loads(messages.content))
    except (ValueError, RecursionError):
        return []


def _request(messages: Messages, redact: Redactor) -> dict[str, Any]:
    headers = {name: redact.header(name, value) for name, value in messages.asked.items()}
    if messages.content is None:
        return {"headers": headers, **OMITTED}
    kind = messages.asked.get("content-type", "")
    return {"headers": headers, **redacted(messages.content, kind, _reader(messages), redact)}


def _response(messages: Messages, redact: Redactor) -> dict[str, Any]:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in messages.answered]
    headers = {name: redact.header(name, value) for name, value in pairs}
    if messages.answer is None:
        return {"headers": headers, **OMITTED}
    return {"headers": headers, **redacted(messages.answer, "", exact, redact)}


def _reader(messages: Messages) -> Reader:
    endpoint = messages.endpoint
    is_lenient = endpoint is not None and endpoint.body is not None and endpoint.body.LENIENT
    return _lenient if is_lenient else strict


def _lenient(text: str) -> Any:
    try:
        return strict(text)
    except ValueError:
        return lenient_json.loads(text, DEEPEST)
