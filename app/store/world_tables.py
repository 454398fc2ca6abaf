"""The table of saved worlds: what a reset and a restore leave alone."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, TypedColumns

from .metadata import metadata, text_of


class SavedWorldColumns(TypedColumns):
    """Worlds that were saved, each a SQLite database of the tables (``store/images.py``).

    ``saved_at`` is the virtual instant then, ``subscription`` whose rows it has, null for all, and
    ``head`` the schema that the rows are of. Worlds saved of a memory world are in memory too.
    """

    folded = Column(text_of(64), primary_key=True)
    name = Column(text_of(64), nullable=False)
    subscription: Column[str | None] = Column(text_of(36), nullable=True)
    saved_at = Column(BigInteger, nullable=False)
    head = Column(text_of(32), nullable=False)
    content = Column(LargeBinary, nullable=False)


saved_worlds = Table("saved_worlds", metadata, SavedWorldColumns)
