"""Resources whatever their type: lists of what a resource group or a subscription holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Row, Select, Subquery, literal, select, union_all

from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain import resource_ids
from ...domain.errors import invalid
from ...domain.instants import wire
from ...domain.resource_ids import VAULT_TYPE
from ...domain.resource_types import UNLISTED
from ...store.resource_tables import resource_groups, resources
from ...store.tables import restore_point_collections, vaults
from ...store.vaults import get_group
from . import resource_filters
from .resource_filters import Term

TAG = "Resource groups"

_FILTERS = ("resourceType", "resourceGroup", "name", "location", "tagName", "tagValue")
_EXPANDABLE = ("createdTime", "changedTime", "provisioningState")
_QUERY = ("$filter", "$expand", "$top")


@endpoint(
    "GET",
    "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/resources",
    "Resources_ListByResourceGroup",
    tag=TAG,
    query=_QUERY,
)
def list_in_group(call: Call) -> Answer:
    """List what a resource group holds, of every type."""
    return _list(call, [get_group(call.connection, call.subscription, call.group).folded])


@endpoint(
    "GET", "/subscriptions/{subscriptionId}/resources", "Resources_List", tag=TAG, query=_QUERY
)
def list_in_subscription(call: Call) -> Answer:
    """List what a subscription holds, of every type."""
    return _list(
        call,
        select(resource_groups.c.folded).where(
            resource_groups.c.subscription == call.subscription.lower()
        ),
    )


def _list(call: Call, groups: Sequence[str] | Select[Any]) -> Answer:
    terms = resource_filters.read(call, _FILTERS)
    shown = _expanded(call)
    rows = [row for row in _rows(call, groups) if _wanted(row, terms)]
    return page(call, rows, lambda row: _render(row, shown), lambda row: [row.folded])


def ids_in_group(connection: Connection, group_folded: str) -> list[str]:
    """Return the ids of what lies in a group itself, and not in another resource."""
    held = _held([group_folded])
    found = connection.execute(select(held.c.id).order_by(held.c.folded)).scalars()
    return [each for each in found if resource_ids.parse(each) is not None]


def _rows(call: Call, groups: Sequence[str] | Select[Any]) -> Sequence[Row[Any]]:
    """Return what some groups hold, by id; a filter may need all of it."""
    held = _held(groups)
    found = select(held).order_by(held.c.folded)
    start = after(call, str)
    if start is not None:
        found = found.where(held.c.folded > start[0])
    if not call.query.get("$filter"):
        found = found.limit(row_limit(call))
    return call.connection.execute(found).all()


def _held(groups: Sequence[str] | Select[Any]) -> Subquery:
    collections = restore_point_collections.c
    return union_all(
        select(
            vaults.c.folded,
            vaults.c.id,
            vaults.c.location,
            vaults.c.tags.label("document"),
            vaults.c.created_at,
            vaults.c.changed_at,
        ).where(vaults.c.group_folded.in_(groups), vaults.c.deleted_at.is_(None)),
        select(
            resources.c.folded,
            resources.c.id,
            resources.c.location,
            resources.c.document,
            resources.c.created_at,
            resources.c.changed_at,
        ).where(
            resources.c.group_folded.in_(groups),
            resources.c.type_folded.not_in(sorted(UNLISTED)),
        ),
        select(
            collections.folded,
            collections.id,
            collections.location,
            literal({}, JSON),
            collections.created_at,
            collections.created_at,
        ).where(collections.group_folded.in_(groups)),
    ).subquery()


def _identity(row: Row[Any]) -> resource_ids.ResourceId:
    found = resource_ids.parse_nested(row.id)
    assert found is not None
    return found


def _tags(row: Row[Any]) -> dict[str, str]:
    document: dict[str, Any] = row.document
    return document if _identity(row).type == VAULT_TYPE else document.get("tags", {})


def _wanted(row: Row[Any], terms: list[Term]) -> bool:
    found = _identity(row)
    own = {
        "resourceType": found.type,
        "resourceGroup": found.group,
        "name": found.name,
        "location": row.location,
    }
    matched = all(each.holds(own[each.key]) for each in terms if each.key in own)
    return matched and resource_filters.tagged(_tags(row), terms)


def _render(row: Row[Any], shown: Collection[str]) -> dict[str, Any]:
    found = _identity(row)
    extra = {
        "createdTime": wire(row.created_at),
        "changedTime": wire(row.changed_at),
        "provisioningState": "Succeeded",
    }
    document: dict[str, Any] = {
        "id": row.id,
        "name": found.name,
        "type": found.type,
        "location": row.location,
        **{key: extra[key] for key in shown},
    }
    own = _tags(row)
    if own:
        document["tags"] = own
    return document


def _expanded(call: Call) -> list[str]:
    by_folded = {name.lower(): name for name in _EXPANDABLE}
    asked = [part.strip() for part in call.query.get("$expand", "").split(",") if part.strip()]
    for name in asked:
        if name.lower() not in by_folded:
            raise invalid(
                "InvalidExpandInQueryString",
                f"$expand: '{name}' is not known; allowed: {', '.join(_EXPANDABLE)}.",
                target="$expand",
            )
    return [by_folded[name.lower()] for name in asked]


ENDPOINTS = (list_in_group, list_in_subscription)
