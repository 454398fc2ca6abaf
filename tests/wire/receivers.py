"""A receiver of webhooks on a real socket: it notes what it gets and answers as it is told to."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

HANG_UP = 0
"""Instead of a status: the connection is cut without an answer."""
SILENCE = -1
"""Instead of a status: nothing is answered for as long as the receiver is there."""


@dataclass(frozen=True)
class Got:
    """A request: its headers by their lower-case names, its path, and its body as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def essentials(self) -> dict[str, Any]:
        return dict(self.document["data"]["essentials"])


class WebhookReceiver:
    """Answers each request with the next of ``statuses``, and then with 200."""

    def __init__(self, *statuses: int) -> None:
        self.got: list[Got] = []
        self._statuses = list(statuses)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                status = receiver._take(self)
                if status == SILENCE:
                    receiver._closing.wait()
                if status in (SILENCE, HANG_UP):
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_arguments: Any) -> None:
                """A test prints nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, statuses: Sequence[int]) -> None:
        """Answer the next requests so, whatever was to come."""
        with self._lock:
            self._statuses = list(statuses)

    def _take(self, request: BaseHTTPRequestHandler) -> int:
        body = request.rfile.read(int(request.headers["content-length"]))
        headers = {name.lower(): value for name, value in request.headers.items()}
        with self._lock:
            self.got.append(Got(request.path, headers, body))
            return self._statuses.pop(0) if self._statuses else 200

    def __enter__(self) -> WebhookReceiver:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def is_signed(got: Got, key: str) -> bool:
    """Check a signature as the specification of Standard Webhooks says, by hand."""
    secret = base64.b64decode(key.removeprefix("whsec_"))
    message_id, seconds = got.headers["webhook-id"], got.headers["webhook-timestamp"]
    signed = f"{message_id}.{seconds}.".encode() + got.body
    right = base64.b64encode(hmac.new(secret, signed, "sha256").digest()).decode()
    return got.headers["webhook-signature"] == f"v1,{right}"
