"""Alerts: listed, read, and given another state by users (Microsoft.AlertsManagement).

Sources: Microsoft's client azure-mgmt-alertsmanagement 1.0.1 and the REST reference. Alerts lie in
their subscription; a list at a scope shows those whose target is there or below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Row, and_, or_, select

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, link_to
from ...arm.shapes import Shape
from ...domain import alerts as table
from ...domain import ids
from ...domain.alerts import AlertState, Modification
from ...domain.documents import Document
from ...domain.errors import not_found
from ...domain.instants import wire
from ...engine import alert_states
from ...engine.alert_documents import alert_id, render
from ...store.alert_tables import alert_changes, alerts
from .alert_filters import BOOLEANS, FILTERS, matching, one_of, scope_of, selected, wrong

TAG = "Alerts"
ALERTS = "/{scope}/providers/Microsoft.AlertsManagement/alerts"
ALERT = f"{ALERTS}/{{alertId}}"
PAGE, LARGEST_PAGE, LARGEST_WITH_CONTEXT = 25, 250, 25
NOBODY = "unknown"
"""Who changes an alert where the server asks nobody who he is."""

_ESSENTIALS = (
    "severity", "signalType", "alertState", "monitorCondition", "targetResource",
    "targetResourceName", "targetResourceGroup", "targetResourceType", "monitorService",
    "alertRule", "sourceCreatedId", "smartGroupId", "smartGroupingReason", "startDateTime",
    "lastModifiedDateTime", "monitorConditionResolvedDateTime", "lastModifiedUserName",
    "actionStatus", "description",
)  # fmt: skip
_A = alerts.c
_SORTS: dict[str, tuple[ColumnElement[Any], Callable[[Row[Any]], Any], type]] = {
    "name": (_A.rule, lambda row: row.rule, str),
    "severity": (_A.severity, lambda row: row.severity, int),
    "alertState": (_A.state, lambda row: row.state, str),
    "monitorCondition": (_A.condition, lambda row: row.condition, str),
    "targetResource": (_A.target_folded, lambda row: row.target_folded, str),
    "targetResourceName": (_A.target_folded, lambda row: row.target_folded, str),
    "targetResourceGroup": (_A.target_folded, lambda row: row.target_folded, str),
    "targetResourceType": (_A.target_folded, lambda row: row.target_folded, str),
    "startDateTime": (_A.fired_at, lambda row: row.fired_at, int),
    "lastModifiedDateTime": (_A.changed_at, lambda row: row.changed_at, int),
}


class CommentsBody(Body):
    """Why an alert is given another state."""

    EXAMPLE = {"comments": "Looked at; the VM is being rebuilt."}

    comments: str | None = Field(default=None, max_length=1000)


@endpoint(
    "GET",
    ALERTS,
    "Alerts_GetAll",
    tag=TAG,
    query=(
        *FILTERS, "smartGroupId", "includeContext", "includeEgressConfig", "pageCount", "sortBy",
        "sortOrder", "select", "$skipToken",
    ),
)  # fmt: skip
def list_(call: Call) -> Answer:
    """List the alerts at a scope or below it: of the last day, unless timeRange says otherwise."""
    where = matching(call)
    with_context = one_of(call, "includeContext", BOOLEANS) == "true"
    one_of(call, "includeEgressConfig", BOOLEANS)
    wanted = selected(call, _ESSENTIALS)
    sort = one_of(call, "sortBy", _SORTS) or "lastModifiedDateTime"
    descending = one_of(call, "sortOrder", ("asc", "desc")) != "asc"
    most = _page_size(call, with_context=with_context)
    column, value_of, kind = _SORTS[sort]
    start = after(call, kind, str)
    if start is not None:
        where = and_(where, _beyond(column, start, descending=descending))
    order = (column.desc(), _A.alert_id.desc()) if descending else (column, _A.alert_id)
    found = select(alerts).where(where).order_by(*order).limit(most + 1)
    rows = [] if call.query.get("smartgroupid") else call.connection.execute(found).all()
    shown = rows[:most]
    body: Document = {
        "value": [_narrowed(render(row, context=with_context), wanted) for row in shown]
    }
    if len(rows) > most:
        body["nextLink"] = link_to(call, [value_of(shown[-1]), shown[-1].alert_id])
    return Answer(body=body)


def _beyond(
    column: ColumnElement[Any], start: tuple[Any, ...], *, descending: bool
) -> ColumnElement[bool]:
    """Return the condition that a row comes after the last one of the page before."""
    value, own = start
    if descending:
        return or_(column < value, and_(column == value, _A.alert_id < own))
    return or_(column > value, and_(column == value, _A.alert_id > own))


def _page_size(call: Call, *, with_context: bool) -> int:
    sent = call.query.get("pagecount")
    if not sent:
        return PAGE
    most = LARGEST_WITH_CONTEXT if with_context else LARGEST_PAGE
    size = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 4 else 0
    if not 1 <= size <= most:
        raise wrong("pageCount", sent, f"send a number from 1 to {most}")
    return size


def _narrowed(document: Document, wanted: list[str] | None) -> Document:
    if wanted is not None:
        known = document["properties"]["essentials"]
        document["properties"]["essentials"] = {
            name: known[name] for name in wanted if name in known
        }
    return document


@endpoint("GET", ALERT, "Alerts_GetById", tag=TAG)
def get(call: Call) -> Document:
    """Show an alert of the last thirty days, with its context."""
    return render(_find(call), context=True)


def _find(call: Call) -> Row[Any]:
    """Return the alert that the path names. Raises ``Refused``."""
    scope, name = scope_of(call), call.path["alertId"]
    own = ids.parse_guid(name)
    found = None
    if own is not None:
        found = call.connection.execute(
            select(alerts).where(
                _A.alert_id == own,
                _A.subscription == scope.subscription,
                _A.fired_at > call.now - table.KEPT,
            )
        ).first()
    outside = scope.group is not None and (
        found is None or not f"{found.target_folded}/".startswith(f"{scope.folded}/")
    )
    if found is None or outside:
        raise not_found(
            "AlertNotFound",
            f"There is no alert '{name}' at this scope; alerts are kept for 30 days.",
        )
    return found


@endpoint(
    "POST",
    f"{ALERT}/changestate",
    "Alerts_ChangeState",
    tag=TAG,
    body=CommentsBody,
    optional_body=True,
    query=("newState",),
    answers=Shape.RESOURCE,
)
def change_state(call: Call, body: CommentsBody | None) -> Document:
    """Give an alert another state, and say why: newState is New, Acknowledged or Closed."""
    alert = _find(call)
    state = one_of(call, "newState", AlertState.ALL)
    if state is None:
        raise wrong("newState", "", f"send one of {', '.join(AlertState.ALL)}")
    alert_states.change(
        call.connection,
        alert,
        state,
        call.now,
        by=NOBODY if call.caller is None else call.caller.name,
        comment=None if body is None else body.comments,
    )
    return render(_find(call), context=True)


@endpoint("GET", f"{ALERT}/history", "Alerts_GetHistory", tag=TAG, answers=Shape.RESOURCE)
def history(call: Call) -> Document:
    """Show what became of an alert, the latest first."""
    alert = _find(call)
    noted = call.connection.execute(
        select(alert_changes)
        .where(alert_changes.c.alert_id == alert.alert_id)
        .order_by(alert_changes.c.ordinal)
    ).all()
    events = [_born(alert), *_resolved(alert), *((each.changed_at, _noted(each)) for each in noted)]
    # What happens at one instant stands in the order in which it happened.
    in_order = sorted(events, key=lambda event: event[0])
    return {
        "id": f"{alert_id(alert)}/history/default",
        "type": f"{table.ALERT_TYPE}/history",
        "name": "default",
        "properties": {
            "alertId": ids.guid(alert.alert_id),
            "modifications": [shown for _, shown in reversed(in_order)],
        },
    }


def _event(
    at: int, event: str, old: str | None, new: str | None, by: str, comment: str | None = None
) -> Document:
    return {
        "modificationEvent": event,
        "oldValue": old or "",
        "newValue": new or "",
        "modifiedAt": wire(at),
        "modifiedBy": by,
        "comments": comment or "",
        "description": "",
    }


def _born(alert: Row[Any]) -> tuple[int, Document]:
    made = _event(alert.fired_at, Modification.CREATED, None, None, table.SYSTEM)
    return alert.fired_at, made


def _resolved(alert: Row[Any]) -> list[tuple[int, Document]]:
    at = alert.resolved_at
    if at is None:
        return []
    fired, resolved = table.Condition.ALL
    return [(at, _event(at, Modification.CONDITION, fired, resolved, table.SYSTEM))]


def _noted(change: Row[Any]) -> Document:
    return _event(
        change.changed_at,
        change.event,
        change.old_value,
        change.new_value,
        change.changed_by,
        change.comment,
    )


ENDPOINTS = (list_, get, change_state, history)
