"""What of the logs of databases is in the secondary region: their backups, a while later.

As of everything else there, nothing is stored of a copy. A backup of a log is in the vault at the
instant that it is of, so what is there follows from what the chain was like up to the instant that
the copies have come to. Since then a chain may have been settled; its stretches tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, literal, select

from ..domain.jobs import Status
from ..domain.policies import LOG
from ..store.log_tables import log_stretches
from ..store.tables import items, jobs, log_chains
from .log_chains import Range, covered, kept

_CHAIN = log_chains.c
_STRETCH = log_stretches.c


def ranges(connection: Connection, item: Row[Any], now: int, until: int) -> list[Range]:
    """Return what can be restored of a log whose backups up to an instant are there.

    Oldest first; what has expired by ``now`` is not there any more either.
    """
    chains = connection.execute(
        select(
            _CHAIN.started_at,
            _CHAIN.resumed_at,
            covered(literal(now)).label("covered_until"),
            items.c.log_every_micros.label("every_micros"),
        )
        .join(items, items.c.key == _CHAIN.item_key)
        .where(_CHAIN.item_key == item.key, _CHAIN.started_at < until)
        .order_by(_CHAIN.started_at)
    ).all()
    if not chains:
        return []
    past = connection.execute(
        select(log_stretches).where(_STRETCH.item_key == item.key, _STRETCH.resumed_at < until)
    ).all()
    asked = _last_on_demand(connection, item, until)
    found = [Range(chain.started_at, _copied_until(chain, past, asked, until)) for chain in chains]
    return kept(connection, item, found, now)


def _last_on_demand(connection: Connection, item: Row[Any], until: int) -> int:
    """Return when the last backup of a log that a user asked for ended, 0 if there was none."""
    ended: int | None = connection.execute(
        select(func.max(jobs.c.ended_at)).where(
            jobs.c.item_key == item.key,
            jobs.c.user_triggered,
            jobs.c.backup_type == LOG,
            jobs.c.status == Status.COMPLETED,
            jobs.c.ended_at <= until,
        )
    ).scalar()
    return ended or 0


def _copied_until(chain: Row[Any], past: Sequence[Row[Any]], asked: int, until: int) -> int:
    """Return the latest backup of a chain up to an instant."""
    if chain.covered_until <= until:
        return int(chain.covered_until)
    # Chains of an item follow each other: what is later than the beginning of this one is its own.
    started_at: int = chain.started_at
    return max(started_at, asked, *(_latest(each, until) for each in (*past, chain)))


def _latest(stretch: Row[Any], until: int) -> int:
    """Return the latest backup of a stretch up to an instant, 0 if there was none."""
    if stretch.covered_until <= until:
        return int(stretch.covered_until)
    every: int | None = stretch.every_micros
    latest = 0 if every is None else until // every * every
    return latest if latest > stretch.resumed_at else 0
