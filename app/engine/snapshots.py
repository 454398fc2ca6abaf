"""Where snapshots are: in the groups and collections that Azure Backup makes by itself.

An item is unplaced while it must be asked where its next snapshot belongs: once it is new, after
its policy was edited or exchanged, and after its collection was deleted. The answer is given
when a snapshot ends, in the order in which they end (docs/decisions/0046).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    null,
    select,
    update,
)

from ..domain import ids, snapshot_groups
from ..domain.instants import EARLIEST
from ..domain.jobs import Phase
from ..domain.resource_ids import COLLECTION_TYPE, group_id
from ..domain.snapshot_groups import MOST_COLLECTIONS, Pattern
from ..store.metadata import Document
from ..store.resource_tables import resource_groups
from ..store.restore_point_collections import collections, holds, snapshots_in
from ..store.statements import Statement
from ..store.tables import items, jobs, policies, recovery_points, restore_point_collections, vaults
from ..workloads.table import WORKLOADS
from .backups import TAKEN
from .rules import Rules

_POINT = recovery_points.c
_IN_COLLECTIONS = [each.name for each in WORKLOADS.values() if each.in_collections]
_COLLECTION = restore_point_collections.c
# As a range, so that the index of the few is searched.
_UNPLACED = items.c.unplaced_at >= EARLIEST
_ENDED = and_(
    _UNPLACED,
    _POINT.item_key == items.c.key,
    _POINT.taken_at == items.c.latest_snapshot_at,
    _POINT.visible_at > bindparam("settled"),
)
_FIND = Statement(
    select(
        items.c.key,
        items.c.friendly_name,
        items.c.source_id,
        vaults.c.location,
        cast(policies.c.document, Text),
        _POINT.taken_at,
        _POINT.visible_at,
    )
    .select_from(items)
    .join(recovery_points, _ENDED)
    .join(vaults, vaults.c.key == items.c.vault_key)
    .outerjoin(policies, policies.c.key == items.c.policy_key)
    .order_by(_POINT.visible_at, items.c.key)
)
_PLACED = Statement(update(items).where(_ENDED).values(unplaced_at=null()))


def reconsider(connection: Connection, of: ColumnElement[bool], now: int) -> None:
    """Let some items be asked where their next snapshots belong, if those lie in collections."""
    some = and_(of, items.c.workload.in_(_IN_COLLECTIONS))
    connection.execute(update(items).where(some).values(unplaced_at=now))


def place(connection: Connection, rules: Rules, *, settled: int) -> None:
    """Make the collections, and the groups for them, of snapshots that ended since an instant.

    An item whose collection is in a group that its policy names keeps it.
    """
    found = _FIND.run(connection, settled=settled).fetchall()
    if not found:
        return
    present = _present(connection)
    held = _held(connection)
    made: list[Document] = []
    for key, vm, source_id, region, policy, taken_at, visible_at in found:
        pattern = _pattern(policy, region)
        if key in present and pattern.matches(present[key]):
            continue
        group = _first_with_room(held, source_id.split("/")[2], pattern)
        held[group.lower()] += 1
        number = ids.key(rules.seed, "collection", key, taken_at)
        made.append(
            {
                "item_key": key,
                "since_at": taken_at,
                "group": group,
                "name": snapshot_groups.collection_name(vm, number),
                "location": region,
                "created_at": visible_at,
            }
        )
    if made:
        _insert(connection, made)
    _PLACED.run(connection, settled=settled)


@lru_cache(maxsize=4096)
def _pattern(policy: str | None, region: str) -> Pattern:
    return snapshot_groups.pattern(None if policy is None else json.loads(policy), region)


def _present(connection: Connection) -> dict[int, str]:
    """Return the names of the groups where the snapshots of unplaced items are now."""
    found = connection.execute(
        select(_COLLECTION.item_key, _COLLECTION.group_folded)
        .where(_COLLECTION.item_key.in_(select(items.c.key).where(_UNPLACED)))
        .order_by(_COLLECTION.item_key, _COLLECTION.since_at)
    )
    return {key: group.rpartition("/")[2] for key, group in found}


def _held(connection: Connection) -> Counter[str]:
    """Return how many collections each group holds, those of soft-deleted items left out.

    These take no room, so that it does not matter what a window does first: place or purge.
    """
    found = connection.execute(
        select(_COLLECTION.group_folded, func.count())
        .join(items, items.c.key == _COLLECTION.item_key)
        .where(items.c.deleted_at.is_(None))
        .group_by(_COLLECTION.group_folded)
    )
    return Counter({row[0]: row[1] for row in found})


def _first_with_room(held: Counter[str], subscription: str, pattern: Pattern) -> str:
    """Return the id of the first group, in a VM's subscription, that takes one more."""
    number = 1
    while held[(group := group_id(subscription, pattern.name(number))).lower()] >= MOST_COLLECTIONS:
        number += 1
    return group


def _insert(connection: Connection, made: Sequence[Document]) -> None:
    wanted = {each["group"].lower(): each for each in made}
    spelled = {
        row.folded: row.id
        for row in connection.execute(
            select(resource_groups).where(resource_groups.c.folded.in_(wanted))
        )
    }
    missing = [_group(each) for folded, each in wanted.items() if folded not in spelled]
    if missing:
        connection.execute(insert(resource_groups), missing)
    rows = []
    for each in made:
        group = each["group"]
        of_azure = f"providers/{COLLECTION_TYPE}/{each['name']}"
        collection = f"{spelled.get(group.lower(), group)}/{of_azure}"
        keys = {"id": collection, "folded": collection.lower(), "group_folded": group.lower()}
        rows.append({name: value for name, value in each.items() if name != "group"} | keys)
    connection.execute(insert(restore_point_collections), rows)


def _group(made: Document) -> Document:
    group: str = made["group"]
    return {
        "folded": group.lower(),
        "id": group,
        "subscription": group.split("/")[2],
        "name": group.rpartition("/")[2],
        "location": made["location"],
        "tags": {},
    }


# --- what users delete -------------------------------------------------------------------


def transfers(
    connection: Connection, of: ColumnElement[bool], taken_at: int | None = None
) -> list[tuple[str, str]]:
    """Return the transfers that read from some collections, or from one snapshot in them.

    Each is the id of a collection and that of a job.
    """
    found = (
        select(_COLLECTION.id, jobs.c.job_id)
        .select_from(restore_point_collections)
        .join(jobs, jobs.c.item_key == _COLLECTION.item_key)
        .where(of, jobs.c.due_at.is_not(None), jobs.c.phase == Phase.TRANSFER, holds(TAKEN))
        .order_by(_COLLECTION.folded, jobs.c.job_id)
    )
    if taken_at is not None:
        found = found.where(TAKEN.in_([taken_at]))
    return [(collection, job_id) for collection, job_id in connection.execute(found)]


def lose(connection: Connection, of: ColumnElement[bool]) -> None:
    """Delete some snapshots: a point keeps what is in the vault, if anything is."""
    connection.execute(
        update(recovery_points)
        .where(of)
        .values(
            snapshot_valid=False,
            sweep_at=case((_POINT.sweep_at.is_(None), null()), else_=_POINT.expires_at),
        )
    )


def remove(connection: Connection, of: ColumnElement[bool], now: int) -> None:
    """Delete some collections with their snapshots; the next backup makes another one."""
    for collection in connection.execute(collections(of)).all():
        lose(connection, snapshots_in(collection))
        connection.execute(
            delete(restore_point_collections).where(_COLLECTION.folded == collection.folded)
        )
        reconsider(connection, items.c.key == collection.item_key, now)


def in_group(group_folded: str) -> ColumnElement[bool]:
    """Return the condition for the collections that a group holds."""
    return _COLLECTION.group_folded == group_folded
