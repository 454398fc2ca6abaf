"""What is remembered of backups of logs beside their chains (see ``log_chains``)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, PrimaryKeyConstraint, Table, TypedColumns

from .metadata import metadata
from .tables import items


class LogStretchColumns(TypedColumns):
    """Spans in which a log was backed up at one pace: what a chain was before it was settled.

    After ``resumed_at`` there was a backup at each multiple of ``every_micros`` up to
    ``covered_until``, which may be one on demand. Only kept where the vault has a secondary
    region, which lags behind.
    """

    item_key = Column(BigInteger, ForeignKey(items.c.key, ondelete="CASCADE"), nullable=False)
    resumed_at = Column(BigInteger, nullable=False)
    covered_until = Column(BigInteger, nullable=False)
    every_micros = Column(BigInteger, nullable=False)


log_stretches = Table(
    "log_stretches", metadata, LogStretchColumns, PrimaryKeyConstraint("item_key", "resumed_at")
)
