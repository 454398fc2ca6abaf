"""The tables of what was made to go wrong."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    TypedColumns,
)
from sqlalchemy.types import JSON

from .metadata import Document, metadata, text_of


class FaultColumns(TypedColumns):
    """Faults that are armed; ``name`` is a row of the table of faults (``domain/faults.py``).

    ``left_over`` is how often it may still strike (null is no end), ``asked`` how many requests it
    was asked about, ``struck`` how often it did strike. ``chance`` is in millionths. A region that
    is to go down, or to come back, does so at ``due_at``.
    """

    fault_id = Column(text_of(12), primary_key=True)
    armed_at = Column(BigInteger, nullable=False)
    ordinal = Column(Integer, nullable=False)
    name = Column(text_of(40), nullable=False)
    subject: Column[str | None] = Column(String(800), nullable=True)
    subscription: Column[str | None] = Column(text_of(36), nullable=True)
    code: Column[str | None] = Column(text_of(80), nullable=True)
    count: Column[int | None] = Column(Integer, nullable=True)
    left_over: Column[int | None] = Column(Integer, nullable=True)
    chance = Column(Integer, nullable=False)
    from_at = Column(BigInteger, nullable=False)
    until_at: Column[int | None] = Column(BigInteger, nullable=True)
    duration: Column[int | None] = Column(BigInteger, nullable=True)
    asked = Column(Integer, nullable=False)
    struck = Column(Integer, nullable=False)
    due_at: Column[int | None] = Column(BigInteger, nullable=True)


faults = Table("faults", metadata, FaultColumns)


class StaleAnswerColumns(TypedColumns):
    """What answers go on showing of something, by its lower-case id, until an instant.

    ``document`` is what was shown before; null says that it was not there. ``point`` is where it is
    shown: in lists, or as a configuration.
    """

    folded = Column(String(800), nullable=False)
    point = Column(text_of(16), nullable=False)
    fault_id = Column(text_of(12), nullable=False)
    until_at = Column(BigInteger, nullable=False)
    document: Column[Document | None] = Column(JSON(none_as_null=True), nullable=True)


stale_answers = Table(
    "stale_answers", metadata, StaleAnswerColumns, PrimaryKeyConstraint("folded", "point")
)
