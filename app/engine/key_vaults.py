"""Key vaults: found by their names, and deleted.

A deleted one keeps its name and its keys until it is purged or recovered.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select

from ..domain import ids
from ..domain.instants import DAY
from ..domain.resource_ids import KEY_VAULT_TYPE
from ..store import rows
from ..store.metadata import Document
from ..store.resource_tables import resources, subscription_resources
from ..store.statements import Query

DELETED_TYPE = "Microsoft.KeyVault/deletedVaults"
RETENTION_DAYS = 90
"""How long a deleted vault is kept, unless it was told otherwise."""

_DELETED = Query(
    select(subscription_resources)
    .where(
        subscription_resources.c.type_folded == DELETED_TYPE.lower(),
        subscription_resources.c.subscription == bindparam("subscription"),
    )
    .order_by(subscription_resources.c.folded)
)


def named(connection: Connection, name: str) -> Row[Any] | None:
    """Return the key vault with a name, in whatever subscription and group, or ``None``."""
    found = select(resources).where(resources.c.type_folded == KEY_VAULT_TYPE.lower())
    for row in connection.execute(found.order_by(resources.c.folded)):
        if row.name.lower() == name.lower():
            return row
    return None


def key_version(key: Row[Any]) -> str:
    """Return the name of a key's one version."""
    return ids.md5_hex(f"{key.folded}/{key.created_at}")


def deleted_in(connection: Connection, subscription: str, now: int) -> list[Row[Any]]:
    """Return the deleted key vaults of a subscription that are not purged at an instant."""
    found = _DELETED.all(connection, subscription=subscription.lower())
    return [each for each in found if purge_at(each) > now]


def purge_at(deleted: Row[Any]) -> int:
    """Return the instant at which a deleted key vault is purged."""
    days = deleted.document["document"]["properties"].get("softDeleteRetentionInDays")
    instant: int = deleted.created_at + (days or RETENTION_DAYS) * DAY
    return instant


def remove(connection: Connection, vault: Row[Any], now: int) -> None:
    """Delete a key vault with its keys; it can be recovered until it is purged."""
    subscription = vault.id.split("/")[2].lower()
    own_id = (
        f"/subscriptions/{subscription}/providers/Microsoft.KeyVault"
        f"/locations/{vault.location}/deletedVaults/{vault.name}"
    )
    keys = connection.execute(
        select(resources).where(rows.below(vault.folded)).order_by(resources.c.folded)
    )
    kept: Document = {
        "id": vault.id,
        "location": vault.location,
        "document": vault.document,
        "keys": [{"name": key.name, "document": key.document} for key in keys],
    }
    purge(connection, own_id)
    connection.execute(
        insert(subscription_resources).values(
            folded=own_id.lower(),
            id=own_id,
            subscription=subscription,
            type_folded=DELETED_TYPE.lower(),
            scope_folded=vault.folded,
            name=vault.name,
            document=kept,
            created_at=now,
        )
    )
    rows.delete_tree(connection, vault.folded)


def purge(connection: Connection, deleted_id: str) -> None:
    """Forget a deleted key vault."""
    connection.execute(
        delete(subscription_resources).where(subscription_resources.c.folded == deleted_id.lower())
    )


def in_group(connection: Connection, group_folded: str) -> list[Row[Any]]:
    """Return the key vaults of a group."""
    return list(
        connection.execute(
            select(resources)
            .where(
                resources.c.group_folded == group_folded,
                resources.c.type_folded == KEY_VAULT_TYPE.lower(),
            )
            .order_by(resources.c.folded)
        )
    )
