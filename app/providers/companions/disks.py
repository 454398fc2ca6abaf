"""Managed disks: created empty, as copies, by VMs or by restores; each with a content fingerprint.

The fingerprint names what is written on a disk at this instant, so that a drill can tell whether
it got back the data of another one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.words import Blank, Word
from ...domain import ids
from ...domain.errors import (
    Refused,
    conflict,
    invalid,
    not_emulated,
)
from ...domain.instants import wire
from ...domain.resource_ids import DISK_ENCRYPTION_SET_TYPE, DISK_TYPE, SNAPSHOT_TYPE, parse
from ...engine import attachments, sources
from ...store.metadata import Document
from ...workloads.azure_vm import GIBIBYTE
from . import links, store
from .store import CompanionType, Write, Written, missing_parameter

LARGEST_GB = 32_767
LARGEST_ULTRA_GB = 65_536
LARGEST_OS_GB = 4_095
OS_SIZE_GB = {"Windows": 127, "Linux": 30}
NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,78}\w)?", re.ASCII)
NAME_RULE = "1 to 80 letters, digits, '_', '.' or '-', beginning with a letter or digit"

WholeNumber = Annotated[int, Field(strict=True)]
OsType = Annotated[Literal["Windows", "Linux"], Word("Windows", "Linux")]
DiskSkuName = Annotated[
    Literal[
        "Standard_LRS",
        "StandardSSD_LRS",
        "StandardSSD_ZRS",
        "Premium_LRS",
        "Premium_ZRS",
        "PremiumV2_LRS",
        "UltraSSD_LRS",
    ],
    Word(
        "Standard_LRS",
        "StandardSSD_LRS",
        "StandardSSD_ZRS",
        "Premium_LRS",
        "Premium_ZRS",
        "PremiumV2_LRS",
        "UltraSSD_LRS",
    ),
]
Zones = Annotated[list[Literal["1", "2", "3"]], Field(max_length=1, examples=[["1"]])]
_CREATE_OPTIONS = (
    "Empty",
    "FromImage",
    "Copy",
    "Attach",
    "Import",
    "Restore",
    "Upload",
    "CopyStart",
    "ImportSecure",
    "UploadPreparedSecure",
    "CopyFromSanSnapshot",
)
_EMULATED_OPTIONS = ("Empty", "FromImage", "Copy")


class DiskSku(Body):
    """The kind of storage."""

    name: DiskSkuName | None = Field(default=None, examples=["Premium_LRS"])


class DiskImageReference(Body):
    """The image that a disk's first content comes from."""

    id: str | None = Field(default=None, max_length=600)
    lun: WholeNumber | None = Field(default=None, ge=0, le=63)


class CreationData(Body):
    """Where a disk's first content comes from."""

    create_option: Annotated[str | None, Word(*_CREATE_OPTIONS)] = Field(
        default=None, examples=["Empty"]
    )
    source_resource_id: str | None = Field(
        default=None, max_length=600, description="The disk or the snapshot that a Copy is of"
    )
    image_reference: DiskImageReference | None = None
    gallery_image_reference: DiskImageReference | None = None
    logical_sector_size: WholeNumber | None = Field(default=None, ge=512, le=4096)
    performance_plus: bool | None = None


class DiskEncryption(Body):
    """What the disk is encrypted with."""

    type: Annotated[
        Literal[
            "EncryptionAtRestWithPlatformKey",
            "EncryptionAtRestWithCustomerKey",
            "EncryptionAtRestWithPlatformAndCustomerKeys",
        ]
        | None,
        Word(
            "EncryptionAtRestWithPlatformKey",
            "EncryptionAtRestWithCustomerKey",
            "EncryptionAtRestWithPlatformAndCustomerKeys",
        ),
    ] = None
    disk_encryption_set_id: str | None = Field(default=None, max_length=600)


class DiskProperties(Body):
    """What a disk can be told."""

    creation_data: CreationData | None = None
    os_type: Annotated[OsType | None, Blank] = None
    hyper_v_generation: Annotated[Literal["V1", "V2"] | None, Word("V1", "V2")] = None
    disk_size_gb: WholeNumber | None = Field(default=None, alias="diskSizeGB", examples=[128])
    disk_iops_read_write: WholeNumber | None = Field(
        default=None, alias="diskIOPSReadWrite", ge=1, le=400_000
    )
    disk_mbps_read_write: WholeNumber | None = Field(
        default=None, alias="diskMBpsReadWrite", ge=1, le=10_000
    )
    encryption: DiskEncryption | None = None
    network_access_policy: Annotated[
        Literal["AllowAll", "AllowPrivate", "DenyAll"] | None,
        Word("AllowAll", "AllowPrivate", "DenyAll"),
    ] = None
    public_network_access: Annotated[
        Literal["Enabled", "Disabled"] | None, Word("Enabled", "Disabled")
    ] = None
    disk_access_id: str | None = Field(default=None, max_length=600)
    max_shares: WholeNumber | None = Field(default=None, ge=1, le=10)
    tier: str | None = Field(default=None, pattern=r"^P\d{1,2}$")
    bursting_enabled: bool | None = None
    supports_hibernation: bool | None = None
    optimized_for_frequent_attach: bool | None = None


class DiskBody(Body):
    """A disk to create or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "sku": {"name": "Premium_LRS"},
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 128},
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    sku: DiskSku | None = None
    zones: Zones | None = None
    properties: DiskProperties = Field(
        default_factory=DiskProperties,
        examples=[{"creationData": {"createOption": "Empty"}, "diskSizeGB": 128}],
    )


class DiskPatch(Body):
    """What to change of a disk."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None
    sku: DiskSku | None = None
    properties: DiskProperties = Field(default_factory=DiskProperties)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    _check_what_is_sent(write)
    write.wanted["properties"] = encrypted(write)
    if write.existing is None:
        return _create(write)
    changed = write.wanted | {"properties": dict(write.wanted["properties"])}
    old = write.existing.document
    power = _power_of_owner(write)
    size = changed["properties"]["diskSizeGB"]
    check_growth(old, size, power, "diskSizeGB")
    if changed["sku"] != old["sku"] and power not in (None, attachments.DEALLOCATED):
        raise conflict(
            "OperationNotAllowed",
            f"sku.name: the type of disk '{write.name}' cannot be changed while it is attached "
            f"to running VM '{old['managedBy']}'. Deallocate the VM and retry the operation.",
            target="sku.name",
        )
    check_size(size, changed["sku"]["name"], changed["properties"].get("osType"), "diskSizeGB")
    return Written(changed, write.existing.hidden)


def _power_of_owner(write: Write) -> str | None:
    owner = write.wanted.get("managedBy")
    vm = attachments.find(write.call.connection, owner) if owner else None
    return vm.hidden["power_state"] if vm is not None else None


def encrypted(write: Write) -> Document:
    """Return the properties with the id of what encrypts them in its canonical spelling."""
    properties: Document = write.wanted["properties"]
    sent = store.at(properties, "encryption.diskEncryptionSetId")
    if not sent:
        return properties
    field = "properties.encryption.diskEncryptionSetId"
    found = links.get_linked(write, sent, field, DISK_ENCRYPTION_SET_TYPE)
    told = {"type": found.document["properties"]["encryptionType"]} | properties["encryption"]
    return properties | {"encryption": told | {"diskEncryptionSetId": found.id}}


def _check_what_is_sent(write: Write) -> None:
    sent = write.sent["properties"]
    if sent.get("maxShares", 1) > 1:
        raise not_emulated("properties.maxShares", "disks shared by several VMs")
    encryption = sent.get("encryption", {})
    by_customer = encryption.get("type", "").endswith(("CustomerKey", "CustomerKeys"))
    if by_customer and not encryption.get("diskEncryptionSetId"):
        raise missing_parameter("disk.encryption.diskEncryptionSetId")


def _create(write: Write) -> Written:
    properties = write.wanted["properties"]
    option = store.at(properties, "creationData.createOption")
    if option is None:
        raise missing_parameter("disk.creationData.createOption")
    if option not in _EMULATED_OPTIONS:
        raise not_emulated(
            "properties.creationData.createOption",
            f"'{option}'; send one of {', '.join(_EMULATED_OPTIONS)}",
        )
    source = _source(write) if option == "Copy" else None
    sku = store.at(write.wanted, "sku.name") or "Standard_LRS"
    os_type = properties.get("osType") or (source and source.document["properties"].get("osType"))
    size = properties.get("diskSizeGB") or _implied_size(properties, source)
    check_size(size, sku, os_type, "diskSizeGB")
    document = new_document(write, size=size, sku=sku, os_type=os_type)
    hidden = attachments.new_content(document["properties"]["uniqueId"], write.call.now, power=None)
    if source is not None:
        hidden = _copied(write, source, document)
    return Written(write.wanted | document, hidden)


def _implied_size(properties: Document, source: Row[Any] | None) -> int:
    if source is not None:
        size: int = source.document["properties"]["diskSizeGB"]
        return size
    if properties["creationData"]["createOption"] == "Empty":
        raise missing_parameter("disk.diskSizeGB")
    creation = properties["creationData"]
    if not (creation.get("imageReference") or creation.get("galleryImageReference")):
        raise missing_parameter("disk.creationData.imageReference")
    return OS_SIZE_GB[properties.get("osType", "Linux")]


def _source(write: Write) -> Row[Any]:
    sent = write.wanted["properties"]["creationData"].get("sourceResourceId")
    if not sent:
        raise missing_parameter("disk.creationData.sourceResourceId")
    field = "properties.creationData.sourceResourceId"
    parsed = parse(sent)
    if parsed is not None and parsed.type.lower() == SNAPSHOT_TYPE.lower():
        return links.get_linked(write, sent, field, SNAPSHOT_TYPE)
    return get_disk(write, sent, field)


def _copied(write: Write, source: Row[Any], document: Document) -> Document:
    """A copy holds what its source holds at this instant, and stands still."""
    size = source.document["properties"]["diskSizeGB"]
    if document["properties"]["diskSizeGB"] < size:
        raise too_small(document["properties"]["diskSizeGB"], size, "diskSizeGB")
    creation = write.wanted["properties"]["creationData"] | {"sourceResourceId": source.id}
    document["properties"]["creationData"] = creation
    at = source.hidden["content_at"]
    return {"origin": source.hidden["origin"], "content_at": write.call.now if at is None else at}


def new_document(write: Write, *, size: int, sku: str, os_type: str | None) -> Document:
    """Return the document of a disk that begins to exist, with its ``uniqueId``."""
    unique = ids.guid_hex(write.call.rules.seed, "disk", write.id, write.call.now)
    properties = write.wanted["properties"] | {
        "diskSizeGB": size,
        "diskState": "Unattached",
        "provisioningState": "Succeeded",
        "uniqueId": ids.guid(unique),
    }
    if os_type:
        properties["osType"] = os_type
    return {"sku": {"name": sku}, "properties": properties}


def get_disk(write: Write, sent: str, field: str) -> Row[Any]:
    """Return the disk that a request names by id. Raises ``Refused``."""
    return links.get_linked(write, sent, field, DISK_TYPE)


# --- what is allowed ---------------------------------------------------------------------


def check_size(size: int, sku: str, os_type: str | None, field: str) -> None:
    """Refuse a size that no disk of this kind has."""
    largest = LARGEST_ULTRA_GB if sku in ("UltraSSD_LRS", "PremiumV2_LRS") else LARGEST_GB
    if os_type:
        largest = LARGEST_OS_GB
    if not 1 <= size <= largest:
        raise invalid(
            "InvalidParameter",
            f"The value '{size}' of parameter '{field}' is out of range. "
            f"Value '{size}' must be between '1' and '{largest}' inclusive.",
            target=field,
        )


def check_growth(disk: Document, size: int, power: str | None, field: str) -> None:
    """Refuse to shrink a disk, and to grow the OS disk of a VM that is not deallocated."""
    old = disk["properties"]["diskSizeGB"]
    if size < old:
        raise too_small(size, old, field)
    is_os_disk = "osType" in disk["properties"]
    if size > old and is_os_disk and power not in (None, attachments.DEALLOCATED):
        raise conflict(
            "OperationNotAllowed",
            f"Cannot resize disk while it is attached to running VM {disk['managedBy']}. Resizing "
            "an OS disk requires the virtual machine to be deallocated. Please deallocate your "
            "VM and retry the operation.",
            target=field,
        )


def too_small(size: int, least: int, field: str) -> Refused:
    """Azure's answer to shrinking a disk."""
    return invalid(
        "BadRequest",
        f"{field}: {size} GB is less than the {least} GB there are; "
        "reducing the size of a disk is not supported to prevent data loss.",
        target=field,
    )


# --- how it looks ------------------------------------------------------------------------

_BORN_WITH = {
    "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
    "networkAccessPolicy": "AllowAll",
    "publicNetworkAccess": "Enabled",
    "diskIOPSReadWrite": 500,
    "diskMBpsReadWrite": 60,
}


def _render(call: Call, rows: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row, call.now) for row in rows]


def _render_one(disk: Row[Any], now: int) -> Document:
    document = store.envelope(DISKS, disk)
    name = document["sku"]["name"]
    stored = disk.document["properties"]
    properties: Document = _BORN_WITH | stored
    properties |= {
        "diskSizeBytes": stored["diskSizeGB"] * GIBIBYTE,
        "timeCreated": wire(disk.created_at),
        "contentFingerprint": content_fingerprint(disk, now),
    }
    return document | {"sku": {"name": name, "tier": _tier(name)}, "properties": properties}


def _tier(sku: str) -> str:
    kind = sku.partition("_")[0]
    return {"StandardSSD": "Standard", "PremiumV2": "Premium", "UltraSSD": "Ultra"}.get(kind, kind)


def content_fingerprint(disk: Row[Any], now: int) -> str:
    """Return what names the content of a disk: it changes as long as a running VM writes."""
    at = disk.hidden["content_at"]
    return ids.fingerprint(disk.hidden["origin"], now if at is None else at)


def _remove(_call: Call, disk: Row[Any]) -> None:
    owner = disk.document.get("managedBy")
    if owner:
        raise conflict(
            "OperationNotAllowed",
            f"Disk {disk.name} is attached to VM {owner}. Detach it or delete the VM first.",
            target=disk.id,
        )


def _follow(call: Call, document: Document, _disk_id: str) -> None:
    owner = document.get("managedBy")
    if owner:
        sources.refresh(call.connection, call.rules, owner, call.now)


DISKS = CompanionType(
    type_name=DISK_TYPE,
    operations="Disks",
    parameter="diskName",
    tag="Disks",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    body=DiskBody,
    patch=DiskPatch,
    write=_write,
    render=_render,
    remove=_remove,
    follow=_follow,
    fixed=(
        "zones",
        "properties.creationData.createOption",
        "properties.creationData.sourceResourceId",
        "properties.hyperVGeneration",
    ),
    created_status=200,
    list_in_group="ListByResourceGroup",
    list_all="List",
)

ENDPOINTS = store.endpoints(DISKS)
