"""Queries for registered containers, and for what a vault knows of what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, false, func, or_, select

from ..domain.jobs import ProtectionState
from ..domain.resource_ids import SHARE_TYPE
from .container_tables import containers
from .resource_tables import resources
from .statements import Query
from .tables import items, vaults

_FIND = Query(
    select(containers).where(
        containers.c.vault_key == bindparam("vault"), containers.c.folded_name == bindparam("name")
    )
)

KNOWN_SHARES = and_(
    containers.c.deleted_at.is_(None),
    resources.c.type_folded == SHARE_TYPE.lower(),
    # Everything in the account: "0" is the letter after "/".
    resources.c.folded > containers.c.source_folded + "/",
    resources.c.folded < containers.c.source_folded + "0",
    resources.c.created_at <= containers.c.inquired_at,
    resources.c.document["properties"]["enabledProtocols"].as_string() == "SMB",
)
"""Which shares a container's last inquiry saw: those of NFS are not backed up."""


def find(connection: Connection, vault_key: int, folded_name: str) -> Row[Any] | None:
    """Return a container that is registered with a vault, by its lower-case name."""
    found = find_any(connection, vault_key, folded_name)
    return found if found is not None and found.deleted_at is None else None


def find_any(connection: Connection, vault_key: int, folded_name: str) -> Row[Any] | None:
    """Return a container that is registered with a vault, or was with data that is left."""
    return _FIND.first(connection, vault=vault_key, name=folded_name)


def vault_of_source(connection: Connection, source_id: str) -> Row[Any] | None:
    """Return the vault that a storage account or a VM is registered with, if any."""
    return connection.execute(
        select(vaults)
        .join(containers, containers.c.vault_key == vaults.c.key)
        .where(
            containers.c.source_folded == source_id.lower(),
            containers.c.deleted_at.is_(None),
        )
    ).first()


def known_shares(connection: Connection, container: Row[Any]) -> Sequence[Row[Any]]:
    """Return the SMB shares of an account that its last inquiry saw, by id."""
    return connection.execute(
        select(resources)
        .select_from(containers)
        .join(resources, KNOWN_SHARES)
        .where(containers.c.key == container.key)
        .order_by(resources.c.folded)
    ).all()


def known_servers(container: Row[Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the servers in a VM that its last inquiry saw, by instance.

    Each has its databases, as pairs of a name and a recovery model.
    """
    found: list[tuple[str, list[tuple[str, str]]]] = container.discovered
    return found


def holds(container: Row[Any]) -> ColumnElement[bool]:
    """Return the condition on items that they lie in a container of their vault."""
    short = container.name.partition(";")[2]
    # Items of databases spell it in lower case, those of shares as their account is spelled.
    return items.c.container_name.in_((short, short.lower()))


def is_database_of(container: Any) -> ColumnElement[bool]:
    """Return the condition on items that they are databases in a VM: a container, or its table."""
    holder = container.source_folded
    # Everything in it: "0" is the letter after "/".
    return and_(
        items.c.source_folded > holder + "/databases/",
        items.c.source_folded < holder + "/databases0",
    )


def is_taken(container: Any) -> ColumnElement[bool]:
    """Return the condition on items that what they protect cannot come under a container's vault.

    What another vault has stopped or soft-deleted can.
    """
    return or_(
        items.c.state.not_in(ProtectionState.RESUMABLE),
        items.c.vault_key == container.vault_key,
    )


def is_held_by(types: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """Return the condition that an item lies in a container, by workload and type of container."""
    return or_(
        false(),
        *(
            and_(
                items.c.workload == workload,
                func.lower(kind + ";" + items.c.container_name) == containers.c.folded_name,
            )
            for workload, kind in types
        ),
    )
