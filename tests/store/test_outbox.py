"""Claims of the outbox: one each, given back, and due again once whoever held them is gone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Connection, Row, insert, select

from app.domain.deliveries import State
from app.engine import outbox
from app.engine.outbox import Outcome
from app.store.database import Database
from app.store.delivery_tables import deliveries
from app.store.schema import ensure_schema
from tests.conftest import FreshDatabase

NOW, UNTIL = 1_000, 2_000
REFUSED = Outcome(503, "the answer was 503", False, 5_000)
DELIVERED = Outcome(200, None, True, None)


@pytest.fixture
def database(fresh_world: FreshDatabase) -> Iterator[Database]:
    """A database whose outbox holds ``a``, which is older, and ``b``; nothing of ``c`` is sent."""
    with closing(Database(fresh_world())) as found:
        with found.writing() as connection:
            ensure_schema(connection)
            connection.execute(insert(deliveries), [_row("b", 2), _row("a", 1), _row("c", 0)])
            not_sent = {"state": State.NOT_SENT, "due_at": None}
            connection.execute(
                deliveries.update().where(deliveries.c.delivery_id == "c").values(**not_sent)
            )
        yield found


def _row(name: str, created_at: int) -> dict[str, Any]:
    return {
        "delivery_id": name,
        "subscription": "s",
        "alert_id": name,
        "condition": "Fired",
        "group_folded": "g",
        "group_id": "G",
        "receiver": "r",
        "kind": "webhookReceiver",
        "uri": "http://127.0.0.1:9/",
        "created_at": created_at,
        "state": State.WAITING,
        "attempts": 0,
        "due_at": 0,
        "body": "{}",
    }


def states(connection: Connection) -> dict[str, tuple[str, int, int | None]]:
    query = select(deliveries).order_by(deliveries.c.delivery_id)
    found: list[Row[Any]] = list(connection.execute(query))
    return {row.delivery_id: (row.state, row.attempts, row.due_at) for row in found}


def test_what_is_due_is_claimed_once_the_oldest_first(database: Database) -> None:
    with database.writing() as connection:
        (first,) = outbox.claim(connection, NOW, UNTIL, 1)
        (second,) = outbox.claim(connection, NOW, UNTIL, 9)
        assert (first.delivery_id, second.delivery_id) == ("a", "b")
        assert outbox.claim(connection, NOW, UNTIL, 9) == []
        assert outbox.first_due(connection) == UNTIL


def test_what_came_of_it_is_noted(database: Database) -> None:
    with database.writing() as connection:
        first, second = outbox.claim(connection, NOW, UNTIL, 9)
        outbox.note(connection, first, REFUSED)
        outbox.note(connection, second, DELIVERED)
        assert states(connection) == {
            "a": (State.WAITING, 1, 5_000),
            "b": (State.DELIVERED, 1, None),
            "c": (State.NOT_SENT, 0, None),
        }
        assert outbox.has_patience(connection)
        outbox.hurry(connection)
        assert not outbox.has_patience(connection)
        assert not outbox.is_empty(connection)
        assert outbox.first_due(connection) == 0


def test_a_claim_whose_process_is_gone_falls_due_again(database: Database) -> None:
    with database.writing() as connection:
        dead, _ = outbox.claim(connection, NOW, UNTIL, 9)
        heir, _ = outbox.claim(connection, UNTIL, UNTIL + 1_000, 9)
        assert (heir.delivery_id, heir.attempts) == ("a", 2)
        # Who was only slow comes too late: the row is another's.
        outbox.note(connection, dead, REFUSED)
        assert states(connection)["a"] == (State.SENDING, 2, UNTIL + 1_000)
        outbox.note(connection, heir, DELIVERED)
        assert states(connection)["a"] == (State.DELIVERED, 2, None)


def test_a_claim_is_given_back_by_a_process_that_stops(database: Database) -> None:
    with database.writing() as connection:
        claimed = outbox.claim(connection, NOW, UNTIL, 9)
        outbox.note(connection, claimed[0], DELIVERED)
        outbox.release(connection, claimed)
        assert states(connection)["a"] == (State.DELIVERED, 1, None)
        assert states(connection)["b"] == (State.WAITING, 0, 0)


def test_work_is_what_is_due_or_under_way(database: Database) -> None:
    with database.writing() as connection:
        assert outbox.has_work(connection, NOW)
        first, second = outbox.claim(connection, NOW, UNTIL, 9)
        assert outbox.has_work(connection, NOW)
        for each in (first, second):
            outbox.note(connection, each, REFUSED)
        assert not outbox.has_work(connection, NOW)
        assert outbox.has_work(connection, 5_000)
        counted = outbox.counts(connection)
        assert (counted[State.WAITING], counted[State.NOT_SENT]) == (2, 1)


def test_what_is_of_another_subscription_is_left_alone(database: Database) -> None:
    with database.writing() as connection:
        first, second = outbox.claim(connection, NOW, UNTIL, 9)
        for each in (first, second):
            outbox.note(connection, each, REFUSED)
        other = deliveries.update().where(deliveries.c.delivery_id == "b")
        connection.execute(other.values(subscription="t"))
        outbox.hurry(connection, "t")
        assert states(connection)["a"] == (State.WAITING, 1, 5_000)
        assert states(connection)["b"] == (State.WAITING, 1, 0)
        assert outbox.has_patience(connection, "s")
        assert not outbox.has_patience(connection, "t")
        assert not outbox.has_work(connection, NOW, "s")
        assert outbox.has_work(connection, NOW, "t")
        assert outbox.is_empty(connection, "u")
        assert outbox.counts(connection, "t")[State.WAITING] == 1
