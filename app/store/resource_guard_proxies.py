"""Which resource guard a vault is mapped to, and what may be deleted there for a while."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, exists, insert, select

from .resource_tables import resources
from .statements import Query
from .tables import resource_guard_proxies, unlocked_deletions, vaults

_MAPPED = resource_guard_proxies.join(
    resources, resources.c.folded == resource_guard_proxies.c.guard_folded
)
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    resource_guard_proxies.c.description,
    resource_guard_proxies.c.changed_at,
    resources.c.id.label("guard_id"),
    resources.c.document.label("guard"),
)
_FIND = Query(
    select(*_COLUMNS)
    .select_from(_MAPPED)
    .where(resource_guard_proxies.c.vault_key == bindparam("vault"))
)
_UNLOCKED = Query(
    select(unlocked_deletions.c.expires_at).where(
        unlocked_deletions.c.vault_key == bindparam("vault"),
        unlocked_deletions.c.resource_folded == bindparam("resource"),
        unlocked_deletions.c.expires_at > bindparam("now"),
    )
)


def find(connection: Connection, vault_key: int) -> Row[Any] | None:
    """Return a vault's mapping (description, changed_at, guard_id, guard), or ``None``."""
    return _FIND.first(connection, vault=vault_key)


def put(connection: Connection, vault_key: int, guard_id: str, description: str, now: int) -> None:
    """Map a vault to a resource guard, in place of any mapping before."""
    remove(connection, vault_key)
    connection.execute(
        insert(resource_guard_proxies).values(
            vault_key=vault_key,
            guard_folded=guard_id.lower(),
            description=description,
            changed_at=now,
        )
    )


def remove(connection: Connection, vault_key: int) -> None:
    """Unmap a vault; nothing of it is unlocked any more."""
    mine = resource_guard_proxies.c.vault_key == vault_key
    connection.execute(delete(resource_guard_proxies).where(mine))


def vaults_of(connection: Connection, guard_folded: str) -> list[str]:
    """Return the ids of the vaults, deleted ones left out, that are mapped to a guard."""
    found = (
        select(vaults.c.id)
        .join(resource_guard_proxies, resource_guard_proxies.c.vault_key == vaults.c.key)
        .where(resource_guard_proxies.c.guard_folded == guard_folded, vaults.c.deleted_at.is_(None))
    )
    return list(connection.execute(found.order_by(vaults.c.folded)).scalars())


def is_dangling(connection: Connection, vault_key: int) -> bool:
    """Tell whether a vault is mapped to a guard that is gone."""
    mine = resource_guard_proxies.c.vault_key == vault_key
    there = exists().where(resources.c.folded == resource_guard_proxies.c.guard_folded)
    found = select(resource_guard_proxies.c.vault_key).where(mine, ~there)
    return connection.execute(found).first() is not None


def unlock(
    connection: Connection, vault_key: int, resource_id: str, *, now: int, until: int
) -> None:
    """Let something in a vault be deleted for a while; what has expired is forgotten."""
    folded = resource_id.lower()
    connection.execute(
        delete(unlocked_deletions).where(
            unlocked_deletions.c.vault_key == vault_key,
            (unlocked_deletions.c.expires_at <= now)
            | (unlocked_deletions.c.resource_folded == folded),
        )
    )
    connection.execute(
        insert(unlocked_deletions).values(
            vault_key=vault_key, resource_folded=folded, expires_at=until
        )
    )


def is_unlocked(connection: Connection, vault_key: int, resource_id: str, now: int) -> bool:
    """Tell whether something in a vault may be deleted at an instant."""
    found = _UNLOCKED.first(connection, vault=vault_key, resource=resource_id.lower(), now=now)
    return found is not None
