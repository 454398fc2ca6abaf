"""What Resource Graph knows of alerts: those of the last thirty days."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import select

from ...arm.calls import Call
from ...domain.alerts import KEPT
from ...engine.alert_documents import render
from ...store.alert_tables import alerts
from ...store.metadata import Document


def graph_rows(call: Call, subscriptions: Collection[str]) -> Iterator[Document]:
    """Yield the alerts of some subscriptions, or of all."""
    found = select(alerts).where(alerts.c.fired_at > call.now - KEPT).order_by(alerts.c.alert_id)
    if subscriptions:
        found = found.where(alerts.c.subscription.in_(sorted(subscriptions)))
    for alert in call.connection.execute(found).all():
        yield render(alert, context=True)
