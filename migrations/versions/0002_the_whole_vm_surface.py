"""What the rest of the VM surface keeps.

How a column is added, so that both databases end up with what ``app/store/tables.py`` says:

- There: at the end of its table's columns. Here: ``op.add_column`` in the same order, and
  ``op.drop_column`` in the downgrade. A table with rows takes a column that is nullable or has a
  ``server_default``, which stands in both places: ``sa.false()`` for a truth, ``"0"`` for a
  number, ``"Enabled"`` for a text, ``"{}"`` for a document.
- An index is made by ``op.create_index`` and dropped before its column; one over some rows only
  takes ``sqlite_where`` and ``postgresql_where``. A new table is made by ``op.create_table`` with
  names on its constraints, as in 0001; only there can a foreign key be, as SQLite gives one that
  is added later no name.
- Never ``batch_alter_table``: it copies the table and drops the old one, and SQLite, with its
  foreign keys on, then deletes every row that refers to it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = (
    ("world", "reserved_until", sa.BigInteger()),
    ("world", "advance_from", sa.BigInteger()),
    ("world", "advance_to", sa.BigInteger()),
)


def upgrade() -> None:
    """Add what is new; rows that are there know nothing of it."""
    for table, name, kind in COLUMNS:
        op.add_column(table, sa.Column(name, kind, nullable=True))
    _index_what_lists_ask_for()
    op.add_column("vaults", sa.Column("hidden", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("operations", sa.Column("outcome", sa.JSON(), nullable=True))
    _add_what_a_vm_is()
    _keep_what_restores_need()
    _keep_exports()
    _tell_the_kind_of_restores()
    _tag_what_was_daily()


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_items_crowded_at", "items")
    op.drop_column("items", "crowded_at")
    for table in ("recovery_points", "jobs"):
        op.drop_column(table, "slot_day")
        op.drop_column(table, "tags")
    op.drop_table("exports")
    op.drop_table("blobs")
    op.drop_index("ix_jobs_changing_vms", "jobs")
    op.drop_column("items", "exclusion")
    op.drop_column("operations", "outcome")
    op.drop_column("vaults", "hidden")
    for column in ("full_next", "source_scripts", "source_agent", "source_vm_id"):
        op.drop_column("items", column)
    op.drop_index("ix_resources_type_folded_folded", "resources")
    op.create_index("ix_resources_type_folded", "resources", ["type_folded"])
    op.drop_index("ix_jobs_restores", "jobs")
    op.drop_index("ix_jobs_no_backups", "jobs")
    op.drop_index("ix_jobs_not_completed", "jobs")
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)


def _index_what_lists_ask_for() -> None:
    op.create_index(
        "ix_jobs_not_completed",
        "jobs",
        ["vault_key", "status", "started_at", "ordinal", "job_id"],
        sqlite_where=sa.text("status != 'Completed'"),
        postgresql_where=sa.text("status != 'Completed'"),
    )
    op.create_index(
        "ix_jobs_no_backups",
        "jobs",
        ["vault_key", "operation", "started_at", "ordinal", "job_id"],
        sqlite_where=sa.text("operation != 'Backup'"),
        postgresql_where=sa.text("operation != 'Backup'"),
    )
    op.create_index(
        "ix_jobs_restores",
        "jobs",
        ["item_key", "ended_at"],
        sqlite_where=sa.text("operation = 'Restore'"),
        postgresql_where=sa.text("operation = 'Restore'"),
    )
    op.drop_index("ix_resources_type_folded", "resources")
    op.create_index("ix_resources_type_folded_folded", "resources", ["type_folded", "folded"])


def _add_what_a_vm_is() -> None:
    op.add_column("items", sa.Column("source_vm_id", sa.String(36), nullable=True))
    for name, born in (
        ("source_agent", sa.true()),
        ("source_scripts", sa.false()),
        ("full_next", sa.false()),
    ):
        op.add_column("items", sa.Column(name, sa.Boolean(), nullable=False, server_default=born))


def _text(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _keep_what_restores_need() -> None:
    op.add_column("items", sa.Column("exclusion", sa.JSON(), nullable=True))
    op.create_index(
        "ix_jobs_changing_vms",
        "jobs",
        ["due_at"],
        sqlite_where=sa.text("phase IN ('copying', 'building')"),
        postgresql_where=sa.text("phase IN ('copying', 'building')"),
    )
    op.create_table(
        "blobs",
        sa.Column("account_folded", _text(600), nullable=False),
        sa.Column("container", _text(63), nullable=False),
        sa.Column("name", _text(200), nullable=False),
        sa.Column("kind", _text(12), nullable=False),
        sa.Column("content_type", _text(60), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_folded", "container", "name", name="pk_blobs"),
        sa.ForeignKeyConstraint(
            ["account_folded"],
            ["resources.folded"],
            name="fk_blobs_account_folded_resources",
            ondelete="CASCADE",
        ),
    )


def _keep_exports() -> None:
    op.create_table(
        "exports",
        sa.Column(
            "operation_id",
            _text(32),
            nullable=False,
        ),
        sa.Column("vault_key", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["vault_key"], ["vaults.key"], name="fk_exports_vault_key_vaults", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation_id", name="pk_exports"),
    )
    op.create_index("ix_exports_vault_key", "exports", ["vault_key"])


def _tell_the_kind_of_restores() -> None:
    """Complete the jobs of restores: there was one kind, of all disks into a resource group."""
    jobs = sa.table(
        "jobs",
        sa.column("job_id", sa.String),
        sa.column("operation", sa.String),
        sa.column("due_at", sa.BigInteger),
        sa.column("ended_at", sa.BigInteger),
        sa.column("detail", sa.JSON),
    )
    if op.get_context().as_sql:
        return  # written as SQL for a database that is new: there is nothing to complete
    connection = op.get_bind()
    found = connection.execute(sa.select(jobs).where(jobs.c.operation == "Restore")).all()
    for job in found:
        ends_at = job.ended_at if job.due_at is None else job.due_at
        more = {
            "kind": "RestoreDisks",
            "luns": None,
            "source_id": job.detail["target_group"],
            "vm_size": "",
            "gigabytes": 0,
            "copied_at": ends_at,
            "ends_at": ends_at,
        }
        connection.execute(
            sa.update(jobs).where(jobs.c.job_id == job.job_id).values(detail=job.detail | more)
        )


def _tag_what_was_daily() -> None:
    """Give the points of schedules their tags: there was one, whose length needs no date."""
    for table, began in (("jobs", "started_at"), ("recovery_points", "taken_at")):
        op.add_column(table, sa.Column("tags", _text(4), nullable=True))
        op.add_column(table, sa.Column("slot_day", sa.Integer(), nullable=True))
        day = f"CAST({began} / 86400000000 AS INTEGER)"
        op.execute(f"UPDATE {table} SET tags = 'D', slot_day = {day} WHERE rule = 'Daily'")
    op.add_column("items", sa.Column("crowded_at", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_items_crowded_at",
        "items",
        ["crowded_at"],
        sqlite_where=sa.text("crowded_at IS NOT NULL"),
        postgresql_where=sa.text("crowded_at IS NOT NULL"),
    )
