"""Containers that are registered with a vault: storage accounts and VMs, until they are let go.

Azure Backup puts a lock on an account that is registered, so that nobody deletes the snapshots in
it by mistake, and takes it away again in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ..domain import ids
from ..domain.instants import SECOND
from ..store import locks
from ..store.container_tables import containers, protection_intents
from ..store.containers import find_any, holds
from ..store.metadata import Document
from ..store.tables import items
from ..workloads.azure_file_share import AZURE_FILE_SHARE
from ..workloads.database import CONTAINER_TYPE
from . import discovery
from .rules import Rules

REGISTERING_TAKES = 25 * SECOND
REGISTERING_A_VM_TAKES = 230 * SECOND
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


@dataclass(frozen=True, slots=True)
class Registration:
    """What becomes a container: its name, what it is registered for, and the resource it is.

    ``source_id`` is that resource's id as it was sent; ``lock`` is for storage accounts.
    """

    name: str
    workload: str
    source: Row[Any]
    source_id: str
    lock: bool = False

    @property
    def takes(self) -> int:
        """How long it takes, in microseconds: into a VM an extension is installed."""
        if self.workload == AZURE_FILE_SHARE.name:
            return REGISTERING_TAKES
        return REGISTERING_A_VM_TAKES


def register(
    connection: Connection, rules: Rules, vault: Row[Any], asked: Registration, now: int
) -> Row[Any]:
    """Register a container, anew too: what it holds at this instant is known."""
    folded = asked.name.lower()
    values = {
        "name": asked.name,
        "friendly_name": asked.source.name,
        "source_id": asked.source_id,
        "source_folded": asked.source.folded,
        "workload": asked.workload,
        "locks": asked.lock,
        "inquired_at": now,
        "changed_at": now,
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
    _lock(connection, asked, now)
    found = find_any(connection, vault.key, folded)
    assert found is not None, "it was registered just now"
    return inquire(connection, rules, found, now)


def _lock(connection: Connection, asked: Registration, now: int) -> None:
    if asked.lock:
        locks.put(connection, asked.source.id, LOCK, _LOCKED, now)
    elif asked.workload == AZURE_FILE_SHARE.name:
        locks.remove(connection, asked.source.id, LOCK)


def inquire(connection: Connection, rules: Rules, container: Row[Any], now: int) -> Row[Any]:
    """Look into a container again: what is there at this instant is known from now on."""
    mine = containers.c.key == container.key
    connection.execute(update(containers).where(mine).values(inquired_at=now))
    if container.workload != AZURE_FILE_SHARE.name:
        discovery.look(connection, rules, container, now)
    return connection.execute(select(containers).where(mine)).one()


def unregister(connection: Connection, container: Row[Any], now: int) -> None:
    """Let a container go, with its lock; it is remembered while soft-deleted data of it is left."""
    mine = containers.c.key == container.key
    if connection.execute(held(container).limit(1)).first() is None:
        connection.execute(delete(containers).where(mine))
    else:
        of = protection_intents.c.container_key == container.key
        connection.execute(delete(protection_intents).where(of))
        gone = {"deleted_at": now, "changed_at": now, "discover_at": None}
        connection.execute(update(containers).where(mine).values(**gone))
    if container.locks:
        locks.remove(connection, container.source_folded, LOCK)


def held(container: Row[Any]) -> Any:
    """Return the query of the items in a container, by name."""
    return (
        select(items)
        .where(items.c.vault_key == container.vault_key, holds(container))
        .order_by(items.c.folded_name)
    )


def as_subject(connection: Connection, key: int) -> Row[Any]:
    """Return a VM that is a container as what a job is about."""
    short = func.substr(containers.c.name, len(CONTAINER_TYPE) + 2)
    return connection.execute(
        select(
            containers.c.key,
            containers.c.vault_key,
            containers.c.friendly_name,
            containers.c.workload,
            func.lower(short).label("container_name"),
        ).where(containers.c.key == key)
    ).one()
