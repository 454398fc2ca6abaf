"""Every row belongs to a subscription, and goes with it and with no other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from app.domain.errors import Refused
from app.engine.saved_worlds import SavedWorlds
from app.engine.worker import Engine
from app.store.metadata import metadata
from app.store.subscription_rows import EVERYBODYS, NEWS, owned, tables
from tests.conftest import FreshDatabase
from tests.worlds_of import MINE, THEIRS, count, exported, opened, rows, seed, small

WORLD = json.dumps(small())


@pytest.fixture
def shared(fresh_world: FreshDatabase) -> Iterator[Engine]:
    """A world that two subscriptions share, each with VMs that have been protected for weeks."""
    engine = opened(fresh_world())
    with closing(engine.database):
        seed(engine, WORLD, MINE)
        seed(engine, WORLD, THEIRS)
        yield engine


def test_every_table_belongs_to_subscriptions_or_is_known_to_be_everybodys() -> None:
    assert {*tables(), *EVERYBODYS, *NEWS} == set(metadata.sorted_tables)
    for table in (*tables(), *NEWS):
        owned(table)


def test_the_rows_of_two_subscriptions_are_all_there_are(shared: Engine) -> None:
    mine, theirs, everything = rows(shared, MINE), rows(shared, THEIRS), rows(shared)
    for name, found in everything.items():
        assert sorted([*mine[name], *theirs[name]], key=repr) == found, name
    assert len(everything["recovery_points"]) == 2 * len(mine["recovery_points"]) > 0


def test_a_reset_of_one_leaves_the_other_as_it_was(shared: Engine) -> None:
    theirs, epoch = rows(shared, THEIRS), exported(shared)["now"]
    asyncio.run(shared.reset(MINE))
    assert rows(shared) == theirs
    assert exported(shared)["now"] == epoch
    asyncio.run(shared.reset(THEIRS))
    assert count(shared) == 0


def test_a_subscription_comes_back_to_the_byte_and_the_other_goes_on(shared: Engine) -> None:
    saved, mine = SavedWorlds(shared), rows(shared, MINE)
    saved.save("before", MINE)
    asyncio.run(shared.reset(MINE))
    theirs = rows(shared)
    asyncio.run(saved.restore("before", None))
    assert rows(shared, MINE) == mine
    assert rows(shared, THEIRS) == theirs


def test_one_that_comes_back_has_lived_through_the_time_since(shared: Engine) -> None:
    saved = SavedWorlds(shared)
    saved.save("before", MINE)
    week = 7 * 24 * 3600 * 1_000_000
    now = int(1_767_225_600_000_000 + week)
    asyncio.run(shared.advance(now))
    lived = rows(shared)
    asyncio.run(shared.reset(MINE))
    asyncio.run(saved.restore("before", None))
    assert rows(shared) == lived


def test_a_whole_world_comes_back_with_its_clock_in_a_new_epoch(shared: Engine) -> None:
    saved, before = SavedWorlds(shared), rows(shared)
    document = exported(shared)
    saved.save("Before", None)
    asyncio.run(shared.advance(1_770_000_000_000_000))
    asyncio.run(shared.reset())
    assert count(shared) == 0
    asyncio.run(saved.restore("before", None))
    assert rows(shared) == before
    assert exported(shared) == document
    asyncio.run(saved.restore("before", MINE))  # one of a whole
    assert rows(shared) == before
    assert [each.name for each in saved.list()] == ["Before"]
    assert saved.delete("BEFORE")
    assert not saved.delete("before")


def test_what_cannot_be_restored_is_refused_and_changes_nothing(shared: Engine) -> None:
    saved = SavedWorlds(shared)
    asyncio.run(shared.advance(1_770_000_000_000_000))
    saved.save("mine", MINE)
    asyncio.run(shared.reset())
    asyncio.run(shared.advance(1_767_312_000_000_000))
    before = rows(shared)
    for name, subscription, code in (
        ("none", None, "WorldNotFound"),
        ("mine", None, "WorldIsAhead"),
        ("mine", THEIRS, "WorldIsOfAnotherSubscription"),
    ):
        with pytest.raises(Refused) as refusal:
            asyncio.run(saved.restore(name, subscription))
        assert refusal.value.code == code
    assert rows(shared) == before
