"""Seeding: a document's steps taken in a world of its own, which then becomes part of this one.

Each step is a request that the wire would take too, run by the same code, so what is wrong is
refused with Azure's codes and words. Years are lived through by the real engine, in a database in
memory that nobody else sees; its rows go into the live world in one transaction, or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from ..arm.calls import Call
from ..arm.inner_calls import InnerCalls
from ..domain.errors import Kind, Refused, conflict
from ..domain.instants import DAY, parse, wire
from ..domain.jobs import Phase, Status
from ..domain.limits import BACKUPS, CONFIGURATIONS, POLICY_CHANGES
from ..engine import clock, events
from ..engine.rules import Rules
from ..engine.worker import Engine
from ..store import images
from ..store.database import Database
from ..store.resource_tables import operations, resource_groups, resources
from ..store.tables import jobs, policy_changes, vaults
from .planning import Planner
from .reading import CODE, Fault, read, refusal
from .steps import Rank, Step

API_VERSION = "2025-08-01"
_SLICE = 30 * DAY
"""How far time goes between two looks at how far it is."""
_OF_A_DAY = (BACKUPS, CONFIGURATIONS, POLICY_CHANGES)
"""A document may say at once what a client would have done on many days."""


@dataclass
class Progress:
    """How far a seed is on its way, from one instant to another."""

    start: int = 0
    reached: int = 0
    end: int = 0
    running: bool = False


@dataclass(frozen=True)
class Seeded:
    """What was made of a document."""

    now: int
    steps: int


class Seed:
    """One document on its way into a world."""

    def __init__(
        self,
        text: str,
        inner: InnerCalls,
        rules: Rules,
        present: int,
        subscription: str | None = None,
    ) -> None:
        """Read a document. Raises ``Refused`` for all that is wrong before anything is tried."""
        self.world, self._marked = read(text)
        self._inner = inner
        most = {limit.name: None for limit in _OF_A_DAY}
        self._rules = replace(rules, limits={**rules.limits, **most})
        self.now = self._now(present)
        planner = Planner(self.world, self.now, subscription)
        self.steps = planner.steps()
        self.groups = planner.groups()
        self.origin = planner.origin
        self.progress = Progress(self.origin, self.origin, self.now, running=True)
        self._stopped = False
        if planner.faults:
            raise refusal(self._marked, planner.faults)

    def _now(self, present: int) -> int:
        told = present if self.world.now is None else parse(self.world.now)
        if told < present:
            reason = (
                f"{wire(told)} is before the clock's {wire(present)}, and time never goes back: "
                "reset the world, start the server with --start-time, or leave 'now' out"
            )
            raise refusal(self._marked, [("now", reason)])
        return told

    # --- a world of its own ----------------------------------------------------------------

    def live(self, *, history: bool = True) -> Database:
        """Take all steps in an empty world and return it. Raises ``Refused``.

        Without ``history`` time jumps from one step to the next: enough to tell what is wrong.
        """
        database = images.opened(images.blank())
        try:
            self._live(database, history=history)
        except BaseException:
            database.close()
            raise
        return database

    def _live(self, database: Database, *, history: bool) -> None:
        with database.writing() as connection:
            clock.create(connection, _standing(self.origin), self._rules)
        engine = Engine(database, self._rules)
        faults: dict[str, Fault] = {}
        for at, steps in groupby(self.steps, key=lambda step: step.at):
            if history and not faults:
                self._pass(engine, at)
            with database.writing() as connection:
                self._take(self._call(connection, at), list(steps), faults)
        if faults:
            raise refusal(self._marked, faults.values())
        if history:
            self._pass(engine, self.now)
        with database.writing() as connection:
            _tidy(connection, self.now)

    def _pass(self, engine: Engine, target: int) -> None:
        """Let time pass in slices, between which others see how far it is."""
        while self.progress.reached < target:
            if self._stopped:
                raise Refused(Kind.UNAVAILABLE, "ServerStopping", "the server stops")
            reached = min(self.progress.reached + _SLICE, target)
            with engine.database.writing() as connection:
                engine.live_until(connection, reached)
            self.progress.reached = reached

    def stop(self) -> None:
        """End what another thread lives through."""
        self._stopped = True

    def _call(self, connection: Connection, now: int) -> Call:
        return Call(
            connection=connection,
            rules=self._rules,
            now=now,
            path={},
            query={"api-version": API_VERSION},
            base_url="http://localhost",
            url_path="",
            client_request_id=None,
            retry_after=1,
        )

    def _take(self, call: Call, steps: list[Step], faults: dict[str, Fault]) -> None:
        """Take the steps of one instant; add what is wrong, one fault of each place.

        What would only be wrong as something before it is, is not tried.
        """
        for rank, ranked in groupby(steps, key=lambda step: step.rank):
            if faults and rank > Rank.POLICY:
                return
            left = [step for step in ranked if not _lies_in(step.place, faults)]
            for step, problem in self._take_in_any_order(call, left):
                faults.setdefault(step.place, _fault(step, problem))

    def _take_in_any_order(self, call: Call, steps: list[Step]) -> Iterable[tuple[Step, Refused]]:
        """Take steps of one rank: those that miss another are tried again after it."""
        while steps:
            problems = [(step, self._try(call, step)) for step in steps]
            refused = [(step, problem) for step, problem in problems if problem is not None]
            if len(refused) == len(steps) or steps[0].rank is not Rank.RESOURCE:
                return refused
            steps = [step for step, _ in refused]
        return []

    def _try(self, call: Call, step: Step) -> Refused | None:
        try:
            with call.connection.begin_nested():
                self._inner.run(call, step.method, step.path, API_VERSION, step.body)
        except Refused as problem:
            return problem
        return None

    # --- into the live world ---------------------------------------------------------------

    async def apply(self, engine: Engine) -> Seeded:
        """Make a document's world part of a live one. Raises ``Refused``; then nothing is."""
        with engine.database.reading() as connection:
            self._check_room(connection)
        with ThreadPoolExecutor(1, "rsvault seed") as thread:
            living = asyncio.get_running_loop().run_in_executor(thread, self.live)
            try:
                lived = await asyncio.shield(living)
            except asyncio.CancelledError:  # the server stops
                self.stop()
                await asyncio.wait([living])
                raise
        try:
            await self._join(engine, lived)
        finally:
            lived.close()
        engine.rearm()
        return Seeded(self.now, len(self.steps))

    async def _join(self, engine: Engine, lived: Database) -> None:
        with engine.database.reading() as connection:
            present = clock.read(connection).now(clock.real_now())
        if present < self.now:
            await engine.advance(self.now)
        moved = Engine(lived, self._rules)
        with engine.database.writing() as connection, lived.writing() as inside:
            now = engine.enter(connection, writes=True).now
            if now < self.now:
                raise conflict("WorldWasReset", "the world was reset while it was seeded")
            self._check_room(connection)
            moved.live_until(inside, now)
            try:
                images.put(connection, images.side_of(inside))
            except IntegrityError as problem:
                raise _taken(str(problem.orig)) from problem
            events.take_up(connection, now, None)

    def _check_room(self, connection: Connection) -> None:
        """Refuse what is there already."""
        faults = list(self._faults_of_groups(connection))
        wanted = {step.path.lower(): step for step in self.steps if step.creates}
        for table in (resources, vaults):
            query = select(table.c.folded, table.c.id)
            if table is vaults:
                query = query.where(vaults.c.deleted_at.is_(None))
            prefixes = {path.partition("/providers/")[0] for path in wanted}
            there = query.where(table.c.group_folded.in_(prefixes))
            for row in connection.execute(there):
                if row.folded in wanted:
                    faults.append((wanted[row.folded].place, _there(row.id)))
        if faults:
            found = refusal(self._marked, faults)
            raise Refused(
                Kind.CONFLICT, CODE, found.message, target=found.target, details=found.details
            )

    def _faults_of_groups(self, connection: Connection) -> Iterator[Fault]:
        for place, group_id, told in self.groups:
            query = select(resource_groups).where(resource_groups.c.folded == group_id.lower())
            found = connection.execute(query).first()
            if found is None:
                continue
            same = found.location == told.location.replace(" ", "").lower()
            if not same or (told.tags and told.tags != found.tags):
                yield place, f"'{found.name}' is there already, with another location or other tags"


def _there(resource_id: str) -> str:
    return f"'{resource_id}' is there already; reset the world or its subscription first"


def _taken(problem: str) -> Refused:
    return conflict(CODE, f"something of this world is there already ({problem})")


def _standing(now: int) -> clock.ClockState:
    return clock.ClockState(1, "frozen", 1, "off", now, now, base_real_at=0, settled_at=now)


def _tidy(connection: Connection, now: int) -> None:
    """End what only a client would wait for: what was set up is set up."""
    connection.execute(delete(operations))
    connection.execute(delete(policy_changes))
    running = (jobs.c.phase == Phase.CONFIGURING) & jobs.c.due_at.is_not(None)
    ended = {"phase": Phase.DONE, "status": Status.COMPLETED, "ended_at": now, "due_at": None}
    connection.execute(update(jobs).where(running).values(**ended))


def _lies_in(place: str, failed: Container[str]) -> bool:
    """Tell whether a place, or one around it, has failed before."""
    while place:
        if place in failed:
            return True
        place = place.rpartition("[" if place.endswith("]") else ".")[0]
    return False


def _fault(step: Step, problem: Refused) -> Fault:
    place = f"{step.place}.{problem.target}" if problem.target else step.place
    first = problem.details[0] if problem.details else problem
    message = first.message.removeprefix(f"{first.target}: ")
    return place, f"{message} ({problem.code})"
