"""The rows of deployments, and what the wire shows of them.

What a deployment comes to is known when it begins; until ``ends_at`` it is shown as running.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from ...domain import ids
from ...domain.errors import Refused, not_found
from ...domain.instants import iso_duration, wire
from ...domain.resource_ids import parse_nested
from ...store.metadata import Document
from ...store.resource_tables import deployments

TYPE = "Microsoft.Resources/deployments"
MOST_KEPT = 800
"""ARM keeps so many deployments of a group; the oldest go by themselves."""
_AT_ITS_END = ("outputs", "outputResources", "error")
_LISTED = [each for each in deployments.c if each.name not in ("operations", "template")]


def find(connection: Connection, deployment_id: str) -> Row[Any] | None:
    """Return a deployment by its id, whatever its casing."""
    return connection.execute(
        select(deployments).where(deployments.c.folded == deployment_id.lower())
    ).first()


def get(connection: Connection, deployment_id: str) -> Row[Any]:
    """Return a deployment by its id. Raises ``Refused``."""
    found = find(connection, deployment_id)
    if found is None:
        raise missing(deployment_id)
    return found


def missing(deployment_id: str) -> Refused:
    """ARM's answer for a deployment that does not exist."""
    name = deployment_id.rpartition("/")[2]
    return not_found("DeploymentNotFound", f"Deployment '{name}' could not be found.")


def keep(connection: Connection, values: Document) -> None:
    """Write a deployment's row in place of an earlier one of its name, and let the oldest go."""
    forget(connection, values["folded"])
    connection.execute(insert(deployments).values(**values))
    mine = select(deployments.c.folded).where(
        deployments.c.scope_folded == values["scope_folded"],
        deployments.c.folded != values["folded"],
    )
    newest = mine.order_by(deployments.c.started_at.desc(), deployments.c.folded)
    # The one that was just written counts, too.
    kept = newest.limit(MOST_KEPT - 1).subquery()
    connection.execute(
        delete(deployments).where(
            deployments.c.folded.in_(mine), deployments.c.folded.not_in(select(kept.c.folded))
        )
    )


def forget(connection: Connection, deployment_id: str) -> None:
    """Remove a deployment."""
    connection.execute(delete(deployments).where(deployments.c.folded == deployment_id.lower()))


def listed(
    connection: Connection, scope_folded: str, start: tuple[Any, ...] | None
) -> Sequence[Row[Any]]:
    """Return the deployments of a scope, the latest first, after one with an instant and an id."""
    found = (
        select(*_LISTED)
        .where(deployments.c.scope_folded == scope_folded)
        .order_by(deployments.c.started_at.desc(), deployments.c.folded)
    )
    if start is not None:
        instant, folded = start
        found = found.where(
            (deployments.c.started_at < instant)
            | ((deployments.c.started_at == instant) & (deployments.c.folded > folded))
        )
    return connection.execute(found).all()


def state(row: Row[Any], now: int) -> str:
    """Return a deployment's provisioning state at an instant."""
    return "Running" if row.ends_at > now else str(row.state)


def render(row: Row[Any], now: int) -> Document:
    """Return what a deployment shows at an instant."""
    own = dict(row.document)
    properties = dict(own.pop("properties"))
    is_over = row.ends_at <= now
    until = min(row.ends_at, now)
    if not is_over:
        properties = {name: part for name, part in properties.items() if name not in _AT_ITS_END}
    properties |= {
        "provisioningState": state(row, now),
        "timestamp": wire(until),
        "duration": iso_duration(until - row.started_at),
    }
    return {"id": row.id, "name": row.name, "type": TYPE, **own, "properties": properties}


def render_operations(row: Row[Any], now: int) -> list[Document]:
    """Return what was done with each resource, as far as it is told by now."""
    shown = []
    for each in row.operations:
        properties = dict(each["properties"])
        if row.ends_at > now:
            for name in ("statusMessage", "statusCode"):
                properties.pop(name, None)
            properties |= {"provisioningState": "Running"}
        until = min(row.ends_at, now)
        properties |= {"timestamp": wire(until), "duration": iso_duration(until - row.started_at)}
        own = f"{row.id}/operations/{each['operationId']}"
        shown.append({"id": own, "operationId": each["operationId"], "properties": properties})
    return shown


def reference(resource_id: str) -> Document:
    """Return how a deployment names a resource in what depends on what."""
    parsed = parse_nested(resource_id)
    if parsed is None:
        kind, _, name = resource_id.rpartition("/providers/")[2].rpartition("/")
        return {"id": resource_id, "resourceType": kind, "resourceName": name}
    return {"id": resource_id, "resourceType": parsed.type, "resourceName": parsed.name}


def operation_name(seed: int, deployment_id: str, about: str, now: int) -> str:
    """Return the name of an operation: 16 hexadecimal digits, as ARM's have."""
    return ids.guid_hex(seed, "deployment", deployment_id.lower(), about, now)[:16].upper()
