"""The journal's place in the request path: what is noted of every exchange."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..engine import clock
from .calls import Endpoint

MOST_KEPT = 4 * 1024 * 1024
"""As many bytes of a body are kept as a body may have; of a larger one none is."""
KEPT_HEADERS = (
    "host",
    "content-type",
    "accept",
    "authorization",
    "x-ms-authorization-auxiliary",
    "if-match",
    "if-none-match",
    "range",
    "x-ms-range",
    "x-ms-version",
    "x-ms-client-request-id",
    "client-request-id",
    "x-ms-correlation-request-id",
    "metadata",
    "x-identity-header",
    "secret",
)
"""The headers of a request that an answer may depend on, in lower case."""
_ON_EVERY_ANSWER = frozenset(
    {
        b"cache-control",
        b"pragma",
        b"expires",
        b"x-content-type-options",
        b"content-length",
        b"x-ms-routing-request-id",
        b"x-ms-correlation-request-id",
    }
)
"""The headers of an answer that tell nothing that the exchange does not."""

_SECRET = re.compile(
    r"(?i)((?:^|&)(?:sig|[^=&]*(?:token|secret|password|key|assertion|code))=)[^&]*"
)
"""What nobody may read in a log: the signature of a SAS, and whatever else opens a door."""
_HARMLESS = "$skiptoken"


@dataclass(frozen=True, slots=True)
class Messages:
    """What went over the wire, unread: headers that matter, bodies as bytes.

    A body of ``None`` was not kept, as it has too many bytes. ``arrived_at`` is the real instant
    at which the request came, ``now`` the virtual one at which the world answered; ``None`` if
    the world was not asked.
    """

    scheme: str
    asked: Mapping[str, str]
    content: bytes | None
    answered: Sequence[tuple[bytes, bytes]]
    answer: bytes | None
    endpoint: Endpoint | None
    arrived_at: int
    now: int | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; ``operation_id`` is ``None`` where no endpoint was found.

    The front door leaves out of ``query`` what opens a door, so that nobody keeps it. A ``status``
    of 0 is none: a fault ended the connection.

    ``command`` is what az says it was told to do, ``client`` what the client calls itself
    (``User-Agent``). Its text is a log's line.
    """

    method: str
    path: str
    query: str
    operation_id: str | None
    status: int
    correlation_id: str
    seconds: float
    command: str | None = None
    client: str | None = None
    messages: Messages | None = None

    def __str__(self) -> str:
        query = f"?{shown(self.query)}" if self.query else ""
        command = f"  [{self.command}]" if self.command else ""
        return (
            f"{self.method:<6} {self.status} {self.seconds * 1000:>8.1f} ms  "
            f"{self.operation_id or '-':<34} {self.correlation_id}  {self.path}{query}{command}"
        )

    def fields(self) -> dict[str, Any]:
        """Return what a machine reads; the keys stay as they are."""
        return {
            "message": "request",
            "method": self.method,
            "path": self.path,
            "query": shown(self.query),
            "status": self.status,
            "milliseconds": round(self.seconds * 1000, 3),
            "operationId": self.operation_id,
            "correlationId": self.correlation_id,
            "command": self.command,
            "client": self.client,
        }


@lru_cache(maxsize=1024)
def shown(query: str) -> str:
    """Return a query as a log may show it: without the values that open a door."""
    return _SECRET.sub(_without_value, query)


def _without_value(match: re.Match[str]) -> str:
    name = match[1].lstrip("&").rstrip("=").lower()
    return match[0] if name.replace("%24", "$") == _HARMLESS else f"{match[1]}..."


Record = Callable[[Exchange], None]
"""Takes note of an exchange; it must not fail and must not keep the request waiting."""


class Witness:
    """Sees one request and its answer go by, and has them recorded before the last byte is sent.

    So whoever has an answer finds it in the journal. What it sees it keeps as it is.
    """

    __slots__ = ("_answer", "_answered", "_began", "_content", "_record", "_scope", "_status")

    def __init__(self, scope: MutableMapping[str, Any], record: Record) -> None:
        self._scope = scope
        self._record: Record | None = record
        self._began = clock.stopwatch()
        self._status = 500
        self._content = _Collected()
        self._answer = _Collected()
        self._answered: Sequence[tuple[bytes, bytes]] = ()

    def heard(self, message: Mapping[str, Any]) -> None:
        """Take note of a part of the request."""
        self._content.add(message.get("body", b""))

    def said(self, message: Mapping[str, Any]) -> None:
        """Take note of a part of the answer, before it is sent."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._answered = message["headers"]
        elif message["type"] == "http.response.body":
            self._answer.add(message.get("body", b""))
            if not message.get("more_body", False):
                self.close()

    def close(self) -> None:
        """Have the exchange recorded, if it was not: the client may have gone."""
        record, self._record = self._record, None
        if record is None:
            return
        scope, seconds = self._scope, clock.stopwatch() - self._began
        state = scope["rsvault"]
        headers: Mapping[str, str] = state["headers"]
        endpoint: Endpoint | None = state.get("endpoint")
        record(
            Exchange(
                scope["method"],
                scope["raw_path"].decode("latin-1"),
                shown(scope["query_string"].decode("latin-1")),
                endpoint.operation_id if endpoint else None,
                0 if state.get("unanswered") else self._status,
                state["correlation"],
                seconds,
                headers.get("commandname"),
                headers.get("user-agent"),
                Messages(
                    scope["scheme"],
                    {name: headers[name] for name in KEPT_HEADERS if name in headers},
                    self._content.whole(),
                    [each for each in self._answered if each[0] not in _ON_EVERY_ANSWER],
                    self._answer.whole(),
                    endpoint,
                    clock.real_now() - int(seconds * 1_000_000),
                    state.get("now"),
                ),
            )
        )


class _Collected:
    """The parts of a body, as long as they are not too many to keep."""

    __slots__ = ("_parts", "_size")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, part: bytes) -> None:
        """Take one more part."""
        if not part:
            return
        self._size += len(part)
        if self._size <= MOST_KEPT:
            self._parts.append(bytes(part))
        else:
            self._parts.clear()

    def whole(self) -> bytes | None:
        """Return all of it; ``None`` if it was too much."""
        return b"".join(self._parts) if self._size <= MOST_KEPT else None
