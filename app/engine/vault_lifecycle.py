"""The end of a vault: what keeps it from being deleted, and its removal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select, update

from ..store.tables import items, vaults
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
    """Remove a vault with no blocking items; soft-deleted items keep it until their purge."""
    held = connection.execute(select(items.c.key).where(items.c.vault_key == vault.key).limit(1))
    if held.first() is None:
        soft_delete.purge_vault(connection, vault.key, vault.folded)
        return
    connection.execute(update(vaults).where(vaults.c.key == vault.key).values(deleted_at=now))
