"""The tables of alerts, and of what was made of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    TypedColumns,
    false,
)
from sqlalchemy.types import JSON

from .metadata import Document, metadata, text_of


class AlertColumns(TypedColumns):
    """Alerts, with all that they show: they outlive their item and their vault.

    ``rule`` is a name of the table of alerts (``domain/alerts.py``), ``severity`` the digit of
    Sev0 to Sev4. The target is the vault, as its id was when the alert was raised; an alert of an
    item, or of its job, names it too. ``job_started_at`` is of the job that has failed.
    ``detail`` is what the words of an alert without a job need. ``open_item`` is the item's key
    while the engine watches whether the alert is to be resolved. ``is_suppressed`` tells whether a
    processing rule has kept its actions back.
    """

    alert_id = Column(text_of(32), primary_key=True)
    subscription = Column(text_of(36), nullable=False)
    vault_key = Column(BigInteger, nullable=False)
    target_id = Column(text_of(400), nullable=False)
    target_folded = Column(text_of(400), nullable=False)
    rule = Column(text_of(60), nullable=False)
    severity = Column(Integer, nullable=False)
    state = Column(text_of(12), nullable=False)
    condition = Column(text_of(8), nullable=False)
    fired_at = Column(BigInteger, nullable=False)
    changed_at = Column(BigInteger, nullable=False)
    changed_by = Column(String(200), nullable=False)
    resolved_at: Column[int | None] = Column(BigInteger, nullable=True)
    is_suppressed = Column(Boolean, nullable=False, server_default=false())
    item_key: Column[int | None] = Column(BigInteger, nullable=True)
    item_name: Column[str | None] = Column(text_of(260), nullable=True)
    container_name: Column[str | None] = Column(text_of(260), nullable=True)
    entity_name: Column[str | None] = Column(text_of(90), nullable=True)
    workload: Column[str | None] = Column(text_of(30), nullable=True)
    source_id: Column[str | None] = Column(text_of(400), nullable=True)
    job_id: Column[str | None] = Column(text_of(32), nullable=True)
    job_started_at: Column[int | None] = Column(BigInteger, nullable=True)
    error_code: Column[str | None] = Column(text_of(80), nullable=True)
    detail: Column[Document | None] = Column(JSON(none_as_null=True), nullable=True)
    open_item: Column[int | None] = Column(BigInteger, nullable=True)


alerts = Table("alerts", metadata, AlertColumns)
Index(
    "ix_alerts_subscription_fired_at_alert_id",
    alerts.c.subscription,
    alerts.c.fired_at,
    alerts.c.alert_id,
)
Index(
    "ix_alerts_open_item",
    alerts.c.open_item,
    sqlite_where=alerts.c.open_item.is_not(None),
)


class AlertChangeColumns(TypedColumns):
    """What was made of an alert since it was raised, but for what its own row tells.

    ``event`` is Azure's word, such as StateChange.
    """

    alert_id = Column(
        text_of(32), ForeignKey(alerts.c.alert_id, ondelete="CASCADE"), nullable=False
    )
    ordinal = Column(Integer, nullable=False)
    subscription = Column(text_of(36), nullable=False)
    changed_at = Column(BigInteger, nullable=False)
    changed_by = Column(String(200), nullable=False)
    event = Column(text_of(30), nullable=False)
    old_value: Column[str | None] = Column(String(400), nullable=True)
    new_value: Column[str | None] = Column(String(400), nullable=True)
    comment: Column[str | None] = Column(String(1000), nullable=True)


alert_changes = Table(
    "alert_changes", metadata, AlertChangeColumns, PrimaryKeyConstraint("alert_id", "ordinal")
)
