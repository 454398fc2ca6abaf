"""What Enhanced policies and limits keep; ``0002`` says how a column is added."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new; rows that are there were made by Standard policies."""
    _tell_what_is_vaulted()


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("recovery_points", "policy_type")
    op.drop_column("jobs", "crash_consistent")
    op.drop_column("jobs", "policy_type")
    op.drop_column("items", "policy_type")
    op.drop_column("items", "vault_owed")


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _policy_type() -> sa.Column[str]:
    return sa.Column("policy_type", _text(2), nullable=False, server_default="V1")


def _truth(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _tell_what_is_vaulted() -> None:
    op.add_column("items", _truth("vault_owed"))
    op.add_column("items", _policy_type())
    op.add_column("jobs", sa.Column("policy_type", _text(2), nullable=True))
    op.execute("UPDATE jobs SET policy_type = 'V1' WHERE operation = 'Backup'")
    op.add_column("jobs", _truth("crash_consistent"))
    op.add_column("recovery_points", _policy_type())
