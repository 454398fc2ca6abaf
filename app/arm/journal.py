"""The journal's place in the request path: what is noted of every exchange."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_SECRET = re.compile(
    r"(?i)((?:^|&)(?:sig|[^=&]*(?:token|secret|password|key|assertion|code))=)[^&]*"
)
"""What nobody may read in a log: the signature of a SAS, and whatever else opens a door."""
_HARMLESS = "$skiptoken"


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
