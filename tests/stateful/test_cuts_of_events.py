"""However a span of time is cut, the same events are told, in the same order; and all of them.

The scripts are those of ``test_cuts_of_faults``: backups, faults, policies, stops, deletions,
outages, restores. That events are recorded changes nothing else.
"""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.domain.events import MOST_KEPT, EventKind
from app.domain.instants import MINUTE
from app.engine import clock, events
from app.store.database import Database
from app.store.event_tables import events as event_rows
from app.store.schema import ensure_schema
from app.store.subscription_rows import NEWS
from app.store.tables import items, jobs, recovery_points
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import THEN, Action, Rows, Script
from tests.stateful.test_cuts_of_faults import FIRST, FaultyWorld, scripts

Told = list[tuple[Any, ...]]
EXAMPLES = {"sqlite": 2, "postgresql": 1}
DEEP_EXAMPLES = {"sqlite": 40, "postgresql": 10}
ENDS = {
    EventKind.JOB_COMPLETED,
    EventKind.JOB_COMPLETED_WITH_WARNINGS,
    EventKind.JOB_FAILED,
    EventKind.JOB_CANCELLED,
}
GONE = {EventKind.POINT_EXPIRED, EventKind.POINT_DELETED}


class ToldWorld(FaultyWorld):
    """The world of ``test_cuts_of_faults``, whose events are recorded."""

    def act(self, action: Action) -> None:
        super().act(action)
        with self.database.writing() as connection:
            state = clock.read(connection)
            if state.events_kept is not None:
                events.tell_request(connection, now=state.now(0), hides=False)

    def begin(self) -> None:
        with self.database.writing() as connection:
            events.record(connection, MOST_KEPT, clock.read(connection).now(0))

    def told(self) -> Told:
        """What was told, but for the wall clock's instants."""
        columns = [each for each in event_rows.c if each.name != "real_at"]
        with self.database.reading() as connection:
            query = select(*columns).order_by(event_rows.c.number)
            return [tuple(row) for row in connection.execute(query)]

    def rows(self) -> Rows:
        news = {each.name for each in NEWS}
        return {name: rows for name, rows in super().rows().items() if name not in news}


def play(
    database: Database, script: Script, cuts: Any = None, *, recorded: bool = True
) -> tuple[Told, Rows, ToldWorld]:
    world = ToldWorld(database, script)
    if recorded:
        world.begin()
    for action in [*FIRST, *script.actions, *THEN]:
        target = world.aim(action)
        while cuts is not None and cuts.draw(st.booleans(), label="cut"):
            near = [at for at in world.due_instants() if at <= target] or [target]
            at = cuts.draw(st.sampled_from(near[:6]) | st.integers(world.now(), target))
            world.cross(min(target, at + cuts.draw(st.sampled_from([-1, 0, 1, MINUTE]))))
        world.cross(target)
        world.act(action)
    return world.told(), world.rows(), world


def test_the_same_is_told_however_a_span_is_cut(fresh_world: FreshDatabase, dialect: str) -> None:
    check_cuts(fresh_world, EXAMPLES[dialect])


@pytest.mark.deep
def test_the_same_is_told_of_many_lives(fresh_world: FreshDatabase, dialect: str) -> None:
    check_cuts(fresh_world, DEEP_EXAMPLES[dialect])


def check_cuts(fresh_world: FreshDatabase, examples: int) -> None:
    kinds: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(script=scripts, cuts=st.data())
    def check(script: Script, cuts: Any) -> None:
        _, unrecorded, _ = play(database, script, recorded=False)
        whole, rows, _ = play(database, script)
        assert rows == unrecorded
        cut, _, world = play(database, script, cuts)
        assert cut == whole
        check_all_is_told(database, world)
        kinds.update(row.kind for row in told_rows(database))

    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        check()
    for kind in (EventKind.POINT_VAULTED, EventKind.POINT_EXPIRED, EventKind.JOB_COMPLETED):
        assert kinds[kind] > 0, f"{kind} was never told"


def told_rows(database: Database) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(select(event_rows).order_by(event_rows.c.number)))


def check_all_is_told(database: Database, world: ToldWorld) -> None:
    """Hold what was told against the rows that are there."""
    told = told_rows(database)
    assert [row.number for row in told] == list(range(1, len(told) + 1))
    with database.reading() as connection:
        there = connection.execute(select(jobs.c.job_id, jobs.c.ended_at)).all()
        points = connection.execute(
            select(items.c.name, recovery_points.c.taken_at).join(
                items, items.c.key == recovery_points.c.item_key
            )
        )
        present = {tuple(row) for row in points}
    started = [row.job_id for row in told if row.kind == EventKind.JOB_STARTED]
    ended = [row.job_id for row in told if row.kind in ENDS]
    assert len(set(started)) == len(started)
    assert len(set(ended)) == len(ended)
    assert {row.job_id for row in there} <= set(started)
    assert {row.job_id for row in there if row.ended_at is not None} <= set(ended)
    points_told = [row for row in told if row.kind == EventKind.POINT_CREATED]
    gone = Counter((row.item_name, row.taken_at) for row in told if row.kind in GONE)
    created = Counter((row.item_name, row.taken_at) for row in points_told)
    assert max(created.values(), default=1) == 1
    assert set(created) - set(gone) == present
    assert gone <= created
