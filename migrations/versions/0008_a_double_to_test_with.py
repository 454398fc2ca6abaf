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
    _keep_faults()


def downgrade() -> None:
    """Take it away again."""
    _forget_faults()
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


def _keep_faults() -> None:
    no_faults = sa.Column("faults", sa.Text(), nullable=False, server_default=sa.text("''"))
    op.add_column("world", no_faults)
    op.add_column("operations", sa.Column("held_by", _text(12), nullable=True))
    op.create_table(
        "faults",
        sa.Column("fault_id", _text(12), nullable=False),
        sa.Column("armed_at", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", _text(40), nullable=False),
        sa.Column("subject", sa.String(800), nullable=True),
        sa.Column("subscription", _text(36), nullable=True),
        sa.Column("code", _text(80), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("left_over", sa.Integer(), nullable=True),
        sa.Column("chance", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("struck", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("fault_id", name="pk_faults"),
    )
    op.create_table(
        "stale_answers",
        sa.Column("folded", sa.String(800), nullable=False),
        sa.Column("point", _text(16), nullable=False),
        sa.Column("fault_id", _text(12), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("folded", "point", name="pk_stale_answers"),
    )


def _forget_faults() -> None:
    """A fault that is no longer known strikes no more; what it held is over when it would be."""
    op.drop_table("stale_answers")
    op.drop_table("faults")
    held = 1 << 60
    op.execute(f"UPDATE operations SET ends_at = ends_at - {held} WHERE ends_at >= {held}")
    op.drop_column("operations", "held_by")
    op.drop_column("world", "faults")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
