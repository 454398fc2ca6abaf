"""Disk encryption sets: the key of a key vault that disks are encrypted with; it is not opened."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Connection, Row, select

from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...arm.examples import KEY_VAULT_ID
from ...arm.shapes import Shape
from ...arm.words import Word
from ...domain.errors import conflict, invalid
from ...domain.resource_ids import DISK_ENCRYPTION_SET_TYPE, KEY_VAULT_TYPE
from ...store.metadata import Document
from ...store.resource_tables import resources
from ..managed_identities import NULLS, Holder, ManagedIdentity, assign
from . import links, store
from .disks import NAME, NAME_RULE
from .store import CompanionType, Write, Written, missing_parameter

TAG = "Disk encryption sets"
_KEY_URL = re.compile(r"https://[^/]+/keys/[A-Za-z0-9-]{1,127}(/[0-9A-Fa-f]{1,64})?")
_ENCRYPTION = (
    "EncryptionAtRestWithCustomerKey",
    "EncryptionAtRestWithPlatformAndCustomerKeys",
    "ConfidentialVmEncryptedWithCustomerKey",
)


class SourceVault(Body):
    """The key vault, by its id."""

    id: str | None = Field(default=None, max_length=600)


class ActiveKey(Body):
    """The key in use."""

    source_vault: SourceVault | None = None
    key_url: str | None = Field(default=None, max_length=600)


class EncryptionSetProperties(Body):
    """What a disk encryption set can be told."""

    encryption_type: Annotated[
        Literal[
            "EncryptionAtRestWithCustomerKey",
            "EncryptionAtRestWithPlatformAndCustomerKeys",
            "ConfidentialVmEncryptedWithCustomerKey",
        ]
        | None,
        Word(*_ENCRYPTION),
    ] = None
    active_key: ActiveKey | None = None
    rotation_to_latest_key_version_enabled: bool | None = None
    federated_client_id: str | None = Field(default=None, max_length=60)


_EXAMPLE = {
    "activeKey": {
        "sourceVault": {"id": KEY_VAULT_ID},
        "keyUrl": "https://vault-1.vault.azure.net/keys/key-1/0123456789abcdef0123456789abcdef",
    }
}


class DiskEncryptionSetBody(Body):
    """A disk encryption set to create or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": _EXAMPLE,
    }
    KEEPS_NULLS = NULLS

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    identity: ManagedIdentity | None = None
    properties: EncryptionSetProperties = Field(default_factory=EncryptionSetProperties)


class DiskEncryptionSetPatch(Body):
    """What to change of a disk encryption set."""

    EXAMPLE = {"tags": {"env": "test"}}
    KEEPS_NULLS = NULLS

    tags: dict[str, str] | None = None
    identity: ManagedIdentity | None = None
    properties: EncryptionSetProperties = Field(default_factory=EncryptionSetProperties)


def _write(write: Write) -> Written:
    if store.at(write.wanted, "identity.type") is None:
        raise missing_parameter("identity")
    properties = dict(write.wanted["properties"])
    key = dict(properties.get("activeKey", {}))
    if not key.get("keyUrl"):
        raise missing_parameter("activeKey.keyUrl")
    if _KEY_URL.fullmatch(key["keyUrl"]) is None:
        raise invalid(
            "InvalidParameter",
            f"properties.activeKey.keyUrl: '{key['keyUrl']}' is not a URL such as "
            "https://vault-1.vault.azure.net/keys/key-1/0123456789abcdef0123456789abcdef.",
            target="activeKey.keyUrl",
        )
    named = store.at(key, "sourceVault.id")
    if named:
        field = "properties.activeKey.sourceVault.id"
        key["sourceVault"] = {"id": links.get_linked(write, named, field, KEY_VAULT_TYPE).id}
    elif not properties.get("rotationToLatestKeyVersionEnabled"):
        raise missing_parameter("activeKey.sourceVault.id")
    properties["activeKey"] = key
    properties.setdefault("encryptionType", _ENCRYPTION[0])
    return Written(write.wanted | {"properties": properties, "identity": _identity(write)}, {})


def _identity(write: Write) -> Document:
    before = None if write.existing is None else write.existing.document["identity"]
    asked = write.sent.get("identity")
    if asked is None:
        return dict(before or {})
    holder = Holder(write.id, ("set-identity", write.id.lower(), write.call.now), groups=None)
    return assign(write.call, holder, before, asked, partial=write.partial)


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(row: Row[Any]) -> Document:
    properties = {
        "previousKeys": [],
        "rotationToLatestKeyVersionEnabled": False,
        **row.document["properties"],
        "provisioningState": "Succeeded",
    }
    return store.envelope(ENCRYPTION_SETS, row) | {"properties": properties}


def _users(connection: Connection, set_folded: str) -> list[str]:
    """Return the resources that are encrypted with a set."""
    prefix = "microsoft.compute/"
    found = select(resources).where(
        resources.c.type_folded.in_((f"{prefix}disks", f"{prefix}snapshots"))
    )
    return [
        row.id
        for row in connection.execute(found.order_by(resources.c.folded))
        if str(store.at(row.document, "properties.encryption.diskEncryptionSetId") or "").lower()
        == set_folded
    ]


def _remove(call: Call, row: Row[Any]) -> None:
    users = _users(call.connection, row.folded)
    if users:
        raise conflict(
            "OperationNotAllowed",
            f"DiskEncryptionSet '{row.name}' cannot be deleted since it is associated with "
            f"resources: {', '.join(users)}.",
            target=row.id,
        )


ENCRYPTION_SETS = CompanionType(
    type_name=DISK_ENCRYPTION_SET_TYPE,
    operations="DiskEncryptionSets",
    parameter="diskEncryptionSetName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    body=DiskEncryptionSetBody,
    patch=DiskEncryptionSetPatch,
    write=_write,
    render=_render,
    remove=_remove,
    fixed=("properties.encryptionType",),
    created_status=200,
    list_in_group="ListByResourceGroup",
    list_all="List",
)


@endpoint(
    "GET",
    f"{ENCRYPTION_SETS.template}/associatedResources",
    "DiskEncryptionSets_ListAssociatedResources",
    tag=TAG,
    answers=Shape.OBJECT,
)
def list_associated(call: Call) -> Document:
    """List the ids of what is encrypted with a disk encryption set."""
    return {"value": _users(call.connection, store.get(call, ENCRYPTION_SETS).folded)}


ENDPOINTS = (*store.endpoints(ENCRYPTION_SETS), list_associated)
