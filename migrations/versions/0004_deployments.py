"""Deployments of templates; ``0002`` says how what is new is added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; there were no deployments."""
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


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("deployments")


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
