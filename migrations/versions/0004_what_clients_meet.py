"""What clients' flows keep: deleted vaults, guards, recoveries of files, deployments, scans."""

from __future__ import annotations

import hashlib
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new."""
    op.add_column(
        "world",
        sa.Column("vault_soft_delete", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column("items", sa.Column("source_scan", sa.Boolean(), nullable=True))
    _map_guards()
    _recover_files()
    _keep_deployments()
    if not op.get_context().as_sql:  # written as SQL, it is for an empty database
        _remember_deleted_vaults(op.get_bind())


def downgrade() -> None:
    """Take it away again."""
    op.execute(f"DELETE FROM subscription_resources WHERE type_folded = '{_DELETED_TYPE}'")
    op.drop_table("deployments")
    op.drop_table("file_recoveries")
    op.drop_table("unlocked_deletions")
    op.drop_table("resource_guard_proxies")
    op.drop_column("items", "source_scan")
    op.drop_column("world", "vault_soft_delete")


_DELETED_TYPE = "microsoft.recoveryservices/locations/deletedvaults"


def _remember_deleted_vaults(connection: sa.Connection) -> None:
    """Note the deleted vaults that hold soft-deleted items still; others left nothing behind."""
    found = connection.execute(
        sa.text(
            "SELECT v.key, v.id, v.folded, v.subscription, v.location, v.deleted_at,"
            " max(i.purge_at) AS purge_at FROM vaults v JOIN items i ON i.vault_key = v.key"
            " WHERE v.deleted_at IS NOT NULL GROUP BY v.key, v.id, v.folded, v.subscription,"
            " v.location, v.deleted_at"
        )
    ).all()
    entries = sa.table(
        "subscription_resources",
        *(sa.column(name) for name in ("folded", "id", "subscription", "type_folded")),
        *(sa.column(name) for name in ("scope_folded", "name", "created_at")),
        sa.column("document", sa.JSON()),
    )
    for row in found:
        _, _, subscription, _, group = row.id.split("/")[:5]
        digits = hashlib.md5(f"deleted-vault/{row.key}".encode(), usedforsecurity=False).hexdigest()
        name = f"{group}_{uuid.UUID(digits)}"
        place = f"/subscriptions/{subscription}/providers/Microsoft.RecoveryServices"
        own_id = f"{place}/locations/{row.location}/deletedVaults/{name}"
        connection.execute(
            sa.insert(entries).values(
                folded=own_id.lower(),
                id=own_id,
                subscription=row.subscription,
                type_folded=_DELETED_TYPE,
                scope_folded=row.folded,
                name=name,
                document={
                    "key": row.key,
                    "vaultId": row.id,
                    "location": row.location,
                    "purgeAt": row.purge_at,
                },
                created_at=row.deleted_at,
            )
        )


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _map_guards() -> None:
    op.create_table(
        "resource_guard_proxies",
        sa.Column("vault_key", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("guard_folded", _text(600), nullable=False),
        sa.Column("description", sa.String(400), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vault_key", name="pk_resource_guard_proxies"),
        sa.ForeignKeyConstraint(
            ["vault_key"],
            ["vaults.key"],
            name="fk_resource_guard_proxies_vault_key_vaults",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_resource_guard_proxies_guard_folded", "resource_guard_proxies", ["guard_folded"]
    )
    op.create_table(
        "unlocked_deletions",
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("resource_folded", _text(800), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("vault_key", "resource_folded", name="pk_unlocked_deletions"),
        sa.ForeignKeyConstraint(
            ["vault_key"],
            ["resource_guard_proxies.vault_key"],
            name="fk_unlocked_deletions_vault_key_resource_guard_proxies",
            ondelete="CASCADE",
        ),
    )


def _recover_files() -> None:
    op.create_table(
        "file_recoveries",
        sa.Column("item_key", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closes_at", sa.BigInteger(), nullable=False),
        sa.Column("operation_id", _text(32), nullable=False),
        sa.Column("registration", _text(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_key"],
            ["items.key"],
            name="fk_file_recoveries_item_key_items",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_key", "taken_at", name="pk_file_recoveries"),
    )


def _keep_deployments() -> None:
    op.create_table(
        "deployments",
        sa.Column("folded", _text(500), nullable=False),
        sa.Column("id", _text(500), nullable=False),
        sa.Column("scope_folded", _text(400), nullable=False),
        sa.Column("name", _text(64), nullable=False),
        sa.Column("state", _text(10), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("operation_id", _text(32), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("operations", sa.JSON(), nullable=False),
        sa.Column("template", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name="pk_deployments"),
    )
    op.create_index(
        "ix_deployments_scope_folded_started_at", "deployments", ["scope_folded", "started_at"]
    )
