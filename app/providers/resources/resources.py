"""Resources whatever their type: lists of what a resource group or a subscription holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import JSON, Row, Select, literal, select, union_all

from ...arm import filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain import resource_ids, tags
from ...domain.errors import Refused, invalid
from ...domain.instants import wire
from ...domain.resource_ids import VAULT_TYPE
from ...store.tables import resource_groups, resources, restore_point_collections, vaults
from ...store.vaults import get_group

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
    """List what a resource group holds: vaults, VMs, disks, collections of restore points."""
    return _list(call, [get_group(call.connection, call.subscription, call.group).folded])


@endpoint(
    "GET", "/subscriptions/{subscriptionId}/resources", "Resources_List", tag=TAG, query=_QUERY
)
def list_in_subscription(call: Call) -> Answer:
    """List what a subscription holds: vaults, VMs, disks, collections of restore points."""
    return _list(
        call,
        select(resource_groups.c.folded).where(
            resource_groups.c.subscription == call.subscription.lower()
        ),
    )


def _list(call: Call, groups: Sequence[str] | Select[Any]) -> Answer:
    terms = read_filter(call, _FILTERS)
    shown = _expanded(call)
    rows = [row for row in _rows(call, groups) if _wanted(row, terms)]
    return page(call, rows, lambda row: _render(row, shown), lambda row: [row.folded])


def _rows(call: Call, groups: Sequence[str] | Select[Any]) -> Sequence[Row[Any]]:
    """Return what some groups hold, by id; a filter may need all of it."""
    collections = restore_point_collections.c
    held = union_all(
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
        ).where(resources.c.group_folded.in_(groups)),
        select(
            collections.folded,
            collections.id,
            collections.location,
            literal({}, JSON),
            collections.created_at,
            collections.created_at,
        ).where(collections.group_folded.in_(groups)),
    ).subquery()
    found = select(held).order_by(held.c.folded)
    start = after(call, str)
    if start is not None:
        found = found.where(held.c.folded > start[0])
    if not call.query.get("$filter"):
        found = found.limit(row_limit(call))
    return call.connection.execute(found).all()


def _identity(row: Row[Any]) -> resource_ids.ResourceId:
    found = resource_ids.parse(row.id)
    assert found is not None
    return found


def _tags(row: Row[Any]) -> dict[str, str]:
    document: dict[str, Any] = row.document
    return document if _identity(row).type == VAULT_TYPE else document.get("tags", {})


def _wanted(row: Row[Any], terms: dict[str, str]) -> bool:
    found = _identity(row)
    own = {
        "resourceType": found.type,
        "resourceGroup": found.group,
        "name": found.name,
        "location": row.location,
    }
    matched = all(value.lower() == terms.get(key, value).lower() for key, value in own.items())
    tag = terms.get("tagName")
    return matched and (tag is None or tags.match(_tags(row), tag, terms.get("tagValue")))


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


# --- what every list of this provider takes ----------------------------------------------


def read_filter(call: Call, allowed: Collection[str]) -> dict[str, str]:
    """Return the terms of ``$filter``. Raises ``Refused`` with ARM's code."""
    try:
        terms = filters.read(call.query.get("$filter"), allowed)
    except Refused as refusal:
        raise invalid(
            "InvalidFilterInQueryString", refusal.message, target=refusal.target
        ) from None
    if "tagValue" in terms and "tagName" not in terms:
        raise invalid(
            "InvalidFilterInQueryString", "$filter: tagValue needs a tagName.", target="$filter"
        )
    return terms


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
