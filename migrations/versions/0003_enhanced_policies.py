"""What Enhanced policies, limits and places of snapshots keep; ``0002`` says how it is added."""

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
    _place_snapshots()
    _keep_limits()
    _keep_what_has_no_group()
    _keep_role_assignments()


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("subscription_resources")
    op.drop_table("role_assignments")
    op.drop_column("items", "source_fits")
    op.drop_table("policy_changes")
    op.drop_index("ix_jobs_triggered", "jobs")
    op.drop_column("world", "limits")
    op.drop_table("restore_point_collections")
    op.drop_index("ix_items_unplaced_at", "items")
    op.drop_column("items", "unplaced_at")
    op.drop_column("recovery_points", "policy_type")
    op.drop_column("jobs", "crash_consistent")
    op.drop_column("jobs", "policy_type")
    op.drop_column("items", "policy_type")
    op.drop_column("items", "owed_day")


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _policy_type() -> sa.Column[str]:
    return sa.Column("policy_type", _text(2), nullable=False, server_default="V1")


def _truth(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _tell_what_is_vaulted() -> None:
    op.add_column("items", sa.Column("owed_day", sa.Integer(), nullable=True))
    op.add_column("items", _policy_type())
    op.add_column("jobs", sa.Column("policy_type", _text(2), nullable=True))
    op.execute("UPDATE jobs SET policy_type = 'V1' WHERE operation = 'Backup'")
    op.add_column("jobs", _truth("crash_consistent"))
    op.add_column("recovery_points", _policy_type())


def _place_snapshots() -> None:
    """Ask for each item where its next snapshot belongs; those there are stay without a place."""
    op.add_column("items", sa.Column("unplaced_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE items SET unplaced_at = created_at")
    op.create_index(
        "ix_items_unplaced_at",
        "items",
        ["unplaced_at"],
        sqlite_where=sa.text("unplaced_at IS NOT NULL"),
        postgresql_where=sa.text("unplaced_at IS NOT NULL"),
    )
    op.create_table(
        "restore_point_collections",
        sa.Column("item_key", sa.BigInteger(), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("folded", _text(600), nullable=False),
        sa.Column("id", _text(600), nullable=False),
        sa.Column("group_folded", _text(400), nullable=False),
        sa.Column("name", _text(140), nullable=False),
        sa.Column("location", _text(90), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_key"],
            ["items.key"],
            name="fk_restore_point_collections_item_key_items",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["group_folded"],
            ["resource_groups.folded"],
            name="fk_restore_point_collections_group_folded_resource_groups",
        ),
        sa.PrimaryKeyConstraint("item_key", "since_at", name="pk_restore_point_collections"),
    )
    op.create_index(
        "ix_restore_point_collections_group_folded", "restore_point_collections", ["group_folded"]
    )
    op.create_index(
        "uq_restore_point_collections_folded",
        "restore_point_collections",
        ["folded"],
        unique=True,
    )


def _keep_limits() -> None:
    fits = sa.Column("source_fits", sa.Boolean(), nullable=False, server_default=sa.true())
    op.add_column("items", fits)
    op.add_column("world", sa.Column("limits", sa.JSON(), server_default="{}", nullable=False))
    op.create_index(
        "ix_jobs_triggered",
        "jobs",
        ["item_key", "started_at"],
        sqlite_where=sa.text("user_triggered = 1"),
        postgresql_where=sa.text("user_triggered"),
    )
    op.create_table(
        "policy_changes",
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vault_key"],
            ["vaults.key"],
            name="fk_policy_changes_vault_key_vaults",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("vault_key", "changed_at", name="pk_policy_changes"),
    )


def _keep_what_has_no_group() -> None:
    op.create_table(
        "subscription_resources",
        sa.Column("folded", _text(800), nullable=False),
        sa.Column("id", _text(800), nullable=False),
        sa.Column("subscription", _text(36), nullable=False),
        sa.Column("type_folded", _text(120), nullable=False),
        sa.Column("scope_folded", _text(600), nullable=False),
        sa.Column("name", _text(260), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name="pk_subscription_resources"),
    )
    op.create_index(
        "ix_subscription_resources_subscription_type_folded",
        "subscription_resources",
        ["subscription", "type_folded"],
    )


def _keep_role_assignments() -> None:
    op.create_table(
        "role_assignments",
        sa.Column("folded", _text(700), nullable=False),
        sa.Column("id", _text(700), nullable=False),
        sa.Column("scope_folded", _text(600), nullable=False),
        sa.Column("scope", _text(600), nullable=False),
        sa.Column("subscription", _text(36), nullable=True),
        sa.Column("name", _text(36), nullable=False),
        sa.Column("role_id", _text(36), nullable=False),
        sa.Column("principal_id", _text(36), nullable=False),
        sa.Column("created_by", _text(36), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name="pk_role_assignments"),
    )
    for column in ("principal_id", "scope_folded"):
        op.create_index(f"ix_role_assignments_{column}", "role_assignments", [column])
