"""Data moves: what a vault keeps of its items comes to a vault of another region.

The target gets each item, stopped, with the points that are in the vault tier: snapshots stay in
their region. The source's items are stopped, with all that they have (docs/decisions/0065).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, false, insert, literal, null, select

from ..domain import ids
from ..domain.instants import MINUTE
from ..domain.jobs import ProtectionState
from ..store.container_tables import containers
from ..store.tables import items, jobs, recovery_points
from ..workloads.azure_vm import AZURE_VM
from . import protection
from .rules import Rules

PREPARING_TAKES = 5 * MINUTE
MOVING_TAKES = 60 * MINUTE
_IN_VAULT_TIER = recovery_points.c.vaulted_at.is_not(None)


def movable(
    connection: Connection, source: Row[Any], short_names: Sequence[str] | None
) -> list[Row[Any]]:
    """Return the VMs' items of a vault that hold something in the vault tier, by their names.

    ``short_names`` are the containers asked for, in lower case; ``None`` is all of them.
    """
    holds = exists().where(recovery_points.c.item_key == items.c.key, _IN_VAULT_TIER)
    found = connection.execute(_live(source).where(items.c.workload == AZURE_VM.name, holds)).all()
    return _in_containers(found, short_names)


def unmovable(
    connection: Connection, source: Row[Any], short_names: Sequence[str] | None
) -> list[str]:
    """Return the names of the items in question that are of no VM."""
    found = connection.execute(_live(source).where(items.c.workload != AZURE_VM.name)).all()
    return [each.friendly_name for each in _in_containers(found, short_names)]


def _live(source: Row[Any]) -> Select[Any]:
    return (
        select(items)
        .where(items.c.vault_key == source.key, items.c.deleted_at.is_(None))
        .order_by(items.c.folded_name)
    )


def _in_containers(found: Sequence[Row[Any]], short_names: Sequence[str] | None) -> list[Row[Any]]:
    return [
        each for each in found if short_names is None or each.container_name.lower() in short_names
    ]


def without(connection: Connection, moved: Sequence[Row[Any]], target: Row[Any]) -> list[Row[Any]]:
    """Return the items that a target does not have yet."""
    there = set(
        connection.execute(
            select(items.c.folded_name).where(items.c.vault_key == target.key)
        ).scalars()
    )
    return [each for each in moved if each.folded_name not in there]


def is_empty(connection: Connection, vault: Row[Any]) -> bool:
    """Tell whether a vault has neither items nor containers, soft-deleted ones included."""
    return all(
        connection.execute(select(each.c.key).where(each.c.vault_key == vault.key).limit(1)).first()
        is None
        for each in (items, containers)
    )


def busy(connection: Connection, moved: Sequence[Row[Any]]) -> list[str]:
    """Return the names of items with jobs under way."""
    found = connection.execute(
        select(jobs.c.entity_name)
        .where(
            jobs.c.due_at.is_not(None),
            jobs.c.ended_at.is_(None),
            jobs.c.item_key.in_([each.key for each in moved]),
        )
        .distinct()
        .order_by(jobs.c.entity_name)
    )
    return list(found.scalars())


def move(
    connection: Connection,
    rules: Rules,
    moved: Sequence[Row[Any]],
    target: Row[Any],
    now: int,
    *,
    pauses_gc: bool,
) -> None:
    """Bring items to another vault and stop them where they were.

    There nothing expires while garbage collection is paused; else it goes on by the policy.
    """
    for item in moved:
        _copy(connection, rules, item, target, now)
        if item.state not in ProtectionState.RESUMABLE:
            protection.stop(connection, item, now, keep_per_policy=not pauses_gc)


def _copy(connection: Connection, rules: Rules, item: Row[Any], target: Row[Any], now: int) -> None:
    key = ids.key(rules.seed, "item", target.key, item.folded_name)
    told = {
        "key": key,
        "vault_key": target.key,
        "state": ProtectionState.STOPPED,
        "policy_key": None,
        "slot_at": None,
        "next_backup_at": None,
        "snapshot_until": now,
        "transfer_until": now,
        "latest_snapshot_at": item.latest_vaulted_at,
        "expiring": False,
        "created_at": now,
        "crowded_at": None,
        "owed_day": None,
        "unplaced_at": None,
    }
    connection.execute(insert(items).values({**item._mapping, **told}))
    changed = {
        "item_key": literal(key, recovery_points.c.item_key.type),
        "snapshot_valid": false(),
        "sweep_at": null(),
    }
    connection.execute(
        insert(recovery_points).from_select(
            [each.name for each in recovery_points.columns],
            select(*(changed.get(each.name, each) for each in recovery_points.columns)).where(
                recovery_points.c.item_key == item.key, _IN_VAULT_TIER
            ),
            include_defaults=False,
        )
    )
