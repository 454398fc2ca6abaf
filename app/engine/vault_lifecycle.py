"""The end of a vault: what keeps it from being deleted, and its removal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from ..store import role_assignments
from ..store.tables import items, operations, vaults
from . import soft_delete


def blocking_items(connection: Connection, vault_key: int) -> list[str]:
    """Return the names of the items that must be deleted before their vault can be."""
    found = connection.execute(
        select(items.c.friendly_name)
        .where(items.c.vault_key == vault_key, items.c.deleted_at.is_(None))
        .order_by(items.c.folded_name)
    )
    return list(found.scalars())


def remove(connection: Connection, vault: Row[Any], now: int) -> None:
    """Remove a vault with no blocking items and the operations on it.

    Soft-deleted items keep its row until their purge.
    """
    connection.execute(delete(operations).where(operations.c.scope == vault.folded))
    role_assignments.forget(connection, vault.id)
    held = connection.execute(select(items.c.key).where(items.c.vault_key == vault.key).limit(1))
    if held.first() is None:
        soft_delete.purge_vault(connection, vault.key)
        return
    connection.execute(update(vaults).where(vaults.c.key == vault.key).values(deleted_at=now))
