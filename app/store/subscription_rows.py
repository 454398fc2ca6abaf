"""Whose rows are whose: what of each table belongs to one subscription.

It follows from the tables' columns, so a new table need not be named here; a test holds that
every table either belongs to subscriptions or is known to be everybody's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, bindparam, not_, or_, select

from .event_tables import events, watched_jobs
from .metadata import metadata
from .tables import disk_sets, items, recovery_points, vaults, world
from .world_tables import saved_worlds

EVERYBODYS = (world, saved_worlds)
"""The clock with its options, and what was saved: no subscription's own."""
NEWS = (events, watched_jobs)
"""What is told of a world and is no part of it: a reset forgets it, and no saved world has it."""

Condition = ColumnElement[bool]


def values(subscription: str) -> dict[str, str]:
    """Return the values of the conditions' parameters; the subscription is in lower case."""
    root = f"/subscriptions/{subscription}"
    after_slash = chr(ord("/") + 1)
    return {
        "subscription": subscription,
        "root": root,
        "below": f"{root}/",
        "beyond": f"{root}{after_slash}",
    }


def _by_name(column: Column[Any]) -> Condition:
    return column == bindparam("subscription")


def _by_vault(column: Column[Any]) -> Condition:
    return column.in_(select(vaults.c.key).where(_by_name(vaults.c.subscription)))


def _by_item(column: Column[Any]) -> Condition:
    return column.in_(select(items.c.key).where(_by_vault(items.c.vault_key)))


def _by_id(column: Column[Any]) -> Condition:
    below = and_(column > bindparam("below"), column < bindparam("beyond"))
    return or_(column == bindparam("root"), below)


_WAYS: dict[str, Callable[[Column[Any]], Condition]] = {
    "subscription": _by_name,
    "vault_key": _by_vault,
    "item_key": _by_item,
    "account_folded": _by_id,
    "folded": _by_id,
    "scope_folded": _by_id,
    "scope": _by_id,
}
"""Which column tells it, the plainest first."""


def way_of(table: Table) -> str | None:
    """Return the column that tells whose a table's rows are; ``None`` if none does."""
    return next((name for name in _WAYS if name in table.c), None)


def owned(table: Table) -> Condition:
    """Return the condition that a row belongs to the subscription of ``values``.

    Raises ``KeyError`` for a table whose rows belong to none.
    """
    if table is disk_sets:
        return disk_sets.c.key.in_(_disk_sets_of(_by_vault(items.c.vault_key), _points()))
    name = way_of(table)
    if name is None:
        raise KeyError(table.name)
    return _WAYS[name](table.c[name])


def deletable(table: Table) -> Condition:
    """Return the condition that a row goes with its subscription: no other refers to it."""
    if table is not disk_sets:
        return owned(table)
    others = _disk_sets_of(not_(_by_vault(items.c.vault_key)), not_(_points()))
    return and_(owned(table), disk_sets.c.key.not_in(others))


def _points() -> Condition:
    return _by_item(recovery_points.c.item_key)


def _disk_sets_of(of_items: Condition, of_points: Condition) -> Any:
    """Return the query of the disk sets that some items and some points refer to."""
    found = select(items.c.disk_set_key).where(of_items)
    return found.union(select(recovery_points.c.disk_set_key).where(of_points))


@cache
def tables() -> tuple[Table, ...]:
    """Return the tables of a world's rows, those that others refer to first."""
    return tuple(each for each in metadata.sorted_tables if each not in (*EVERYBODYS, *NEWS))


@cache
def emptied() -> tuple[Table, ...]:
    """Return them in an order in which each is emptied before what tells whose its rows are."""
    rank = {disk_sets.name: 0}
    by_way = {"item_key": 1, "vault_key": 2}
    last_first = [*NEWS, *reversed(tables())]
    last_first.sort(key=lambda each: rank.get(each.name, by_way.get(way_of(each) or "", 3)))
    return tuple(last_first)
