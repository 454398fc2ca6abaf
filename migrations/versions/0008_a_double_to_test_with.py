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
    _save_worlds()


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("saved_worlds")
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


def _save_worlds() -> None:
    op.create_table(
        "saved_worlds",
        sa.Column("folded", _text(64), nullable=False),
        sa.Column("name", _text(64), nullable=False),
        sa.Column("subscription", _text(36), nullable=True),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("head", _text(32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name="pk_saved_worlds"),
    )


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
