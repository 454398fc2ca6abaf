"""Which recovery points could be moved to the archive tier (azure-backup-semantics 4.4)."""

from __future__ import annotations

from typing import Any

import isodate
from sqlalchemy import ColumnElement, Connection, Row, String, and_, case, literal, or_, select

from ..domain.instants import DAY, after
from ..domain.policies import Policy, read
from ..store.tables import policies, recovery_points
from ..workloads.table import WORKLOADS

AGE = isodate.Duration(months=-3)
LEFT = isodate.Duration(months=6)


class Obstacle:
    """What keeps a point of a virtual machine from the archive."""

    DELETED = "deleted"
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
    reasons = [
        (or_(_POINT.tags.is_(None), ~or_(_tagged("M"), _tagged("Y"))), Obstacle.TYPE),
        (_POINT.vaulted_at.is_(None), Obstacle.SNAPSHOT),
        (_POINT.vaulted_at > after(now, AGE), Obstacle.YOUNG),
    ]
    policy = _policy_of(connection, item)
    if policy is not None:
        reasons += [
            (_is_needed(rule.tag, rule.count, now), Obstacle.NEEDED)
            for rule in policy.rules
            if rule.tag in "DW"
        ]
    if item.expiring:
        reasons.append((_POINT.expires_at < after(now, LEFT), Obstacle.SHORT))
    return case(*reasons, else_=None)


def _tagged(tag: str) -> ColumnElement[bool]:
    return _POINT.tags.contains(tag)


def _is_needed(tag: str, count: int, now: int) -> ColumnElement[bool]:
    kept = count * (7 if tag == "W" else 1) * DAY
    return and_(_tagged(tag), _POINT.taken_at > now - kept)


def _policy_of(connection: Connection, item: Row[Any]) -> Policy | None:
    if item.policy_key is None:
        return None
    document = connection.execute(
        select(policies.c.document).where(policies.c.key == item.policy_key)
    ).scalar_one()
    return read(document)
