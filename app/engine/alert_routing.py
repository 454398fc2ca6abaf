"""Where alerts go once they are raised or resolved: into the outbox, for all who are to be told.

``engine/alerts.py`` calls ``route`` in the transaction that raises or resolves them, after their
rows are written; a cohort's alerts come in one call. Built-in alerts name no action groups of
their own, so without an alert processing rule nobody is told, and nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from ..domain import alert_processing, ids
from ..domain.deliveries import State
from ..domain.documents import Document
from ..domain.receivers import Receiver, receivers_of
from ..domain.resource_ids import ACTION_GROUP_TYPE, PROCESSING_RULE_TYPE
from ..store.alert_tables import alerts as alert_rows
from ..store.delivery_tables import deliveries
from ..store.resource_tables import resources
from ..store.statements import Query
from . import events
from .alert_notices import facts_of, payload_of
from .rules import Rules

_AT_ONCE = 0
"""Due since ever: the first attempt need not wait."""
_OF_A_TYPE = Query(
    select(resources)
    .where(resources.c.type_folded == bindparam("type"))
    .order_by(resources.c.folded)
)
_SUPPRESS = (
    update(alert_rows).where(alert_rows.c.alert_id == bindparam("alert")).values(is_suppressed=True)
)


def route(connection: Connection, rules: Rules, alerts: Sequence[Row[Any]], now: int) -> None:
    """Put into the outbox whom to tell of alerts that were just raised or resolved.

    The rows are those of ``store/alert_tables.py``, oldest first. ``now`` is up to when the world
    is settled; when each alert changed is its ``changed_at``, whatever the span it was crossed in.
    """
    events.note_alerts(connection, alerts)
    processing = _OF_A_TYPE.all(connection, type=PROCESSING_RULE_TYPE.lower())
    if not processing:
        return
    properties = [row.document["properties"] for row in processing]
    told, suppressed = [], []
    for alert in alerts:
        groups = alert_processing.groups_for(
            properties, alert.target_id, facts_of(alert), alert.changed_at
        )
        if groups is None:
            suppressed.append({"alert": alert.alert_id})
        elif groups:
            told.append((alert, groups))
    if suppressed:
        connection.execute(_SUPPRESS, suppressed)
    if told:
        _send(connection, rules, told)


def _send(connection: Connection, rules: Rules, told: Iterable[tuple[Row[Any], list[str]]]) -> None:
    groups = {
        row.folded: row
        for row in _OF_A_TYPE.all(connection, type=ACTION_GROUP_TYPE.lower())
        if row.document["properties"].get("enabled", True)
    }
    rows = []
    for alert, named in told:
        body = json.dumps(payload_of(alert), ensure_ascii=False, separators=(",", ":"))
        for group in (groups[each] for each in named if each in groups):
            found = receivers_of(group.document["properties"])
            rows += [
                _row(rules, alert, group, at, receiver, body) for at, receiver in enumerate(found)
            ]
    if rows:
        connection.execute(insert(deliveries), rows)


def _row(
    rules: Rules, alert: Row[Any], group: Row[Any], at: int, receiver: Receiver, body: str
) -> Document:
    sent = receiver.reason is None
    return {
        "delivery_id": ids.guid_hex(
            rules.seed,
            "delivery",
            alert.alert_id,
            alert.condition,
            group.folded,
            at,
        ),
        "subscription": alert.subscription,
        "alert_id": alert.alert_id,
        "condition": alert.condition,
        "group_folded": group.folded,
        "group_id": group.id,
        "receiver": receiver.name,
        "kind": receiver.kind,
        "uri": receiver.uri,
        "created_at": alert.changed_at,
        "state": State.WAITING if sent else State.NOT_SENT,
        "attempts": 0,
        "due_at": _AT_ONCE if sent else None,
        "problem": None if sent else f"not sent: {receiver.reason}",
        "body": body,
    }
