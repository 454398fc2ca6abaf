"""The post office: takes from the outbox what is due, and has it sent, while a server runs.

It looks whenever it is woken, and four times a second: the outbox may be filled by a request, by
the engine, or by another process. Several of them share an outbox, as each row is claimed by one.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from ..domain.instants import SECOND
from ..engine import clock, outbox
from ..engine.worker import Engine

if TYPE_CHECKING:
    from .letters import Sender

_log = logging.getLogger("rsvault.delivery")

LOOK_SECONDS = 0.25
AWHILE_SECONDS = 5
"""How long it looks no more after the database has failed it."""
AT_ONCE = 16
"""How many letters one process has on their way."""
GRACE_SECONDS = 30
"""How much longer than an attempt takes at most a claim holds, should its process die."""


class PostOffice:
    """Sends what one world has to tell; ``start`` needs a running event loop."""

    def __init__(
        self, engine: Engine, key: bytes, waits: tuple[float, ...], timeout: float
    ) -> None:
        self._engine = engine
        self._of_sender = (key, waits, timeout)
        self._claim = int((timeout + GRACE_SECONDS) * SECOND)
        self._sender: Sender | None = None
        self._woken = asyncio.Event()
        self._letters: dict[asyncio.Task[None], Row[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._engine.post = self._woken.set
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End; what is on its way is given back, and goes out again under the same id."""
        self._engine.post = lambda: None
        under_way = dict(self._letters)
        tasks = [*under_way, *([self._task] if self._task is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._sender is not None:
            await self._sender.close()
        if under_way:
            self._give_back(list(under_way.values()))

    def _give_back(self, letters: list[Row[Any]]) -> None:
        try:
            with self._engine.database.writing() as connection:
                outbox.release(connection, letters)
        except Exception:
            _log.exception("what was on its way falls due again once its claims are over")

    async def _work(self) -> None:
        pause = LOOK_SECONDS
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            self._woken.clear()
            pause = LOOK_SECONDS
            try:
                self._look()
            except Exception:
                _log.exception("the outbox could not be read; it is tried again in a while")
                pause = AWHILE_SECONDS

    def _look(self) -> None:
        """Claim what is due, as much as may be on its way, and send it."""
        room = AT_ONCE - len(self._letters)
        now = clock.real_now()
        with self._engine.database.reading() as connection:
            first = outbox.first_due(connection)
        if first is None or first > now or not room:
            return
        with self._engine.database.writing() as connection:
            claimed = outbox.claim(connection, now, now + self._claim, room)
        for letter in claimed:
            task = asyncio.get_running_loop().create_task(self._send(letter))
            self._letters[task] = letter
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._letters.pop(task, None)
        self._woken.set()

    async def _send(self, letter: Row[Any]) -> None:
        try:
            outcome = await self._get_sender().send(letter)
            with self._engine.database.writing() as connection:
                outbox.note(connection, letter, outcome)
        except Exception:
            _log.exception("delivery %s is tried again later", letter.delivery_id)
            return
        told = "delivered" if outcome.is_delivered else outcome.problem
        _log.info("delivery %s to %s: %s", letter.delivery_id, letter.receiver, told)

    def _get_sender(self) -> Sender:
        if self._sender is None:
            from .letters import Sender  # httpx takes a tenth of a second, and few worlds need it

            self._sender = Sender(*self._of_sender)
        return self._sender
