"""What an edit of a policy deletes: the engine's own sweep, tried with and without the edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, literal, select

from ..engine import backups, retention
from ..store.tables import items, recovery_points
from . import stock
from .plans import Edit
from .scratch import ScratchWorld, planned
from .stock import Stock

ON_DEMAND = "On-demand"
SNAPSHOT_ONLY = "Snapshot only"

_POINT = recovery_points.c
_RULE = case(
    (_POINT.tags == backups.SNAPSHOT_ONLY, literal(SNAPSHOT_ONLY)),
    (_POINT.rule.is_not(None), _POINT.rule),
    else_=literal(ON_DEMAND),
)


@dataclass(frozen=True, slots=True)
class Lost:
    """The points of one rule that an edit deletes, from the oldest to the newest."""

    rule: str
    points: int
    oldest_at: int
    newest_at: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What the first sweep after an edit deletes because of it, scaled to all VMs."""

    edit: Edit
    lost: tuple[Lost, ...]
    before: Stock
    after: Stock
    spared: int
    """Points that expire too, and stay until their VM has a newer one."""


class _Undo(Exception):
    """Rolls a trial back."""


_Key = tuple[int, int]


def try_edit(world: ScratchWorld, edit: Edit) -> Effect:
    """Return what an edit would delete, at the instant at which the world stands."""
    policy = world.key_of(edit.policy)
    sweep_at = (edit.at // world.rules.sweep_every + 1) * world.rules.sweep_every
    without = _trial(world, policy, None, sweep_at)
    edited = _trial(world, policy, edit, sweep_at)
    gone = without.points.keys() - edited.points.keys()
    return Effect(
        edit=edit,
        lost=_lost(world, {key: without.points[key] for key in gone}),
        before=without.stock,
        after=edited.stock,
        spared=_scaled(world, [key for key in edited.expired if key not in without.expired]),
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    points: dict[_Key, str]
    expired: set[_Key]
    stock: Stock


def _trial(world: ScratchWorld, policy: int, edit: Edit | None, sweep_at: int) -> _Trial:
    """Sweep, with an edit or without one, look at what is left, and take it all back."""
    found: list[_Trial] = []
    try:
        with world.database.writing() as connection:
            rules = _points(connection, policy)
            if edit is not None:
                world.edit(connection, edit)
            retention.sweep(connection, sweep_at)
            left = _points(connection, policy)
            expired = _expired(connection, policy, sweep_at)
            stocks = stock.count(
                connection, world.parts, hide_unvaulted=world.rules.hide_unvaulted_points
            )
            found.append(_Trial({key: rules[key] for key in left}, expired, stock.total(stocks)))
            raise _Undo
    except _Undo:
        return found[0]


def _points(connection: Connection, policy: int) -> dict[_Key, str]:
    """Return the rule of each point of a policy's items."""
    rows = connection.execute(
        select(_POINT.item_key, _POINT.taken_at, _RULE)
        .join(items, items.c.key == _POINT.item_key)
        .where(items.c.policy_key == policy)
        .order_by(_POINT.item_key, _POINT.taken_at)
    )
    return {(item, taken_at): rule for item, taken_at, rule in rows}


def _expired(connection: Connection, policy: int, at: int) -> set[_Key]:
    rows = connection.execute(
        select(_POINT.item_key, _POINT.taken_at)
        .join(items, items.c.key == _POINT.item_key)
        .where(items.c.policy_key == policy, _POINT.expires_at <= at)
        .order_by(_POINT.item_key, _POINT.taken_at)
    )
    return {(item, taken_at) for item, taken_at in rows}


def _lost(world: ScratchWorld, gone: dict[_Key, str]) -> tuple[Lost, ...]:
    by_rule: dict[str, list[_Key]] = {}
    for key, rule in gone.items():
        by_rule.setdefault(rule, []).append(key)
    return tuple(
        Lost(
            rule,
            _scaled(world, keys),
            min(taken_at for _, taken_at in keys),
            max(taken_at for _, taken_at in keys),
        )
        for rule, keys in sorted(by_rule.items())
    )


def _scaled(world: ScratchWorld, keys: Sequence[_Key]) -> int:
    """Return how many points these are in all, with the VMs that the simulated ones stand for."""
    if all(part.vms == part.simulated for part in world.parts):
        return len(keys)
    with world.database.reading() as connection:
        rows = connection.execute(select(planned.c.item_key, planned.c.part)).all()
    factors: dict[int, float] = {item: world.parts[part].factor for item, part in rows}
    return round(sum(factors[item] for item, _ in keys))
