"""However a way is cut, the same alerts are raised and resolved; a crowd of them costs no query
each."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.domain.fault_requests import read
from app.domain.instants import DAY, HOUR, MINUTE
from app.engine import armed_faults
from app.store.alert_tables import alerts
from app.store.database import Database
from app.store.images import driver_of
from app.store.schema import ensure_schema
from app.store.tables import items
from tests.bench.worlds import fleet, policy, target
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import START, Action, Script, World, policy_document

FAULT = {"fault": "snapshot-fails", "probability": 0.5, "until": "P4D"}


def lived(database: Database, step: int) -> Any:
    """Live for three weeks in which some backups fail and one VM's data is deleted and purged."""
    world = World(database, Script([policy_document(720, 30, 2)] * 2, [8, 500, 8], 0, 1, []))
    with database.writing() as connection:
        armed_faults.arm(connection, world.rules, read(FAULT, START), START)
        # Its agent is silent for two days: it fails as it starts.
        _silence(connection, "vm1", silent=True)
    crossed(world, START + 2 * DAY, step)
    with database.writing() as connection:
        _silence(connection, "vm1", silent=False)
    crossed(world, START + 6 * DAY, step)
    world.act(Action(0, None, "delete", 2, 14))
    crossed(world, START + 21 * DAY, step)
    return world.rows()["alerts"]


def _silence(connection: Any, vm: str, *, silent: bool) -> None:
    of = items.c.friendly_name == vm
    connection.execute(update(items).where(of).values(source_agent=not silent))


def crossed(world: World, end: int, step: int) -> None:
    for at in range(world.now() + step, end, step):
        world.cross(at)
    world.cross(end)


@pytest.mark.parametrize("step", [HOUR + 7 * MINUTE, 6 * HOUR])
def test_the_same_alerts_are_raised_however_the_way_is_cut(
    fresh_world: FreshDatabase, step: int
) -> None:
    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        whole = lived(database, 30 * DAY)
        with database.reading() as connection:
            counted = select(alerts.c.rule, alerts.c.condition, func.count())
            rows = connection.execute(counted.group_by(alerts.c.rule, alerts.c.condition)).all()
        kinds = {(rule, condition): count for rule, condition, count in rows}
        assert set(kinds) == {
            ("Backup Failure", "Resolved"),
            ("Delete Backup Data", "Fired"),
            ("Purge Complete", "Fired"),
            ("Upcoming Purge", "Resolved"),
        }
        assert kinds["Backup Failure", "Resolved"] > 3
        assert lived(database, step) == whole


def asked(vms: int) -> tuple[int, int]:
    """How many statements a day takes whose backups all fail, and how many alerts it raises."""
    engine = fleet("memory", vms, [policy(30)])
    statements: list[str] = []
    with closing(engine.database), engine.database.writing() as connection:
        connection.execute(update(items).values(source_agent=False))
        driver = driver_of(connection)
        driver.set_trace_callback(statements.append)
        engine.live_until(connection, target(1))
        driver.set_trace_callback(None)
        raised = connection.execute(select(func.count()).select_from(alerts)).scalar_one()
    return len(statements), raised


def test_a_crowd_of_failures_takes_no_more_statements_than_one() -> None:
    (few, one), (many, hundred) = asked(1), asked(100)
    assert (one, hundred) == (1, 100)
    assert many == few
