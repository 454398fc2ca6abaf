"""When recovery points go to the archive tier, and for how long they are out of it again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_RESTORES = "operation IN ('Restore', 'RestoreWithRehydrate')"
_ENDING_WINDOWS = "phase IN ('copying', 'building', 'rehydrating', 'moving')"


def upgrade() -> None:
    """Add what is new; indexes over few jobs hold the new kinds too."""
    op.add_column("jobs", sa.Column("tier_micros", sa.BigInteger(), nullable=True))
    for name in ("tier_at", "archived_at", "rehydrated_until"):
        op.add_column("recovery_points", sa.Column(name, sa.BigInteger(), nullable=True))
    _index("ix_recovery_points_tier_at", "recovery_points", ["tier_at"], "tier_at IS NOT NULL")
    op.drop_index("ix_jobs_restores", "jobs")
    _index("ix_jobs_restores", "jobs", ["item_key", "ended_at"], _RESTORES)
    op.drop_index("ix_jobs_changing_vms", "jobs")
    _index("ix_jobs_ending_windows", "jobs", ["due_at"], _ENDING_WINDOWS)


def downgrade() -> None:
    """Take it away again; archived points are in the vault once more, and their jobs are gone."""
    op.execute("DELETE FROM jobs WHERE operation IN ('RestoreWithRehydrate', 'MoveRecoveryPoint')")
    op.drop_index("ix_jobs_ending_windows", "jobs")
    _index("ix_jobs_changing_vms", "jobs", ["due_at"], "phase IN ('copying', 'building')")
    op.drop_index("ix_jobs_restores", "jobs")
    _index("ix_jobs_restores", "jobs", ["item_key", "ended_at"], "operation = 'Restore'")
    op.drop_index("ix_recovery_points_tier_at", "recovery_points")
    for name in ("rehydrated_until", "archived_at", "tier_at"):
        op.drop_column("recovery_points", name)
    op.drop_column("jobs", "tier_micros")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
