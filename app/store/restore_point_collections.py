"""Queries for restore point collections, and for the snapshots that each of them holds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select

from .tables import items, recovery_points, restore_point_collections

_OWN = restore_point_collections.c
_LATER = restore_point_collections.alias("later")
UNTIL = (
    select(func.min(_LATER.c.since_at))
    .where(_LATER.c.item_key == _OWN.item_key, _LATER.c.since_at > _OWN.since_at)
    .correlate(restore_point_collections)
    .scalar_subquery()
)
"""When the item's next collection begins; null of its present one."""


def collections(of: ColumnElement[bool]) -> Select[Any]:
    """Select some collections by id, with the id of their VM and with ``until_at``."""
    return (
        select(restore_point_collections, UNTIL.label("until_at"), items.c.source_id)
        .join(items, items.c.key == _OWN.item_key)
        .where(of)
        .order_by(_OWN.folded)
    )


def holds(taken_at: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a collection is the one of a snapshot of its item."""
    return and_(taken_at >= _OWN.since_at, or_(UNTIL.is_(None), taken_at < UNTIL))


def snapshots_in(collection: Row[Any]) -> ColumnElement[bool]:
    """Return the condition for the recovery points whose snapshots a collection holds."""
    point = recovery_points.c
    found = [
        point.item_key == collection.item_key,
        point.taken_at >= collection.since_at,
        point.snapshot_valid,
    ]
    if collection.until_at is not None:
        found.append(point.taken_at < collection.until_at)
    return and_(*found)
