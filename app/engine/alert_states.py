"""What users make of alerts: the state they give them, and why."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from ..domain.alerts import Modification
from ..store.alert_tables import alert_changes, alerts


def change(
    connection: Connection, alert: Row[Any], state: str, now: int, *, by: str, comment: str | None
) -> None:
    """Give an alert a state; one that it has already is only noted with a comment."""
    if state == alert.state and not comment:
        return
    own = alerts.c.alert_id == alert.alert_id
    connection.execute(update(alerts).where(own).values(state=state, changed_at=now, changed_by=by))
    note(
        connection,
        alert,
        Modification.STATE,
        now,
        old=alert.state,
        new=state,
        by=by,
        comment=comment,
    )


def note(
    connection: Connection,
    alert: Row[Any],
    event: str,
    now: int,
    *,
    old: str | None = None,
    new: str | None = None,
    by: str,
    comment: str | None = None,
) -> None:
    """Write into an alert's history what was done to it."""
    earlier = connection.execute(
        select(func.max(alert_changes.c.ordinal)).where(alert_changes.c.alert_id == alert.alert_id)
    ).scalar()
    connection.execute(
        insert(alert_changes).values(
            alert_id=alert.alert_id,
            ordinal=0 if earlier is None else earlier + 1,
            subscription=alert.subscription,
            changed_at=now,
            changed_by=by,
            event=event,
            old_value=old,
            new_value=new,
            comment=comment,
        )
    )
