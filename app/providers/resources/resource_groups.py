"""Resource groups: created, changed, listed, and deleted with all they hold."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from pydantic import Field
from sqlalchemy import Row, insert, select, update

from ...arm import async_operations
from ...arm.bodies import Body, demands
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...arm.shapes import Shape
from ...domain import ids, tags
from ...domain.errors import Kind, Refused, conflict, invalid
from ...domain.instants import SECOND
from ...domain.locations import required_location
from ...domain.resource_ids import group_id, is_group_name
from ...engine import group_lifecycle, operations
from ...store.resource_tables import resource_groups
from ...store.vaults import get_group
from . import resource_filters, resources

GROUPS = "/subscriptions/{subscriptionId}/resourceGroups"
GROUP = f"{GROUPS}/{{resourceGroupName}}"
RESULT = "/subscriptions/{subscriptionId}/operationresults/{operationId}"
TAG = resources.TAG

DELETION = "group-delete"
DELETE_TAKES = 10 * SECOND


class ResourceGroupBody(Body):
    """A resource group to create, or to give other tags."""

    EXAMPLE = {"location": "westeurope"}
    model_config = demands("location")

    location: str | None = Field(
        None, max_length=90, description="A region; fixed once set", examples=["westeurope"]
    )
    tags: dict[str, str] = Field(default_factory=dict, examples=[{"env": "test"}])


class ResourceGroupPatch(Body):
    """What to change of a resource group."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = Field(
        None, description="Replaces all tags", examples=[{"env": "test"}]
    )


@endpoint(
    "PUT",
    GROUP,
    "ResourceGroups_CreateOrUpdate",
    tag=TAG,
    body=ResourceGroupBody,
    statuses=(200, 201),
)
def create_or_update(call: Call, body: ResourceGroupBody) -> Answer:
    """Create a resource group, or replace the tags of one that exists."""
    _check_name(call.group)
    location = required_location(body.location, "ResourceGroup", "resource group")
    tags.check(body.tags)
    group = _find(call)
    if group is None:
        _insert(call, location, body.tags)
        return Answer(201, render(_get(call)))
    if location != group.location:
        raise conflict(
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{body.location}'. The Resource group already "
            f"exists in location '{group.location}'.",
            target="location",
        )
    _set_tags(call, body.tags)
    return Answer(200, render(_get(call)))


def _insert(call: Call, location: str, wanted: dict[str, str]) -> None:
    subscription = call.subscription.lower()
    call.connection.execute(
        insert(resource_groups).values(
            folded=_folded(call),
            id=group_id(subscription, call.group),
            subscription=subscription,
            name=call.group,
            location=location,
            tags=wanted,
        )
    )


@endpoint("GET", GROUP, "ResourceGroups_Get", tag=TAG)
def get(call: Call) -> dict[str, Any]:
    """Show a resource group."""
    return render(_get(call))


@endpoint("HEAD", GROUP, "ResourceGroups_CheckExistence", tag=TAG, statuses=(204, 404))
def check_existence(call: Call) -> Answer:
    """Tell whether a resource group exists."""
    return Answer(404 if _find(call) is None else 204)


@endpoint("PATCH", GROUP, "ResourceGroups_Update", tag=TAG, body=ResourceGroupPatch)
def patch(call: Call, body: ResourceGroupPatch) -> dict[str, Any]:
    """Change the tags of a resource group."""
    _get(call)
    if body.tags is not None:
        tags.check(body.tags)
        _set_tags(call, body.tags)
    return render(_get(call))


@endpoint(
    "DELETE",
    GROUP,
    "ResourceGroups_Delete",
    tag=TAG,
    statuses=(202,),
    query=("forceDeletionTypes",),
)
def delete(call: Call) -> Answer:
    """Delete a resource group with all it holds, unless a vault in it still protects something."""
    group = _get(call)
    blocked = group_lifecycle.blockers(call.connection, call.rules, group.folded)
    if blocked:
        raise _deletion_blocked(group, blocked)
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=group.folded,
        kind=DELETION,
        now=call.now,
        ends_at=call.now + DELETE_TAKES,
    )
    group_lifecycle.remove(call.connection, call.rules, group, call.now)
    return Answer(202, headers=poll(call, operation))


def _deletion_blocked(group: Row[Any], blocked: list[tuple[str, str]]) -> Refused:
    prefix = f"{group.id}/providers/"
    names = ", ".join(f"'{each.removeprefix(prefix)}'" for each, _ in blocked)
    return Refused(
        Kind.CONFLICT,
        "ResourceGroupDeletionBlocked",
        f"Deletion of resource group '{group.name}' failed as resources with identifiers {names} "
        "could not be deleted. Nothing of it was deleted; details name what is in the way.",
        target=group.id,
        details=[
            conflict(
                "ResourceDeletionBlocked", f"'{each}' cannot be deleted as {reason}.", target=each
            )
            for each, reason in blocked
        ],
    )


def poll(call: Call, operation: operations.Operation) -> dict[str, str]:
    """Return the headers that lead to the result of what was begun on a group."""
    # Only a Location: ARM's group deletions have no Azure-AsyncOperation.
    name = ids.guid(operation.operation_id)
    path = f"/subscriptions/{call.subscription.lower()}/operationresults/{name}"
    return {
        "Location": f"{call.base_url}{path}?api-version={call.api_version}",
        "Retry-After": async_operations.retry_after(call, operation),
    }


def _scope(call: Call) -> str:
    return f"/subscriptions/{call.subscription}"


@endpoint(
    "GET",
    RESULT,
    "ResourceGroups_GetOperationResult",
    tag=TAG,
    statuses=(200, 202, 204),
    answers=Shape.NOTHING,
)
def operation_result(call: Call) -> Answer:
    """Poll a deletion or a move: 202 while it runs, then 200, or 204 after a move."""
    operation = async_operations.find(call, _scope(call))
    if operation.is_over(call.now):
        return Answer(200 if operation.kind == DELETION else 204)
    return Answer(
        202, headers=poll(call, operation), waiting=async_operations.waiting_for(operation)
    )


@endpoint("GET", GROUPS, "ResourceGroups_List", tag=TAG, query=("$filter", "$top"))
def list_groups(call: Call) -> Answer:
    """List the resource groups of a subscription, all or those with a tag."""
    terms = resource_filters.read(call, ("tagName", "tagValue"))
    rows = [row for row in _rows(call) if resource_filters.tagged(row.tags, terms)]
    return page(call, rows, render, lambda row: [row.folded])


def _rows(call: Call) -> list[Row[Any]]:
    found = (
        select(resource_groups)
        .where(resource_groups.c.subscription == call.subscription.lower())
        .order_by(resource_groups.c.folded)
    )
    start = after(call, str)
    if start is not None:
        found = found.where(resource_groups.c.folded > start[0])
    if not call.query.get("$filter"):
        found = found.limit(row_limit(call))
    return list(call.connection.execute(found).all())


# --- rows --------------------------------------------------------------------------------


def _folded(call: Call) -> str:
    return group_id(call.subscription, call.group).lower()


def _find(call: Call) -> Row[Any] | None:
    return call.connection.execute(
        select(resource_groups).where(resource_groups.c.folded == _folded(call))
    ).first()


def _get(call: Call) -> Row[Any]:
    return get_group(call.connection, call.subscription, call.group)


def _set_tags(call: Call, wanted: dict[str, str]) -> None:
    call.connection.execute(
        update(resource_groups).where(resource_groups.c.folded == _folded(call)).values(tags=wanted)
    )


def render(group: Row[Any]) -> dict[str, Any]:
    """Return what a resource group shows."""
    document = {
        "id": group.id,
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
        "tags": group.tags,
        "properties": {"provisioningState": "Succeeded"},
    }
    if not group.tags:
        del document["tags"]
    return document


def graph_rows(call: Call, subscriptions: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield what Resource Graph knows of the groups of some subscriptions, or of all."""
    found = select(resource_groups).order_by(resource_groups.c.folded)
    if subscriptions:
        found = found.where(resource_groups.c.subscription.in_(sorted(subscriptions)))
    for row in call.connection.execute(found).all():
        yield render(row) | {"type": "microsoft.resources/subscriptions/resourcegroups"}


# --- what is allowed ---------------------------------------------------------------------


def _check_name(name: str) -> None:
    if not is_group_name(name):
        raise invalid(
            "InvalidResourceGroup",
            f"The provided resource group name '{name}' is not valid. It must have 1 to 90 "
            "characters: letters, digits, '-', '.', '(', ')' or '_', with no '.' at its end.",
            target="resourceGroupName",
        )


ENDPOINTS = (
    create_or_update,
    get,
    check_existence,
    patch,
    delete,
    operation_result,
    list_groups,
    *resources.ENDPOINTS,
)
