"""What an immutable vault refuses: whatever would lose a recovery point before its time.

Azure-backup-semantics 6.1. Snapshots are not concerned, only what is in the vault; a vault that is
Unlocked refuses the same as one that is Locked. Those of a fixed time are immutable for as many
days after they were taken (docs/decisions/0082).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, exists, select

from ...arm.calls import Call
from ...domain.documents import Document
from ...domain.errors import Refused, invalid
from ...domain.instants import DAY
from ...domain.jobs import ProtectionState
from ...domain.policies import Policy, read
from ...domain.policy_weakening import weakened
from ...domain.vault_settings import immutability, immutable_days, is_immutable
from ...engine import log_chains, retention
from ...store.tables import items, policies, recovery_points

_RETENTION = ("retentionPolicy", "subProtectionPolicy", "vaultRetentionPolicy")
_SNAPSHOTS = "snapshotRetentionInDays"
_POINT = recovery_points.c


def check_policy(call: Call, vault: Row[Any], stored: Row[Any], document: Document) -> None:
    """Refuse an edit that keeps points for a shorter time, or longer ones of a suspended item.

    Schedules may change. Raises ``Refused``.
    """
    if not is_immutable(vault.properties):
        return
    _check_reduction(vault, stored.document, document, f"policy '{stored.name}'")
    suspended = select(items.c.friendly_name).where(
        items.c.policy_key == stored.key, items.c.state == ProtectionState.SUSPENDED
    )
    item = call.connection.execute(suspended.order_by(items.c.folded_name).limit(1)).scalar()
    if item is not None and _of_retention(weakened(document, stored.document)):
        raise _denied(
            f"An increase in retention is not allowed while backups of '{item}' are suspended in "
            "an immutable vault; resume its protection first.",
            "properties.retentionPolicy",
        )


def check_policy_of_item(
    call: Call, vault: Row[Any], item: Row[Any], policy_key: int, policy: Policy
) -> None:
    """Refuse to put an item under a policy that keeps its points for less. Raises ``Refused``."""
    if not is_immutable(vault.properties) or item.policy_key == policy_key:
        return
    if item.policy_key is None:
        _check_points(call, vault, item, policy)
        return
    keys = (item.policy_key, policy_key)
    found = select(policies.c.key, policies.c.name, policies.c.document)
    rows = {row.key: row for row in call.connection.execute(found.where(policies.c.key.in_(keys)))}
    before, after = (rows[key] for key in keys)
    _check_reduction(vault, before.document, after.document, f"policy '{after.name}'")


def _check_points(call: Call, vault: Row[Any], item: Row[Any], policy: Policy) -> None:
    """Refuse to resume an item that was stopped under a policy that ends its points sooner.

    Which policy it had is not known any more; for how long its points were kept is (0136).
    """
    days = immutable_days(immutability(vault.properties))
    if retention.would_shorten(
        call.connection, item.key, policy, call.now, fixed_days=days
    ) or log_chains.would_shorten(call.connection, item, policy, call.now, fixed_days=days):
        raise _denied(
            "Reduction in retention is not allowed since the vault is immutable: the policy would "
            f"keep recovery points of '{item.friendly_name}' for less than they were to be kept "
            "when its protection was stopped.",
            "properties.policyId",
        )


def _check_reduction(vault: Row[Any], before: Document, after: Document, what: str) -> None:
    worse = _of_retention(weakened(before, after))
    days = immutable_days(immutability(vault.properties))
    if not worse or (days is not None and _keeps(after, days)):
        return
    raise _denied(
        f"Reduction in retention is not allowed since the vault is immutable: {what} would keep "
        f"less by {', '.join(worse)}.",
        f"properties.{worse[0]}",
    )


def check_deletion(call: Call, vault: Row[Any], item: Row[Any]) -> None:
    """Refuse to delete data of which some is not over yet. Raises ``Refused``."""
    if not is_immutable(vault.properties):
        return
    days = immutable_days(immutability(vault.properties))
    held = [_POINT.item_key == item.key, _POINT.vaulted_at.is_not(None)]
    if days is not None:
        held.append(_POINT.taken_at > call.now - days * DAY)
    elif item.expiring:
        held.append(_POINT.expires_at > call.now)
    if call.connection.execute(select(exists().where(*held))).scalar():
        raise _denied(
            f"'{item.friendly_name}' has recovery points that are not over, and the vault is "
            "immutable: stop its protection and retain the data instead.",
            "protectedItemName",
        )


def life(vault: Row[Any], point: Row[Any], now: int) -> tuple[bool, int] | None:
    """Return whether a point is immutable, and until when; ``None`` where the vault is not."""
    if not is_immutable(vault.properties) or point.vaulted_at is None:
        return None
    days = immutable_days(immutability(vault.properties))
    until: int = point.expires_at if days is None else point.taken_at + days * DAY
    return now < until, until


def _of_retention(fields: list[str]) -> list[str]:
    return [
        field for field in fields if field.startswith(_RETENTION) and not field.endswith(_SNAPSHOTS)
    ]


def _keeps(document: Document, days: int) -> bool:
    """Tell whether every rule of a policy keeps its points for some days."""
    policy = read(document)
    return policy is not None and all(rule.shortest_days >= days for rule in policy.rules)


def _denied(message: str, field: str) -> Refused:
    return invalid("UserErrorOperationDeniedOnImmutableItem", message, target=field)
