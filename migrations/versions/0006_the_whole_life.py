"""Outages of regions, copies in the pair, the archive tier, and points that are soft-deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_DAY = 24 * 60 * 60 * 1_000_000
_DAYS = {"Days": 1, "Weeks": 7, "Months": 30, "Years": 360}
_LAGS = {"replication_lag": 43_200_000_000, "cross_region_delay": 172_800_000_000}
_RESTORES = "operation IN ('Restore', 'RestoreWithRehydrate')"
_ENDING_WINDOWS = "phase IN ('copying', 'building') OR phase IN ('rehydrating', 'moving')"


def upgrade() -> None:
    """Add what is new: a world's outages, of which it had none, and what points may become."""
    op.add_column(
        "world", sa.Column("outages", sa.Text(), nullable=False, server_default=sa.text("'[]'"))
    )
    for name, micros in _LAGS.items():
        default = sa.text(str(micros))
        op.add_column(
            "world", sa.Column(name, sa.BigInteger(), nullable=False, server_default=default)
        )
    _add_the_archive()
    op.add_column(
        "recovery_points",
        sa.Column("soft_deleted", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Take it away again; soft-deleted points are purged when they would have been."""
    op.drop_column("recovery_points", "soft_deleted")
    _remove_the_archive()
    for name in _LAGS:
        op.drop_column("world", name)
    op.drop_column("world", "outages")


def _add_the_archive() -> None:
    """Indexes over few jobs hold the new kinds too."""
    op.add_column("jobs", sa.Column("tier_micros", sa.BigInteger(), nullable=True))
    for name in ("tier_at", "archived_at", "rehydrated_until"):
        op.add_column("recovery_points", sa.Column(name, sa.BigInteger(), nullable=True))
    _index("ix_recovery_points_tier_at", "recovery_points", ["tier_at"], "tier_at IS NOT NULL")
    op.drop_index("ix_jobs_restores", "jobs")
    _index("ix_jobs_restores", "jobs", ["item_key", "ended_at"], _RESTORES)
    op.drop_index("ix_jobs_changing_vms", "jobs")
    _index("ix_jobs_ending_windows", "jobs", ["due_at", "phase"], _ENDING_WINDOWS)
    if not op.get_context().as_sql:  # written as SQL, it is for an empty database
        _let_points_move(op.get_bind())


def _remove_the_archive() -> None:
    """Archived points are in the vault once more, and their jobs are gone."""
    op.execute("DELETE FROM jobs WHERE operation IN ('RestoreWithRehydrate', 'MoveRecoveryPoint')")
    op.drop_index("ix_jobs_ending_windows", "jobs")
    _index("ix_jobs_changing_vms", "jobs", ["due_at"], "phase IN ('copying', 'building')")
    op.drop_index("ix_jobs_restores", "jobs")
    _index("ix_jobs_restores", "jobs", ["item_key", "ended_at"], "operation = 'Restore'")
    op.drop_index("ix_recovery_points_tier_at", "recovery_points")
    for name in ("rehydrated_until", "archived_at", "tier_at"):
        op.drop_column("recovery_points", name)
    op.drop_column("jobs", "tier_micros")


def _let_points_move(connection: sa.Connection) -> None:
    """Note when points that are there move, by the tiering of Enhanced policies of VMs."""
    for key, rule, rules in _tiering_policies(connection):
        least = rule["duration"] * _DAYS.get(rule["durationType"], 0)
        under = "item_key IN (SELECT key FROM items WHERE policy_key = :key AND {})"
        moved = "(tags LIKE '%M%' OR tags LIKE '%Y%')"
        points = connection.execute(
            sa.text(
                f"SELECT item_key, taken_at, vaulted_at, tags FROM recovery_points WHERE {moved}"
                f" AND vaulted_at IS NOT NULL AND {under.format('next_backup_at IS NOT NULL')}"
            ),
            {"key": key},
        ).all()
        for point in points:
            after = max(least, *(length for tag, length in rules.items() if tag in point.tags), 0)
            due = max(point.taken_at + after * _DAY, point.vaulted_at + 90 * _DAY)
            connection.execute(
                sa.text(
                    "UPDATE recovery_points SET tier_at = :due"
                    " WHERE item_key = :item AND taken_at = :taken"
                ),
                {"due": due, "item": point.item_key, "taken": point.taken_at},
            )
        jobs = connection.execute(
            sa.text(
                f"SELECT job_id, tags FROM jobs WHERE due_at IS NOT NULL AND {moved}"
                f" AND phase IN ('snapshot', 'transfer') AND {under.format('TRUE')}"
            ),
            {"key": key},
        ).all()
        for job in jobs:
            after = max(least, *(length for tag, length in rules.items() if tag in job.tags), 0)
            connection.execute(
                sa.text("UPDATE jobs SET tier_micros = :after WHERE job_id = :job"),
                {"after": after * _DAY, "job": job.job_id},
            )


def _tiering_policies(
    connection: sa.Connection,
) -> Iterator[tuple[int, dict[str, Any], dict[str, int]]]:
    """Return the key, the tiering and the daily and weekly lengths, in days, of each policy."""
    for key, found in connection.execute(sa.text("SELECT key, document FROM policies")).all():
        document = json.loads(found) if isinstance(found, str) else found
        rule = document.get("tieringPolicy", {}).get("ArchivedRP", {"tieringMode": "DoNotTier"})
        is_enhanced = document.get("policyType") == "V2"
        if document["backupManagementType"] != "AzureIaasVM" or not is_enhanced:
            continue
        if rule["tieringMode"] == "DoNotTier":
            continue
        retention = document["retentionPolicy"]
        yield (
            key,
            rule,
            {
                tag: retention[name]["retentionDuration"]["count"] * days
                for tag, name, days in (("D", "dailySchedule", 1), ("W", "weeklySchedule", 7))
                if name in retention
            },
        )


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
