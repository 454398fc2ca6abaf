"""Deleted backup data: kept for the vault's soft-delete days, then purged on the dot."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, delete, exists, select, update

from ..store.alert_tables import alerts
from ..store.statements import Statement
from ..store.tables import items, recovery_points, vaults

_DUE = items.c.purge_at <= bindparam("until")
_PURGE_POINTS = Statement(
    delete(recovery_points).where(recovery_points.c.item_key.in_(select(items.c.key).where(_DUE)))
)
_PURGE_ITEMS = Statement(delete(items).where(_DUE))
_PURGE_VAULTS = Statement(
    delete(vaults).where(
        vaults.c.deleted_at.is_not(None),
        ~exists(select(items.c.key).where(items.c.vault_key == vaults.c.key)),
    )
)


def purge(connection: Connection, *, until: int) -> None:
    """Remove items whose soft-delete days are over, and deleted vaults that they leave empty."""
    _PURGE_POINTS.run(connection, until=until)
    if _PURGE_ITEMS.run(connection, until=until).rowcount:
        _PURGE_VAULTS.run(connection)


def purge_item(connection: Connection, item_key: int) -> None:
    """Remove one item and its recovery points at once: its vault does not soft-delete."""
    connection.execute(delete(recovery_points).where(recovery_points.c.item_key == item_key))
    unwatched = update(alerts).where(alerts.c.open_item == item_key).values(open_item=None)
    connection.execute(unwatched)
    connection.execute(delete(items).where(items.c.key == item_key))


def purge_vault(connection: Connection, vault_key: int) -> None:
    """Remove a vault with everything in it."""
    in_vault = select(items.c.key).where(items.c.vault_key == vault_key)
    connection.execute(delete(recovery_points).where(recovery_points.c.item_key.in_(in_vault)))
    connection.execute(delete(vaults).where(vaults.c.key == vault_key))
