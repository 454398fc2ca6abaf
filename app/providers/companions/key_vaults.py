"""Key vaults and their access policies; what is in them only their keys' names tell.

Their names are unique in all of Azure, as each is a host name there. The data plane behind
``vaultUri`` is refused by name (``arm/paths.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, insert

from ...arm import async_operations
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...arm.words import Word
from ...domain import host_names
from ...domain.errors import Refused, conflict, invalid, not_found
from ...domain.ids import guid, parse_guid
from ...domain.instants import SECOND, wire
from ...domain.resource_ids import KEY_TYPE, KEY_VAULT_TYPE
from ...domain.tenancy import TENANT_ID
from ...engine import key_vaults, operations
from ...engine.operations import Operation
from ...store.metadata import Document
from ...store.resource_tables import resources
from . import store
from .disks import WholeNumber
from .store import CompanionType, Write, Written, missing_parameter

TAG = "Key vaults"
PURGE_TAKES = 5 * SECOND
NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9]){2,23}")
NAME_RULE = (
    "A vault's name must be between 3-24 alphanumeric characters. The name must begin with a "
    "letter, end with a letter or digit, and not contain consecutive hyphens."
)
Switch = Annotated[
    Literal["Enabled", "Disabled", "enabled", "disabled"] | None, Word("Enabled", "Disabled")
]


class KeyVaultSku(Body):
    """Software or hardware keys."""

    family: Annotated[Literal["A"] | None, Word("A")] = Field(default=None, examples=["A"])
    name: Annotated[Literal["standard", "premium"] | None, Word("standard", "premium")] = Field(
        default=None, examples=["standard"]
    )


class Permissions(Body):
    """What somebody may do."""

    keys: list[str] | None = Field(default=None, max_length=50)
    secrets: list[str] | None = Field(default=None, max_length=50)
    certificates: list[str] | None = Field(default=None, max_length=50)
    storage: list[str] | None = Field(default=None, max_length=50)


class AccessPolicy(Body):
    """Who may do what."""

    tenant_id: str | None = Field(default=None, max_length=60)
    object_id: str | None = Field(default=None, max_length=60)
    application_id: str | None = Field(default=None, max_length=60)
    permissions: Permissions = Field(default_factory=Permissions)


class KeyVaultProperties(Body):
    """What a key vault can be told."""

    tenant_id: str | None = Field(default=None, max_length=60, examples=[TENANT_ID])
    sku: KeyVaultSku | None = None
    access_policies: list[AccessPolicy] | None = Field(default=None, max_length=1024)
    enabled_for_deployment: bool | None = None
    enabled_for_disk_encryption: bool | None = None
    enabled_for_template_deployment: bool | None = None
    enable_soft_delete: bool | None = None
    soft_delete_retention_in_days: WholeNumber | None = Field(default=None, ge=7, le=90)
    enable_rbac_authorization: bool | None = None
    enable_purge_protection: bool | None = None
    network_acls: dict[str, Any] | None = None
    public_network_access: str | None = Field(default=None, max_length=40)
    create_mode: Annotated[Literal["default", "recover"] | None, Word("default", "recover")] = None


class KeyVaultBody(Body):
    """A key vault to create, to change or to recover."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {
            "tenantId": TENANT_ID,
            "sku": {"family": "A", "name": "standard"},
            "accessPolicies": [],
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: KeyVaultProperties = Field(default_factory=KeyVaultProperties)


class KeyVaultPatch(Body):
    """What to change of a key vault."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None
    properties: KeyVaultProperties = Field(default_factory=KeyVaultProperties)


class AccessPolicyList(Body):
    """Some access policies."""

    access_policies: list[AccessPolicy] = Field(default_factory=list, max_length=1024)


class AccessPolicyBody(Body):
    """Access policies to add, to put in the place of all, or to take away."""

    EXAMPLE = {
        "properties": {
            "accessPolicies": [
                {
                    "tenantId": TENANT_ID,
                    "objectId": "22222222-2222-2222-2222-222222222222",
                    "permissions": {"keys": ["get", "list"]},
                }
            ]
        }
    }

    properties: AccessPolicyList = Field(default_factory=AccessPolicyList)


class KeyVaultNameBody(Body):
    """A name to check."""

    EXAMPLE = {"name": "another-vault", "type": KEY_VAULT_TYPE}

    name: str = Field(max_length=260)
    type: str = Field(KEY_VAULT_TYPE, max_length=120)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    properties = dict(write.wanted["properties"])
    mode = properties.pop("createMode", "default")
    if write.existing is None:
        refuse_taken(write.call, write.name)
        deleted = _deleted(write.call, write.name)
        if deleted is not None:
            return _recovered(write, deleted, mode)
    _check_soft_delete(write, properties)
    for needed in ("tenantId", "sku"):
        if not properties.get(needed):
            raise missing_parameter(needed)
    _check_guid(properties["tenantId"], "properties.tenantId")
    for policy in properties.setdefault("accessPolicies", []):
        _check_policy(policy)
    properties["sku"] = {"family": "A", "name": "standard"} | properties["sku"]
    properties.setdefault("softDeleteRetentionInDays", key_vaults.RETENTION_DAYS)
    return Written(write.wanted | {"properties": properties}, {})


def _check_soft_delete(write: Write, properties: Document) -> None:
    old = write.existing.document["properties"] if write.existing is not None else {}
    if properties.get("enableSoftDelete") is False:
        raise invalid(
            "BadRequest",
            'properties.enableSoftDelete: The property "enableSoftDelete" can be set to false only '
            "for creating new vault. Enabling the 'soft delete' functionality is an irreversible "
            "action; new vaults always have it.",
            target="properties.enableSoftDelete",
        )
    if old.get("enablePurgeProtection") and not properties.get("enablePurgeProtection"):
        raise invalid(
            "BadRequest",
            'properties.enablePurgeProtection: The property "enablePurgeProtection" cannot be set '
            "to false. Enabling the purge protection for a vault is an irreversible action.",
            target="properties.enablePurgeProtection",
        )
    days = properties.get("softDeleteRetentionInDays")
    if old and days != old["softDeleteRetentionInDays"]:
        raise invalid(
            "BadRequest",
            'properties.softDeleteRetentionInDays: The property "softDeleteRetentionInDays" has '
            f"been set already to {old['softDeleteRetentionInDays']} and it can't be modified.",
            target="properties.softDeleteRetentionInDays",
        )


def _check_guid(text: str | None, field: str) -> None:
    if not text or parse_guid(text) is None:
        raise invalid("BadRequest", f"{field}: '{text or ''}' is not a GUID.", target=field)


def _check_policy(policy: Document) -> None:
    _check_guid(policy.get("tenantId"), "properties.accessPolicies.tenantId")
    _check_guid(policy.get("objectId"), "properties.accessPolicies.objectId")


def refuse_taken(call: Call, name: str) -> None:
    """Refuse the name of a key vault that exists anywhere."""
    if key_vaults.named(call.connection, name) is not None:
        raise conflict(
            "VaultAlreadyExists",
            f"The vault name '{name}' is already in use. Vault names are globally unique so it is "
            "possible that the name is already taken. If you are sure that the vault name was not "
            "taken then it is possible that a vault with the same name was recently deleted but "
            "not purged after being placed in a recoverable state.",
            target="vaultName",
        )


def _deleted(call: Call, name: str) -> Row[Any] | None:
    found = key_vaults.deleted_in(call.connection, call.subscription, call.now)
    return next((each for each in found if each.name.lower() == name.lower()), None)


def _recovered(write: Write, deleted: Row[Any], mode: str) -> Written:
    """Return what a deleted key vault was; its keys come back too. Raises ``Refused``."""
    if mode != "recover":
        raise conflict(
            "ConflictError",
            "A vault with the same name already exists in deleted state. You need to either "
            "recover or purge existing key vault.",
            target="vaultName",
        )
    if deleted.document["location"] != write.location:
        raise invalid(
            "BadRequest",
            f"location: the deleted vault '{deleted.name}' is in '{deleted.document['location']}'.",
            target="location",
        )
    for key in deleted.document["keys"]:
        own_id = f"{write.id}/keys/{key['name']}"
        write.call.connection.execute(
            insert(resources).values(
                folded=own_id.lower(),
                id=own_id,
                group_folded=write.group_folded,
                type_folded=KEY_TYPE.lower(),
                name=key["name"],
                location=write.location,
                document=key["document"],
                hidden={},
                created_at=write.call.now,
                changed_at=write.call.now,
            )
        )
    key_vaults.purge(write.call.connection, deleted.id)
    return Written(deleted.document["document"], {})


# --- how it looks ------------------------------------------------------------------------


def uri(name: str) -> str:
    """Return where the data plane of a key vault would be."""
    return f"https://{name.lower()}.{host_names.KEY_VAULTS}/"


def _render(_call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in found]


def _render_one(vault: Row[Any]) -> Document:
    properties = {
        "enabledForDeployment": False,
        "enableRbacAuthorization": False,
        "enableSoftDelete": True,
        "publicNetworkAccess": "Enabled",
        **vault.document["properties"],
        "vaultUri": uri(vault.name),
        "provisioningState": "Succeeded",
    }
    system = {"createdAt": wire(vault.created_at), "lastModifiedAt": wire(vault.changed_at)}
    return store.envelope(KEY_VAULTS, vault) | {"properties": properties, "systemData": system}


def _remove(call: Call, vault: Row[Any]) -> None:
    key_vaults.remove(call.connection, vault, call.now)


KEY_VAULTS = CompanionType(
    type_name=KEY_VAULT_TYPE,
    operations="KeyVaults",
    parameter="vaultName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="VaultNameNotValid",
    body=KeyVaultBody,
    patch=KeyVaultPatch,
    write=_write,
    render=_render,
    remove=_remove,
    list_in_group="ListByResourceGroup",
    list_all="ListBySubscription",
    not_for_lists=("$filter", "$skiptoken"),
)


# --- access policies ---------------------------------------------------------------------


@endpoint(
    "PUT",
    f"{KEY_VAULTS.template}/accessPolicies/{{operationKind}}",
    "KeyVaults_UpdateAccessPolicy",
    tag=TAG,
    body=AccessPolicyBody,
    statuses=(200, 404),
)
def update_access_policy(call: Call, body: AccessPolicyBody) -> Document:
    """Add access policies, put them in the place of all, or take them away."""
    kind = call.path["operationKind"].lower()
    if kind not in ("add", "replace", "remove"):
        raise invalid(
            "BadRequest",
            f"operationKind: '{call.path['operationKind']}' is not one of add, replace, remove.",
            target="operationKind",
        )
    vault = store.get(call, KEY_VAULTS)
    sent = body.wire()["properties"]["accessPolicies"]
    for policy in sent:
        _check_policy(policy)
    named_now = {_holder(each) for each in sent}
    others = [
        each
        for each in vault.document["properties"]["accessPolicies"]
        if _holder(each) not in named_now
    ]
    kept = {"add": [*others, *sent], "replace": sent, "remove": others}[kind]
    store.rewrite(call, KEY_VAULTS, vault, {"accessPolicies": kept})
    return {
        "id": f"{vault.id}/accessPolicies/",
        "name": call.path["operationKind"],
        "type": f"{KEY_VAULT_TYPE}/accessPolicies",
        "location": vault.location,
        "properties": {"accessPolicies": kept},
    }


def _holder(policy: Document) -> tuple[str, str]:
    return policy["objectId"].lower(), policy.get("applicationId", "").lower()


# --- deleted key vaults ------------------------------------------------------------------

_PROVIDER = "/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault"
_DELETED = f"{_PROVIDER}/locations/{{location}}/deletedVaults/{{deletedVaultName}}"


@endpoint("GET", f"{_PROVIDER}/deletedVaults", "KeyVaults_ListDeleted", tag=TAG)
def list_deleted(call: Call) -> Document:
    """List the deleted key vaults that are not purged."""
    found = key_vaults.deleted_in(call.connection, call.subscription, call.now)
    return {"value": [_render_deleted(each) for each in found]}


@endpoint("GET", _DELETED, "KeyVaults_GetDeleted", tag=TAG)
def get_deleted(call: Call) -> Document:
    """Show a deleted key vault."""
    return _render_deleted(_find_deleted(call))


@endpoint("POST", f"{_DELETED}/purge", "KeyVaults_PurgeDeleted", tag=TAG, statuses=(202,))
def purge_deleted(call: Call) -> Answer:
    """Forget a deleted key vault for good: its name is free at once, the rest is to be polled."""
    found = _find_deleted(call)
    if found.document["document"]["properties"].get("enablePurgeProtection"):
        raise conflict(
            "DeletedVaultPurge",
            "Operation 'DeletedVaultPurge' is not allowed: purge protection is enabled for vault "
            f"'{found.name}'.",
            target="vaultName",
        )
    key_vaults.purge(call.connection, found.id)
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=_location(call).lower(),
        kind="key-vault-purge",
        now=call.now,
        ends_at=call.now + PURGE_TAKES,
    )
    return Answer(202, headers=_poll(call, operation))


def _location(call: Call) -> str:
    location = call.path["location"]
    return f"/subscriptions/{call.subscription}/providers/Microsoft.KeyVault/locations/{location}"


def _poll(call: Call, operation: Operation) -> dict[str, str]:
    path = f"{_location(call)}/operationResults/{guid(operation.operation_id)}"
    # Only a Location, as the service answers. azurerm would look for the purged vault without it.
    return {
        "Location": f"{call.base_url}{path}?api-version={call.api_version}",
        "Retry-After": async_operations.retry_after(call, operation),
    }


@endpoint(
    "GET",
    f"{_PROVIDER}/locations/{{location}}/operationResults/{{operationId}}",
    "KeyVaults_GetOperationResult",
    tag=TAG,
    statuses=(200, 202),
    answers=Shape.NOTHING,
)
def operation_result(call: Call) -> Answer:
    """Poll a purge: 202 while it runs, then 200."""
    operation = async_operations.find(call, _location(call))
    if operation.is_over(call.now):
        return Answer(200)
    return Answer(
        202, headers=_poll(call, operation), waiting=async_operations.waiting_for(operation)
    )


def _find_deleted(call: Call) -> Row[Any]:
    name = call.path["deletedVaultName"]
    found = _deleted(call, name)
    if found is None or found.document["location"] != call.path["location"].lower():
        raise _no_deleted(name)
    return found


def _no_deleted(name: str) -> Refused:
    return not_found(
        "DeletedVaultNotFound",
        f"The specified deleted vault '{name}' does not exist.",
        target="vaultName",
    )


def _render_deleted(deleted: Row[Any]) -> Document:
    document = deleted.document["document"]
    properties: Document = {
        "vaultId": deleted.document["id"],
        "location": deleted.document["location"],
        "deletionDate": wire(deleted.created_at),
        "scheduledPurgeDate": wire(key_vaults.purge_at(deleted)),
        "tags": document.get("tags", {}),
    }
    if document["properties"].get("enablePurgeProtection"):
        properties["purgeProtectionEnabled"] = True
    return {
        "id": deleted.id,
        "name": deleted.name,
        "type": key_vaults.DELETED_TYPE,
        "properties": properties,
    }


@endpoint(
    "POST",
    f"{_PROVIDER}/checkNameAvailability",
    "KeyVaults_CheckNameAvailability",
    tag=TAG,
    body=KeyVaultNameBody,
)
def check_name(call: Call, body: KeyVaultNameBody) -> Document:
    """Tell whether a key vault may have a name."""
    if NAME.fullmatch(body.name) is None:
        message = f"The vault name '{body.name}' is invalid. {NAME_RULE}"
        return {"nameAvailable": False, "reason": "AccountNameInvalid", "message": message}
    taken = key_vaults.named(call.connection, body.name)
    if taken is not None or _deleted(call, body.name) is not None:
        message = f"The vault name '{body.name}' is already in use."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True}


ENDPOINTS = (
    *store.endpoints(KEY_VAULTS),
    update_access_policy,
    list_deleted,
    get_deleted,
    purge_deleted,
    operation_result,
    check_name,
)
