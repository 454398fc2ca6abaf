"""File recovery: a recovery point that is made ready to be mounted, for twelve hours.

Azure calls it an item-level recovery connection. Nothing is written when its time is over: whether
it is open follows from its instants and the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, or_, select

from ..domain import ids
from ..domain.file_recovery import PASSWORD_LENGTH
from ..domain.instants import HOUR
from ..store.tables import file_recoveries, recovery_points
from ..workloads import azure_vm
from .rules import Rules

LASTS = 12 * HOUR
"""A script is valid for 12 hours (Microsoft: recover files from a virtual machine backup)."""

_own = file_recoveries.c


@dataclass(frozen=True, slots=True)
class Opened:
    """A recovery of files that begins, with what names its script, and the instant it is ready."""

    registration: str
    password: str
    ready_at: int


def of_point() -> ColumnElement[bool]:
    """Return the condition that joins a recovery point with the recovery of its files."""
    return and_(
        _own.item_key == recovery_points.c.item_key, _own.taken_at == recovery_points.c.taken_at
    )


def find(connection: Connection, point: Row[Any]) -> Row[Any] | None:
    """Return the latest recovery of a point's files, open or not."""
    return connection.execute(select(file_recoveries).where(*_of(point))).first()


def is_open(opened_at: int | None, closes_at: int | None, now: int) -> bool:
    """Tell whether files can be recovered at an instant; ``None`` is of a point never mounted."""
    return opened_at is not None and closes_at is not None and opened_at <= now < closes_at


def begin(
    connection: Connection,
    rules: Rules,
    point: Row[Any],
    operation_id: str,
    now: int,
    *,
    renew: bool,
) -> Opened:
    """Make a point ready, by an operation, for twelve hours from when it is.

    To renew a recovery that goes on keeps its script's name and password; anything else replaces
    them, and the script before is no longer valid.
    """
    earlier = find(connection, point)
    kept = earlier if renew and earlier is not None and now < earlier.closes_at else None
    registration: str = operation_id if kept is None else kept.registration
    ready_at = now + azure_vm.PREPARE_FILE_RECOVERY
    over = _own.closes_at <= now
    connection.execute(
        delete(file_recoveries).where(
            _own.item_key == point.item_key, or_(over, _own.taken_at == point.taken_at)
        )
    )
    connection.execute(
        insert(file_recoveries).values(
            item_key=point.item_key,
            taken_at=point.taken_at,
            opened_at=ready_at if kept is None else kept.opened_at,
            closes_at=ready_at + LASTS,
            operation_id=operation_id,
            registration=registration,
        )
    )
    password = ids.guid_hex(rules.seed, "file-recovery-password", registration)
    return Opened(registration, password[:PASSWORD_LENGTH], ready_at)


def end(connection: Connection, point: Row[Any]) -> None:
    """End the recovery of a point's files, at once; there need be none."""
    connection.execute(delete(file_recoveries).where(*_of(point)))


def end_all(connection: Connection, item_key: int) -> None:
    """End every recovery of an item's files: its data is deleted."""
    connection.execute(delete(file_recoveries).where(_own.item_key == item_key))


def _of(point: Row[Any]) -> tuple[ColumnElement[bool], ...]:
    return _own.item_key == point.item_key, _own.taken_at == point.taken_at
