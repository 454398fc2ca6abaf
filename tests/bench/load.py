"""The client that loads a server: raw sockets, keep-alive, a process of its own, stdlib only.

Run as ``python -m tests.bench.load`` with a task on standard input; the result is one line of
JSON. The requests are sent in turn, over and over, by whichever connection is free.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter
from time import perf_counter
from typing import Any

from tests.bench.figures import percentile

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD = "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: application/json\r\n"


def request(method: str, path: str, port: int, body: Any = None) -> str:
    """Return a request as it goes over the wire."""
    head = HEAD.format(method=method, path=path, port=port)
    if body is None and method == "GET":
        return f"{head}\r\n"
    content = "" if body is None else json.dumps(body)
    return (
        f"{head}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}"
    )


class Run:
    """One load: what is still to be sent, and what came back."""

    def __init__(self, requests: list[bytes], count: int, connections: int) -> None:
        self.requests = requests
        self.left = count
        self.sent = 0
        self.latencies: list[list[float]] = [[] for _ in requests]
        self.statuses: Counter[str] = Counter()
        self.done = asyncio.get_running_loop().create_future()
        self._open = connections

    def next(self) -> int | None:
        """Return which request is to be sent now; ``None`` once all are."""
        if not self.left:
            return None
        self.left -= 1
        self.sent += 1
        return (self.sent - 1) % len(self.requests)

    def over(self, problem: Exception | None) -> None:
        """Note that a connection has ended."""
        self._open -= 1
        if self.done.done():
            return
        if problem is not None or self.left:
            self.done.set_exception(problem or ConnectionError("closed by the server"))
        elif not self._open:
            self.done.set_result(None)


class Connection(asyncio.Protocol):
    """Sends a request once the one before is answered."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._buffer = bytearray()
        self._needed = 0
        self._current = 0
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; sending begins when every connection is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, problem: Exception | None) -> None:
        """Tell the run."""
        self._run.over(problem)

    def send(self) -> None:
        """Send the next request, or close."""
        current = self._run.next()
        if current is None:
            self._transport.close()
            return
        self._current = current
        self._sent_at = perf_counter()
        self._transport.write(self._run.requests[current])

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer; at its end note how long it took."""
        self._buffer += data
        if not self._needed:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._buffer, 0, end + 2)
            self._needed = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < self._needed:
            return
        run = self._run
        run.latencies[self._current].append(perf_counter() - self._sent_at)
        run.statuses[self._buffer[9:12].decode()] += 1
        self._buffer.clear()
        self._needed = 0
        self.send()


async def load(task: dict[str, Any]) -> dict[str, Any]:
    """Send what the task asks for; return seconds, statuses and latencies in microseconds."""
    requests = [each.encode() for each in task["requests"]]
    run = Run(requests, task["count"], task["connections"])
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: Connection(run), "127.0.0.1", task["port"]))[1]
        for _ in range(task["connections"])
    ]
    started = perf_counter()
    for connection in connections:
        connection.send()
    await run.done
    seconds = perf_counter() - started
    micros = [sorted(value * 1e6 for value in each) for each in run.latencies]
    together = sorted(value for each in micros for value in each)
    return {
        "seconds": seconds,
        "statuses": run.statuses,
        "p50": percentile(together, 0.5),
        "p99": percentile(together, 0.99),
        "last_p50": percentile(micros[-1], 0.5),
        "last_p99": percentile(micros[-1], 0.99),
    }


def main() -> None:
    """Run the task on standard input."""
    sys.stdout.write(json.dumps(asyncio.run(load(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
