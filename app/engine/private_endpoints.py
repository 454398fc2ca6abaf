"""Private endpoints and the vaults that they reach: two resources that know of one another.

The vault keeps the connection and how it stands; an endpoint's row says in ``hidden`` which vault
and which connection are its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from ..domain import private_links
from ..domain.resource_ids import PRIVATE_ENDPOINT_TYPE
from ..store.resource_tables import resources
from ..store.tables import vaults
from ..store.vaults import keep_properties

VAULT, NAME, INTERFACE = "vault", "connection", "interface"
"""In ``hidden`` of an endpoint: its vault's id, its connection's name, its interface's id."""


def vaults_of(connection: Connection, endpoints: Iterable[Row[Any]]) -> dict[str, Row[Any]]:
    """Return the live vaults that some endpoints name, by their lower-case ids."""
    wanted = {row.hidden[VAULT].lower() for row in endpoints}
    found = connection.execute(
        select(vaults).where(vaults.c.folded.in_(wanted), vaults.c.deleted_at.is_(None))
    )
    return {row.folded: row for row in found}


def state(endpoint: Row[Any], vault: Row[Any] | None) -> dict[str, str]:
    """Return how an endpoint's connection stands: one that its vault has given up is cut."""
    found = None if vault is None else private_links.find(vault.properties, endpoint.hidden[NAME])
    if found is not None:
        return private_links.state_of(found)
    return {
        "status": "Disconnected",
        "description": "The connection was removed by the owner of the vault.",
        "actionsRequired": "Delete the private endpoint and create it again.",
    }


def disconnect(connection: Connection, endpoint: Row[Any], now: int) -> None:
    """Take an endpoint's connection and its network interface away, before it goes itself."""
    vault = vaults_of(connection, [endpoint]).get(endpoint.hidden[VAULT].lower())
    if vault is not None and private_links.find(vault.properties, endpoint.hidden[NAME]):
        left = private_links.without_connection(vault.properties, endpoint.hidden[NAME])
        keep_properties(connection, vault, left, now)
    interface = endpoint.hidden[INTERFACE].lower()
    connection.execute(delete(resources).where(resources.c.folded == interface))


def disconnect_group(connection: Connection, group_folded: str, now: int) -> None:
    """Do so for all endpoints of a resource group."""
    for endpoint in connection.execute(
        select(resources)
        .where(
            resources.c.group_folded == group_folded,
            resources.c.type_folded == PRIVATE_ENDPOINT_TYPE.lower(),
        )
        .order_by(resources.c.folded)
    ).all():
        disconnect(connection, endpoint, now)


def blocking(vault: Row[Any], *, leaving: str | None = None) -> list[str]:
    """Return the ids of the endpoints that keep a vault from being deleted.

    Those of the group that is ``leaving`` with it, by its lower-case id, do not.
    """
    found = [
        private_links.endpoint_of(each) for each in private_links.connections(vault.properties)
    ]
    return [each for each in found if not leaving or not each.lower().startswith(f"{leaving}/")]
