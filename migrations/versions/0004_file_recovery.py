"""What recoveries of files keep; ``0002`` says how it is added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; nobody recovers files in a world that is older."""
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


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("file_recoveries")


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
