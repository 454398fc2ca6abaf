"""The file and blob services of storage accounts: their settings, shares, containers, policies.

What is in a share or a container is the data plane's; here they have names and quotas.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, update

from ...arm import etags
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, Endpoint, endpoint
from ...arm.words import Word
from ...domain.documents import merge
from ...domain.errors import invalid, not_found
from ...domain.instants import wire
from ...domain.resource_ids import SHARE_TYPE, STORAGE_TYPE
from ...engine import sources
from ...store.metadata import Document
from ...store.resource_tables import resources
from . import store
from .disks import WholeNumber
from .storage_accounts import STORAGE_ACCOUNTS
from .store import CompanionType, Write, Written, missing_parameter

TAG = "Storage services"
_ACCOUNT = STORAGE_ACCOUNTS.template
NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
NAME_RULE = "3 to 63 lower-case letters, digits and '-', which must stand between letters or digits"
_FILES_BORN: Document = {
    "shareDeleteRetentionPolicy": {"enabled": True, "days": 7},
    "protocolSettings": {"smb": {}},
    "cors": {"corsRules": []},
}
_BLOBS_BORN: Document = {
    "deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False},
    "cors": {"corsRules": []},
}


# --- shares ------------------------------------------------------------------------------


class ShareProperties(Body):
    """What a share can be told; its quota is in GiB."""

    share_quota: WholeNumber | None = Field(default=None, ge=1, le=262_144, examples=[5])
    access_tier: Annotated[
        Literal["TransactionOptimized", "Hot", "Cool", "Premium"] | None,
        Word("TransactionOptimized", "Hot", "Cool", "Premium"),
    ] = None
    enabled_protocols: Annotated[Literal["SMB", "NFS"] | None, Word("SMB", "NFS")] = None
    root_squash: str | None = Field(default=None, max_length=20)
    metadata: dict[str, str] | None = None
    signed_identifiers: list[dict[str, Any]] | None = Field(default=None, max_length=5)


class FileShareBody(Body):
    """A share to create or to change."""

    EXAMPLE = {"properties": {"shareQuota": 5}}

    properties: ShareProperties = Field(default_factory=ShareProperties)


def _write_share(write: Write) -> Written:
    born = {"shareQuota": 5120, "enabledProtocols": "SMB", "accessTier": "TransactionOptimized"}
    return Written(write.wanted | {"properties": born | write.wanted["properties"]}, {})


def _render_shares(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_held(SHARES, row) for row in found]


def _render_held(kind: CompanionType, row: Row[Any]) -> Document:
    properties = {
        "leaseStatus": "Unlocked",
        "leaseState": "Available",
        "lastModifiedTime": wire(row.changed_at),
        **row.document["properties"],
    }
    content = etags.digest([row.folded, row.created_at, row.document])
    return store.envelope(kind, row) | {
        "etag": f'"0x{content.upper()}"',
        "properties": properties,
    }


def _tell_items(call: Call, _document: Document, share_id: str) -> None:
    sources.refresh(call.connection, call.rules, share_id, call.now)


SHARES = CompanionType(
    type_name=SHARE_TYPE,
    operations="FileShares",
    parameter="shareName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=FileShareBody,
    patch=FileShareBody,
    write=_write_share,
    render=_render_shares,
    follow=_tell_items,
    fixed=("properties.enabledProtocols",),
    create="Create",
    parent=STORAGE_ACCOUNTS,
    folder="fileServices/default/shares",
    located=False,
    not_for_lists=("$filter", "$expand"),
)


# --- containers --------------------------------------------------------------------------


class ContainerProperties(Body):
    """What a container can be told."""

    public_access: Annotated[
        Literal["None", "Blob", "Container"] | None, Word("None", "Blob", "Container")
    ] = Field(default=None, examples=["None"])
    metadata: dict[str, str] | None = None
    default_encryption_scope: str | None = Field(default=None, max_length=63)
    deny_encryption_scope_override: bool | None = None


class BlobContainerBody(Body):
    """A container to create or to change."""

    EXAMPLE = {"properties": {"publicAccess": "None"}}

    properties: ContainerProperties = Field(default_factory=ContainerProperties)


def _write_container(write: Write) -> Written:
    born = {"publicAccess": "None"}
    return Written(write.wanted | {"properties": born | write.wanted["properties"]}, {})


def _render_containers(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    policies = {"hasImmutabilityPolicy": False, "hasLegalHold": False}
    shown = [_render_held(CONTAINERS, row) for row in found]
    return [each | {"properties": policies | each["properties"]} for each in shown]


CONTAINERS = CompanionType(
    type_name=f"{STORAGE_TYPE}/blobServices/containers",
    operations="BlobContainers",
    parameter="blobContainerName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=BlobContainerBody,
    patch=BlobContainerBody,
    write=_write_container,
    render=_render_containers,
    create="Create",
    parent=STORAGE_ACCOUNTS,
    folder="blobServices/default/containers",
    located=False,
)


# --- the services themselves -------------------------------------------------------------


class RetentionDays(Body):
    """How long what is deleted is kept."""

    enabled: bool | None = None
    days: WholeNumber | None = Field(default=None, ge=1, le=365)
    allow_permanent_delete: bool | None = None


class ServiceProperties(Body):
    """What the services of an account can be told."""

    cors: dict[str, Any] | None = None
    share_delete_retention_policy: RetentionDays | None = None
    delete_retention_policy: RetentionDays | None = None
    container_delete_retention_policy: RetentionDays | None = None
    restore_policy: dict[str, Any] | None = None
    change_feed: dict[str, Any] | None = None
    protocol_settings: dict[str, Any] | None = None
    last_access_time_tracking_policy: dict[str, Any] | None = None
    default_service_version: str | None = Field(default=None, max_length=20)
    is_versioning_enabled: bool | None = None
    automatic_snapshot_policy_enabled: bool | None = None


class StorageServiceBody(Body):
    """The settings of a service."""

    EXAMPLE = {"properties": {"cors": {"corsRules": []}}}

    properties: ServiceProperties = Field(default_factory=ServiceProperties)


def _service(kind: str, operations: str, born: Document) -> tuple[Endpoint, ...]:
    folder = f"{_ACCOUNT}/{kind}"

    def shown(account: Row[Any]) -> Document:
        told = account.hidden.get(kind, {})
        return {
            "id": f"{account.id}/{kind}/default",
            "name": "default",
            "type": f"{STORAGE_TYPE}/{kind}",
            "sku": _sku(account),
            "properties": born | told,
        }

    @endpoint("GET", folder, f"{operations}_List", tag=TAG)
    def list_them(call: Call) -> Document:
        """List the services of this kind that an account has: one."""
        return {"value": [shown(store.get(call, STORAGE_ACCOUNTS))]}

    @endpoint("GET", f"{folder}/default", f"{operations}_GetServiceProperties", tag=TAG)
    def get(call: Call) -> Document:
        """Show the settings of a service."""
        return shown(store.get(call, STORAGE_ACCOUNTS))

    @endpoint(
        "PUT",
        f"{folder}/default",
        f"{operations}_SetServiceProperties",
        tag=TAG,
        body=StorageServiceBody,
        statuses=(200, 404),
    )
    def put(call: Call, body: StorageServiceBody) -> Document:
        """Change the settings of a service."""
        account = store.get(call, STORAGE_ACCOUNTS)
        told = merge(account.hidden.get(kind, {}), body.wire()["properties"])
        _hide(call, account, kind, told)
        return shown(store.get(call, STORAGE_ACCOUNTS))

    return (list_them, get, put)


def _sku(account: Row[Any]) -> Document:
    name: str = account.document["sku"]["name"]
    return {"name": name, "tier": name.partition("_")[0]}


def _hide(call: Call, account: Row[Any], key: str, value: Document | None) -> None:
    """Keep something beside an account, or (``None``) keep it no more."""
    hidden = {name: kept for name, kept in account.hidden.items() if name != key}
    if value is not None:
        hidden[key] = value
    call.connection.execute(
        update(resources).where(resources.c.folded == account.folded).values(hidden=hidden)
    )


# --- management policies -----------------------------------------------------------------

_POLICY = f"{_ACCOUNT}/managementPolicies/{{managementPolicyName}}"
_KEPT = "managementPolicies"


class ManagementPolicyRules(Body):
    """The rules of a policy, kept as they are sent."""

    rules: list[dict[str, Any]] | None = Field(default=None, max_length=100)


class ManagementPolicyProperties(Body):
    """What becomes of blobs as they grow old."""

    policy: ManagementPolicyRules | None = None


class ManagementPolicyBody(Body):
    """The one management policy of an account."""

    EXAMPLE = {
        "properties": {
            "policy": {
                "rules": [
                    {
                        "enabled": True,
                        "name": "old",
                        "type": "Lifecycle",
                        "definition": {
                            "filters": {"blobTypes": ["blockBlob"]},
                            "actions": {
                                "baseBlob": {"delete": {"daysAfterModificationGreaterThan": 90}}
                            },
                        },
                    }
                ]
            }
        }
    }

    properties: ManagementPolicyProperties = Field(default_factory=ManagementPolicyProperties)


def _account_of_policy(call: Call) -> Row[Any]:
    name = call.path["managementPolicyName"]
    if name.lower() != "default":
        raise invalid(
            "InvalidRequestPropertyValue",
            f"managementPolicyName: '{name}' is not allowed; the name is default.",
            target="managementPolicyName",
        )
    return store.get(call, STORAGE_ACCOUNTS)


def _policy(account: Row[Any]) -> Document:
    kept = account.hidden.get(_KEPT)
    if kept is None:
        raise not_found(
            "ManagementPolicyNotFound",
            f"No ManagementPolicy found for account {account.name}",
            target="managementPolicyName",
        )
    return {
        "id": f"{account.id}/managementPolicies/default",
        "name": "DefaultManagementPolicy",
        "type": f"{STORAGE_TYPE}/managementPolicies",
        "properties": kept,
    }


@endpoint("GET", _POLICY, "ManagementPolicies_Get", tag=TAG)
def get_policy(call: Call) -> Document:
    """Show the management policy of an account."""
    return _policy(_account_of_policy(call))


@endpoint(
    "PUT",
    _POLICY,
    "ManagementPolicies_CreateOrUpdate",
    tag=TAG,
    body=ManagementPolicyBody,
)
def put_policy(call: Call, body: ManagementPolicyBody) -> Document:
    """Create or replace the management policy of an account."""
    account = _account_of_policy(call)
    properties = body.wire()["properties"]
    if not store.at(properties, "policy.rules"):
        raise missing_parameter("policy.rules")
    _hide(call, account, _KEPT, properties | {"lastModifiedTime": wire(call.now)})
    return _policy(store.get(call, STORAGE_ACCOUNTS))


@endpoint("DELETE", _POLICY, "ManagementPolicies_Delete", tag=TAG, statuses=(200, 204))
def delete_policy(call: Call) -> Answer:
    """Delete the management policy of an account; 204 if there is none."""
    account = _account_of_policy(call)
    if _KEPT not in account.hidden:
        return Answer(204)
    _hide(call, account, _KEPT, None)
    return Answer(200)


ENDPOINTS = (
    *_service("fileServices", "FileServices", _FILES_BORN),
    *_service("blobServices", "BlobServices", _BLOBS_BORN),
    *store.endpoints(SHARES),
    *store.endpoints(CONTAINERS),
    get_policy,
    put_policy,
    delete_policy,
)
