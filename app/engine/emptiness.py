"""Whether a world is as it began: nothing is in it, and no time has passed."""

from __future__ import annotations

from sqlalchemy import Connection, exists, or_, select

from ..store.subscription_rows import tables
from . import clock


def is_new(connection: Connection) -> bool:
    """Tell whether a world holds nothing yet and its clock stands at the start time."""
    state = clock.read(connection)
    if state.settled_at != state.started_at or state.now(clock.real_now()) != state.started_at:
        return False
    anything = or_(*(exists(select(1).select_from(each)) for each in tables()))
    return not connection.execute(select(anything)).scalar()
