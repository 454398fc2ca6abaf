"""The outbox: what action groups are told of alerts, until it is told, and what came of it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, TypedColumns

from .metadata import metadata, text_of


class DeliveryColumns(TypedColumns):
    """What one receiver of an action group is told of an alert that was raised, or resolved.

    ``created_at`` is the virtual instant at which the alert changed. All others are real ones:
    ``due_at`` is when the next attempt may be made, or up to when one that is being made is waited
    for, null once there is nothing more to do. ``body`` is what is sent, byte for byte the same at
    each attempt; of what is not sent only ``problem`` tells why.
    """

    delivery_id = Column(text_of(32), primary_key=True)
    subscription = Column(text_of(36), nullable=False)
    alert_id = Column(text_of(32), nullable=False)
    condition = Column(text_of(8), nullable=False)
    group_folded = Column(text_of(600), nullable=False)
    group_id = Column(text_of(600), nullable=False)
    receiver = Column(String(260), nullable=False)
    kind = Column(text_of(40), nullable=False)
    uri: Column[str | None] = Column(String(2000), nullable=True)
    created_at = Column(BigInteger, nullable=False)
    state = Column(text_of(12), nullable=False)
    attempts = Column(Integer, nullable=False)
    due_at: Column[int | None] = Column(BigInteger, nullable=True)
    attempted_at: Column[int | None] = Column(BigInteger, nullable=True)
    status: Column[int | None] = Column(Integer, nullable=True)
    problem: Column[str | None] = Column(String(400), nullable=True)
    body = Column(Text, nullable=False)


deliveries = Table("deliveries", metadata, DeliveryColumns)
Index("ix_deliveries_created_at_delivery_id", deliveries.c.created_at, deliveries.c.delivery_id)
Index(
    "ix_deliveries_due_at",
    deliveries.c.due_at,
    sqlite_where=deliveries.c.due_at.is_not(None),
)
