"""Protection of an item: enabled, moved to another policy, stopped, resumed, deleted, undeleted.

Each takes effect with the request that asks for it; the job that Azure shows for it only takes
its time (docs/decisions/0005).
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Connection, Row, insert, select, update

from ..domain import ids
from ..domain.instants import DAY
from ..domain.jobs import ProtectionState
from ..domain.policies import Policy
from ..store.tables import items
from ..workloads.table import WORKLOADS
from . import (
    alerts,
    backups,
    critical_alerts,
    file_recoveries,
    jobs,
    log_chains,
    retention,
    snapshots,
    soft_delete,
    sources,
    tiering,
)
from .rules import Rules


class ItemName(Protocol):
    """What an item is called; ``short`` is the container's name without its first part."""

    @property
    def item(self) -> str:
        """The item's name."""

    @property
    def short(self) -> str:
        """The ``containerName`` of items and jobs."""

    @property
    def folded(self) -> str:
        """The lower-case name that is like no other in a vault."""


def enable(
    connection: Connection,
    rules: Rules,
    *,
    vault_key: int,
    name: ItemName,
    source: sources.Source,
    policy_key: int,
    policy: Policy,
    now: int,
    exclusion: dict[str, Any] | None = None,
    source_id: str | None = None,
) -> Row[Any]:
    """Create a protected item; its first backup waits for the policy's next slot.

    ``source_id`` is what the item shows as its source, where that is not the source itself.
    """
    key = ids.key(rules.seed, "item", vault_key, name.folded)
    entropy = ids.key(rules.seed, "entropy", key)
    slot = policy.next_slot(now)
    seen = sources.columns(connection, rules, source, entropy, exclusion)
    connection.execute(
        insert(items).values(
            key=key,
            vault_key=vault_key,
            workload=source.workload,
            name=name.item,
            container_name=name.short,
            folded_name=name.folded,
            friendly_name=source.name,
            entropy=entropy,
            state=ProtectionState.IR_PENDING,
            policy_key=policy_key,
            policy_type=policy.kind,
            source_folded=source.id.lower(),
            created_at=now,
            slot_at=slot,
            next_backup_at=backups.scheduled_start(rules, key, slot),
            snapshot_until=now,
            transfer_until=now,
            last_backup_status="",
            expiring=True,
            exclusion=exclusion,
            crowded_at=now if policy.is_crowded else None,
            unplaced_at=now if WORKLOADS[source.workload].in_collections else None,
            **log_chains.columns(policy),
            **({"source_id": source_id} | seen),
        )
    )
    item = get(connection, key)
    critical_alerts.policy_assigned(connection, rules, item, policy_key, policy, now)
    return item


def get(connection: Connection, key: int) -> Row[Any]:
    """Return an item by its key."""
    return connection.execute(select(items).where(items.c.key == key)).one()


def use_policy(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    policy_key: int,
    policy: Policy,
    now: int,
    *,
    soft_delete_days: int,
) -> None:
    """Put an item under a policy: its own, another one, or after protection was stopped.

    Points that it no longer keeps are soft-deleted for some days, or gone if there are none.
    """
    critical_alerts.policy_assigned(connection, rules, item, policy_key, policy, now)
    log_chains.settle(connection, items.c.key == item.key, now)
    slot = policy.next_slot(now)
    resumed = item.state in ProtectionState.RESUMABLE
    backed_up = ProtectionState.PROTECTED if item.latest_snapshot_at else ProtectionState.IR_PENDING
    connection.execute(
        update(items)
        .where(items.c.key == item.key)
        .values(
            state=backed_up if resumed else item.state,
            policy_key=policy_key,
            policy_type=policy.kind,
            slot_at=slot,
            next_backup_at=backups.scheduled_start(rules, item.key, slot),
            expiring=True,
            unplaced_at=now if WORKLOADS[item.workload].in_collections else None,
            **log_chains.columns(policy),
        )
    )
    if resumed:
        retention.thaw(connection, item.key)
    of = items.c.key == item.key
    retention.judge(connection, of, policy, now, soft_delete_days=soft_delete_days)


def edit_policy(
    connection: Connection,
    rules: Rules,
    policy_key: int,
    policy: Policy,
    now: int,
    *,
    soft_delete_days: int,
) -> None:
    """Let every item under a policy, and its points, follow what the policy says now.

    Points that it no longer keeps are soft-deleted for some days, or gone if there are none.
    """
    of = items.c.policy_key == policy_key
    log_chains.settle(connection, of, now)
    log_chains.follow(connection, of, policy)
    backups.reschedule(connection, rules, policy=policy_key, next_slot=policy.next_slot(now))
    snapshots.reconsider(connection, of, now)
    retention.judge(connection, of, policy, now, soft_delete_days=soft_delete_days)


def choose_disks(
    connection: Connection,
    rules: Rules,
    item: Row[Any],
    exclusion: dict[str, Any] | None,
    now: int,
) -> None:
    """Choose the disks that the next backup includes, in place of any choice before."""
    connection.execute(update(items).where(items.c.key == item.key).values(exclusion=exclusion))
    sources.refresh(connection, rules, item.source_id, now)


def stop(
    connection: Connection,
    item: Row[Any],
    now: int,
    *,
    keep_per_policy: bool,
    keep_policy: bool = False,
) -> None:
    """Stop backups: points stay forever, or (suspended) go on expiring but for the last.

    A suspended item may keep its policy, which then no longer runs for it.
    """
    log_chains.settle(connection, items.c.key == item.key, now)
    if not keep_per_policy:
        log_chains.freeze(connection, item, now)
    state = ProtectionState.SUSPENDED if keep_per_policy else ProtectionState.STOPPED
    connection.execute(
        update(items)
        .where(items.c.key == item.key)
        .values(
            state=state,
            policy_key=item.policy_key if keep_policy else None,
            slot_at=None,
            next_backup_at=None,
            expiring=keep_per_policy,
            owed_day=None,
        )
    )
    tiering.halt(connection, item.key)
    if not keep_per_policy:
        retention.freeze(connection, item.key)
        return
    if not item.expiring:
        retention.thaw(connection, item.key)
    retention.keep_last(connection, item, now)


def delete(
    connection: Connection, rules: Rules, item: Row[Any], now: int, *, soft_delete_days: int
) -> None:
    """Delete an item's data: kept for the soft-delete days, or gone at once if there are none."""
    jobs.cancel_what_writes(connection, item.key, now)
    if not soft_delete_days:
        soft_delete.purge_item(connection, item.key)
        return
    stop(connection, item, now, keep_per_policy=False)
    file_recoveries.end_all(connection, item.key)
    purge_at = now + soft_delete_days * DAY
    connection.execute(
        update(items)
        .where(items.c.key == item.key)
        .values(
            deleted_at=now,
            purge_at=purge_at,
            soft_delete_days=soft_delete_days,
            **critical_alerts.announcement(item, purge_at, now),
        )
    )
    critical_alerts.data_deleted(connection, rules, item, now, days=soft_delete_days)


def undelete(connection: Connection, rules: Rules, item: Row[Any], now: int) -> None:
    """Bring a soft-deleted item back: protection stays stopped, every point is there."""
    connection.execute(
        update(items)
        .where(items.c.key == item.key)
        .values(deleted_at=None, purge_at=None, soft_delete_days=None, purge_notice_at=None)
    )
    alerts.resolve_announcement(connection, rules, item.key, now)
