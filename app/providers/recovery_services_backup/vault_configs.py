"""Vault configuration: soft delete and enhanced security (azure-cli-wire 4.3)."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain.errors import soft_delete_is_always_on
from ...domain.resource_ids import VAULT_TYPE
from ...engine import critical_alerts
from ...store.vaults import keep_properties
from .. import multi_user_authorization
from .paths import VAULT, vault_of

TAG = "Vault configuration"
CONFIG = f"{VAULT}/backupconfig/vaultconfig"
STATES = ("Enabled", "Disabled", "AlwaysON")


class VaultConfigProperties(Body):
    """What the configuration says; what is left out stays."""

    enhanced_security_state: Annotated[
        Literal["Enabled", "Disabled", "AlwaysON"] | None, Word(*STATES)
    ] = None
    soft_delete_feature_state: Annotated[
        Literal["Enabled", "Disabled", "AlwaysON"] | None, Word(*STATES)
    ] = None
    soft_delete_retention_period_in_days: Annotated[int | None, Field(ge=14, le=180)] = None
    resource_guard_operation_requests: list[str] | None = Field(None, max_length=100)


class VaultConfigBody(Body):
    """A vault's configuration."""

    EXAMPLE = {"properties": {"softDeleteRetentionPeriodInDays": 14}}

    properties: VaultConfigProperties


@endpoint("GET", CONFIG, "BackupResourceVaultConfigs_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a vault's configuration."""
    return Answer(body=_render(vault_of(call)))


@endpoint("PATCH", CONFIG, "BackupResourceVaultConfigs_Update", tag=TAG, body=VaultConfigBody)
def patch(call: Call, body: VaultConfigBody) -> Answer:
    """Change a vault's configuration; done when answered."""
    return _change(call, body.properties)


@endpoint("PUT", CONFIG, "BackupResourceVaultConfigs_Put", tag=TAG, body=VaultConfigBody)
def put(call: Call, body: VaultConfigBody) -> Answer:
    """Change a vault's configuration; done when answered."""
    return _change(call, body.properties)


def _change(call: Call, asked: VaultConfigProperties) -> Answer:
    vault = vault_of(call)
    properties = copy.deepcopy(vault.properties)
    soft = properties["securitySettings"]["softDeleteSettings"]
    state = asked.soft_delete_feature_state
    if state is not None:
        if soft["softDeleteState"] == "AlwaysON" and state != "AlwaysON":
            raise soft_delete_is_always_on("properties.softDeleteFeatureState")
        soft["softDeleteState"] = state
    if asked.enhanced_security_state is not None and soft["enhancedSecurityState"] != "AlwaysON":
        soft["enhancedSecurityState"] = asked.enhanced_security_state
    if asked.soft_delete_retention_period_in_days is not None:
        soft["softDeleteRetentionPeriodInDays"] = asked.soft_delete_retention_period_in_days
    requests = asked.resource_guard_operation_requests
    multi_user_authorization.permit_settings(call, vault, properties, requests)
    keep_properties(call.connection, vault, properties, call.now)
    critical_alerts.settings_changed(call.connection, call.rules, vault, properties, call.now)
    return Answer(body=_render(vault_of(call)))


def _render(vault: Row[Any]) -> dict[str, Any]:
    soft = vault.properties["securitySettings"]["softDeleteSettings"]
    return {
        "id": f"{vault.id}/backupconfig/vaultconfig",
        "name": "vaultconfig",
        "type": f"{VAULT_TYPE}/backupconfig",
        "properties": {
            "enhancedSecurityState": soft["enhancedSecurityState"],
            "softDeleteFeatureState": soft["softDeleteState"],
            "softDeleteRetentionPeriodInDays": soft["softDeleteRetentionPeriodInDays"],
            "isSoftDeleteFeatureStateEditable": True,  # so recorded, whatever the state
        },
    }


ENDPOINTS = (get, patch, put)
