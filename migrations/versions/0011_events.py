"""What happens in a world can be recorded: its events, and which jobs are watched for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is new."""
    op.add_column("world", sa.Column("events_kept", sa.Integer(), nullable=True))
    told = sa.Column("events_told", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    op.add_column("world", told)
    op.create_table(
        "events",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("real_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", _text(40), nullable=False),
        sa.Column("subscription", _text(36), nullable=True),
        sa.Column("vault_id", _text(400), nullable=True),
        sa.Column("item_name", _text(260), nullable=True),
        sa.Column("entropy", sa.BigInteger(), nullable=True),
        sa.Column("container_name", _text(260), nullable=True),
        sa.Column("entity_name", _text(90), nullable=True),
        sa.Column("workload", _text(30), nullable=True),
        sa.Column("job_id", _text(32), nullable=True),
        sa.Column("operation", _text(30), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("status", _text(24), nullable=True),
        sa.Column("error_code", _text(80), nullable=True),
        sa.Column("alert_id", _text(32), nullable=True),
        sa.Column("alert_rule", _text(60), nullable=True),
        sa.PrimaryKeyConstraint("number", name="pk_events"),
    )
    op.create_table(
        "watched_jobs",
        sa.Column("job_id", _text(32), nullable=False),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("item_name", _text(260), nullable=True),
        sa.Column("entropy", sa.BigInteger(), nullable=True),
        sa.Column("start_told", sa.Boolean(), nullable=False),
        sa.Column("snapshot_told", sa.Boolean(), nullable=False),
        sa.Column("end_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_watched_jobs"),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("watched_jobs")
    op.drop_table("events")
    op.drop_column("world", "events_told")
    op.drop_column("world", "events_kept")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
