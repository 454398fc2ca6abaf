"""What of a vault is in its secondary region (azure-backup-semantics 5.3).

Nothing is stored of it: a copy follows from when its vault opted in and when its point came to the
vault. Only the vault tier is copied. What asks for a copy asks here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, not_, or_, select

from ..domain.outages import Outages
from ..domain.regions import SECONDARY_REGION, SECONDARY_VERSION
from ..domain.vault_settings import is_cross_region
from ..store.tables import items, recovery_points
from ..store.vaults import CROSS_REGION_SINCE
from ..workloads.table import WORKLOADS
from .rules import Rules

NOTHING = -1
"""Before every instant of a world: nothing is replicated up to here."""
REPLICATED = tuple(each.name for each in WORKLOADS.values() if each.cross_region is not None)
"""The workloads whose points are in the secondary region."""


def secondary_of(vault: Row[Any]) -> str | None:
    """Return the region that a vault restores to beside its own, ``None`` without an opt-in."""
    return SECONDARY_REGION.get(vault.location) if is_cross_region(vault.properties) else None


def is_asked_of_secondary(vault: Row[Any], version: str) -> bool:
    """Tell whether a path that both regions of a vault have is asked of the secondary one.

    Only the version tells: that of the client for the secondary region.
    """
    return version == SECONDARY_VERSION and secondary_of(vault) is not None


def replicated_until(outages: Outages, rules: Rules, vault: Row[Any], now: int) -> int:
    """Return up to when what came to a vault is in its secondary region at an instant.

    A copy takes ``replication_lag``; none can be seen until ``cross_region_delay`` after the
    opt-in (a vault of an older world had it from its beginning). Both regions work at either:
    it stands still while one of them is down.
    """
    secondary = secondary_of(vault)
    if secondary is None:
        return NOTHING
    regions = (vault.location, secondary)
    since: int = vault.hidden.get(CROSS_REGION_SINCE, vault.created_at)
    if outages.begins_of(rules.cross_region_delay, regions, now) < since:
        return NOTHING
    return max(outages.begins_of(rules.replication_lag, regions, now), NOTHING)


def is_replicated(until: int, now: int) -> ColumnElement[bool]:
    """Return the condition that a recovery point is in the secondary region.

    ``until`` is up to when its vault is replicated. A point in the archive is left out, unless it
    is rehydrated, and so is one that a shorter retention has lost.
    """
    point = recovery_points.c
    is_there = or_(point.archived_at.is_(None), point.rehydrated_until > now)
    return and_(point.vaulted_at <= until, is_there, not_(point.soft_deleted))


def has_copy(until: int, now: int) -> ColumnElement[bool]:
    """Return the condition that an item has a recovery point in the secondary region."""
    there = select(recovery_points.c.item_key).where(
        recovery_points.c.item_key == items.c.key, is_replicated(until, now)
    )
    return and_(items.c.workload.in_(REPLICATED), there.exists())
