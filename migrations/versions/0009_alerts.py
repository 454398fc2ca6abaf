"""Alerts, and what was made of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NOTICE = 2 * 24 * 3600 * 1_000_000
"""How long before its purge an item is announced to be purged."""


def upgrade() -> None:
    """Add what is new."""
    op.add_column("items", sa.Column("purge_notice_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_items_purge_notice_at",
        "items",
        ["purge_notice_at"],
        sqlite_where=sa.text("purge_notice_at IS NOT NULL"),
        postgresql_where=sa.text("purge_notice_at IS NOT NULL"),
    )
    # What should have been announced by now is not: nobody goes back in time.
    op.execute(
        f"UPDATE items SET purge_notice_at = purge_at - {_NOTICE} "
        "WHERE purge_at IS NOT NULL AND workload != 'AzureFileShare' "
        f"AND purge_at - {_NOTICE} > (SELECT settled_at FROM world)"
    )
    _raise_alerts()
    _remember_changes()


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("alert_changes")
    op.drop_table("alerts")
    op.drop_index("ix_items_purge_notice_at", "items")
    op.drop_column("items", "purge_notice_at")


def _raise_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", _text(32), nullable=False),
        sa.Column("subscription", _text(36), nullable=False),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("target_id", _text(400), nullable=False),
        sa.Column("target_folded", _text(400), nullable=False),
        sa.Column("rule", _text(60), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("state", _text(12), nullable=False),
        sa.Column("condition", _text(8), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("is_suppressed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("item_key", sa.BigInteger(), nullable=True),
        sa.Column("item_name", _text(260), nullable=True),
        sa.Column("container_name", _text(260), nullable=True),
        sa.Column("entity_name", _text(90), nullable=True),
        sa.Column("workload", _text(30), nullable=True),
        sa.Column("source_id", _text(400), nullable=True),
        sa.Column("job_id", _text(32), nullable=True),
        sa.Column("job_started_at", sa.BigInteger(), nullable=True),
        sa.Column("error_code", _text(80), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.Column("open_item", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
    )
    op.create_index(
        "ix_alerts_subscription_fired_at_alert_id",
        "alerts",
        ["subscription", "fired_at", "alert_id"],
    )
    op.create_index(
        "ix_alerts_open_item",
        "alerts",
        ["open_item"],
        sqlite_where=sa.text("open_item IS NOT NULL"),
        postgresql_where=sa.text("open_item IS NOT NULL"),
    )


def _remember_changes() -> None:
    op.create_table(
        "alert_changes",
        sa.Column("alert_id", _text(32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("subscription", _text(36), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(200), nullable=False),
        sa.Column("event", _text(30), nullable=False),
        sa.Column("old_value", sa.String(400), nullable=True),
        sa.Column("new_value", sa.String(400), nullable=True),
        sa.Column("comment", sa.String(1000), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"],
            ["alerts.alert_id"],
            name=op.f("fk_alert_changes_alert_id_alerts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("alert_id", "ordinal", name=op.f("pk_alert_changes")),
    )


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
