"""Restore point collections: the snapshots of VMs, as Azure Backup keeps them with Compute.

They are the service's own: users look at them and delete them, and make none themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, Row, select

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.examples import VM_ID
from ...arm.paging import after, page, row_limit
from ...domain import disk_selection, ids
from ...domain.errors import Refused, conflict, not_emulated, resource_not_found
from ...domain.instants import SECOND, wire
from ...domain.resource_ids import COLLECTION_TYPE, ResourceId
from ...domain.snapshot_groups import restore_point_name, restore_point_second
from ...engine import snapshots
from ...store.metadata import Document
from ...store.resource_tables import resource_groups
from ...store.restore_point_collections import collections, snapshots_in
from ...store.tables import disk_sets, recovery_points, restore_point_collections
from ...store.vaults import get_group
from .store import GROUP, invalid_parameter

TAG = "Restore point collections"
COLLECTIONS = f"providers/{COLLECTION_TYPE}"
COLLECTION = f"{GROUP}/{COLLECTIONS}/{{restorePointCollectionName}}"
POINT = f"{COLLECTION}/restorePoints/{{restorePointName}}"
POINT_TYPE = f"{COLLECTION_TYPE}/restorePoints"
_CONSISTENCY = {"AppConsistent": "ApplicationConsistent"}
_collection = restore_point_collections.c
_point = recovery_points.c


class SourceReference(Body):
    """What the restore points are of."""

    id: str | None = Field(default=None, max_length=600)


class CollectionProperties(Body):
    """What a collection can be told."""

    source: SourceReference | None = None


class RestorePointCollectionBody(Body):
    """A collection of one's own."""

    EXAMPLE = {"location": "westeurope", "properties": {"source": {"id": VM_ID}}}

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: CollectionProperties | None = None


class RestorePointCollectionPatch(Body):
    """What to change of a collection."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None


class RestorePointBody(Body):
    """A restore point of one's own."""

    EXAMPLE = {"properties": {}}

    properties: dict[str, object] | None = None


# --- collections -------------------------------------------------------------------------


@endpoint("GET", f"{GROUP}/{COLLECTIONS}", "RestorePointCollections_List", tag=TAG)
def list_in_group(call: Call) -> Answer:
    """List the collections in a resource group."""
    group = get_group(call.connection, call.subscription, call.group)
    return _list(call, _collection.group_folded == group.folded)


@endpoint(
    "GET",
    f"/subscriptions/{{subscriptionId}}/{COLLECTIONS}",
    "RestorePointCollections_ListAll",
    tag=TAG,
)
def list_in_subscription(call: Call) -> Answer:
    """List the collections in a subscription."""
    groups = select(resource_groups.c.folded).where(
        resource_groups.c.subscription == call.subscription.lower()
    )
    return _list(call, _collection.group_folded.in_(groups))


def _list(call: Call, of: ColumnElement[bool]) -> Answer:
    found = collections(of)
    start = after(call, str)
    if start is not None:
        found = found.where(_collection.folded > start[0])
    rows = call.connection.execute(found.limit(row_limit(call))).all()
    return page(call, rows, lambda row: _render(call, row), lambda row: [row.folded])


@endpoint("GET", COLLECTION, "RestorePointCollections_Get", tag=TAG, query=("$expand",))
def get(call: Call) -> Answer:
    """Show a collection; ``$expand=restorePoints`` shows what is in it."""
    expanded = call.query.get("$expand", "").lower()
    if expanded not in ("", "restorepoints"):
        raise invalid_parameter(
            "$expand", f"'{call.query['$expand']}' is not known; allowed: restorePoints"
        )
    row = _get(call)
    document = _render(call, row)
    if expanded:
        points = _points(call, row)
        document["properties"]["restorePoints"] = [_render_point(row, each) for each in points]
    return Answer(body=document)


@endpoint(
    "PUT",
    COLLECTION,
    "RestorePointCollections_CreateOrUpdate",
    tag=TAG,
    body=RestorePointCollectionBody,
)
def create_or_update(call: Call, _body: RestorePointCollectionBody) -> Answer:
    """Create a collection of one's own: refused, as only backups make any here."""
    get_group(call.connection, call.subscription, call.group)
    raise _only_backups_make("restorePointCollectionName", "collections")


@endpoint(
    "PATCH", COLLECTION, "RestorePointCollections_Update", tag=TAG, body=RestorePointCollectionPatch
)
def patch(call: Call, _body: RestorePointCollectionPatch) -> Answer:
    """Change the tags of a collection: refused, as it is Azure Backup's."""
    _get(call)
    raise not_emulated("tags", "tags of the collections that backups make")


@endpoint("DELETE", COLLECTION, "RestorePointCollections_Delete", tag=TAG, statuses=(200, 204))
def delete(call: Call) -> Answer:
    """Delete a collection with its snapshots; what is in the vault stays. 204 if there is none."""
    found = _find(call)
    if found is None:
        return Answer(204)
    this = _collection.folded == found.folded
    _refuse_while_read(snapshots.transfers(call.connection, this))
    snapshots.remove(call.connection, this, call.now)
    return Answer(200)


# --- restore points ----------------------------------------------------------------------


@endpoint("GET", POINT, "RestorePoints_Get", tag=TAG, query=("$expand",))
def get_point(call: Call) -> Answer:
    """Show a restore point: the snapshot of a recovery point."""
    if call.query.get("$expand"):
        raise not_emulated("$expand", "the instance view of restore points")
    row = _get(call)
    point = _find_point(call, row)
    if point is None:
        name = f"{row.name}/{call.path['restorePointName']}"
        raise resource_not_found(POINT_TYPE, name, call.group)
    return Answer(body=_render_point(row, point))


@endpoint("PUT", POINT, "RestorePoints_Create", tag=TAG, body=RestorePointBody)
def create_point(call: Call, _body: RestorePointBody) -> Answer:
    """Create a restore point of one's own: refused, as only backups make any here."""
    _get(call)
    raise _only_backups_make("restorePointName", "restore points")


@endpoint("DELETE", POINT, "RestorePoints_Delete", tag=TAG, statuses=(200, 204))
def delete_point(call: Call) -> Answer:
    """Delete a snapshot; what of its recovery point is in the vault stays. 204 if there is none."""
    row = _find(call)
    point = None if row is None else _find_point(call, row)
    if row is None or point is None:
        return Answer(204)
    this = _collection.folded == row.folded
    _refuse_while_read(snapshots.transfers(call.connection, this, point.taken_at))
    own = (_point.item_key == point.item_key) & (_point.taken_at == point.taken_at)
    snapshots.lose(call.connection, own)
    return Answer(200)


# --- rows --------------------------------------------------------------------------------


def _find(call: Call) -> Row[Any] | None:
    get_group(call.connection, call.subscription, call.group)
    name = call.path["restorePointCollectionName"]
    folded = ResourceId(call.subscription, call.group, COLLECTION_TYPE, name).folded
    return call.connection.execute(collections(_collection.folded == folded)).first()


def _get(call: Call) -> Row[Any]:
    found = _find(call)
    if found is None:
        name = call.path["restorePointCollectionName"]
        raise resource_not_found(COLLECTION_TYPE, name, call.group)
    return found


def _points(call: Call, row: Row[Any], *of: ColumnElement[bool]) -> Sequence[Row[Any]]:
    """Return the recovery points whose snapshots a collection holds, with their disks."""
    return call.connection.execute(
        select(recovery_points, disk_sets.c.document.label("disks"))
        .join(disk_sets, disk_sets.c.key == _point.disk_set_key)
        .where(snapshots_in(row), *of)
        .order_by(_point.taken_at)
    ).all()


def _find_point(call: Call, row: Row[Any]) -> Row[Any] | None:
    second = restore_point_second(call.path["restorePointName"])
    if second is None:
        return None
    found = _points(call, row, _point.taken_at >= second, _point.taken_at < second + SECOND)
    return found[0] if found else None


# --- how they look -----------------------------------------------------------------------


def _render(call: Call, row: Row[Any]) -> Document:
    unique = ids.guid_hex(call.rules.seed, "collection", row.item_key, row.since_at)
    return {
        "id": row.id,
        "name": row.name,
        "type": COLLECTION_TYPE,
        "location": row.location,
        "properties": {
            "source": {"id": row.source_id, "location": row.location},
            "provisioningState": "Succeeded",
            "restorePointCollectionId": ids.guid(unique),
        },
    }


def _render_point(row: Row[Any], point: Row[Any]) -> Document:
    name = restore_point_name(point.taken_at)
    profile: Document = {"dataDisks": []}
    for disk in disk_selection.included(point.disks["disks"]):
        shown = {
            "name": disk["name"],
            "diskSizeGB": disk["sizeGB"],
            "managedDisk": {"storageAccountType": disk["sku"]},
        }
        if disk["lun"] == disk_selection.OS_LUN:
            profile["osDisk"] = {"osType": point.disks["os"], **shown}
        else:
            profile["dataDisks"].append({"lun": disk["lun"], **shown})
    return {
        "id": f"{row.id}/restorePoints/{name}",
        "name": name,
        "type": POINT_TYPE,
        "properties": {
            "sourceMetadata": {
                "hardwareProfile": {"vmSize": point.vm_size},
                "storageProfile": profile,
                "location": row.location,
            },
            "provisioningState": "Succeeded",
            "consistencyMode": _CONSISTENCY.get(point.consistency, point.consistency),
            "timeCreated": wire(point.taken_at),
        },
    }


# --- refusals ----------------------------------------------------------------------------


def _only_backups_make(field: str, what: str) -> Refused:
    return not_emulated(field, f"{what} of one's own; Azure Backup makes them as it backs up a VM")


def _refuse_while_read(transfers: Sequence[tuple[str, str]]) -> None:
    for collection, job_id in transfers:
        raise conflict(
            "OperationNotAllowed",
            f"'{collection}': job '{ids.guid(job_id)}' still transfers a snapshot in it to the "
            "vault. Wait for the job to end, then try again.",
            target=collection,
        )


ENDPOINTS = (
    list_in_group,
    list_in_subscription,
    get,
    create_or_update,
    patch,
    delete,
    get_point,
    create_point,
    delete_point,
)
