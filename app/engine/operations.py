"""ARM's asynchronous operations: begun here, and over when their instant has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from ..domain import ids
from ..domain.instants import LATEST
from ..domain.waiting import Span
from ..store.resource_tables import operations
from .rules import Rules


@dataclass(frozen=True, slots=True)
class Operation:
    """One asynchronous operation; ``scope`` is the lower-case id of what it acts on.

    ``outcome`` is what it comes to, where that is known when it begins and no job tells.
    """

    operation_id: str
    scope: str
    kind: str
    started_at: int
    ends_at: int
    job_id: str | None
    outcome: dict[str, Any] | None = None
    held_by: str | None = None

    @property
    def span(self) -> Span:
        """From when to when it runs."""
        return Span(self.started_at, self.ends_at)

    @property
    def is_held(self) -> bool:
        """Whether a fault keeps it from ending: no poll can wait for that."""
        return self.ends_at > LATEST

    def is_over(self, now: int) -> bool:
        """Tell whether the operation has ended by an instant."""
        return self.ends_at <= now


def begin(
    connection: Connection,
    rules: Rules,
    *,
    scope: str,
    kind: str,
    now: int,
    ends_at: int,
    job_id: str | None = None,
    operation_id: str | None = None,
    outcome: dict[str, Any] | None = None,
) -> Operation:
    """Note an operation that ends at an instant; a restore's has its job's id."""
    if operation_id is None:
        operation_id = new_id(connection, rules, scope, kind, now)
    begun = Operation(operation_id, scope, kind, now, ends_at, job_id, outcome)
    connection.execute(
        insert(operations).values(
            operation_id=operation_id,
            scope=scope,
            kind=kind,
            started_at=now,
            ends_at=ends_at,
            job_id=job_id,
            outcome=outcome,
        )
    )
    return begun


def new_id(connection: Connection, rules: Rules, scope: str, kind: str, now: int) -> str:
    """Return the id of an operation that is to begin at an instant."""
    earlier = connection.execute(
        select(func.count())
        .select_from(operations)
        .where(operations.c.scope == scope, operations.c.started_at == now)
    ).scalar_one()
    return ids.guid_hex(rules.seed, "operation", scope, kind, now, earlier)


def find(connection: Connection, operation_id: str) -> Operation | None:
    """Return an operation by its id (32 hex digits)."""
    row = connection.execute(
        select(operations).where(operations.c.operation_id == operation_id)
    ).first()
    if row is None:
        return None
    return Operation(*row)
