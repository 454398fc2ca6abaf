"""Jobs that one statement starts for a fleet: the rows that starting one by one would leave."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, select

from app.domain.instants import SECOND
from app.domain.jobs import Operation
from app.engine import jobs as engine_jobs
from app.engine.rules import Rules
from app.store.tables import items, jobs, policies
from tests.bench.worlds import protected, target
from tests.conftest import FreshDatabase

Start = Callable[[Connection, Rules, int], None]
NOW = target(3)
DETAIL = {"policy_name": 'a "daily" one'}


def one_by_one(connection: Connection, rules: Rules, now: int) -> None:
    under = select(items).where(items.c.policy_key == 1).order_by(items.c.folded_name)
    for item in connection.execute(under).all():
        start_one(connection, rules, item, now)


def start_one(connection: Connection, rules: Rules, item: Any, now: int) -> None:
    engine_jobs.start(
        connection,
        rules,
        item,
        Operation.CONFIGURE_BACKUP,
        now,
        activity_id="a" * 36,
        detail=DETAIL,
    )


def as_a_set(connection: Connection, rules: Rules, now: int) -> None:
    engine_jobs.start_under(
        connection,
        rules,
        connection.execute(select(policies).where(policies.c.key == 1)).one(),
        Operation.CONFIGURE_BACKUP,
        now,
        activity_id="a" * 36,
        detail=DETAIL,
    )


def rows_after(start: Start, database: str) -> list[Any]:
    """Return the jobs of a fleet whose policy is edited twice at one instant, and once later.

    One of its items has a job of the instant already, another a job of another kind.
    """
    engine = protected(database, vms=12, days=30)
    with closing(engine.database), engine.database.writing() as connection:
        some = connection.execute(select(items).order_by(items.c.folded_name)).all()
        start_one(connection, engine.rules, some[4], NOW)
        engine_jobs.start(
            connection,
            engine.rules,
            some[7],
            Operation.DISABLE_BACKUP,
            NOW,
            activity_id=None,
            detail={},
        )
        for now in (NOW, NOW, NOW + SECOND):
            start(connection, engine.rules, now)
        found = connection.execute(select(jobs).order_by(jobs.c.started_at, jobs.c.ordinal)).all()
    return [row._asdict() for row in found]


def test_a_fleets_jobs_are_the_ones_that_each_item_would_get(fresh_world: FreshDatabase) -> None:
    expected = rows_after(one_by_one, fresh_world())
    assert len(expected) == 2 + 3 * 12
    assert [row["ordinal"] for row in expected] == [*range(1, 27), *range(1, 13)]
    assert rows_after(as_a_set, fresh_world()) == expected


def test_a_policy_without_items_starts_no_job(fresh_world: FreshDatabase) -> None:
    engine = protected(fresh_world(), vms=0, days=30)
    with closing(engine.database), engine.database.writing() as connection:
        as_a_set(connection, engine.rules, NOW)
        assert connection.execute(select(jobs)).all() == []
