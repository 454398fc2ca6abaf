"""The engine of one world: crosses time window by window, and lets other requests in between.

Nobody else moves the world. Whoever waits (a poll with skip-on-wait) or steers (the control
plane) asks this object; the lock makes one crossing follow another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ..domain import faults, waiting
from ..domain.errors import Kind, Refused, conflict, not_found
from ..domain.events import EventKind
from ..domain.faults import Point
from ..domain.instants import LATEST, Duration, after
from ..domain.jobs import Phase
from ..domain.outages import Outages
from ..domain.outages import read as read_outages
from ..domain.waiting import Span
from ..store import images
from ..store.database import Database
from ..store.resource_tables import operations
from ..store.tables import jobs
from . import alerts, armed_faults, clock, events, outages, spans, windows
from .rules import Rules

BATCH_SECONDS = 0.01
"""How long windows share one transaction before other requests get their turn."""


WATCH_SECONDS = 0.05
"""How often an advance looks whether one that another process runs is over."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a request happens, and what a client that waits does to the clock.

    ``ahead`` is by how many microseconds virtual time is ahead of real time; it may be negative.
    """

    now: int
    ahead: int
    skip_on_wait: str
    epoch: int
    outages: Outages
    faults: frozenset[str] = frozenset()
    """The points at which any fault is armed."""
    recorded: bool = False
    """Whether what happens is recorded as events."""


class Engine:
    """Moves one world's time; create it once its database has its schema."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self.database = database
        self.rules = rules
        self.rearm: Callable[[], None] = _nobody
        """Called when there may be work due earlier than before; the driver listens."""
        self.post: Callable[[], None] = _nobody
        """Called when there may be something to tell; the post office listens."""
        self.leads = False
        """Whether this process moves time for all that share the database; the driver knows."""
        self._lock = asyncio.Lock()
        self._stopping = False

    # --- what a request needs ---------------------------------------------------------

    def enter(self, connection: Connection, *, writes: bool) -> Moment:
        """Return a request's one ``now``; a writing one first settles the world up to it."""
        state = clock.read(connection)
        real = clock.real_now()
        now = state.now(real)
        if writes and state.settled_at < now:
            self._cross(connection, state, now, batch=None)
            if Point.REGION in faults.points_in(state.faults):
                state = clock.read(connection)
        return Moment(
            now,
            now - real,
            state.skip_on_wait,
            state.epoch,
            read_outages(state.outages),
            faults.points_in(state.faults),
            state.events_kept is not None,
        )

    def leave(self, connection: Connection, moment: Moment) -> None:
        """Record what a request has brought about, before it commits, if events are recorded."""
        if moment.recorded:
            hides = self.rules.hide_unvaulted_points
            events.tell_request(connection, now=moment.now, hides=hides)

    async def catch_up(self) -> None:
        """Do what has become due by now; the clock is not moved."""
        with self.database.reading() as connection:
            state = clock.read(connection)
            now = state.now(clock.real_now())
            if state.settled_at >= now or self._stopping:
                return
            first = first_due(connection, state)
        # While somebody crosses time, what is left up to now is done by ``enter``.
        if first is not None and first <= now and not self._lock.locked():
            async with self._lock:
                await self._cross_to(now, state.epoch)

    # --- what a poll may ask ----------------------------------------------------------

    async def leap(self, target: int, epoch: int) -> None:
        """Move the clock to an instant for a client that waits; never back, never twice.

        While an advance runs the clock moves anyway, and after a reset there is nothing to wait
        for: the poll is then answered with the present state.
        """
        async with self._leaping(epoch) as may_leap:
            if may_leap:
                await self._cross_to(target, epoch)

    async def leap_part(self, span: Span, polls: int, epoch: int) -> None:
        """Move the clock on by one of ``polls`` parts of an operation's way, whose last ends it."""
        async with self._leaping(epoch) as may_leap:
            if may_leap:
                target = waiting.after_poll(span, self.now(), polls)
                await self._cross_to(target, epoch)

    async def leap_part_of_job(self, job_id: str, polls: int, epoch: int) -> None:
        """Move the clock on by one of ``polls`` parts of a job's way, whose last ends it."""
        async with self._leaping(epoch) as may_leap:
            span = self._span_of(job_id) if may_leap else None
            if span is None:
                return
            target = waiting.after_poll(span, self.now(), polls)
            if target < span.end:
                await self._cross_to(target, epoch)
            else:
                await self._cross_past_job(job_id, epoch)

    async def leap_one_phase(self, job_id: str, epoch: int) -> None:
        """Move the clock to the next transition of a job, if there is one."""
        due_at = self._job_due(job_id)
        if due_at is not None:
            await self.leap(due_at, epoch)

    @asynccontextmanager
    async def _leaping(self, epoch: int) -> AsyncIterator[bool]:
        if self._is_advancing():
            yield False
            return
        async with self._lock:
            with self.database.reading() as connection:
                state = clock.read(connection)
            yield state.epoch == epoch

    def _is_advancing(self) -> bool:
        with self.database.reading() as connection:
            return clock.read(connection).advancing(clock.real_now()) is not None

    def now(self) -> int:
        """Return what time it is, for who has no transaction of his own."""
        with self.database.reading() as connection:
            return clock.read(connection).now(clock.real_now())

    def _span_of(self, job_id: str) -> Span | None:
        with self.database.reading() as connection:
            return spans.of_job(connection, job_id)

    async def _cross_past_job(self, job_id: str, epoch: int) -> None:
        while (due_at := self._job_due(job_id)) is not None:
            await self._cross_to(due_at, epoch)

    def _job_due(self, job_id: str) -> int | None:
        """Return when a job moves next; what lies past the calendar's end never comes."""
        with self.database.reading() as connection:
            return connection.execute(
                select(jobs.c.due_at).where(jobs.c.job_id == job_id, jobs.c.due_at <= LATEST)
            ).scalar()

    # --- what the control plane may ask -----------------------------------------------

    async def advance(self, target: int) -> None:
        """Move the clock to an instant. Raises ``Refused`` if it is in the past."""
        async with self._advancing(lambda now: target) as epoch:
            await self._cross_to(target, epoch)

    async def advance_by(self, duration: Duration) -> None:
        """Move the clock by a duration, counted from where earlier advances have left it."""
        target = 0

        def count(now: int) -> int:
            nonlocal target
            target = after(now, duration)
            return target

        async with self._advancing(count) as epoch:
            await self._cross_to(target, epoch)

    async def advance_until_idle(self) -> None:
        """Move the clock until no job and no operation runs; the next slot does not count."""
        async with self._advancing(lambda now: None) as epoch:
            while (running_until := self._running_until()) is not None:
                await self._cross_to(running_until, epoch)

    async def advance_until_job(self, job_id: str) -> None:
        """Move the clock until a job has ended. Raises ``Refused`` if there is none."""
        with self.database.reading() as connection:
            found = connection.execute(select(jobs.c.job_id).where(jobs.c.job_id == job_id))
            if found.first() is None:
                raise not_found("JobNotFound", f"until.job: there is no job '{job_id}'")
        async with self._advancing(lambda now: None) as epoch:
            await self._cross_past_job(job_id, epoch)

    @asynccontextmanager
    async def _advancing(self, target_of: Callable[[int], int | None]) -> AsyncIterator[int]:
        """Begin an advance once no other runs, in whatever process; yield the epoch."""
        async with self._lock:
            while (epoch := self._begin_advance(target_of)) is None:
                await asyncio.sleep(WATCH_SECONDS)
            try:
                yield epoch
            finally:
                with self.database.writing() as connection:
                    clock.end_advance(connection)
                self.rearm()
                self.post()

    def _begin_advance(self, target_of: Callable[[int], int | None]) -> int | None:
        with self.database.writing() as connection:
            state = clock.read(connection)
            real = clock.real_now()
            if state.advancing(real) is not None:
                return None
            now = state.now(real)
            target = target_of(now)
            if target is not None:
                clock.check_target(now, target)
            clock.begin_advance(connection, target)
            return state.epoch

    def _running_until(self) -> int | None:
        """Return the first end of a phase or an operation that still runs."""
        with self.database.reading() as connection:
            now = clock.read(connection).now(clock.real_now())
            ends = [
                connection.execute(
                    select(func.min(jobs.c.due_at)).where(
                        jobs.c.due_at.is_not(None), jobs.c.phase != Phase.DONE
                    )
                ).scalar(),
                connection.execute(
                    select(func.min(operations.c.ends_at)).where(operations.c.ends_at > now)
                ).scalar(),
            ]
        return min((end for end in ends if end is not None and end <= LATEST), default=None)

    async def change_clock(
        self, *, mode: str | None, rate: int | None, skip_on_wait: str | None
    ) -> None:
        """Change how time runs from now on; what was due until now is done first."""
        await self.catch_up()
        async with self._lock:
            with self.database.writing() as connection:
                self.enter(connection, writes=True)
                clock.change(connection, mode=mode, rate=rate, skip_on_wait=skip_on_wait)
        self.rearm()

    async def switch_region(self, region: str, *, down: bool) -> None:
        """Take a region down, or bring it back; what was due until now is done first."""
        await self.catch_up()
        async with self._lock:
            with self.database.writing() as connection:
                moment = self.enter(connection, writes=True)
                switch = outages.take_down if down else outages.bring_back
                switch(connection, self.rules, region, moment.now)
        self.rearm()

    async def reset(self, subscription: str | None = None) -> None:
        """Empty the world: back to the start time and the seed, in a new epoch.

        An advance that still runs has lost its purpose and is refused where it stands. Of one
        subscription only its rows go: the clock, which others share, goes on.
        """
        with self.database.writing() as connection:
            if subscription is None:
                state = clock.read(connection)
                images.empty(connection)
                clock.write(connection, clock.next_epoch(state))
                now = state.started_at
            else:
                now = self.enter(connection, writes=True).now
                armed_faults.disarm_all(connection, self.rules, subscription, now)
                images.empty(connection, subscription)
            events.note_world(connection, EventKind.WORLD_RESET, now, subscription)
        self.rearm()

    # --- what the driver asks ---------------------------------------------------------

    def keep_running(self) -> None:
        """Let a scaled clock run on: an engine is there that does what becomes due."""
        with self.database.reading() as connection:
            if clock.read(connection).mode != "scaled":
                return
        with self.database.writing() as connection:
            clock.keep_running(connection)

    def hold(self) -> None:
        """Let a scaled clock stand: this engine ends. Another that leads lets it run on."""
        with self.database.writing() as connection:
            clock.hold(connection)

    def stop(self) -> None:
        """End a crossing that runs, between two of its transactions: the server stops."""
        self._stopping = True

    @property
    def is_stopping(self) -> bool:
        """Whether the server stops: nobody is to wait for anything any more."""
        return self._stopping

    # --- crossing ---------------------------------------------------------------------

    def live_until(self, connection: Connection, target: int) -> None:
        """Cross to an instant at once, in a world that nobody else looks at."""
        state = clock.read(connection)
        if state.settled_at < target:
            self._cross(connection, state, target, batch=None)

    async def _cross_to(self, target: int, epoch: int) -> None:
        """Cross to an instant in transactions of a few milliseconds; the lock is held."""
        target = min(target, LATEST)
        done = False
        while not done:
            if self._stopping:
                raise Refused(
                    Kind.UNAVAILABLE,
                    "ServerStopping",
                    "the server stops; what was crossed is kept, advance again to go on",
                )
            with self.database.writing() as connection:
                state = clock.read(connection)
                if state.epoch != epoch:
                    raise conflict("WorldWasReset", "the world was reset while its clock moved")
                if state.settled_at >= target:
                    return
                settled = self._cross(connection, state, target, batch=BATCH_SECONDS)
                done = settled >= target
            await asyncio.sleep(0)

    def _cross(
        self, connection: Connection, state: clock.ClockState, target: int, *, batch: float | None
    ) -> int:
        started = clock.stopwatch()
        settled = state.settled_at
        armed = armed_faults.of_jobs(connection, self.rules, state.faults)
        recorded = state.events_kept is not None
        switches = Point.REGION in faults.points_in(state.faults)
        watch = alerts.watch(connection)
        while settled < target:
            end = armed_faults.next_switch(connection) if switches else None
            stop = target if end is None else min(target, max(end, settled + 1))
            settled = windows.cross_one(
                connection, self.rules, settled, stop, armed, watch, recorded=recorded
            )
            if end is not None and end <= settled:
                armed_faults.switch_regions(connection, self.rules, settled)
                watch = alerts.watch(connection)
            if batch is not None and clock.stopwatch() - started > batch:
                break
        if recorded:
            events.close(connection)
        clock.settle(connection, settled)
        return settled


def first_due(connection: Connection, state: clock.ClockState) -> int | None:
    """Return the first instant after what is settled at which the engine has work to do."""
    dues = [windows.due(connection, state.settled_at).first(), alerts.watch(connection).notice]
    if Point.REGION in faults.points_in(state.faults):
        dues.append(armed_faults.next_switch(connection))
    return min((at for at in dues if at is not None), default=None)


def _nobody() -> None:
    """Nobody listens."""
