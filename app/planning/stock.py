"""What a scratch world holds at an instant: points and GB by tier, counted by set-based SQL.

Of each tier the oldest point of an item stands for all that its disks hold, and each later one
for what changed since the one before, at most everything: so a point that expires leaves its
blocks to the next (docs/decisions/0047).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from ..domain.instants import SECOND
from ..store.statements import Statement
from ..store.tables import items, recovery_points
from .scratch import Part, planned

_POINT = recovery_points.c
_ANY = _POINT.taken_at.is_not(None)
_SNAPSHOT = _POINT.snapshot_valid
_VAULT = _POINT.vaulted_at.is_not(None)


@dataclass(frozen=True, slots=True)
class Stock:
    """What the items of one part have, scaled to all its VMs; lengths are microseconds."""

    points: int = 0
    snapshots: int = 0
    vaulted: int = 0
    snapshot_bytes: int = 0
    vault_bytes: int = 0
    longest_gap: int | None = None
    oldest_at: int | None = None


def _tier(of: ColumnElement[bool]) -> Statement:
    """Return the count of points in a tier, their bytes, longest gap and oldest, by part."""
    before = (
        func.lag(_POINT.taken_at)
        .over(partition_by=_POINT.item_key, order_by=_POINT.taken_at)
        .label("before")
    )
    point = select(_POINT.item_key, _POINT.taken_at, before).where(of).subquery()
    gap = point.c.taken_at - point.c.before
    changed = items.c.churn_bytes_per_second * (gap // SECOND)
    stored = case(
        (point.c.before.is_(None), items.c.used_bytes),
        (changed < items.c.used_bytes, changed),
        else_=items.c.used_bytes,
    )
    counted: Select[Any] = (
        select(
            planned.c.part,
            func.count(),
            func.sum(stored),
            func.max(gap),
            func.min(point.c.taken_at),
        )
        .select_from(point)
        .join(items, items.c.key == point.c.item_key)
        .join(planned, planned.c.item_key == point.c.item_key)
        .group_by(planned.c.part)
        .order_by(planned.c.part)
    )
    return Statement(counted)


_ALL_POINTS = _tier(_ANY)
_SNAPSHOTS = _tier(_SNAPSHOT)
_VAULTED = _tier(_VAULT)

_A_VM = (
    select(planned.c.part, func.count(_POINT.taken_at).label("points"))
    .select_from(planned)
    .outerjoin(recovery_points, _POINT.item_key == planned.c.item_key)
    .group_by(planned.c.item_key, planned.c.part)
    .subquery()
)
_OF_A_VM = Statement(
    select(_A_VM.c.part, func.min(_A_VM.c.points), func.max(_A_VM.c.points))
    .group_by(_A_VM.c.part)
    .order_by(_A_VM.c.part)
)


def count(connection: Connection, parts: Sequence[Part], *, hide_unvaulted: bool) -> list[Stock]:
    """Return what each part has now; points may be hidden until they are in the vault."""
    every = _rows(_VAULTED if hide_unvaulted else _ALL_POINTS, connection)
    snapshots = _rows(_SNAPSHOTS, connection)
    vaulted = _rows(_VAULTED, connection)
    found = []
    for number, part in enumerate(parts):
        points, _, gap, oldest = every.get(number, _NOTHING)
        snapshot_points, snapshot_bytes, _, _ = snapshots.get(number, _NOTHING)
        vault_points, vault_bytes, _, _ = vaulted.get(number, _NOTHING)
        found.append(
            Stock(
                points=round(points * part.factor),
                snapshots=round(snapshot_points * part.factor),
                vaulted=round(vault_points * part.factor),
                snapshot_bytes=round(snapshot_bytes * part.factor),
                vault_bytes=round(vault_bytes * part.factor),
                longest_gap=gap,
                oldest_at=oldest,
            )
        )
    return found


def of_a_vm(connection: Connection) -> dict[int, tuple[int, int]]:
    """Return the fewest and the most points that a VM of each part has."""
    rows = _OF_A_VM.run(connection).fetchall()
    return {part: (fewest, most) for part, fewest, most in rows}


def total(stocks: Sequence[Stock]) -> Stock:
    """Return what several parts have together."""
    gaps = [each.longest_gap for each in stocks if each.longest_gap is not None]
    oldest = [each.oldest_at for each in stocks if each.oldest_at is not None]
    return Stock(
        points=sum(each.points for each in stocks),
        snapshots=sum(each.snapshots for each in stocks),
        vaulted=sum(each.vaulted for each in stocks),
        snapshot_bytes=sum(each.snapshot_bytes for each in stocks),
        vault_bytes=sum(each.vault_bytes for each in stocks),
        longest_gap=max(gaps, default=None),
        oldest_at=min(oldest, default=None),
    )


_NOTHING = (0, 0, None, None)


def _rows(statement: Statement, connection: Connection) -> dict[int, tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in statement.run(connection).fetchall()}
