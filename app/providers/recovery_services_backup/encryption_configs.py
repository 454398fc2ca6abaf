"""Encryption configuration: the vault's key in the words of Azure Backup (azure-cli-wire 4.3).

Every restore of a VM by ``az`` reads it first. The vault's ``encryption`` is the one truth.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain import vault_settings
from ...domain.errors import invalid_input
from ...domain.resource_ids import VAULT_TYPE
from ...store.vaults import keep_properties
from .. import customer_managed_keys, multi_user_authorization
from .paths import VAULT, vault_of

TAG = "Vault configuration"
CONFIG = f"{VAULT}/backupEncryptionConfigs/backupResourceEncryptionConfig"


class EncryptionConfigProperties(Body):
    """How the vault's data is encrypted."""

    encryption_at_rest_type: Annotated[
        Literal["MicrosoftManaged", "CustomerManaged"] | None,
        Word("MicrosoftManaged", "CustomerManaged"),
    ] = None
    key_uri: str | None = Field(None, max_length=400)
    subscription_id: str | None = Field(None, max_length=60)
    last_update_status: str | None = Field(None, max_length=60)
    infrastructure_encryption_state: Annotated[
        Literal["Invalid", "Enabled", "Disabled"] | None, Word("Invalid", "Enabled", "Disabled")
    ] = None
    user_assigned_identity: str | None = Field(None, max_length=400)
    use_system_assigned_identity: bool | None = None


class EncryptionConfigBody(Body):
    """A vault's encryption configuration."""

    EXAMPLE = {"properties": {"encryptionAtRestType": "MicrosoftManaged"}}

    properties: EncryptionConfigProperties


@endpoint("GET", CONFIG, "BackupResourceEncryptionConfigs_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show whose key the vault's data is encrypted with."""
    return Answer(body=_render(vault_of(call)))


@endpoint(
    "PUT",
    CONFIG,
    "BackupResourceEncryptionConfigs_Update",
    tag=TAG,
    body=EncryptionConfigBody,
)
def put(call: Call, body: EncryptionConfigBody) -> Answer:
    """Give the vault a customer-managed key, or another one; done when answered."""
    vault = vault_of(call)
    asked = body.properties
    if asked.encryption_at_rest_type == "CustomerManaged" or asked.key_uri:
        _use_key(call, vault, asked)
    elif "encryption" in vault.properties:
        raise invalid_input(
            "properties.encryptionAtRestType",
            "a vault with a customer-managed key cannot go back to MicrosoftManaged",
        )
    return Answer(body=_render(vault_of(call)))


def _use_key(call: Call, vault: Row[Any], asked: EncryptionConfigProperties) -> None:
    before = vault.properties
    sent: dict[str, Any] = {}
    if asked.key_uri:
        sent["keyVaultProperties"] = {"keyUri": asked.key_uri}
    if asked.infrastructure_encryption_state in ("Enabled", "Disabled"):
        sent["infrastructureEncryption"] = asked.infrastructure_encryption_state
    if "encryption" not in before or asked.user_assigned_identity:
        sent["kekIdentity"] = _identity(vault, asked)
    properties = before | {"encryption": vault_settings.encryption(before, sent)}
    vault_settings.check_encryption(before, properties)
    vault_settings.check_redundancy(before, properties, vault.location)
    vault_settings.check_key_identity(properties, vault.identity)
    customer_managed_keys.check(call, vault.location, before, properties, vault.identity)
    multi_user_authorization.permit_settings(call, vault, properties, None)
    keep_properties(call.connection, vault, properties, call.now)


def _identity(vault: Row[Any], asked: EncryptionConfigProperties) -> dict[str, Any]:
    """Return the identity to open the key with: the one named, or the one the vault has.

    The SDK's model of this request names none.
    """
    if asked.user_assigned_identity:
        return {"userAssignedIdentity": asked.user_assigned_identity}
    held = vault.identity or {"type": "None"}
    users = list(held.get("userAssignedIdentities", {}))
    if "SystemAssigned" in held["type"] or asked.use_system_assigned_identity or len(users) != 1:
        return {"useSystemAssignedIdentity": True}
    return {"userAssignedIdentity": users[0]}


def _render(vault: Row[Any]) -> dict[str, Any]:
    return {
        "id": f"{vault.id}/backupEncryptionConfigs/backupResourceEncryptionConfig",
        "name": "backupResourceEncryptionConfig",
        "type": f"{VAULT_TYPE}/backupEncryptionConfigs",
        "properties": _properties(vault.properties.get("encryption")),
    }


def _properties(encryption: dict[str, Any] | None) -> dict[str, Any]:
    if encryption is None:
        return {
            "encryptionAtRestType": "MicrosoftManaged",
            "lastUpdateStatus": "NotEnabled",
            "infrastructureEncryptionState": "Disabled",
            "useSystemAssignedIdentity": True,
        }
    user = encryption["kekIdentity"]["userAssignedIdentity"]
    shown = {
        "encryptionAtRestType": "CustomerManaged",
        "keyUri": encryption["keyVaultProperties"]["keyUri"],
        "subscriptionId": "",
        "lastUpdateStatus": "Succeeded",
        "infrastructureEncryptionState": encryption["infrastructureEncryption"],
        "useSystemAssignedIdentity": user is None,
    }
    return shown if user is None else shown | {"userAssignedIdentity": user}


ENDPOINTS = (get, put)
