"""The tables of what is registered with a vault, and of what is protected by itself in there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Table, TypedColumns
from sqlalchemy.types import JSON

from .metadata import metadata, text_of
from .tables import vaults


class ContainerColumns(TypedColumns):
    """Storage accounts and VMs that are registered with a vault, for what is in them.

    ``workload`` is what they are registered for, ``source_id`` the id as it was sent. Shares that
    were there at ``inquired_at`` are known; of databases, which no resource stands for,
    ``discovered`` keeps what was found then, ``[instance, [[database, recovery model], ...]]`` for
    each server. ``discover_at`` is when a VM is looked at again by itself: only while an instance
    in it is protected automatically. One that was unregistered with soft-deleted items in it
    stays, ``deleted_at``.
    """

    key = Column(BigInteger, primary_key=True, autoincrement=False)
    vault_key = Column(BigInteger, ForeignKey(vaults.c.key, ondelete="CASCADE"), nullable=False)
    folded_name = Column(text_of(260), nullable=False)
    name = Column(text_of(260), nullable=False)
    friendly_name = Column(text_of(90), nullable=False)
    source_id = Column(text_of(400), nullable=False)
    source_folded = Column(text_of(400), nullable=False, index=True)
    locks = Column(Boolean, nullable=False)
    registered_at = Column(BigInteger, nullable=False)
    inquired_at = Column(BigInteger, nullable=False)
    deleted_at: Column[int | None] = Column(BigInteger, nullable=True)
    workload = Column(text_of(30), nullable=False, server_default="AzureFileShare")
    changed_at = Column(BigInteger, nullable=False, server_default="0")
    discovered: Column[list[Any]] = Column(JSON, nullable=False, server_default="[]")
    discover_at: Column[int | None] = Column(BigInteger, nullable=True)


containers = Table("containers", metadata, ContainerColumns)
Index(
    "uq_containers_vault_key_folded_name",
    containers.c.vault_key,
    containers.c.folded_name,
    unique=True,
)
Index(
    "ix_containers_discover_at",
    containers.c.discover_at,
    sqlite_where=containers.c.discover_at.is_not(None),
)


class ProtectionIntentColumns(TypedColumns):
    """Instances whose databases come under a policy as soon as they are found.

    ``source_folded`` is the VM, ``instance`` the server's name in it, as it was spelled.
    """

    key = Column(BigInteger, primary_key=True, autoincrement=False)
    vault_key = Column(BigInteger, ForeignKey(vaults.c.key, ondelete="CASCADE"), nullable=False)
    folded_name = Column(text_of(90), nullable=False)
    name = Column(text_of(90), nullable=False)
    container_key = Column(
        BigInteger, ForeignKey(containers.c.key, ondelete="CASCADE"), nullable=False
    )
    workload = Column(text_of(30), nullable=False)
    intent_type = Column(text_of(60), nullable=False)
    instance = Column(text_of(90), nullable=False)
    item_id = Column(text_of(800), nullable=False)
    policy_key = Column(BigInteger, nullable=False, index=True)
    created_at = Column(BigInteger, nullable=False)


protection_intents = Table("protection_intents", metadata, ProtectionIntentColumns)
Index(
    "uq_protection_intents_vault_key_folded_name",
    protection_intents.c.vault_key,
    protection_intents.c.folded_name,
    unique=True,
)
Index(
    "uq_protection_intents_container_key_instance",
    protection_intents.c.container_key,
    protection_intents.c.instance,
    unique=True,
)
