"""What there is in a world, counted in SQL: cheap however large the world has become.

Only what an index counts, or no more than ``COUNTED`` rows of a table: a scrape must not keep
requests waiting, and a million recovery points take a fifth of a second to count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, select

from ..domain.archive_tier import ARCHIVED, HARDENED, INSTANT
from ..domain.jobs import Status
from ..store.tables import items, jobs, recovery_points, vaults
from . import windows

COUNTED = 20_000
"""How many rows of a table are counted at most."""

SNAPSHOT, VAULT, BOTH = INSTANT, HARDENED, f"{INSTANT} and {HARDENED}"

_ITEMS = select(
    case((items.c.deleted_at.is_not(None), "SoftDeleted"), else_=items.c.state).label("state")
)
_VAULTS = select(func.count()).select_from(vaults).where(vaults.c.deleted_at.is_(None))
_TIER = case(
    (recovery_points.c.archived_at.is_not(None), ARCHIVED),
    (recovery_points.c.vaulted_at.is_(None), SNAPSHOT),
    (recovery_points.c.snapshot_valid, BOTH),
    else_=VAULT,
).label("tier")


@dataclass(frozen=True, slots=True)
class Tally:
    """Numbers of rows by what they are; ``None`` where there are too many to count."""

    vaults: int
    items: Mapping[str, int]
    running_jobs: Mapping[tuple[str, str], int]
    jobs: Mapping[tuple[str, str], int] | None
    points: Mapping[str, int] | None


def count(connection: Connection) -> Tally:
    """Count a world."""
    running = select(jobs.c.operation, jobs.c.status).where(jobs.c.due_at.is_not(None))
    counted_jobs = _grouped(connection, select(jobs.c.operation, jobs.c.status), COUNTED)
    counted_points = _grouped(connection, select(_TIER), COUNTED)
    return Tally(
        vaults=connection.execute(_VAULTS).scalar_one(),
        items=_by_one(_grouped(connection, _ITEMS)),
        running_jobs=_by_two(_grouped(connection, running)),
        jobs=None if _are_too_many(counted_jobs) else _by_two(counted_jobs),
        points=None if _are_too_many(counted_points) else _by_one(counted_points),
    )


def _grouped(
    connection: Connection, found: Select[Any, Any] | Select[Any], most: int | None = None
) -> list[Any]:
    """Count rows by all they show; one more than ``most`` tells that there are too many."""
    some = (found if most is None else found.limit(most + 1)).subquery()
    return list(connection.execute(select(*some.c, func.count()).group_by(*some.c)).all())


def _are_too_many(rows: list[Any]) -> bool:
    total: int = sum(row[-1] for row in rows)
    return total > COUNTED


def _by_one(rows: list[Any]) -> dict[str, int]:
    return {name: number for name, number in rows}  # noqa: C416 - a dict of rows is not typed


def _by_two(rows: list[Any]) -> dict[tuple[str, str], int]:
    return {(one, other): number for one, other, number in rows}


def lag(connection: Connection, settled: int, now: int) -> int:
    """Return for how many virtual microseconds the first thing that is due has been waiting."""
    first = windows.due(connection, settled).first()
    return 0 if first is None else max(now - first, 0)


@dataclass(frozen=True, slots=True)
class Crossed:
    """The jobs that began in a span of time, and those of them that did not end well."""

    started: int
    unwell: list[Any]


def crossed(connection: Connection, start: int, end: int, *, unwell: bool) -> Crossed:
    """Return what began after one instant and up to another, by the index of each vault.

    ``unwell`` asks for id, operation, status and error code of failed and cancelled jobs.
    """
    span = and_(
        jobs.c.vault_key == vaults.c.key, jobs.c.started_at > start, jobs.c.started_at <= end
    )
    began = select(func.count()).select_from(vaults.join(jobs, span))
    number: int = connection.execute(began).scalar_one()
    if not unwell or not number:
        return Crossed(number, [])
    found = (
        select(jobs.c.job_id, jobs.c.operation, jobs.c.status, jobs.c.error_code)
        .select_from(vaults.join(jobs, span))
        .where(jobs.c.status.in_((Status.FAILED, Status.CANCELLED)))
        .order_by(jobs.c.started_at, jobs.c.job_id)
    )
    return Crossed(number, list(connection.execute(found).all()))
