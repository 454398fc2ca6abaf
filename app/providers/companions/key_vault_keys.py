"""Keys of key vaults, as far as others name them by their URIs: nothing is ever encrypted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...arm.words import Word
from ...domain.errors import resource_not_found
from ...domain.instants import SECOND
from ...domain.resource_ids import KEY_TYPE
from ...engine.key_vaults import key_version
from ...store.metadata import Document
from . import store
from .disks import WholeNumber
from .key_vaults import KEY_VAULTS, uri
from .store import CompanionType, Write, Written

TAG = "Key vaults"
NAME = re.compile(r"[A-Za-z0-9-]{1,127}")
NAME_RULE = "1 to 127 letters, digits or '-'"
_OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]


class KeyAttributes(Body):
    """When a key holds; seconds since 1970."""

    enabled: bool | None = None
    nbf: WholeNumber | None = Field(default=None, ge=0, le=253_402_300_799)
    exp: WholeNumber | None = Field(default=None, ge=0, le=253_402_300_799)
    exportable: bool | None = None


class KeyProperties(Body):
    """What a key is made like."""

    kty: Annotated[
        Literal["EC", "EC-HSM", "RSA", "RSA-HSM"] | None, Word("EC", "EC-HSM", "RSA", "RSA-HSM")
    ] = Field(default=None, examples=["RSA"])
    key_ops: list[str] | None = Field(default=None, max_length=10)
    key_size: Annotated[Literal[2048, 3072, 4096] | None, Field(examples=[2048])] = None
    curve_name: Annotated[
        Literal["P-256", "P-384", "P-521", "P-256K"] | None,
        Word("P-256", "P-384", "P-521", "P-256K"),
    ] = None
    attributes: KeyAttributes | None = None


class KeyCreateBody(Body):
    """A key to create, unless it exists."""

    EXAMPLE = {"properties": {"kty": "RSA", "keySize": 2048}}

    tags: dict[str, str] | None = None
    properties: KeyProperties = Field(default_factory=KeyProperties)


def _write(write: Write) -> Written:
    if write.existing is not None:
        return Written(write.existing.document, {})
    properties: Document = {"kty": "RSA", "keyOps": _OPERATIONS} | write.wanted["properties"]
    if properties["kty"].startswith("EC"):
        properties = {"curveName": "P-256"} | properties
    else:
        properties = {"keySize": 2048} | properties
    return Written(write.wanted | {"properties": properties}, {})


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(key: Row[Any]) -> Document:
    own = f"{uri(key.id.split('/')[8])}keys/{key.name}"
    stored = key.document["properties"]
    born = key.created_at // SECOND
    attributes = {"enabled": True, "exportable": False} | stored.get("attributes", {})
    attributes |= {"created": born, "updated": born, "recoveryLevel": "Recoverable+Purgeable"}
    properties = stored | {
        "attributes": attributes,
        "keyUri": own,
        "keyUriWithVersion": f"{own}/{key_version(key)}",
    }
    document = store.envelope(KEYS, key)
    return document | {"location": key.location, "properties": properties}


KEYS = CompanionType(
    type_name=KEY_TYPE,
    operations="KeyVaultKeys",
    parameter="keyName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=KeyCreateBody,
    patch=KeyCreateBody,
    write=_write,
    render=_render,
    create="CreateIfNotExist",
    update=None,
    delete=None,
    created_status=200,
    parent=KEY_VAULTS,
    folder="keys",
    located=False,
)
_KEY = KEYS.template


@endpoint("GET", f"{_KEY}/versions", "KeyVaultKeys_ListVersions", tag=TAG)
def list_versions(call: Call) -> Document:
    """List the versions of a key: one."""
    return {"value": [_version_of(store.get(call, KEYS))]}


@endpoint("GET", f"{_KEY}/versions/{{keyVersion}}", "KeyVaultKeys_GetVersion", tag=TAG)
def get_version(call: Call) -> Document:
    """Show a version of a key."""
    key = store.get(call, KEYS)
    if call.path["keyVersion"].lower() != key_version(key):
        name = f"{store.shown_name(call, KEYS)}/{call.path['keyVersion']}"
        raise resource_not_found(f"{KEY_TYPE}/versions", name, call.group)
    return _version_of(key)


def _version_of(key: Row[Any]) -> Document:
    version = key_version(key)
    own = {"id": f"{key.id}/versions/{version}", "name": version, "type": f"{KEY_TYPE}/versions"}
    return _render_one(key) | own


ENDPOINTS = (*store.endpoints(KEYS), list_versions, get_version)
