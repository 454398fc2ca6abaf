"""Storage accounts as containers of file shares: registered, inquired, unregistered.

Azure Backup puts a lock on an account that is registered, so that nobody deletes the snapshots in
it by mistake, and takes it away again in the end.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from ..domain import ids
from ..domain.instants import SECOND
from ..store import locks
from ..store.containers import find_any
from ..store.metadata import Document
from ..store.tables import containers, items
from ..workloads.azure_file_share import AccountName
from .rules import Rules

REGISTERING_TAKES = 25 * SECOND
UNREGISTERING_TAKES = 30 * SECOND
"""What the recordings show of registrations (azure-cli-wire 6)."""
INQUIRING_TAKES = 8 * SECOND

LOCK = "AzureBackupProtectionLock"
_LOCKED: Document = {
    "level": locks.CAN_NOT_DELETE,
    "notes": "Auto-created by Azure Backup for storage accounts registered with a Recovery "
    "Services Vault. This lock is intended to guard against deletion of backups due to accidental "
    "deletion of the storage account.",
}


def register(
    connection: Connection,
    rules: Rules,
    vault: Row[Any],
    name: AccountName,
    account: Row[Any],
    now: int,
    *,
    source_id: str,
    lock: bool,
) -> None:
    """Register a storage account, anew too: what it holds at this instant is known."""
    folded = name.container.lower()
    values = {
        "name": name.container,
        "friendly_name": account.name,
        "source_id": source_id,
        "source_folded": account.folded,
        "locks": lock,
        "inquired_at": now,
        "deleted_at": None,
    }
    existing = find_any(connection, vault.key, folded)
    if existing is not None:
        mine = containers.c.key == existing.key
        connection.execute(update(containers).where(mine).values(**values))
    else:
        key = ids.key(rules.seed, "container", vault.key, folded)
        whose = {"key": key, "vault_key": vault.key, "folded_name": folded, "registered_at": now}
        connection.execute(insert(containers).values(**whose, **values))
    if lock:
        locks.put(connection, account.id, LOCK, _LOCKED, now)
    else:
        locks.remove(connection, account.id, LOCK)


def inquire(connection: Connection, container: Row[Any], now: int) -> None:
    """Look at an account's shares again: those of this instant are known from now on."""
    connection.execute(
        update(containers).where(containers.c.key == container.key).values(inquired_at=now)
    )


def unregister(connection: Connection, container: Row[Any], now: int) -> None:
    """Let an account go, with its lock; it is remembered while soft-deleted data of it is left."""
    mine = containers.c.key == container.key
    if connection.execute(held(container).limit(1)).first() is None:
        connection.execute(delete(containers).where(mine))
    else:
        connection.execute(update(containers).where(mine).values(deleted_at=now))
    if container.locks:
        locks.remove(connection, container.source_folded, LOCK)


def held(container: Row[Any]) -> Any:
    """Return the query of the items in a container, by name."""
    short = container.name.partition(";")[2]
    return (
        select(items)
        .where(items.c.vault_key == container.vault_key, items.c.container_name == short)
        .order_by(items.c.folded_name)
    )
