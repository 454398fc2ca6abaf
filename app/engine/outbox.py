"""The outbox: what is due is claimed by one process, and what came of it is written down.

Instants are real ones: whoever is told of an alert lives in real time, whatever the world's clock
does. A claim is a row that is ``Sending`` up to its ``due_at``; if its process dies it falls due
again, so what leaves the house leaves it at least once, always under the same id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, or_, select, update

from ..domain.deliveries import State
from ..store.delivery_tables import deliveries
from ..store.statements import Query

_DUE = Query(select(func.min(deliveries.c.due_at).label("at")).where(deliveries.c.due_at >= 0))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the answer's status if there was one, and what went wrong.

    Without an instant of the next attempt it was the last one.
    """

    status: int | None
    problem: str | None
    is_delivered: bool
    next_at: int | None


def first_due(connection: Connection) -> int | None:
    """Return when there is something to do next: 0 is at once, ``None`` never."""
    found = _DUE.first(connection)
    return None if found is None else found.at


def claim(connection: Connection, now: int, until: int, most: int) -> Sequence[Row[Any]]:
    """Claim up to ``most`` deliveries that are due, the oldest first, until an instant."""
    due = (
        select(deliveries.c.delivery_id)
        .where(deliveries.c.due_at <= now)
        .order_by(deliveries.c.created_at, deliveries.c.delivery_id)
        .limit(most)
    )
    claimed = (
        update(deliveries)
        .where(deliveries.c.delivery_id.in_(due.scalar_subquery()))
        .values(
            state=State.SENDING,
            due_at=until,
            attempts=deliveries.c.attempts + 1,
            attempted_at=now,
        )
        .returning(*deliveries.c)
    )
    found: list[Any] = list(connection.execute(claimed))
    return sorted(found, key=lambda row: (row.created_at, row.delivery_id))


def note(connection: Connection, claimed: Row[Any], outcome: Outcome) -> None:
    """Write down what came of a claimed delivery, unless it is gone or another's by now."""
    state = State.DELIVERED if outcome.is_delivered else State.FAILED
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.delivery_id == claimed.delivery_id,
            deliveries.c.state == State.SENDING,
            deliveries.c.attempts == claimed.attempts,
        )
        .values(
            state=state if outcome.next_at is None else State.WAITING,
            due_at=outcome.next_at,
            status=outcome.status,
            problem=None if outcome.problem is None else outcome.problem[:400],
        )
    )


def release(connection: Connection, claimed: Sequence[Row[Any]]) -> None:
    """Give back what was claimed and not sent to its end: its process stops."""
    back = (
        update(deliveries)
        .where(
            deliveries.c.delivery_id == bindparam("id"),
            deliveries.c.state == State.SENDING,
            deliveries.c.attempts == bindparam("attempt"),
        )
        .values(state=State.WAITING, due_at=0, attempts=deliveries.c.attempts - 1)
    )
    parameters = [{"id": each.delivery_id, "attempt": each.attempts} for each in claimed]
    if parameters:
        connection.execute(back, parameters)


# --- what a control verb asks --------------------------------------------------------------


def is_empty(connection: Connection, subscription: str | None = None) -> bool:
    """Tell whether there is nothing left to tell, or nothing of a subscription."""
    return not _any(connection, subscription, deliveries.c.due_at >= 0)


def has_work(connection: Connection, now: int, subscription: str | None = None) -> bool:
    """Tell whether something is due, or is being sent."""
    sending = and_(deliveries.c.due_at >= 0, deliveries.c.state == State.SENDING)
    return _any(connection, subscription, or_(sending, deliveries.c.due_at <= now))


def has_patience(connection: Connection, subscription: str | None = None) -> bool:
    """Tell whether something waits for its next attempt."""
    return _any(connection, subscription, _WAITS)


def hurry(connection: Connection, subscription: str | None = None) -> None:
    """Let all that waits for its next attempt fall due at once."""
    waits = update(deliveries).where(_WAITS, *_of(subscription))
    connection.execute(waits.values(due_at=0))


def counts(connection: Connection, subscription: str | None = None) -> dict[str, int]:
    """Return how many deliveries there are in each state."""
    query = select(deliveries.c.state, func.count()).where(*_of(subscription))
    rows = connection.execute(query.group_by(deliveries.c.state))
    found = {row[0]: int(row[1]) for row in rows}
    return {state: found.get(state, 0) for state in State.ALL}


_WAITS = and_(deliveries.c.due_at > 0, deliveries.c.state == State.WAITING)


def _any(connection: Connection, subscription: str | None, what: ColumnElement[bool]) -> bool:
    query = select(deliveries.c.delivery_id).where(what, *_of(subscription)).limit(1)
    return connection.execute(query).first() is not None


def _of(subscription: str | None) -> list[ColumnElement[bool]]:
    """Return the condition that a delivery is of a subscription, in lower case; none is all."""
    return [] if subscription is None else [deliveries.c.subscription == subscription]
