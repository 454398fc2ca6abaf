"""Alerts that the request raises which does the critical thing, in its own transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from ..domain.alerts import (
    DELETE_BACKUP_DATA,
    HYBRID_SECURITY_DISABLED,
    MUA_DISABLED,
    POLICY_WEAKENED,
    PROTECTION_WEAKENED,
    PURGE_NOTICE,
    SOFT_DELETE_DISABLED,
    UNSUPPORTED_BACKUP_TYPE,
    UPCOMING_PURGE,
)
from ..domain.documents import Document
from ..domain.guest_databases import SIMPLE_MODEL
from ..domain.policies import LOG, DatabasePolicy, Policy
from ..domain.policy_weakening import keeps_less
from ..domain.vault_settings import Settings
from ..store.tables import policies
from . import alerts
from .rules import Rules

_OF_SETTINGS = {
    "softDeleteState": SOFT_DELETE_DISABLED,
    "enhancedSecurityState": HYBRID_SECURITY_DISABLED,
}


def announcement(item: Row[Any], purge_at: int, now: int) -> dict[str, int]:
    """Return what an item that is deleted has in its row for its purge to be announced."""
    notice_at = purge_at - PURGE_NOTICE
    if item.workload in UPCOMING_PURGE.workloads and notice_at > now:
        return {"purge_notice_at": notice_at}
    return {}


def data_deleted(
    connection: Connection, rules: Rules, item: Row[Any], now: int, *, days: int
) -> None:
    """Tell that an item's data is soft-deleted; where it is gone at once, Azure tells nothing."""
    alerts.raise_one(
        connection,
        rules,
        item.vault_key,
        DELETE_BACKUP_DATA,
        now,
        item=item,
        detail={"days": days},
    )


def policy_edited(
    connection: Connection, rules: Rules, stored: Row[Any], document: Document, now: int
) -> None:
    """Tell that a policy was edited to keep points for a shorter time, if it was."""
    if keeps_less(stored.document, document):
        alerts.raise_one(
            connection,
            rules,
            stored.vault_key,
            POLICY_WEAKENED,
            now,
            detail={"policy": stored.name},
        )


def policy_assigned(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    policy_key: int,
    policy: Policy,
    now: int,
) -> None:
    """Tell what is wrong with the policy that an item comes under, if anything is.

    ``item`` is as it was before, or new. One that keeps points for a shorter time is told of, and
    one with backups of a log that the database does not have.
    """
    if item.policy_key not in (None, policy_key):
        _protection_changed(connection, rules, item, policy_key, now)
    logs = isinstance(policy, DatabasePolicy) and policy.logs is not None
    if logs and item.source_size == SIMPLE_MODEL and not item.full_only:
        name = connection.execute(
            select(policies.c.name).where(policies.c.key == policy_key)
        ).scalar_one()
        alerts.raise_one(
            connection,
            rules,
            item.vault_key,
            UNSUPPORTED_BACKUP_TYPE,
            now,
            item=item,
            detail={"kinds": LOG, "policy": name},
        )


def _protection_changed(
    connection: Connection, rules: Rules, item: Row[Any], policy_key: int, now: int
) -> None:
    found = select(policies).where(policies.c.key.in_((item.policy_key, policy_key)))
    known = {row.key: row for row in connection.execute(found)}
    former, chosen = known[item.policy_key], known[policy_key]
    if keeps_less(former.document, chosen.document):
        alerts.raise_one(
            connection,
            rules,
            item.vault_key,
            PROTECTION_WEAKENED,
            now,
            item=item,
            detail={"policy": chosen.name, "former": former.name},
        )


def settings_changed(
    connection: Connection, rules: Rules, vault: Row[Any], after: Settings, now: int
) -> None:
    """Tell of the security features that a change of a vault's settings switches off."""
    was, will_be = (
        each["securitySettings"]["softDeleteSettings"] for each in (vault.properties, after)
    )
    for name, rule in _OF_SETTINGS.items():
        if will_be[name] == "Disabled" != was[name]:
            alerts.raise_one(connection, rules, vault.key, rule, now)


def guard_unmapped(connection: Connection, rules: Rules, vault: Row[Any], now: int) -> None:
    """Tell that a vault has no resource guard any more."""
    alerts.raise_one(connection, rules, vault.key, MUA_DISABLED, now)
