"""What action groups are told of alerts, until it is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new."""
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", _text(32), nullable=False),
        sa.Column("subscription", _text(36), nullable=False),
        sa.Column("alert_id", _text(32), nullable=False),
        sa.Column("condition", _text(8), nullable=False),
        sa.Column("group_folded", _text(600), nullable=False),
        sa.Column("group_id", _text(600), nullable=False),
        sa.Column("receiver", sa.String(260), nullable=False),
        sa.Column("kind", _text(40), nullable=False),
        sa.Column("uri", sa.String(2000), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", _text(12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("attempted_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(400), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_created_at_delivery_id", "deliveries", ["created_at", "delivery_id"]
    )
    op.create_index(
        "ix_deliveries_due_at",
        "deliveries",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("deliveries")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
