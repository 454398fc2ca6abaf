"""The end of a vault: what keeps it from being deleted, and its removal."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, select, update

from ..store import role_assignments
from ..store.container_tables import containers
from ..store.resource_tables import operations
from ..store.tables import items, vaults
from . import deleted_vaults, private_endpoints, soft_delete


def blockers(connection: Connection, vault: Row[Any], *, leaving: str | None = None) -> list[str]:
    """Return what must go before a vault can: its items, storage accounts, private endpoints.

    ``leaving`` is the lower-case id of a group that goes with all it holds.
    """
    vault_key = vault.key
    registered = connection.execute(
        select(containers.c.friendly_name)
        .where(containers.c.vault_key == vault_key, containers.c.deleted_at.is_(None))
        .order_by(containers.c.folded_name)
    )
    protected = _names(connection, vault_key, items.c.deleted_at.is_(None))
    endpoints = private_endpoints.blocking(vault, leaving=leaving)
    return [*protected, *registered.scalars(), *endpoints]


def soft_deleted_items(connection: Connection, vault_key: int) -> list[str]:
    """Return the names of the items that are soft-deleted in a vault."""
    return _names(connection, vault_key, items.c.deleted_at.is_not(None))


def _names(connection: Connection, vault_key: int, which: ColumnElement[bool]) -> list[str]:
    found = connection.execute(
        select(items.c.friendly_name)
        .where(items.c.vault_key == vault_key, which)
        .order_by(items.c.folded_name)
    )
    return list(found.scalars())


def remove(connection: Connection, vault: Row[Any], now: int) -> None:
    """Remove a vault with no blocking items and the operations on it.

    Soft-deleted items keep its row until their purge, and it can be undeleted.
    """
    connection.execute(delete(operations).where(operations.c.scope == vault.folded))
    role_assignments.forget(connection, vault.id)
    deleted_vaults.note(connection, vault, now)
    held = connection.execute(select(items.c.key).where(items.c.vault_key == vault.key).limit(1))
    if held.first() is None:
        soft_delete.purge_vault(connection, vault.key)
        return
    connection.execute(update(vaults).where(vaults.c.key == vault.key).values(deleted_at=now))
