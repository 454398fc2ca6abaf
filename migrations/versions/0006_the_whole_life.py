"""The outages of regions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a world's outages: it had none."""
    op.add_column(
        "world", sa.Column("outages", sa.Text(), nullable=False, server_default=sa.text("'[]'"))
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_column("world", "outages")
