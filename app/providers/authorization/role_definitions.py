"""Role definitions: Azure's built-in ones that concern what is emulated; no others can be made."""

from __future__ import annotations

from typing import Any

from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape
from ...domain.errors import not_found
from ...domain.roles import ROLES, Role, find
from ...domain.scopes import Scope
from .scopes import PREFIX, TAG, read_filter, scope_of

TYPE = "Microsoft.Authorization/roleDefinitions"
_BUILT_IN = "BuiltInRole"
_MADE = "2015-02-02T21:55:09.8806423Z"


@endpoint(
    "GET",
    f"{PREFIX}/roleDefinitions",
    "RoleDefinitions_List",
    tag=TAG,
    query=("$filter",),
    answers=Shape.VALUES,
)
def list_(call: Call) -> dict[str, Any]:
    """List the roles, all or the one with a name."""
    terms = read_filter(call, "roleName", "type", "atScopeAndBelow")
    scope = scope_of(call)
    wanted = terms.get("roleName")
    kind = terms.get("type", _BUILT_IN)
    shown = [
        show(role, scope)
        for role in ROLES.values()
        if wanted is None or role.name.lower() == wanted.lower()
    ]
    return {"value": shown if kind.lower() == _BUILT_IN.lower() else []}


@endpoint(
    "GET",
    f"{PREFIX}/roleDefinitions/{{roleDefinitionId}}",
    "RoleDefinitions_Get",
    tag=TAG,
    answers=Shape.OBJECT,
)
def get(call: Call) -> dict[str, Any]:
    """Show a role."""
    scope = scope_of(call)
    role = find(call.path["roleDefinitionId"])
    if role is None:
        raise not_found(
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{call.path['roleDefinitionId']}' does not "
            "exist.",
        )
    return show(role, scope)


def id_of(role_id: str, scope: Scope) -> str:
    """Return a role's id as it is shown at a scope: below a subscription, with it."""
    prefix = "" if scope.subscription is None else f"/subscriptions/{scope.subscription}"
    return f"{prefix}/providers/{TYPE}/{role_id}"


def show(role: Role, scope: Scope) -> dict[str, Any]:
    """Return what a role shows."""
    return {
        "id": id_of(role.id, scope),
        "name": role.id,
        "type": TYPE,
        "properties": {
            "roleName": role.name,
            "type": _BUILT_IN,
            "description": role.description,
            "assignableScopes": ["/"],
            "permissions": [permissions(role)],
            "createdOn": _MADE,
            "updatedOn": _MADE,
            "createdBy": None,
            "updatedBy": None,
        },
    }


def permissions(role: Role) -> dict[str, Any]:
    """Return what a role allows."""
    return {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": list(role.data_actions),
        "notDataActions": [],
    }


ENDPOINTS = (list_, get)
