"""Storage accounts: what restores need of them, and the keys that clients ask for.

Their names are unique in all of Azure, as each is a host name there; here it is a folder of the
blob endpoint (docs/decisions/0020).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import Field
from sqlalchemy import Row, select, update

from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...arm.words import Word
from ...domain import host_names, ids
from ...domain.blob_paths import endpoint_of
from ...domain.errors import conflict, not_emulated
from ...domain.instants import wire
from ...domain.regions import SECONDARY_REGION
from ...domain.resource_ids import STORAGE_TYPE, parse
from ...store.metadata import Document
from ...store.resource_tables import resources
from . import store
from .store import CompanionType, Write, Written, missing_parameter

TAG = "Storage accounts"
NAME = re.compile("[a-z0-9]{3,24}")
NAME_RULE = "3 to 24 lower-case letters and digits"
KEYS = ("key1", "key2")
_Sku = Literal[
    "Standard_LRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_ZRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "Premium_LRS",
    "Premium_ZRS",
    "PremiumV2_LRS",
    "PremiumV2_ZRS",
    "StandardV2_LRS",
    "StandardV2_GRS",
    "StandardV2_ZRS",
    "StandardV2_GZRS",
]
_Kind = Literal["Storage", "StorageV2", "BlobStorage", "FileStorage", "BlockBlobStorage"]
SkuName = Annotated[_Sku, Word(*get_args(_Sku))]
Kind = Annotated[_Kind, Word(*get_args(_Kind))]
_GEO = ("GRS", "RAGRS", "GZRS", "RAGZRS")
Switch = Annotated[Literal["Enabled", "Disabled"] | None, Word("Enabled", "Disabled")]


class StorageSku(Body):
    """How often, and how far apart, data is kept."""

    name: SkuName | None = Field(default=None, examples=["Standard_LRS"])


class StorageProperties(Body):
    """What a storage account can be told."""

    access_tier: Annotated[
        Literal["Hot", "Cool", "Cold", "Premium"] | None, Word("Hot", "Cool", "Cold", "Premium")
    ] = None
    supports_https_traffic_only: bool | None = None
    minimum_tls_version: str | None = Field(default=None, max_length=10)
    allow_blob_public_access: bool | None = None
    allow_shared_key_access: bool | None = None
    allow_cross_tenant_replication: bool | None = None
    default_to_oauth_authentication: bool | None = Field(
        default=None, alias="defaultToOAuthAuthentication"
    )
    public_network_access: Switch = None
    large_file_shares_state: Switch = None
    is_hns_enabled: bool | None = None
    is_nfs_v3_enabled: bool | None = None
    is_sftp_enabled: bool | None = None
    is_local_user_enabled: bool | None = None
    network_acls: dict[str, Any] | None = None
    encryption: dict[str, Any] | None = None


class StorageIdentity(Body):
    """The account's managed identity."""

    type: str = Field("None", max_length=60)


class StorageAccountBody(Body):
    """A storage account to create or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
        "properties": {"minimumTlsVersion": "TLS1_2"},
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    kind: Kind | None = Field(default=None, examples=["StorageV2"])
    sku: StorageSku | None = None
    identity: StorageIdentity | None = None
    properties: StorageProperties = Field(default_factory=StorageProperties)


class StorageAccountPatch(Body):
    """What to change of a storage account."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None
    kind: Kind | None = None
    sku: StorageSku | None = None
    identity: StorageIdentity | None = None
    properties: StorageProperties = Field(default_factory=StorageProperties)


class NameBody(Body):
    """A name to check."""

    EXAMPLE = {"name": "anothername", "type": STORAGE_TYPE}

    name: str = Field(max_length=260)
    type: str = Field(STORAGE_TYPE, max_length=120)


class KeyBody(Body):
    """Which key to make anew."""

    EXAMPLE = {"keyName": "key1"}

    key_name: Annotated[Literal["key1", "key2"], Word(*KEYS)]


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    identity = store.at(write.sent, "identity.type") or "None"
    if identity.lower() != "none":
        raise not_emulated("identity.type", f"'{identity}': identities of storage accounts")
    document = {key: value for key, value in write.wanted.items() if key != "identity"}
    document["properties"] = dict(document.get("properties", {}))
    if write.existing is not None:
        return Written(document, write.existing.hidden)
    if store.at(document, "sku.name") is None:
        raise missing_parameter("sku")
    _refuse_taken_name(write)
    document.setdefault("kind", "StorageV2")
    return Written(document, dict.fromkeys(KEYS, 0))


def _refuse_taken_name(write: Write) -> None:
    other = named(write.call, write.name)
    if other is None:
        return
    found = parse(other.id)
    if found is not None and found.subscription.lower() == write.call.subscription.lower():
        raise conflict(
            "StorageAccountInAnotherResourceGroup",
            f"The account {write.name} is already in another resource group in this subscription.",
            target="accountName",
        )
    raise conflict(
        "StorageAccountAlreadyTaken",
        f"The storage account named {write.name} is already taken.",
        target="accountName",
    )


def named(call: Call, name: str) -> Row[Any] | None:
    """Return the storage account with a name, in whatever subscription and group."""
    return call.connection.execute(
        select(resources).where(
            resources.c.type_folded == STORAGE_TYPE.lower(), resources.c.name == name
        )
    ).first()


# --- how it looks ------------------------------------------------------------------------

_BORN_WITH = {
    "accessTier": "Hot",
    "supportsHttpsTrafficOnly": True,
    "minimumTlsVersion": "TLS1_2",
    "allowBlobPublicAccess": False,
    "publicNetworkAccess": "Enabled",
    "networkAcls": {
        "bypass": "AzureServices",
        "virtualNetworkRules": [],
        "ipRules": [],
        "defaultAction": "Allow",
    },
    "encryption": {
        "services": {
            "blob": {"keyType": "Account", "enabled": True},
            "file": {"keyType": "Account", "enabled": True},
        },
        "keySource": "Microsoft.Storage",
    },
}


def _render(call: Call, rows: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(call, row) for row in rows]


def _render_one(call: Call, account: Row[Any]) -> Document:
    document = store.envelope(STORAGE_ACCOUNTS, account)
    sku: str = document["sku"]["name"]
    created = wire(account.created_at)
    properties: Document = _BORN_WITH | account.document["properties"]
    properties |= {
        "provisioningState": "Succeeded",
        "creationTime": created,
        "keyCreationTime": dict.fromkeys(KEYS, created),
        "primaryEndpoints": _endpoints(call, account.name),
        "primaryLocation": account.location,
        "statusOfPrimary": "available",
        "privateEndpointConnections": [],
    }
    pair = SECONDARY_REGION.get(account.location)
    if sku.partition("_")[2] in _GEO and pair is not None:
        properties |= {"secondaryLocation": pair, "statusOfSecondary": "available"}
    return document | {
        "sku": {"name": sku, "tier": sku.partition("_")[0]},
        "properties": properties,
    }


def _endpoints(call: Call, name: str) -> Document:
    """Return where an account's services are: only its blobs are there, on this server."""
    elsewhere = {
        kind: f"https://{name}.{kind}.{host_names.STORAGE}/"
        for kind in ("dfs", "file", "queue", "table", "web")
    }
    return {"blob": endpoint_of(call.base_url, name)} | elsewhere


STORAGE_ACCOUNTS = CompanionType(
    type_name=STORAGE_TYPE,
    operations="StorageAccounts",
    parameter="accountName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="AccountNameInvalid",
    body=StorageAccountBody,
    patch=StorageAccountPatch,
    write=_write,
    render=_render,
    fixed=("properties.isHnsEnabled",),
    created_status=200,
    create="Create",
    get="GetProperties",
    list_in_group="ListByResourceGroup",
    list_all="List",
)
_ACCOUNT = STORAGE_ACCOUNTS.template


# --- its name and its keys ---------------------------------------------------------------


@endpoint(
    "POST",
    f"/subscriptions/{{subscriptionId}}/providers/{STORAGE_TYPE.partition('/')[0]}"
    "/checkNameAvailability",
    "StorageAccounts_CheckNameAvailability",
    tag=TAG,
    body=NameBody,
)
def check_name(call: Call, body: NameBody) -> Document:
    """Tell whether a storage account may have a name."""
    if NAME.fullmatch(body.name) is None:
        message = f"{body.name} is not a valid storage account name: {NAME_RULE}."
        return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": message}
    if named(call, body.name) is not None:
        message = f"The storage account named {body.name} is already taken."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True}


@endpoint("POST", f"{_ACCOUNT}/listKeys", "StorageAccounts_ListKeys", tag=TAG, query=("$expand",))
def list_keys(call: Call) -> Document:
    """Show the keys of a storage account; the blob endpoint takes any."""
    return _keys(call, store.get(call, STORAGE_ACCOUNTS))


@endpoint(
    "POST", f"{_ACCOUNT}/regenerateKey", "StorageAccounts_RegenerateKey", tag=TAG, body=KeyBody
)
def regenerate_key(call: Call, body: KeyBody) -> Document:
    """Make one key of a storage account anew."""
    account = store.get(call, STORAGE_ACCOUNTS)
    hidden = account.hidden | {body.key_name: account.hidden[body.key_name] + 1}
    call.connection.execute(
        update(resources).where(resources.c.folded == account.folded).values(hidden=hidden)
    )
    return _keys(call, store.get(call, STORAGE_ACCOUNTS))


def _keys(call: Call, account: Row[Any]) -> Document:
    return {
        "keys": [
            {
                "keyName": name,
                "value": _key(call.rules.seed, account, name),
                "permissions": "FULL",
                "creationTime": wire(account.created_at),
            }
            for name in KEYS
        ]
    }


def _key(seed: int, account: Row[Any], name: str) -> str:
    """Return 64 bytes in base64, as Azure's keys are."""
    text = ids.natural(seed, name, account.folded, account.created_at, account.hidden[name])
    return base64.b64encode(hashlib.sha512(text.encode()).digest()).decode()


ENDPOINTS = (*store.endpoints(STORAGE_ACCOUNTS), check_name, list_keys, regenerate_key)
