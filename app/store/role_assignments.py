"""Role assignments: who has which role where, and their end with what they are about."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from ..domain import roles
from ..domain.scopes import ROOT, reaching
from .resource_tables import role_assignments


def at_or_below(scope_folded: str) -> ColumnElement[bool]:
    """Return the condition that an assignment is at a scope or below it."""
    column = role_assignments.c.scope_folded
    if scope_folded == ROOT:
        return column >= ROOT
    # The character after the slash ends all that begins with the scope and a slash.
    below = (column > f"{scope_folded}/") & (column < f"{scope_folded}0")
    return or_(column == scope_folded, below)


def at_or_above(scope_folded: str) -> ColumnElement[bool]:
    """Return the condition that an assignment reaches a scope."""
    return role_assignments.c.scope_folded.in_(reaching(scope_folded))


def roles_at(connection: Connection, principal_id: str, scope_folded: str) -> Collection[str]:
    """Return the roles that a principal has at a scope, there or inherited."""
    found = select(role_assignments.c.role_id).where(
        role_assignments.c.principal_id == principal_id, at_or_above(scope_folded)
    )
    return connection.execute(found.distinct()).scalars().all()


def allows(connection: Connection, principal_id: str, action: str, scope: str) -> bool:
    """Tell whether a principal's roles allow an action at a scope."""
    held = roles_at(connection, principal_id, scope.lower())
    return any(roles.allows(role_id, action) for role_id in held)


def has_any_below(connection: Connection, principal_id: str, scope_folded: str) -> bool:
    """Tell whether a principal has any role at a scope or below it."""
    found = select(role_assignments.c.folded).where(
        role_assignments.c.principal_id == principal_id, at_or_below(scope_folded)
    )
    return connection.execute(found.limit(1)).first() is not None


def forget(connection: Connection, scope: str) -> None:
    """Remove the assignments at a scope that is no more, and below it."""
    connection.execute(delete(role_assignments).where(at_or_below(scope.lower())))
