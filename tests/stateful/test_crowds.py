"""Azure keeps 9999 recovery points of an item: a new one lets the oldest go at once."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from app.domain.instants import DAY, HOUR
from app.domain.policies import MOST_POINTS
from app.domain.snapshot_groups import MOST_COLLECTIONS
from app.store.database import Database
from app.store.schema import ensure_schema
from app.store.tables import items, recovery_points
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import START, Action, Script, World, policy_document

POINT = recovery_points.c
A_CENTURY = START + 36_525 * DAY


def give_points(world: World, count: int) -> None:
    """Give the first VM an old point for each hour before the world begins; none of them ends."""
    with world.database.writing() as connection:
        item = connection.execute(select(items).where(items.c.friendly_name == "vm0")).one()
        rows: list[dict[str, Any]] = [
            {
                "item_key": item.key,
                "taken_at": START - number * HOUR,
                "visible_at": START - number * HOUR,
                "vaulted_at": START - number * HOUR,
                "snapshot_valid": False,
                "instant_until": START,
                "expires_at": A_CENTURY,
                "sweep_at": A_CENTURY,
                "consistency": "AppConsistent",
                "disk_set_key": item.disk_set_key,
                "vm_size": "size",
            }
            for number in range(1, count + 1)
        ]
        connection.execute(insert(recovery_points), rows)
        newest = {"latest_snapshot_at": START - HOUR, "latest_vaulted_at": START - HOUR}
        connection.execute(update(items).where(items.c.key == item.key).values(**newest))


def points(world: World) -> tuple[int, int]:
    """How many points the first VM has, and when the oldest was taken."""
    with world.database.reading() as connection:
        key = select(items.c.key).where(items.c.friendly_name == "vm0").scalar_subquery()
        found = select(func.count(), func.min(POINT.taken_at)).where(POINT.item_key == key)
        count, oldest = connection.execute(found).one()
        return count, oldest


@pytest.mark.parametrize("days", [9999, 30])
def test_a_new_point_lets_the_oldest_go_at_once(fresh_world: FreshDatabase, days: int) -> None:
    script = Script([policy_document(0, days, 2)] * 2, [8, 8, 8], 0, MOST_COLLECTIONS, [])
    with closing(Database(fresh_world())) as database:
        with database.writing() as connection:
            ensure_schema(connection)
        world = World(database, script)
        give_points(world, MOST_POINTS)
        if days == 30:  # a policy that never fills the room: what fills it are requests
            world.act(Action(0, None, "backup", 0, 600))
        world.cross(START + 4 * HOUR)
        new = 1 + (days == 30)
        assert points(world) == (MOST_POINTS, START - (MOST_POINTS - new) * HOUR)
        world.cross(world.now() + 5 * DAY)
        assert points(world) == (MOST_POINTS, START - (MOST_POINTS - new - 5) * HOUR)
