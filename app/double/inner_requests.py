"""Requests that no socket carries: an application is asked by who lives in its process.

Between two threads of one process a socket changes hands six times for a request and its answer;
this changes hands twice. What is asked goes through the same front door, and into its journal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

App = Callable[[Any, Any, Any], Awaitable[None]]


async def ask(
    app: App, method: str, path: str, headers: Mapping[str, str], content: bytes = b""
) -> tuple[int, bytes]:
    """Return the status and the body that an application answers to a request."""
    status, body = 500, bytearray()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), text.encode()) for name, text in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, send)
    return status, bytes(body)
