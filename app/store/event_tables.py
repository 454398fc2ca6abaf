"""The tables of what has happened, as long as somebody has asked that it be recorded."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table, TypedColumns

from .metadata import metadata, text_of


class EventColumns(TypedColumns):
    """The latest events, each with all that is told of it: what it is about may be gone by then.

    Numbers grow, and begin again with no reset. Those below zero are drafts: they get their
    number, in the order of their instants, before the transaction that wrote them is over.
    ``at`` is virtual time, ``real_at`` the wall clock's. A recovery point is known by ``taken_at``.
    """

    number = Column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    at = Column(BigInteger, nullable=False)
    real_at = Column(BigInteger, nullable=False)
    kind = Column(text_of(40), nullable=False)
    subscription: Column[str | None] = Column(text_of(36), nullable=True)
    vault_id: Column[str | None] = Column(text_of(400), nullable=True)
    item_name: Column[str | None] = Column(text_of(260), nullable=True)
    entropy: Column[int | None] = Column(BigInteger, nullable=True)
    container_name: Column[str | None] = Column(text_of(260), nullable=True)
    entity_name: Column[str | None] = Column(text_of(90), nullable=True)
    workload: Column[str | None] = Column(text_of(30), nullable=True)
    job_id: Column[str | None] = Column(text_of(32), nullable=True)
    operation: Column[str | None] = Column(text_of(30), nullable=True)
    taken_at: Column[int | None] = Column(BigInteger, nullable=True)
    status: Column[str | None] = Column(text_of(24), nullable=True)
    error_code: Column[str | None] = Column(text_of(80), nullable=True)
    alert_id: Column[str | None] = Column(text_of(32), nullable=True)
    alert_rule: Column[str | None] = Column(text_of(60), nullable=True)


events = Table("events", metadata, EventColumns)


class WatchedJobColumns(TypedColumns):
    """Jobs that run, and what of them was told already; with what else goes when an item does."""

    job_id = Column(text_of(32), primary_key=True)
    vault_key = Column(BigInteger, nullable=False)
    started_at = Column(BigInteger, nullable=False)
    item_name: Column[str | None] = Column(text_of(260), nullable=True)
    entropy: Column[int | None] = Column(BigInteger, nullable=True)
    start_told = Column(Boolean, nullable=False)
    snapshot_told = Column(Boolean, nullable=False)
    end_told = Column(Boolean, nullable=False)


watched_jobs = Table("watched_jobs", metadata, WatchedJobColumns)
