"""One attempt to tell a webhook of an alert: what is sent, and what came of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from sqlalchemy import Row

from ..domain import deliveries, webhook_signatures
from ..domain.instants import SECOND
from ..engine import clock
from ..engine.outbox import Outcome

_ENOUGH = 64 * 1024
"""How many bytes of an answer are read at most, so that its connection can be used again."""
_NO_ANSWER = (httpx.HTTPError, OSError, TimeoutError)
_NO_ADDRESS = (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError)


class Sender:
    """Sends to webhooks, over connections that it keeps; it has to be closed.

    ``timeout`` is how many seconds a receiver has to answer, ``waits`` those between attempts.
    Proxies of the environment are not used: a receiver is a neighbour.
    """

    def __init__(self, key: bytes, waits: tuple[float, ...], timeout: float) -> None:
        self._key = key
        self._waits = waits
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            timeout=timeout, trust_env=False, headers={"user-agent": "rsvault"}
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def send(self, letter: Row[Any]) -> Outcome:
        """Send what is claimed, once, and return what came of it."""
        try:
            async with asyncio.timeout(self._timeout):
                status = await self._post(letter)
        except _NO_ADDRESS as problem:
            return Outcome(None, f"it cannot be called: {problem}", False, None)
        except _NO_ANSWER as problem:
            told = str(problem) or type(problem).__name__
            if isinstance(problem, TimeoutError | httpx.TimeoutException):
                told = f"within {self._timeout:g} seconds"
            return self._outcome(letter, None, f"no answer: {told}")
        if deliveries.is_delivered(status):
            return Outcome(status, None, True, None)
        return self._outcome(letter, status, f"the answer was {status}")

    def _outcome(self, letter: Row[Any], status: int | None, problem: str) -> Outcome:
        now = clock.real_now()
        next_at = deliveries.next_attempt(self._waits, letter.attempts, status, now)
        return Outcome(status, problem, False, next_at)

    async def _post(self, letter: Row[Any]) -> int:
        content = letter.body.encode()
        signature = webhook_signatures.headers(
            self._key,
            deliveries.message_id(letter.delivery_id),
            clock.real_now() // SECOND,
            content,
        )
        headers = {"content-type": "application/json; charset=utf-8", **signature}
        request = self._client.stream("POST", letter.uri, content=content, headers=headers)
        async with request as answer:
            read = 0
            async for part in answer.aiter_raw():
                read += len(part)
                if read > _ENOUGH:
                    break
            return answer.status_code
