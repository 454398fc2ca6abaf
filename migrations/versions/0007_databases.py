"""Databases in VMs: what is protected, streamed and logged, and the VMs that hold it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OF_POINTS = ("base_at", "logs_until", "needed_until")
_OF_ITEMS = ("log_every_micros", "log_keep_micros")
_OF_CONTAINERS = ("workload", "changed_at", "discovered", "discover_at")


def upgrade() -> None:
    """Add what is new: nothing that is there is a database."""
    _keep_databases()
    _hold_databases()


def downgrade() -> None:
    """Take it away again; what belonged to databases goes."""
    kinds = "('SQLDataBase', 'SAPHanaDatabase')"
    databases = f"SELECT key FROM items WHERE workload IN {kinds}"
    op.drop_table("protection_intents")
    op.execute(f"DELETE FROM containers WHERE workload IN {kinds}")
    op.drop_index("ix_containers_discover_at", "containers")
    for name in reversed(_OF_CONTAINERS):
        op.drop_column("containers", name)
    op.drop_table("log_chains")
    op.execute(f"DELETE FROM recovery_points WHERE item_key IN ({databases})")
    op.execute(f"DELETE FROM items WHERE workload IN {kinds}")
    op.execute(f"DELETE FROM jobs WHERE workload IN {kinds}")
    for name in (*reversed(_OF_POINTS), "backup_type"):
        op.drop_column("recovery_points", name)
    op.drop_column("jobs", "backup_type")
    for name in (*reversed(_OF_ITEMS), "full_only"):
        op.drop_column("items", name)


def _keep_databases() -> None:
    full_only = sa.Column("full_only", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("items", full_only)
    for name in _OF_ITEMS:
        op.add_column("items", sa.Column(name, sa.BigInteger(), nullable=True))
    op.add_column("jobs", _backup_type())
    op.add_column("recovery_points", _backup_type())
    for name in _OF_POINTS:
        op.add_column("recovery_points", sa.Column(name, sa.BigInteger(), nullable=True))
    op.create_table(
        "log_chains",
        sa.Column("item_key", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("covered_until", sa.BigInteger(), nullable=False),
        sa.Column("resumed_at", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_key"],
            ["items.key"],
            name=op.f("fk_log_chains_item_key_items"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_key", "started_at", name=op.f("pk_log_chains")),
    )


def _hold_databases() -> None:
    op.add_column(
        "containers",
        sa.Column("workload", _text(30), nullable=False, server_default="AzureFileShare"),
    )
    op.add_column(
        "containers", sa.Column("changed_at", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute("UPDATE containers SET changed_at = registered_at")
    op.add_column(
        "containers", sa.Column("discovered", sa.JSON(), nullable=False, server_default="[]")
    )
    op.add_column("containers", sa.Column("discover_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_containers_discover_at",
        "containers",
        ["discover_at"],
        sqlite_where=sa.text("discover_at IS NOT NULL"),
        postgresql_where=sa.text("discover_at IS NOT NULL"),
    )
    op.create_table(
        "protection_intents",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("folded_name", _text(90), nullable=False),
        sa.Column("name", _text(90), nullable=False),
        sa.Column("container_key", sa.BigInteger(), nullable=False),
        sa.Column("workload", _text(30), nullable=False),
        sa.Column("intent_type", _text(60), nullable=False),
        sa.Column("instance", _text(90), nullable=False),
        sa.Column("item_id", _text(800), nullable=False),
        sa.Column("policy_key", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vault_key"],
            ["vaults.key"],
            name=op.f("fk_protection_intents_vault_key_vaults"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["container_key"],
            ["containers.key"],
            name=op.f("fk_protection_intents_container_key_containers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_protection_intents")),
    )
    op.create_index("ix_protection_intents_policy_key", "protection_intents", ["policy_key"])
    for column in ("vault_key", "container_key"):
        other = "folded_name" if column == "vault_key" else "instance"
        op.create_index(
            f"uq_protection_intents_{column}_{other}",
            "protection_intents",
            [column, other],
            unique=True,
        )


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _backup_type() -> sa.Column[str]:
    return sa.Column("backup_type", _text(16), nullable=True)
