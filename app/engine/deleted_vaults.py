"""Deleted vaults: each is remembered for good, and brought back while its items are not purged.

What stays is an entry among the resources of the subscription (docs/decisions/0063). The vault's
own row stays only while it holds soft-deleted items.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from ..domain.resource_ids import DELETED_VAULT_TYPE, ResourceId
from ..domain.vault_settings import with_multi_user_authorization
from ..store import resource_guard_proxies
from ..store.resource_tables import subscription_resources
from ..store.statements import Query
from ..store.tables import items, vaults
from ..store.vaults import deleted_vault_id

_FIND = Query(
    select(subscription_resources).where(subscription_resources.c.folded == bindparam("id"))
)


def note(connection: Connection, vault: Row[Any], now: int) -> None:
    """Remember a vault that is deleted now; it is purged with the last of its items."""
    last = connection.execute(
        select(func.max(items.c.purge_at)).where(items.c.vault_key == vault.key)
    ).scalar()
    own_id = deleted_vault_id(vault)
    forget(connection, own_id)
    connection.execute(
        insert(subscription_resources).values(
            folded=own_id.lower(),
            id=own_id,
            subscription=vault.subscription,
            type_folded=DELETED_VAULT_TYPE.lower(),
            scope_folded=vault.folded,
            name=own_id.rpartition("/")[2],
            document={
                "key": vault.key,
                "vaultId": vault.id,
                "location": vault.location,
                "purgeAt": now if last is None else last,
            },
            created_at=now,
        )
    )


def find(connection: Connection, own_id: str) -> Row[Any] | None:
    """Return what is remembered of a deleted vault by its id as such, or ``None``."""
    return _FIND.first(connection, id=own_id.lower())


def is_purged(deleted: Row[Any], now: int) -> bool:
    """Tell whether nothing of a deleted vault is left at an instant."""
    purge_at: int = deleted.document["purgeAt"]
    return purge_at <= now


def undelete(
    connection: Connection, deleted: Row[Any], group: Row[Any], vault_id: ResourceId, now: int
) -> None:
    """Bring a vault that is not purged back into a group, with its items still soft-deleted.

    A resource guard that is gone by now guards it no more.
    """
    mine = vaults.c.key == deleted.document["key"]
    vault = connection.execute(select(vaults).where(mine)).one()
    properties = vault.properties
    if resource_guard_proxies.is_dangling(connection, vault.key):
        resource_guard_proxies.remove(connection, vault.key)
        properties = with_multi_user_authorization(properties, "Disabled")
    connection.execute(
        update(vaults)
        .where(mine)
        .values(
            id=vault_id.text,
            folded=vault_id.folded,
            group_folded=group.folded,
            properties=properties,
            deleted_at=None,
            changed_at=now,
        )
    )
    forget(connection, deleted.folded)


def forget(connection: Connection, own_id: str) -> None:
    """Remember a deleted vault no more."""
    connection.execute(
        delete(subscription_resources).where(subscription_resources.c.folded == own_id.lower())
    )
