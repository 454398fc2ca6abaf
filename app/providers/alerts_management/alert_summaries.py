"""How many alerts there are of what: the summary of a scope, and what alerts can be of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select

from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape
from ...domain import alerts as table
from ...domain.alerts import AlertState, Condition
from ...domain.documents import Document
from ...store.alert_tables import alerts
from .alert_filters import BOOLEANS, FILTERS, matching, one_of, scope_of, wrong

TAG = "Alerts"
_MOST_FIELDS = 2
_A = alerts.c
_FIELDS: dict[str, tuple[ColumnElement[Any] | None, Collection[str]]] = {
    "severity": (_A.severity, table.SEVERITIES),
    "alertState": (_A.state, AlertState.ALL),
    "monitorCondition": (_A.condition, Condition.ALL),
    "monitorService": (None, (table.MONITOR_SERVICE,)),
    "signalType": (None, (table.SIGNAL_TYPE,)),
    "alertRule": (_A.rule, ()),
}
"""What alerts are counted by: the column, if they differ in it, and the names always shown."""


@endpoint(
    "GET",
    "/{scope}/providers/Microsoft.AlertsManagement/alertsSummary",
    "Alerts_GetSummary",
    tag=TAG,
    query=("groupby", "includeSmartGroupsCount", *FILTERS),
    answers=Shape.RESOURCE,
)
def summary(call: Call) -> Document:
    """Count the alerts at a scope or below it, by one thing or by one and then another."""
    fields = _fields(call)
    with_groups = one_of(call, "includeSmartGroupsCount", BOOLEANS) == "true"
    columns = [column for column, _ in (_FIELDS[name] for name in fields) if column is not None]
    counted = select(func.count(), *columns).where(matching(call)).group_by(*columns)
    rows = call.connection.execute(counted).all()
    counts = [(row[0], _names(fields, row[1:])) for row in rows if row[0]]
    scope = scope_of(call)
    properties: Document = {
        "total": sum(count for count, _ in counts),
        "groupedby": fields[0],
        "values": _grouped(fields, counts),
    }
    if with_groups:
        properties["smartGroupsCount"] = 0
    return {
        "id": f"{scope.text}/providers/Microsoft.AlertsManagement/alertsSummary/current",
        "type": "Microsoft.AlertsManagement/alertsSummary",
        "name": "current",
        "properties": properties,
    }


def _fields(call: Call) -> list[str]:
    sent = call.query.get("groupby", "")
    known = {name.lower(): name for name in _FIELDS}
    wanted = [known.get(each.strip().lower()) for each in sent.split(",")]
    found = [each for each in wanted if each is not None]
    if len(found) != len(wanted) or len(found) > _MOST_FIELDS or len({*found}) != len(found):
        raise wrong("groupby", sent, f"send one or two of {', '.join(_FIELDS)}")
    return found


def _names(fields: Sequence[str], values: Sequence[Any]) -> tuple[str, ...]:
    """Return what a row is of, a name for each field."""
    left = iter(values)
    found: list[str] = []
    for name in fields:
        column, known = _FIELDS[name]
        if column is None:
            found += known
        else:
            value = next(left)
            found.append(table.severity(value) if name == "severity" else value)
    return tuple(found)


def _grouped(
    fields: Sequence[str], counts: Sequence[tuple[int, tuple[str, ...]]]
) -> list[Document]:
    """Return the counts of one level, each with those of the level below."""
    _, known = _FIELDS[fields[0]]
    names = dict.fromkeys([*known, *sorted(own[0] for _, own in counts)])
    return [_group(fields, name, counts) for name in names]


def _group(
    fields: Sequence[str], name: str, counts: Sequence[tuple[int, tuple[str, ...]]]
) -> Document:
    mine = [(count, own[1:]) for count, own in counts if own[0] == name]
    shown: Document = {"name": name, "count": sum(count for count, _ in mine)}
    if len(fields) > 1:
        shown |= {"groupedby": fields[1], "values": _grouped(fields[1:], mine)}
    return shown


@endpoint(
    "GET",
    "/providers/Microsoft.AlertsManagement/alertsMetaData",
    "Alerts_MetaData",
    tag=TAG,
    query=("identifier",),
    answers=Shape.OBJECT,
)
def metadata(call: Call) -> Document:
    """Show which monitor services alerts may be of."""
    name = one_of(call, "identifier", ("MonitorServiceList",))
    if name is None:
        raise wrong("identifier", "", "send MonitorServiceList")
    return {
        "properties": {
            "metadataIdentifier": name,
            "data": [
                {"name": each, "displayName": shown}
                for each, shown in table.MONITOR_SERVICES.items()
            ],
        }
    }


ENDPOINTS = (summary, metadata)
