"""What a test double keeps beside its world: faults, alerts, and what leaves the house."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new."""
    _remember_logs()


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("log_stretches")


def _remember_logs() -> None:
    op.create_table(
        "log_stretches",
        sa.Column("item_key", sa.BigInteger(), nullable=False),
        sa.Column("resumed_at", sa.BigInteger(), nullable=False),
        sa.Column("covered_until", sa.BigInteger(), nullable=False),
        sa.Column("every_micros", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_key"],
            ["items.key"],
            name=op.f("fk_log_stretches_item_key_items"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_key", "resumed_at", name=op.f("pk_log_stretches")),
    )
