"""Which snapshot gets the last place in a group: the one that ends first, however time is cut."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import permutations

import pytest
from sqlalchemy import select

from app.domain.instants import DAY, HOUR, MINUTE, SECOND
from app.store.database import Database
from app.store.schema import ensure_schema
from app.store.tables import restore_point_collections
from tests.conftest import FreshDatabase
from tests.stateful.test_cuts import VMS, Action, Script, World, policy_document

PLACE = restore_point_collections.c
SCRIPT = Script([policy_document(0, 7, 2)] * 2, [8] * VMS, jitter=0, room=1, actions=[])


def act(world: World, verb: str, vm: int, number: int = 600) -> None:
    world.act(Action(0, None, verb, vm, number))


def cross(world: World, span: int, cuts: Iterable[int]) -> None:
    """Cross a span of time, stopping at these parts of it."""
    begins = world.now()
    for cut in (*cuts, span):
        world.cross(begins + cut)


def places(world: World) -> list[tuple[str, str]]:
    """Return VMs and their groups' numbers, in the order in which the snapshots ended."""
    with world.database.reading() as connection:
        found = connection.execute(
            select(PLACE.name, PLACE.group_folded)
            .where(PLACE.name != "")
            .order_by(PLACE.created_at)
        )
        return [(name.split("_")[1], group.rpartition("_")[2]) for name, group in found]


@pytest.mark.parametrize("order", list(permutations(range(VMS))), ids=str)
def test_the_snapshot_that_ends_first_gets_the_last_place(
    fresh_world: FreshDatabase, order: tuple[int, ...]
) -> None:
    seen = []
    for cuts in ((), range(5 * SECOND, 10 * MINUTE, 5 * SECOND)):
        with closing(Database(fresh_world())) as database:
            with database.writing() as connection:
                ensure_schema(connection)
            world = World(database, SCRIPT)
            for vm in order:
                act(world, "backup", vm)
                world.cross(world.now() + SECOND)
            cross(world, HOUR, cuts)
            seen.append(places(world))
    assert seen[0] == seen[1]
    assert [number for _, number in seen[0]] == ["1", "2", "2"]


def test_a_purge_at_the_same_time_does_not_matter(fresh_world: FreshDatabase) -> None:
    seen = []
    for cuts in ((), range(5 * SECOND, 10 * MINUTE, 5 * SECOND)):
        with closing(Database(fresh_world())) as database:
            with database.writing() as connection:
                ensure_schema(connection)
            world = World(database, SCRIPT)
            act(world, "backup", 0)
            world.cross(world.now() + 2 * HOUR + 10 * MINUTE)
            act(world, "delete", 0, 1)
            world.cross(world.now() + DAY - 2 * MINUTE)
            act(world, "lose", 1)
            act(world, "backup", 1)
            cross(world, HOUR, cuts)
            seen.append(places(world))
    assert seen[0] == seen[1]
