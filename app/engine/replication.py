"""What of a vault is in its secondary region (azure-backup-semantics 5.3).

Nothing is stored of it: a copy follows from when its vault opted in and when its point came to the
vault. Only the vault tier is copied. What asks for a copy asks here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_

from ..domain.regions import SECONDARY_REGION
from ..domain.vault_settings import is_cross_region
from ..store.tables import recovery_points
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


def replicated_until(_connection: Connection, rules: Rules, vault: Row[Any], now: int) -> int:
    """Return up to when what came to a vault is in its secondary region at an instant.

    A copy takes ``replication_lag``; none can be seen until ``cross_region_delay`` after the
    opt-in (a vault of an older world had it from its beginning).
    """
    if secondary_of(vault) is None:
        return NOTHING
    since: int = vault.hidden.get(CROSS_REGION_SINCE, vault.created_at)
    if now < since + rules.cross_region_delay:
        return NOTHING
    return max(now - rules.replication_lag, NOTHING)


def is_replicated(until: int) -> ColumnElement[bool]:
    """Return the condition that a recovery point is in the secondary region.

    ``until`` is up to when its vault is replicated. A point that is only in the archive would be
    left out here: there is none yet.
    """
    point = recovery_points.c
    return and_(point.vaulted_at.is_not(None), point.vaulted_at <= until)
