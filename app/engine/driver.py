"""The pacemaker: APScheduler wakes the engine in real time, and knows nothing of virtual time.

It cannot be given a clock and its job store is not shared between processes, so no due instant
is ever stored in it: one tick a second looks what is due, and one wake-up is armed for the real
instant of the next due one if that comes before the next tick.
"""

from __future__ import annotations

import logging
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ..domain.instants import SECOND, to_datetime
from . import clock
from .worker import Engine, first_due

_log = logging.getLogger("rsvault.engine")
TICK_SECONDS = 1
_WAKE_UP = "wake-up"


class Driver:
    """Wakes one engine while its process leads; ``start`` needs a running event loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin to tick, at once."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler.add_job(
            self._tick,
            "interval",
            seconds=TICK_SECONDS,
            coalesce=True,
            max_instances=1,
            next_run_time=to_datetime(clock.real_now()),
            misfire_grace_time=None,
        )
        self._scheduler.start()
        self._engine.rearm = self._arm

    def stop(self) -> None:
        """End; a tick that runs is finished by its own transaction."""
        if self._scheduler.running:
            self._engine.rearm = lambda: None
            self._scheduler.shutdown(wait=False)
            if self._engine.leads:
                self._engine.hold()
                self._engine.leads = False

    async def _tick(self) -> None:
        try:
            self._engine.leads = self._engine.database.leads()
            if self._engine.leads:
                self._engine.keep_running()
                await self._engine.catch_up()
                self._arm()
        except Exception:
            _log.exception("a tick failed; the next one tries again")

    def _arm(self) -> None:
        """Wake up in time for what is due next, if that is before the next tick."""
        with self._engine.database.reading() as connection:
            state = clock.read(connection)
            if state.mode == "frozen" or not self._engine.leads:
                return
            first = first_due(connection, state)
        if first is None:
            return
        at = state.real_of(first)
        if at < clock.real_now() + TICK_SECONDS * SECOND:
            self._scheduler.add_job(
                self._tick,
                "date",
                run_date=to_datetime(at),
                id=_WAKE_UP,
                replace_existing=True,
                misfire_grace_time=None,
            )
