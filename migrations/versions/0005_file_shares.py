"""What file shares and their containers keep; items and jobs that are there are those of VMs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; the container of a VM's item is named like the item."""
    op.add_column("items", _workload())
    op.add_column(
        "items",
        sa.Column("container_name", _text(260), nullable=False, server_default=sa.text("''")),
    )
    op.execute("UPDATE items SET container_name = substr(name, 4)")
    op.add_column("jobs", _workload())
    op.create_index(
        "ix_jobs_not_of_vms",
        "jobs",
        ["vault_key", "workload", "started_at", "ordinal", "job_id"],
        sqlite_where=sa.text("workload != 'VM'"),
        postgresql_where=sa.text("workload != 'VM'"),
    )
    op.create_table(
        "containers",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("folded_name", _text(260), nullable=False),
        sa.Column("name", _text(260), nullable=False),
        sa.Column("friendly_name", _text(90), nullable=False),
        sa.Column("source_id", _text(400), nullable=False),
        sa.Column("source_folded", _text(400), nullable=False),
        sa.Column("locks", sa.Boolean(), nullable=False),
        sa.Column("registered_at", sa.BigInteger(), nullable=False),
        sa.Column("inquired_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["vault_key"],
            ["vaults.key"],
            name=op.f("fk_containers_vault_key_vaults"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_containers")),
    )
    op.create_index("ix_containers_source_folded", "containers", ["source_folded"])
    op.create_index(
        "uq_containers_vault_key_folded_name",
        "containers",
        ["vault_key", "folded_name"],
        unique=True,
    )


def downgrade() -> None:
    """Take it away again, with the items, points and jobs of file shares."""
    shares = "SELECT key FROM items WHERE workload <> 'VM'"
    op.execute(f"DELETE FROM recovery_points WHERE item_key IN ({shares})")
    op.execute("DELETE FROM items WHERE workload <> 'VM'")
    op.execute("DELETE FROM jobs WHERE workload <> 'VM'")
    op.drop_table("containers")
    op.drop_index("ix_jobs_not_of_vms", "jobs")
    op.drop_column("jobs", "workload")
    op.drop_column("items", "container_name")
    op.drop_column("items", "workload")


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _workload() -> sa.Column[str]:
    return sa.Column("workload", _text(30), nullable=False, server_default="VM")
