"""The body of a request or an answer as a journal shows it, and the bytes that it was.

A journal's member is one of ``body`` (JSON), ``text``, ``base64``, or ``omitted`` (why the bytes
are not there); a message without a body has none of them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from .redaction import Redactor

FORM = "application/x-www-form-urlencoded"
Reader = Callable[[str], Any]
"""Reads what a text holds. Raises ``ValueError`` or ``RecursionError`` if that is no JSON."""


def compact(document: Any) -> str:
    """Write JSON as this service does; raises ``ValueError`` for numbers that JSON has not."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def strict(text: str) -> Any:
    """Read JSON of which nothing is lost."""
    document = json.loads(text, parse_constant=_refuse)
    compact(document).encode()
    return document


def exact(text: str) -> Any:
    """Read JSON that comes out again as it was, to the byte."""
    document = strict(text)
    if compact(document) != text:
        raise ValueError("it is spelled in another way")
    return document


def shown(content: bytes, kind: str, read: Reader) -> dict[str, Any]:
    """Return the member that shows a body of a content type, secrets and all."""
    if not content:
        return {}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    if _is_form(kind, text):
        return {"text": text}
    try:
        return {"body": read(text)}
    except (ValueError, RecursionError):
        return {"text": text}


def redacted(content: bytes, kind: str, read: Reader, redact: Redactor) -> dict[str, Any]:
    """Return the same member without its secrets."""
    found = shown(content, kind, read)
    if "body" in found:
        return {"body": redact.document(found["body"])}
    if "text" not in found:
        return found
    hide = redact.query if _is_form(kind, found["text"]) else redact.broken_json
    return {"text": hide(found["text"])}


def _is_form(kind: str, text: str) -> bool:
    """Tell whether a text is a form; curl says so of whatever it sends."""
    return kind.lower().startswith(FORM) and text.lstrip()[:1] != "{"


def content_of(message: Mapping[str, Any]) -> bytes | None:
    """Return a body's bytes; ``None`` if they were not kept. Raises ``ValueError``."""
    if "omitted" in message:
        return None
    if "body" in message:
        return compact(message["body"]).encode()
    if "base64" in message:
        return base64.b64decode(message["base64"], validate=True)
    return str(message.get("text", "")).encode()


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")
