"""Which recovery points of databases stay because others are of no use without them.

While backups come in, ``streamed_backups`` keeps this up to date; here it is judged anew, after a
policy was edited or another one chosen.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    exists,
    func,
    null,
    or_,
    select,
    update,
)

from ..domain.policies import DIFFERENTIAL, FULL, INCREMENTAL
from ..store.tables import items, recovery_points
from .streamed_backups import DEPENDENTS_WITHIN

_POINT = recovery_points.c
_other = recovery_points.alias()
_between = recovery_points.alias()
_AFTER = and_(
    _other.c.item_key == _POINT.item_key,
    _other.c.taken_at > _POINT.taken_at,
    _other.c.taken_at < _POINT.taken_at + DEPENDENTS_WITHIN,
)
_ON_FULL = and_(_AFTER, _other.c.base_at == _POINT.taken_at)
# An incremental backup needs all since the last differential one.
_ON_DELTA = and_(
    _AFTER,
    _other.c.base_at == _POINT.base_at,
    _other.c.backup_type == INCREMENTAL,
    ~exists(
        select(_between.c.taken_at)
        .where(
            _between.c.item_key == _POINT.item_key,
            _between.c.taken_at > _POINT.taken_at,
            _between.c.taken_at < _other.c.taken_at,
            _between.c.backup_type == DIFFERENTIAL,
        )
        .correlate(recovery_points, _other)
    ),
)


def _longest(on: ColumnElement[bool]) -> ColumnElement[Any]:
    longest = select(func.max(_other.c.expires_at)).where(on)
    return longest.correlate(recovery_points).scalar_subquery()


def renew(connection: Connection, keys: Select[Any]) -> None:
    """Judge anew until when the points of some items are needed."""
    of = _POINT.item_key.in_(keys)
    keep = select(items.c.log_keep_micros).where(items.c.key == _POINT.item_key).scalar_subquery()
    connection.execute(
        update(recovery_points)
        .where(of, _POINT.backup_type == FULL)
        .values(needed_until=_greater(_longest(_ON_FULL), _POINT.logs_until + keep))
    )
    connection.execute(
        update(recovery_points)
        .where(of, _POINT.base_at.is_not(None))
        .values(needed_until=_longest(_ON_DELTA))
    )
    later = case(
        (_POINT.needed_until > _POINT.expires_at, _POINT.needed_until), else_=_POINT.expires_at
    )
    connection.execute(
        update(recovery_points)
        .where(of, _POINT.backup_type.is_not(None), _POINT.sweep_at.is_not(None))
        .values(sweep_at=later)
    )


def _greater(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    return case(
        (and_(left.is_(None), right.is_(None)), null()),
        (or_(left.is_(None), left < right), right),
        else_=left,
    )
