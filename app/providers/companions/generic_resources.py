"""Resources of any other type, kept as plain documents: only with ``--generic-resources``.

Nothing is known of such a type, so nothing but its envelope is checked and nothing is computed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import not_found
from ...domain.locations import known_location
from ...domain.resource_ids import parse_nested
from ...store.metadata import Document
from . import store
from .store import GROUP, CompanionType, Write, Written

TAG = "Generic resources"
_NAME = re.compile(r"[^<>%&\\?/#]{1,260}")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9]{0,79}")
_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)+")
_TOP = f"{GROUP}/providers/{{anyNamespace}}/{{anyType}}"
_ONE = f"{_TOP}/{{anyName}}"
_CHILD = f"{_ONE}/{{anyChildType}}/{{anyChildName}}"
_ALL = "/subscriptions/{subscriptionId}/providers/{anyNamespace}/{anyType}"


class GenericResourceBody(Body):
    """A resource of whatever type: ARM's envelope, and properties as they are sent."""

    EXAMPLE = {"location": "westeurope", "tags": {"env": "test"}, "properties": {"size": 3}}

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    kind: str | None = Field(default=None, max_length=260)
    managed_by: str | None = Field(default=None, max_length=600)
    zones: list[str] | None = Field(default=None, max_length=3)
    sku: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None
    properties: dict[str, Any] = Field(default_factory=dict)


def _write(write: Write) -> Written:
    document = dict(write.wanted)
    sent = document.get("location")
    if sent is not None:
        document["location"] = known_location(
            sent, "ResourceType", "resource type", " for the resource type"
        )
    return Written(document, {})


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(row: Row[Any]) -> Document:
    named = parse_nested(row.id)
    assert named is not None
    properties = row.document.get("properties", {}) | {"provisioningState": "Succeeded"}
    own = {key: value for key, value in row.document.items() if key != "properties"}
    head = {"id": row.id, "name": row.name, "type": named.type}
    return {**head, **own, "properties": properties}


def _kind(call: Call) -> CompanionType:
    """Return the row that the table of types would have for the type in the path."""
    namespace, name = call.path["anyNamespace"], call.path["anyType"]
    if namespace.lower().startswith("microsoft.classic"):
        raise not_found(
            "InvalidResourceNamespace",
            f"The resource namespace '{namespace}' is invalid.",
            target="anyNamespace",
        )
    if _NAMESPACE.fullmatch(namespace) is None or _TYPE.fullmatch(name) is None:
        raise _no_type(namespace, name)
    return _row(f"{namespace}/{name}", "anyName")


def _child(call: Call) -> CompanionType:
    parent, name = _kind(call), call.path["anyChildType"]
    if _TYPE.fullmatch(name) is None:
        raise _no_type(call.path["anyNamespace"], f"{call.path['anyType']}/{name}")
    return _row(f"{parent.type_name}/{name}", "anyChildName", parent, name)


def _no_type(namespace: str, name: str) -> Exception:
    return not_found(
        "InvalidResourceType",
        f"The resource type '{name}' could not be found in the namespace '{namespace}'.",
    )


def _row(
    type_name: str, parameter: str, parent: CompanionType | None = None, folder: str = ""
) -> CompanionType:
    return CompanionType(
        type_name=type_name,
        operations="Resources",
        parameter=parameter,
        tag=TAG,
        name_pattern=_NAME,
        name_rule="1 to 260 characters without <, >, %, &, \\, ?, / and #",
        name_code="InvalidResourceName",
        body=GenericResourceBody,
        patch=GenericResourceBody,
        write=_write,
        render=_render,
        parent=parent,
        folder=folder,
        located=False,
        replaces=True,
    )


@endpoint(
    "PUT",
    _ONE,
    "Resources_CreateOrUpdate",
    tag=TAG,
    body=GenericResourceBody,
    statuses=(200, 201, 404),
)
def put(call: Call, body: GenericResourceBody) -> Answer:
    """Create or replace a resource of whatever type."""
    return store.create_or_update(call, _kind(call), body)


@endpoint("GET", _ONE, "Resources_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a resource of whatever type."""
    return store.show(call, _kind(call))


@endpoint("PATCH", _ONE, "Resources_Update", tag=TAG, body=GenericResourceBody)
def patch(call: Call, body: GenericResourceBody) -> Answer:
    """Change what the request names of a resource."""
    return store.change(call, _kind(call), body)


@endpoint("DELETE", _ONE, "Resources_Delete", tag=TAG, statuses=(200, 204))
def delete(call: Call) -> Answer:
    """Delete a resource with all that lies in it; 204 if there is none."""
    return store.remove(call, _kind(call))


@endpoint("GET", _TOP, "GenericResources_ListByResourceGroup", tag=TAG)
def list_in_group(call: Call) -> Answer:
    """List the resources of a type in a group."""
    return store.list_held(call, _kind(call))


@endpoint("GET", _ALL, "GenericResources_List", tag=TAG, statuses=(200, 404))
def list_all(call: Call) -> Answer:
    """List the resources of a type in a subscription."""
    return store.list_in_subscription(call, _kind(call))


@endpoint(
    "PUT",
    _CHILD,
    "Resources_CreateOrUpdateById",
    tag=TAG,
    body=GenericResourceBody,
    statuses=(200, 201, 404),
)
def put_child(call: Call, body: GenericResourceBody) -> Answer:
    """Create or replace a resource that lies in another one."""
    return store.create_or_update(call, _child(call), body)


@endpoint("GET", _CHILD, "Resources_GetById", tag=TAG)
def get_child(call: Call) -> Answer:
    """Show a resource that lies in another one."""
    return store.show(call, _child(call))


@endpoint("PATCH", _CHILD, "Resources_UpdateById", tag=TAG, body=GenericResourceBody)
def patch_child(call: Call, body: GenericResourceBody) -> Answer:
    """Change what the request names of a resource that lies in another one."""
    return store.change(call, _child(call), body)


@endpoint("DELETE", _CHILD, "Resources_DeleteById", tag=TAG, statuses=(200, 204))
def delete_child(call: Call) -> Answer:
    """Delete a resource that lies in another one; 204 if there is none."""
    return store.remove(call, _child(call))


ENDPOINTS = (
    put,
    get,
    patch,
    delete,
    list_in_group,
    list_all,
    put_child,
    get_child,
    patch_child,
    delete_child,
)
