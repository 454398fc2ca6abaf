"""The outages of regions, and how long recovery points take to the secondary region."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LAGS = {"replication_lag": 43_200_000_000, "cross_region_delay": 172_800_000_000}


def upgrade() -> None:
    """Add a world's outages, it had none, and its two lags, they are Azure's."""
    op.add_column(
        "world", sa.Column("outages", sa.Text(), nullable=False, server_default=sa.text("'[]'"))
    )
    for name, micros in _LAGS.items():
        default = sa.text(str(micros))
        op.add_column(
            "world", sa.Column(name, sa.BigInteger(), nullable=False, server_default=default)
        )


def downgrade() -> None:
    """Forget them."""
    for name in _LAGS:
        op.drop_column("world", name)
    op.drop_column("world", "outages")
