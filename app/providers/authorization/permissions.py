"""Permissions: what the caller may do at a scope, role by role."""

from __future__ import annotations

from typing import Any

from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape
from ...domain.roles import ROLES
from ...store.role_assignments import roles_at
from .role_definitions import permissions
from .scopes import PREFIX, TAG, existing_scope

_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


@endpoint(
    "GET",
    f"{PREFIX}/permissions",
    "Permissions_ListForResourceGroup",
    tag=TAG,
    answers=Shape.VALUES,
)
def list_(call: Call) -> dict[str, Any]:
    """List what the caller may do: all, unless the server asks for tokens."""
    scope = existing_scope(call)
    if call.caller is None or call.caller.is_owner:
        held = [_OWNER]
    else:
        held = sorted(roles_at(call.connection, call.caller.object_id, scope.folded))
    return {"value": [permissions(ROLES[role_id]) for role_id in held if role_id in ROLES]}


ENDPOINTS = (list_,)
