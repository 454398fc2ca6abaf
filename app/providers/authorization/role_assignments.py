"""Role assignments: a principal, a role and the scope where it has it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from sqlalchemy import Row, delete, insert, select, update

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...arm.shapes import Shape
from ...arm.words import Word
from ...domain import ids
from ...domain.errors import conflict, invalid, not_found
from ...domain.instants import wire
from ...domain.roles import Role, find
from ...domain.scopes import ROOT, Scope, read
from ...store.resource_tables import role_assignments
from ...store.role_assignments import at_or_above, at_or_below
from .role_definitions import id_of
from .scopes import PREFIX, TAG, existing_scope, read_filter, scope_of

TYPE = "Microsoft.Authorization/roleAssignments"
_PATH = f"{PREFIX}/roleAssignments/{{roleAssignmentName}}"
_PRINCIPALS = ("User", "Group", "ServicePrincipal", "ForeignGroup", "Device")
_READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


class RoleAssignmentProperties(Body):
    """Who gets which role."""

    role_definition_id: str
    principal_id: str
    principal_type: Annotated[str, Word(*_PRINCIPALS)] = "ServicePrincipal"
    description: str | None = None
    condition: str | None = None
    condition_version: str | None = None
    delegated_managed_identity_resource_id: str | None = None


class RoleAssignmentCreateParameters(Body):
    """The body of a PUT."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "properties": {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{_READER}",
            "principalId": "22222222-2222-2222-2222-222222222222",
            "principalType": "ServicePrincipal",
        }
    }

    properties: RoleAssignmentProperties


@endpoint(
    "PUT",
    _PATH,
    "RoleAssignments_Create",
    tag=TAG,
    body=RoleAssignmentCreateParameters,
    statuses=(200, 201),
    answers=Shape.OBJECT,
)
def create(call: Call, body: RoleAssignmentCreateParameters) -> Answer:
    """Give a principal a role at a scope; what an assignment is about cannot change."""
    scope = existing_scope(call)
    name = _name(call)
    role, principal = _checked(body.properties)
    document = body.properties.wire()
    existing = _find(call, scope, name)
    if existing is not None:
        _check_unchanged(existing, role, principal)
        changes = {"document": document, "changed_at": call.now}
        own = role_assignments.c.folded == existing.folded
        call.connection.execute(update(role_assignments).where(own).values(**changes))
        return _shown(call, scope, name)
    _check_new(call, scope, role, principal)
    assignment_id = _id(scope, name)
    by = "" if call.caller is None else call.caller.object_id
    call.connection.execute(
        insert(role_assignments).values(
            folded=assignment_id.lower(),
            id=assignment_id,
            scope_folded=scope.folded,
            scope=scope.text,
            subscription=scope.subscription,
            name=name,
            role_id=role.id,
            principal_id=principal,
            created_by=by,
            document=document,
            created_at=call.now,
            changed_at=call.now,
        )
    )
    return _shown(call, scope, name, 201)


@endpoint("GET", _PATH, "RoleAssignments_Get", tag=TAG, answers=Shape.OBJECT)
def get(call: Call) -> Answer:
    """Show a role assignment."""
    return _shown(call, scope_of(call), _name(call))


@endpoint("DELETE", _PATH, "RoleAssignments_Delete", tag=TAG, statuses=(200, 204))
def delete_(call: Call) -> Answer:
    """Take a role away; 204 if there was no such assignment."""
    scope = scope_of(call)
    row = _find(call, scope, _name(call))
    if row is None:
        return Answer(204)
    own = role_assignments.c.folded == row.folded
    call.connection.execute(delete(role_assignments).where(own))
    return Answer(200, _show(row))


@endpoint(
    "GET",
    f"{PREFIX}/roleAssignments",
    "RoleAssignments_ListForScope",
    tag=TAG,
    query=("$filter",),
    answers=Shape.VALUES,
)
def list_(call: Call) -> Answer:
    """List the assignments that reach a scope or lie below it; with atScope() the former only."""
    terms = read_filter(call, "atScope", "principalId", "assignedTo")
    scope = scope_of(call)
    where = at_or_above(scope.folded)
    if "atScope" not in terms:
        where |= at_or_below(scope.folded)
    found = select(role_assignments).where(where).order_by(role_assignments.c.folded)
    for name in ("principalId", "assignedTo"):
        if name in terms:
            found = found.where(role_assignments.c.principal_id == terms[name].lower())
    start = after(call, str)
    if start is not None:
        found = found.where(role_assignments.c.folded > start[0])
    rows = call.connection.execute(found.limit(row_limit(call))).all()
    return page(call, rows, _show, lambda row: [row.folded])


# --- what an assignment must be ----------------------------------------------------------


def _name(call: Call) -> str:
    name = call.path["roleAssignmentName"]
    if ids.parse_guid(name) is None:
        raise invalid(
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
        )
    return name.lower()


def _checked(sent: RoleAssignmentProperties) -> tuple[Role, str]:
    role = find(sent.role_definition_id)
    if role is None:
        wanted = sent.role_definition_id.rpartition("/")[2]
        raise invalid(
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{wanted}' does not exist (rsvault has the "
            "built-in roles that its list shows).",
            target="roleDefinitionId",
        )
    if ids.parse_guid(sent.principal_id) is None:
        raise invalid(
            "InvalidPrincipalId",
            f"The Principal ID '{sent.principal_id}' is not valid. Principal ID must be a GUID.",
            target="principalId",
        )
    if sent.principal_type not in _PRINCIPALS:
        raise invalid(
            "UnmatchedPrincipalType",
            f"principalType: '{sent.principal_type}' is not known; allowed: "
            f"{', '.join(_PRINCIPALS)}.",
            target="principalType",
        )
    return role, sent.principal_id.lower()


def _check_unchanged(existing: Row[Any], role: Role, principal: str) -> None:
    if (existing.role_id, existing.principal_id) != (role.id, principal):
        raise invalid(
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )


def _check_new(call: Call, scope: Scope, role: Role, principal: str) -> None:
    same = select(role_assignments.c.name).where(
        role_assignments.c.scope_folded == scope.folded,
        role_assignments.c.role_id == role.id,
        role_assignments.c.principal_id == principal,
    )
    found = call.connection.execute(same.limit(1)).scalar()
    if found is not None:
        raise conflict(
            "RoleAssignmentExists",
            "The role assignment already exists. The ID of the conflicting role assignment is "
            f"{found.replace('-', '')}.",
        )


# --- rows --------------------------------------------------------------------------------


def _id(scope: Scope, name: str) -> str:
    prefix = "" if scope.text == ROOT else scope.text
    return f"{prefix}/providers/{TYPE}/{name}"


def _find(call: Call, scope: Scope, name: str) -> Row[Any] | None:
    own = role_assignments.c.folded == _id(scope, name).lower()
    return call.connection.execute(select(role_assignments).where(own)).first()


def _shown(call: Call, scope: Scope, name: str, status: int = 200) -> Answer:
    row = _find(call, scope, name)
    if row is None:
        raise not_found("RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")
    return Answer(status, _show(row))


def _show(row: Row[Any]) -> dict[str, Any]:
    scope = read(row.scope)
    assert scope is not None
    names = ("description", "condition", "conditionVersion", "delegatedManagedIdentityResourceId")
    return {
        "id": row.id,
        "name": row.name,
        "type": TYPE,
        "properties": {
            "roleDefinitionId": id_of(row.role_id, scope),
            "principalId": row.principal_id,
            "principalType": row.document.get("principalType", "ServicePrincipal"),
            "scope": scope.text,
            **{name: row.document.get(name) for name in names},
            "createdOn": wire(row.created_at),
            "updatedOn": wire(row.changed_at),
            "createdBy": row.created_by,
            "updatedBy": row.created_by,
        },
    }


ENDPOINTS = (create, get, delete_, list_)
