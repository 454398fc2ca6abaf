"""The first schema: one world, its resources, vaults, policies, items, jobs and points."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "world",
    "resource_groups",
    "resources",
    "vaults",
    "policies",
    "items",
    "disk_sets",
    "jobs",
    "recovery_points",
    "operations",
)
"""In the order of creation: what is referred to comes first."""

RSV_HASH = """
CREATE OR REPLACE FUNCTION rsv_hash(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT ('x0' || substr(md5(value), 1, 15))::bit(64)::bigint $$
"""


def _text(length: int) -> sa.String:
    """Return the type of texts that compare by code point."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table, and on PostgreSQL the hash that SQLite gets with each connection."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(RSV_HASH)
    _create_world()
    _create_resource_groups()
    _create_resources()
    _create_vaults()
    _create_policies()
    _create_items()
    _create_disk_sets()
    _create_jobs()
    _create_recovery_points()
    _create_operations()


def downgrade() -> None:
    """Drop everything."""
    for table in reversed(TABLES):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION rsv_hash(text)")


def _only_where(condition: str) -> dict[str, Any]:
    """Make an index hold only the rows of a condition."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _create_world() -> None:
    op.create_table(
        "world",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("mode", _text(8), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("skip_on_wait", _text(8), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("base_virtual_at", sa.BigInteger(), nullable=False),
        sa.Column("base_real_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=False),
        sa.Column("soft_delete_state", _text(10), nullable=False),
        sa.Column("hide_unvaulted_points", sa.Boolean(), nullable=False),
        sa.Column("sweep_every", sa.BigInteger(), nullable=False),
        sa.Column("start_jitter", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_world"),
    )


def _create_resource_groups() -> None:
    op.create_table(
        "resource_groups",
        sa.Column("folded", _text(400), nullable=False),
        sa.Column("id", _text(400), nullable=False),
        sa.Column("subscription", _text(36), nullable=False),
        sa.Column("name", _text(90), nullable=False),
        sa.Column("location", _text(90), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("folded", name="pk_resource_groups"),
    )
    op.create_index("ix_resource_groups_subscription", "resource_groups", ["subscription"])


def _create_resources() -> None:
    op.create_table(
        "resources",
        sa.Column("folded", _text(600), nullable=False),
        sa.Column("id", _text(600), nullable=False),
        sa.Column("group_folded", _text(400), nullable=False),
        sa.Column("type_folded", _text(120), nullable=False),
        sa.Column("name", _text(260), nullable=False),
        sa.Column("location", _text(90), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("hidden", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_folded"],
            ["resource_groups.folded"],
            name="fk_resources_group_folded_resource_groups",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("folded", name="pk_resources"),
    )
    op.create_index("ix_resources_group_folded", "resources", ["group_folded"])
    op.create_index("ix_resources_type_folded", "resources", ["type_folded"])


def _create_vaults() -> None:
    op.create_table(
        "vaults",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("folded", _text(400), nullable=False),
        sa.Column("id", _text(400), nullable=False),
        sa.Column("subscription", _text(36), nullable=False),
        sa.Column("group_folded", _text(400), nullable=False),
        sa.Column("name", _text(50), nullable=False),
        sa.Column("location", _text(90), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("sku", sa.JSON(), nullable=False),
        sa.Column("identity", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("properties", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("provisioned_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_vaults"),
    )
    op.create_index(
        "ix_vaults_subscription_group_folded", "vaults", ["subscription", "group_folded"]
    )
    op.create_index(
        "uq_vaults_folded_live",
        "vaults",
        ["folded"],
        unique=True,
        **_only_where("deleted_at IS NULL"),
    )


def _create_policies() -> None:
    op.create_table(
        "policies",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("folded_name", _text(150), nullable=False),
        sa.Column("name", _text(150), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vault_key"], ["vaults.key"], name="fk_policies_vault_key_vaults", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_policies"),
    )
    op.create_index(
        "uq_policies_vault_key_folded_name", "policies", ["vault_key", "folded_name"], unique=True
    )


def _create_items() -> None:
    op.create_table(
        "items",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("name", _text(260), nullable=False),
        sa.Column("folded_name", _text(260), nullable=False),
        sa.Column("friendly_name", _text(90), nullable=False),
        sa.Column("entropy", sa.BigInteger(), nullable=False),
        sa.Column("state", _text(20), nullable=False),
        sa.Column("policy_key", sa.BigInteger(), nullable=True),
        sa.Column("source_id", _text(400), nullable=False),
        sa.Column("source_folded", _text(400), nullable=False),
        sa.Column("source_exists", sa.Boolean(), nullable=False),
        sa.Column("source_running", sa.Boolean(), nullable=False),
        sa.Column("source_os", _text(10), nullable=False),
        sa.Column("source_size", _text(60), nullable=False),
        sa.Column("disk_set_key", sa.BigInteger(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.Column("churn_bytes_per_second", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("slot_at", sa.BigInteger(), nullable=True),
        sa.Column("next_backup_at", sa.BigInteger(), nullable=True),
        sa.Column("snapshot_until", sa.BigInteger(), nullable=False),
        sa.Column("transfer_until", sa.BigInteger(), nullable=False),
        sa.Column("last_backup_at", sa.BigInteger(), nullable=True),
        sa.Column("last_backup_status", _text(30), nullable=False),
        sa.Column("last_error", _text(80), nullable=True),
        sa.Column("latest_snapshot_at", sa.BigInteger(), nullable=True),
        sa.Column("latest_vaulted_at", sa.BigInteger(), nullable=True),
        sa.Column("expiring", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("purge_at", sa.BigInteger(), nullable=True),
        sa.Column("soft_delete_days", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["vault_key"], ["vaults.key"], name="fk_items_vault_key_vaults", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_items"),
    )
    op.create_index(
        "ix_items_next_backup_at",
        "items",
        ["next_backup_at"],
        **_only_where("next_backup_at IS NOT NULL"),
    )
    op.create_index("ix_items_policy_key", "items", ["policy_key"])
    op.create_index(
        "ix_items_purge_at", "items", ["purge_at"], **_only_where("purge_at IS NOT NULL")
    )
    op.create_index("ix_items_source_folded", "items", ["source_folded"])
    op.create_index(
        "uq_items_vault_key_folded_name", "items", ["vault_key", "folded_name"], unique=True
    )


def _create_disk_sets() -> None:
    op.create_table(
        "disk_sets",
        sa.Column("key", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_disk_sets"),
    )


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", _text(32), nullable=False),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("item_key", sa.BigInteger(), nullable=False),
        sa.Column("operation", _text(30), nullable=False),
        sa.Column("phase", _text(12), nullable=False),
        sa.Column("status", _text(24), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("snapshot_ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("user_triggered", sa.Boolean(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("activity_id", _text(36), nullable=True),
        sa.Column("entity_name", _text(90), nullable=False),
        sa.Column("container_name", _text(260), nullable=False),
        sa.Column("jitter", sa.BigInteger(), nullable=False),
        sa.Column("keep_micros", sa.BigInteger(), nullable=True),
        sa.Column("rule", _text(10), nullable=True),
        sa.Column("instant_micros", sa.BigInteger(), nullable=True),
        sa.Column("retain_until", sa.BigInteger(), nullable=True),
        sa.Column("backup_bytes", sa.BigInteger(), nullable=True),
        sa.Column("transfer_skipped", sa.Boolean(), nullable=False),
        sa.Column("error_code", _text(80), nullable=True),
        sa.Column("detail", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["vault_key"], ["vaults.key"], name="fk_jobs_vault_key_vaults", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_due_at", "jobs", ["due_at"], **_only_where("due_at IS NOT NULL"))
    op.create_index(
        "ix_jobs_vault_key_started_at_ordinal_job_id",
        "jobs",
        ["vault_key", "started_at", "ordinal", "job_id"],
    )


def _create_recovery_points() -> None:
    op.create_table(
        "recovery_points",
        sa.Column("item_key", sa.BigInteger(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("visible_at", sa.BigInteger(), nullable=False),
        sa.Column("vaulted_at", sa.BigInteger(), nullable=True),
        sa.Column("snapshot_valid", sa.Boolean(), nullable=False),
        sa.Column("instant_until", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("sweep_at", sa.BigInteger(), nullable=True),
        sa.Column("rule", _text(10), nullable=True),
        sa.Column("consistency", _text(24), nullable=False),
        sa.Column("disk_set_key", sa.BigInteger(), nullable=False),
        sa.Column("vm_size", _text(60), nullable=False),
        sa.PrimaryKeyConstraint("item_key", "taken_at", name="pk_recovery_points"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_recovery_points_sweep_at",
        "recovery_points",
        ["sweep_at"],
        **_only_where("sweep_at IS NOT NULL"),
    )


def _create_operations() -> None:
    op.create_table(
        "operations",
        sa.Column("operation_id", _text(32), nullable=False),
        sa.Column("scope", _text(600), nullable=False),
        sa.Column("kind", _text(40), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", _text(32), nullable=True),
        sa.PrimaryKeyConstraint("operation_id", name="pk_operations"),
    )
    op.create_index("ix_operations_scope_started_at", "operations", ["scope", "started_at"])
