"""What moves to the archive would save: sizes of points as the engine itself transfers them.

A vault keeps one full copy of an item and, of each later point, what had changed since the one
before it, at most everything (``backups``). A point in the archive is a full copy by itself. So
what the standard tier gives up depends on the churn, as Microsoft says (docs/decisions/0080).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, select

from ..domain import disk_selection
from ..domain.instants import SECOND
from ..domain.policies import VM, read
from ..store.tables import disk_sets, items, policies, recovery_points
from ..workloads import azure_vm
from .archiving import ineligible

_POINT = recovery_points.c


@dataclass(frozen=True, slots=True)
class Savings:
    """By how many bytes the standard tier would shrink, and the archive grow."""

    reduction: int = 0
    increase: int = 0

    def __add__(self, other: Savings) -> Savings:
        return Savings(self.reduction + other.reduction, self.increase + other.increase)


def savings(connection: Connection, of: ColumnElement[bool], now: int) -> Savings:
    """Return what the items that a condition chooses would save if all recommended points moved."""
    sizes: dict[int, Mapping[str, Any]] = {}
    total = Savings()
    for rows in _chains(connection, of, now):
        for _, chain in groupby(rows, key=lambda row: row.item_key):
            total += _of_chain(connection, list(chain), sizes)
    return total


def full_bytes(disks: Mapping[str, Any], entropy: int) -> int:
    """Return how large a full copy of a point is, given its set of disks."""
    return azure_vm.used_bytes(
        [disk["sizeGB"] for disk in disk_selection.included(disks["disks"])], entropy
    )


def _chains(
    connection: Connection, of: ColumnElement[bool], now: int
) -> Iterator[Iterable[Row[Any]]]:
    """Return the points in the standard tier, oldest first, one query for each policy."""
    virtual_machines = and_(of, items.c.workload == VM, items.c.deleted_at.is_(None))
    used = select(items.c.policy_key).where(virtual_machines).distinct()
    for (key,) in connection.execute(used.order_by(items.c.policy_key)).all():
        document = connection.execute(
            select(policies.c.document).where(policies.c.key == key)
        ).scalar()
        reasons = ineligible(
            None if document is None else read(document), now, expiring=items.c.expiring
        )
        under = and_(virtual_machines, items.c.policy_key.is_not_distinct_from(key))
        yield _points(connection, under, case(*reasons, else_=None))


def _points(
    connection: Connection, of: ColumnElement[bool], obstacle: ColumnElement[Any]
) -> Iterable[Row[Any]]:
    movable = (
        select(_POINT.item_key)
        .join(items, items.c.key == _POINT.item_key)
        .where(of, obstacle.is_(None), _POINT.archived_at.is_(None))
    )
    return connection.execute(
        select(
            _POINT.item_key,
            _POINT.taken_at,
            _POINT.disk_set_key,
            items.c.entropy,
            items.c.churn_bytes_per_second,
            obstacle.is_(None).label("moves"),
        )
        .join(items, items.c.key == _POINT.item_key)
        .where(
            _POINT.item_key.in_(movable),
            _POINT.vaulted_at.is_not(None),
            _POINT.archived_at.is_(None),
        )
        .order_by(_POINT.item_key, _POINT.taken_at)
    )


def _of_chain(
    connection: Connection, chain: list[Row[Any]], disks: dict[int, Mapping[str, Any]]
) -> Savings:
    for key in {point.disk_set_key for point in chain} - disks.keys():
        found = select(disk_sets.c.document).where(disk_sets.c.key == key)
        disks[key] = connection.execute(found).scalar_one()
    sized = [(p, full_bytes(disks[p.disk_set_key], p.entropy)) for p in chain]
    stays = [(point, full) for point, full in sized if not point.moves]
    moved = sum(full for point, full in sized if point.moves)
    return Savings(_chain_bytes(sized) - _chain_bytes(stays), moved)


def _chain_bytes(sized: list[tuple[Row[Any], int]]) -> int:
    """Return how much a chain of points takes: a full one, and then what had changed."""
    total = 0
    before: int | None = None
    for point, full in sized:
        changed = full
        if before is not None:
            seconds = (point.taken_at - before) // SECOND
            changed = min(point.churn_bytes_per_second * seconds, full)
        total += changed
        before = point.taken_at
    return total
