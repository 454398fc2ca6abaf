"""Queries for registered storage accounts, and the shares in them that a vault knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select

from ..domain.resource_ids import SHARE_TYPE
from .resource_tables import resources
from .statements import Query
from .tables import containers, vaults

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


def vault_of_account(connection: Connection, account_id: str) -> Row[Any] | None:
    """Return the vault that a storage account is registered with, if any."""
    return connection.execute(
        select(vaults)
        .join(containers, containers.c.vault_key == vaults.c.key)
        .where(
            containers.c.source_folded == account_id.lower(),
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
