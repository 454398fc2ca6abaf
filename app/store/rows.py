"""The rows of companion resources: one by its id, and all that lie below one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, select

from . import role_assignments
from .resource_tables import resources
from .statements import Query

_FIND = Query(select(resources).where(resources.c.folded == bindparam("folded")))
_AFTER_SLASH = chr(ord("/") + 1)


def find(connection: Connection, resource_id: str) -> Row[Any] | None:
    """Return a resource by its id, whatever its casing."""
    return _FIND.first(connection, folded=resource_id.lower())


def find_all(connection: Connection, resource_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the resources of some ids that there are, by their lower-case ids."""
    wanted = {each.lower() for each in resource_ids}
    found = connection.execute(select(resources).where(resources.c.folded.in_(wanted)))
    return {row.folded: row for row in found}


def below(folded: str) -> ColumnElement[bool]:
    """Return the condition that a resource lies in one with a lower-case id, at any depth."""
    return and_(resources.c.folded > f"{folded}/", resources.c.folded < f"{folded}{_AFTER_SLASH}")


def lying_in(
    connection: Connection, holders: Sequence[Row[Any]], type_name: str
) -> dict[str, list[Row[Any]]]:
    """Return the resources of a type that lie in some others, by the lower-case ids of these."""
    found: dict[str, list[Row[Any]]] = {row.folded: [] for row in holders}
    query = select(resources).where(
        resources.c.type_folded == type_name.lower(),
        resources.c.group_folded.in_({row.group_folded for row in holders}),
    )
    for row in connection.execute(query.order_by(resources.c.folded)):
        holder = row.folded.rsplit("/", 2)[0]
        if holder in found:
            found[holder].append(row)
    return found


def delete_tree(connection: Connection, folded: str) -> None:
    """Delete a resource by its lower-case id, with all that lies in it and all roles there."""
    connection.execute(delete(resources).where(below(folded)))
    connection.execute(delete(resources).where(resources.c.folded == folded))
    role_assignments.forget(connection, folded)
