"""Snapshots of managed disks: what was on one at an instant, kept for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.examples import DISK_ID
from ...arm.words import Word
from ...domain import ids
from ...domain.errors import not_emulated
from ...domain.instants import wire
from ...domain.resource_ids import DISK_TYPE, SNAPSHOT_TYPE, parse
from ...store.metadata import Document
from ...workloads.azure_vm import GIBIBYTE
from . import disks, links, store
from .disks import NAME, NAME_RULE, CreationData, DiskEncryption, OsType, WholeNumber
from .store import CompanionType, Write, Written, missing_parameter

_SOURCE = "properties.creationData.sourceResourceId"


class SnapshotSku(Body):
    """How often a snapshot is kept."""

    name: Annotated[
        Literal["Standard_LRS", "Premium_LRS", "Standard_ZRS"] | None,
        Word("Standard_LRS", "Premium_LRS", "Standard_ZRS"),
    ] = Field(default=None, examples=["Standard_LRS"])


class SnapshotProperties(Body):
    """What a snapshot can be told."""

    creation_data: CreationData | None = None
    incremental: bool | None = None
    os_type: OsType | None = None
    disk_size_gb: WholeNumber | None = Field(default=None, alias="diskSizeGB", ge=1)
    encryption: DiskEncryption | None = None
    network_access_policy: Annotated[
        Literal["AllowAll", "AllowPrivate", "DenyAll"] | None,
        Word("AllowAll", "AllowPrivate", "DenyAll"),
    ] = None
    public_network_access: Annotated[
        Literal["Enabled", "Disabled"] | None, Word("Enabled", "Disabled")
    ] = None
    disk_access_id: str | None = Field(default=None, max_length=600)


class SnapshotBody(Body):
    """A snapshot to take, or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": DISK_ID}},
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    sku: SnapshotSku | None = None
    properties: SnapshotProperties = Field(default_factory=SnapshotProperties)


class SnapshotPatch(Body):
    """What to change of a snapshot."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None
    sku: SnapshotSku | None = None
    properties: SnapshotProperties = Field(default_factory=SnapshotProperties)


def _write(write: Write) -> Written:
    if write.existing is not None:
        changed = write.wanted | {"properties": disks.encrypted(write)}
        return Written(changed, write.existing.hidden)
    properties = disks.encrypted(write)
    option = store.at(properties, "creationData.createOption")
    if option is None:
        raise missing_parameter("snapshot.creationData.createOption")
    if option != "Copy":
        raise not_emulated("properties.creationData.createOption", f"'{option}'; send Copy")
    source = _source(write, properties["creationData"].get("sourceResourceId"))
    size = properties.get("diskSizeGB") or source.document["properties"]["diskSizeGB"]
    disks.check_growth(source.document, size, None, "diskSizeGB")
    unique = ids.guid_hex(write.call.rules.seed, "snapshot", write.id, write.call.now)
    kept = properties | {
        "creationData": properties["creationData"] | {"sourceResourceId": source.id},
        "diskSizeGB": size,
        "uniqueId": ids.guid(unique),
    }
    if "osType" in source.document["properties"]:
        kept.setdefault("osType", source.document["properties"]["osType"])
    sku = write.wanted.get("sku") or {"name": "Standard_LRS"}
    at = source.hidden["content_at"]
    hidden = {
        "origin": source.hidden["origin"],
        "content_at": write.call.now if at is None else at,
    }
    return Written(write.wanted | {"sku": sku, "properties": kept}, hidden)


def _source(write: Write, sent: str | None) -> Row[Any]:
    """Return the disk or the snapshot that a snapshot is a copy of. Raises ``Refused``."""
    if not sent:
        raise missing_parameter("snapshot.creationData.sourceResourceId")
    parsed = parse(sent)
    of_snapshot = parsed is not None and parsed.type.lower() == SNAPSHOT_TYPE.lower()
    return links.get_linked(write, sent, _SOURCE, SNAPSHOT_TYPE if of_snapshot else DISK_TYPE)


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(snapshot: Row[Any]) -> Document:
    document = store.envelope(SNAPSHOTS, snapshot)
    stored = snapshot.document["properties"]
    name: str = document["sku"]["name"]
    properties: Document = {
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "publicNetworkAccess": "Enabled",
        "incremental": False,
        **stored,
        "provisioningState": "Succeeded",
        "diskState": "Unattached",
        "diskSizeBytes": stored["diskSizeGB"] * GIBIBYTE,
        "timeCreated": wire(snapshot.created_at),
        "contentFingerprint": disks.content_fingerprint(snapshot, snapshot.hidden["content_at"]),
    }
    sku = {"name": name, "tier": name.partition("_")[0]}
    return document | {"sku": sku, "properties": properties}


SNAPSHOTS = CompanionType(
    type_name=SNAPSHOT_TYPE,
    operations="Snapshots",
    parameter="snapshotName",
    tag="Snapshots",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    body=SnapshotBody,
    patch=SnapshotPatch,
    write=_write,
    render=_render,
    fixed=(
        "properties.creationData.createOption",
        _SOURCE,
        "properties.incremental",
        "properties.diskSizeGB",
    ),
    created_status=200,
    list_in_group="ListByResourceGroup",
    list_all="List",
)

ENDPOINTS = store.endpoints(SNAPSHOTS)
