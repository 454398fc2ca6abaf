"""What is in the secondary region: its protected items, and their recovery points.

The documents are those of 2021-11-15, the one version of the client for that region.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import CursorResult, Row, func, select

from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit, size
from ...domain.instants import wire
from ...engine import replication
from ...store.tables import items, policies, recovery_points
from . import item_filters
from . import recovery_points as points
from .cross_region import TAG, replicated_until, traits_of
from .item_documents import Facts, Points, render
from .paths import ITEM, VAULT, item_of, vault_of

_LATER = (
    "policyName",
    "policyType",
    "vaultId",
    "isArchiveEnabled",
    "softDeleteRetentionPeriodInDays",
    "sourceLocation",
    "sourceSideScanInfo",
)
"""What items show since later versions."""
_point = recovery_points.c


@endpoint(
    "GET",
    f"{VAULT}/backupProtectedItems/",
    "BackupProtectedItemsCrr_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_items(call: Call) -> Answer:
    """List the items of a vault that have a recovery point in its secondary region."""
    vault = vault_of(call)
    until = replicated_until(call, vault)
    found = (
        select(items, policies.c.name.label("policy_name"))
        .outerjoin(policies, policies.c.key == items.c.policy_key)
        .where(
            items.c.vault_key == vault.key,
            replication.has_copy(until, call.now),
            *item_filters.matching(call, vault),
        )
        .order_by(items.c.folded_name)
    )
    start = after(call, str)
    if start is not None:
        found = found.where(items.c.folded_name > start[0])
    rows = call.connection.execute(found.limit(row_limit(call))).all()
    known = _points_of(call, [row.key for row in rows[: size(call)]], until)
    return page(
        call,
        rows,
        lambda row: _render(call, vault, row, known[row.key]),
        lambda row: [row.folded_name],
    )


def _points_of(call: Call, keys: Sequence[int], until: int) -> dict[int, Row[Any]]:
    """Return what the points of items in the secondary region come to, in one query."""
    counted = (
        select(
            _point.item_key,
            func.count().label("number"),
            func.min(_point.taken_at).label("oldest_at"),
            func.max(_point.taken_at).label("newest_at"),
        )
        .where(_point.item_key.in_(keys), replication.is_replicated(until, call.now))
        .group_by(_point.item_key)
    )
    rows: CursorResult[Any] = call.connection.execute(counted)
    return {row.item_key: row for row in rows}


def _render(call: Call, vault: Row[Any], item: Row[Any], known: Row[Any]) -> dict[str, Any]:
    facts = Facts(Points(known.number, known.oldest_at), None)
    shown = render(call, vault, item, item.policy_name or "", facts)
    told = {name: value for name, value in shown["properties"].items() if name not in _LATER}
    return shown | {"properties": told | {"lastRecoveryPoint": wire(known.newest_at)}}


@endpoint(
    "GET",
    f"{ITEM}/recoveryPoints/",
    "RecoveryPointsCrr_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_points(call: Call) -> Answer:
    """List the recovery points of an item that are in the secondary region, newest first."""
    vault, item = item_of(call)
    until = replicated_until(call, vault)
    traits_of(item)
    is_there = replication.is_replicated(until, call.now)
    return points.answer(call, vault, item, point_there, is_there, logs_until=until)


def point_there(call: Call, vault: Row[Any], item: Row[Any], point: Row[Any]) -> dict[str, Any]:
    """Show a point without its snapshot, which never leaves its region."""
    bare: Any = SimpleNamespace(**(point._asdict() | {"snapshot_valid": False, "opened_at": None}))
    shown = points.render(call, vault, item, bare)
    told = shown["properties"]
    tiers = [tier for tier in told["recoveryPointTierDetails"] if tier["type"] != points.SNAPSHOT]
    there = {"recoveryPointTierDetails": tiers, **traits_of(item).point}
    return shown | {"properties": told | there}


ENDPOINTS = (list_items, list_points)
