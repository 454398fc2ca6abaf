"""Which recovery points could be moved to the archive tier (azure-backup-semantics 4.4)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    case,
    literal,
    or_,
    select,
)

from ..domain.archive_tier import AGE, DATABASE_AGE, LEFT
from ..domain.jobs import Phase
from ..domain.policies import FULL, Policy, VmPolicy, read
from ..store.tables import jobs, policies, recovery_points
from ..workloads.table import WORKLOADS


class Obstacle:
    """What keeps a point of a virtual machine from the archive."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    MOVING = "moving"
    TYPE = "type"
    SNAPSHOT = "snapshot"
    YOUNG = "young"
    NEEDED = "needed"
    SHORT = "short"


_POINT = recovery_points.c


def obstacle(connection: Connection, item: Row[Any], now: int) -> ColumnElement[Any]:
    """Return the column that says what keeps an item's points from the archive, null if nothing.

    Only monthly and yearly points go there, that were in the vault for three months, will be kept
    for six more, and are no longer kept by a daily or a weekly rule.
    """
    if item.deleted_at is not None:
        return literal(Obstacle.DELETED, String)
    if not WORKLOADS[item.workload].archived:
        return literal(Obstacle.TYPE, String)
    if WORKLOADS[item.workload].streaming is not None:
        return case(*_of_databases(item, now), else_=None)
    moving = points_in_phase(connection, item.key, Phase.MOVING)
    return case(
        (_POINT.soft_deleted, Obstacle.DELETED),
        (_POINT.archived_at.is_not(None), Obstacle.ARCHIVED),
        (_POINT.taken_at.in_(moving), Obstacle.MOVING),
        *ineligible(_policy_of(connection, item), now, expiring=literal(item.expiring)),
        else_=None,
    )


def ineligible(
    policy: Policy | None, now: int, *, expiring: ColumnElement[bool]
) -> list[tuple[ColumnElement[bool], str]]:
    """Return the conditions that keep points from the archive, as long as they last.

    ``policy`` is that of their items, ``None`` if there is none; ``expiring`` tells whether the
    points of an item have an end.
    """
    return [
        (or_(_POINT.tags.is_(None), ~moves(_POINT.tags)), Obstacle.TYPE),
        (_POINT.vaulted_at.is_(None), Obstacle.SNAPSHOT),
        (_POINT.vaulted_at > now - AGE, Obstacle.YOUNG),
        (_POINT.taken_at > now - dependency(policy), Obstacle.NEEDED),
        (and_(expiring, _POINT.expires_at < now + LEFT), Obstacle.SHORT),
    ]


def _of_databases(item: Row[Any], now: int) -> list[tuple[ColumnElement[bool], str]]:
    """What keeps points of databases: only full ones go, of 45 days, that nothing is based on."""
    is_needed = or_(_POINT.needed_until > now, _POINT.taken_at == item.latest_vaulted_at)
    return [
        (_POINT.backup_type != FULL, Obstacle.TYPE),
        (_POINT.vaulted_at > now - DATABASE_AGE, Obstacle.YOUNG),
        (is_needed, Obstacle.NEEDED),
        (and_(literal(item.expiring), _POINT.expires_at < now + LEFT), Obstacle.SHORT),
    ]


def moves(tags: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition for the tags of points that may go to the archive."""
    return or_(tags.contains("M"), tags.contains("Y"))


def dependency(policy: Policy | None, tags: ColumnElement[Any] = _POINT.tags) -> ColumnElement[Any]:
    """Return for how long a daily or a weekly rule of a policy keeps points of some tags."""
    rules = policy.dependencies if isinstance(policy, VmPolicy) else {}
    longest_first = sorted(rules.items(), key=lambda rule: -rule[1])
    if not longest_first:
        return literal(0, BigInteger)
    return case(
        *((tags.contains(tag), literal(length, BigInteger)) for tag, length in longest_first),
        else_=literal(0, BigInteger),
    )


def points_in_phase(connection: Connection, item_key: int, phase: str) -> list[int]:
    """Return which points of an item, by when they were taken, a user's job has in a phase."""
    running = select(jobs.c.detail).where(
        jobs.c.item_key == item_key, jobs.c.user_triggered, jobs.c.phase == phase
    )
    details = connection.execute(running).scalars()
    return [detail["taken_at"] for detail in details if detail is not None]


def _policy_of(connection: Connection, item: Row[Any]) -> Policy | None:
    if item.policy_key is None:
        return None
    document = connection.execute(
        select(policies.c.document).where(policies.c.key == item.policy_key)
    ).scalar_one()
    return read(document)
