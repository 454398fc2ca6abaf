"""Recovery points: list and show (azure-cli-wire 5, azure-backup-semantics 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, false, not_, select

from ...arm import filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain import ids
from ...domain.archive_tier import ARCHIVED, HARDENED, INSTANT
from ...domain.errors import conflict, not_emulated, not_found
from ...domain.instants import DAY, wire, wire_without_zone
from ...domain.resource_ids import VAULT_TYPE
from ...engine import archiving
from ...engine.file_recoveries import is_open, of_point
from ...engine.rehydrations import is_rehydrated
from ...store.tables import disk_sets, file_recoveries, recovery_points
from ...workloads.table import WORKLOADS
from . import archive_obstacles, database_points, immutable_data, vocabulary
from .paths import ITEM, item_id, item_of

Shown = Callable[[Call, Row[Any], Row[Any], Row[Any]], dict[str, Any]]
"""Shows a point, of a vault and an item."""

TAG = "Recovery points"
SNAPSHOT, VAULTED = "InstantRP", "HardenedRP"
"""The tiers of points, in Azure's words."""
POINT_TYPE = f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectedItems/recoveryPoints"
KEYS = (
    "startDate",
    "endDate",
    "restorePointQueryType",
    "extendedInfo",
    "moveReadyRPOnly",
    "includeSoftDeletedRP",
)
_point = recovery_points.c


@endpoint(
    "GET",
    f"{ITEM}/recoveryPoints",
    "RecoveryPoints_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_(call: Call) -> Answer:
    """List an item's recovery points, newest first."""
    vault, item = item_of(call)
    return answer(call, vault, item, render)


def answer(
    call: Call,
    vault: Row[Any],
    item: Row[Any],
    shown: Shown,
    *also: ColumnElement[bool],
    logs_until: int | None = None,
) -> Answer:
    """Answer with those of an item's points that the request asks for, newest first.

    ``also`` are conditions on them, ``shown`` is how one is shown; of a log only backups up to
    ``logs_until`` count, if given. Raises ``Refused``.
    """
    obstacle = archiving.obstacle(call.connection, item, call.now)
    where = [*also, *_visible(call, item), *_matching(call, item, obstacle)]
    start = after(call, int)
    if start is not None:
        where.append(_point.taken_at < start[0])
    rows = call.connection.execute(
        _found(item, obstacle).where(*where).order_by(_point.taken_at.desc()).limit(row_limit(call))
    ).all()
    told = page(
        call,
        rows,
        lambda row: _listed(call, shown(call, vault, item, row)),
        lambda row: [row.taken_at],
    )
    if WORKLOADS[item.workload].streaming is not None:
        return database_points.with_range(call, vault, item, told, logs_until)
    return told


def _listed(call: Call, shown: dict[str, Any]) -> dict[str, Any]:
    """Return a point as a list shows it: what is long only if it was asked for."""
    if not database_points.asks_for_details(call):
        shown["properties"].pop("extendedInfo", None)
    return shown


def _found(item: Row[Any], obstacle: ColumnElement[Any]) -> Select[Any]:
    """Return the query for an item's points, with all that they show."""
    return (
        select(
            recovery_points,
            disk_sets.c.document.label("disks"),
            file_recoveries.c.opened_at,
            file_recoveries.c.closes_at,
            obstacle.label("obstacle"),
        )
        .join(disk_sets, disk_sets.c.key == _point.disk_set_key)
        .outerjoin(file_recoveries, of_point())
        .where(_point.item_key == item.key)
    )


def ready_for_archive(call: Call, item: Row[Any]) -> Sequence[Row[Any]]:
    """Return the points of an item that can be moved to the archive, newest first."""
    obstacle = archiving.obstacle(call.connection, item, call.now)
    ready = _found(item, obstacle).where(obstacle.is_(None), *_visible(call, item))
    return call.connection.execute(ready.order_by(_point.taken_at.desc())).all()


def _matching(
    call: Call, item: Row[Any], obstacle: ColumnElement[Any]
) -> list[ColumnElement[bool]]:
    """Return the conditions that ``$filter`` puts on an item's points. Raises ``Refused``."""
    terms = filters.read(call.query.get("$filter"), KEYS)
    wanted = filters.one_of(terms, "restorePointQueryType", vocabulary.POINT_QUERY_TYPES)
    filters.flag(terms, "extendedInfo")
    where = database_points.of_type(item, wanted)
    with_deleted = filters.flag(terms, "includeSoftDeletedRP")
    if item.deleted_at is not None and with_deleted is False:
        where.append(false())
    if not with_deleted:
        where.append(not_(_point.soft_deleted))
    if filters.flag(terms, "moveReadyRPOnly"):
        where.append(obstacle.is_(None))
    first = filters.instant(terms, "startDate")
    last = filters.instant(terms, "endDate")
    if first is not None:
        where.append(_point.taken_at >= first)
    if last is not None:
        where.append(_point.taken_at <= last)
    return where


def point_of(call: Call, item: Row[Any]) -> Row[Any]:
    """Return the recovery point in the path. Raises ``Refused``."""
    name = call.path["recoveryPointId"]
    found = find_point(call, item)
    if found is None:
        raise not_found(
            "BMSUserErrorRecoveryPointNotFound",
            f"recoveryPointId: '{item.friendly_name}' has no recovery point '{name}'; "
            "it may have expired.",
            target="recoveryPointId",
        )
    return found


def find_point(call: Call, item: Row[Any], *also: ColumnElement[bool]) -> Row[Any] | None:
    """Return the recovery point in the path, if it meets some conditions, or ``None``."""
    taken_at = ids.recovery_point_instant(item.entropy, call.path["recoveryPointId"])
    if taken_at is None:
        return None
    obstacle = archiving.obstacle(call.connection, item, call.now)
    where = (_point.taken_at == taken_at, *also, *_visible(call, item))
    return call.connection.execute(_found(item, obstacle).where(*where)).first()


def restorable_item(call: Call) -> tuple[Row[Any], Row[Any]]:
    """Return the vault and the item in the path, if it can be restored. Raises ``Refused``."""
    vault, item = item_of(call)
    workload = WORKLOADS[item.workload]
    if not workload.restored:
        raise not_emulated("recoveryPointId", f"such a restore of a {workload.title}")
    refuse_soft_deleted(item)
    return vault, item


def refuse_soft_deleted(item: Row[Any]) -> None:
    """Refuse to restore what is soft-deleted."""
    if item.deleted_at is not None:
        raise conflict(
            "BMSUserErrorItemSoftDeleted",
            f"'{item.friendly_name}' is soft-deleted; undelete it before you restore.",
        )


def restorable(call: Call) -> tuple[Row[Any], Row[Any], Row[Any]]:
    """Return the vault, the item and the point in the path, if its data is there.

    Raises ``Refused``: the item is soft-deleted, or the snapshot is gone and was never vaulted.
    """
    vault, item = restorable_item(call)
    point = point_of(call, item)
    if point.soft_deleted:
        raise conflict(
            "BMSUserErrorRecoveryPointSoftDeleted",
            f"recoveryPointId: '{call.path['recoveryPointId']}' is soft-deleted since the "
            "retention of its policy was reduced; raise it again before you restore.",
            target="recoveryPointId",
        )
    if point.vaulted_at is None and not point.snapshot_valid:
        raise conflict(
            "UserErrorInstantRpNotFound",
            "Restore failed because the snapshot of the VM was not found. The snapshot was deleted "
            "before it was transferred to the vault; restore from another recovery point.",
            target="recoveryPointId",
        )
    return vault, item, point


def _visible(call: Call, item: Row[Any]) -> list[ColumnElement[bool]]:
    """Points are there once their snapshot is, or (--recovery-point-visibility vault) vaulted.

    That is asked of workloads whose points all come to the vault.
    """
    hidden = call.rules.hide_unvaulted_points and WORKLOADS[item.workload].always_vaulted
    return [_point.vaulted_at.is_not(None)] if hidden else []


def render(call: Call, vault: Row[Any], item: Row[Any], point: Any) -> dict[str, Any]:
    """Return a recovery point as the wire shows it."""
    name = ids.recovery_point_name(item.entropy, point.taken_at)
    properties: dict[str, Any] = {
        **WORKLOADS[item.workload].point(item, point, _of_vms(call, point)),
        "recoveryPointTierDetails": _tiers(point, call.now),
        **_life(call, vault, item, point),
    }
    path = f"{item_id(vault, item)}/recoveryPoints/{name}"
    return {"id": path, "name": name, "type": POINT_TYPE, "properties": properties}


def _of_vms(call: Call, point: Any) -> dict[str, Any]:
    """What the engine knows of a point that not those of all workloads show."""
    readiness = {
        "isReadyForMove": point.obstacle is None,
        "additionalInfo": archive_obstacles.text(point),
    }
    return {
        "isInstantIlrSessionActive": is_open(point.opened_at, point.closes_at, call.now),
        "recoveryPointMoveReadinessInfo": {"ArchivedRP": readiness},
    }


def _tiers(point: Row[Any], now: int) -> list[dict[str, Any]]:
    """The tiers a point is or was in; one that it is not in any more stays listed as Deleted.

    While a point is rehydrated it is in the standard tier again. What is streamed never had a
    snapshot.
    """
    if point.backup_type is not None:
        return [_tier(HARDENED, valid=True)]
    tiers: list[dict[str, Any]] = [_tier(INSTANT, valid=point.snapshot_valid)]
    if point.vaulted_at is None:
        return tiers
    rehydrated = is_rehydrated(point, now)
    tiers.append(_tier(HARDENED, valid=point.archived_at is None or rehydrated))
    if point.archived_at is not None:
        tiers.append(_tier(ARCHIVED, valid=True))
    if rehydrated:
        until = {"RehydratedRPExpiryTime": wire(point.rehydrated_until)}
        tiers[-1] |= {"status": "Rehydrated", "extendedInfo": until}
    return tiers


def _tier(name: str, *, valid: bool) -> dict[str, Any]:
    return {"type": name, "status": "Valid" if valid else "Deleted"}


def _life(call: Call, vault: Row[Any], item: Row[Any], point: Row[Any]) -> dict[str, Any]:
    """When the point ends: the newest has no such block for its first day, an ageing one shows
    the end of its snapshot first and of its vault copy then (recordings). Where nothing expires,
    as protection was stopped or the data is soft-deleted, no end is shown (docs/decisions/0015).
    """
    is_soft_deleted = item.deleted_at is not None or point.soft_deleted
    newest = point.taken_at == item.latest_snapshot_at
    if newest and call.now < point.taken_at + DAY and not is_soft_deleted:
        return {}
    life: dict[str, Any] = {"isSoftDeleted": is_soft_deleted}
    if item.expiring:
        in_snapshot = point.snapshot_valid and call.now < point.instant_until < point.expires_at
        expires_at = point.instant_until if in_snapshot else point.expires_at
        life["expiryTime"] = wire_without_zone(expires_at)
    if point.rule:
        life["ruleName"] = point.rule
    immutable = immutable_data.life(vault, point, call.now)
    if immutable is not None:
        is_immutable, until = immutable
        life["immutabilityProperties"] = {"isImmutable": is_immutable, "expiryTime": wire(until)}
    return {"recoveryPointProperties": life}


ENDPOINTS = (list_,)
