"""What a vault can be told: the bodies of its requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ...arm.bodies import Body
from ...arm.words import Word
from ..managed_identities import NULLS, ManagedIdentity

EnabledDisabled = Annotated[Literal["Enabled", "Disabled"], Word("Enabled", "Disabled")]


class Sku(Body):
    """The vault's SKU."""

    name: Annotated[Literal["Standard", "RS0"], Word("Standard", "RS0")] = Field(
        examples=["Standard"]
    )
    tier: str | None = Field(None, max_length=50)


class SoftDeleteSettings(Body):
    """How deleted backup data is kept."""

    soft_delete_retention_period_in_days: Annotated[int | None, Field(ge=14, le=180)] = None
    soft_delete_state: Annotated[
        Literal["Enabled", "Disabled", "AlwaysON"] | None, Word("Enabled", "Disabled", "AlwaysON")
    ] = None
    enhanced_security_state: Annotated[
        Literal["Enabled", "Disabled", "AlwaysON"] | None, Word("Enabled", "Disabled", "AlwaysON")
    ] = None


class ImmutabilityConfiguration(Body):
    """For how long backup data is immutable."""

    type: Annotated[
        Literal["AsPerPolicy", "TimeBased"] | None, Word("AsPerPolicy", "TimeBased")
    ] = None
    duration_in_days: Annotated[int | None, Field(ge=1, le=36135)] = None


class ImmutabilitySettings(Body):
    """Whether backup data may be shortened or deleted before its time."""

    state: Annotated[
        Literal["Disabled", "Unlocked", "Locked"] | None, Word("Disabled", "Unlocked", "Locked")
    ] = None
    configuration: ImmutabilityConfiguration | None = None


class SourceScanConfiguration(Body):
    """Whether sources are scanned for threats."""

    state: EnabledDisabled | None = None


class SecuritySettings(Body):
    """What protects the vault against people."""

    soft_delete_settings: SoftDeleteSettings | None = None
    immutability_settings: ImmutabilitySettings | None = None
    source_scan_configuration: SourceScanConfiguration | None = None


class AzureMonitorAlertSettings(Body):
    """Built-in alerts."""

    alerts_for_all_job_failures: EnabledDisabled | None = None
    alerts_for_all_replication_issues: EnabledDisabled | None = None
    alerts_for_all_failover_issues: EnabledDisabled | None = None


class ClassicAlertSettings(Body):
    """Classic alerts."""

    alerts_for_critical_operations: EnabledDisabled | None = None
    email_notifications_for_site_recovery: EnabledDisabled | None = None


class MonitoringSettings(Body):
    """Which alerts are raised."""

    azure_monitor_alert_settings: AzureMonitorAlertSettings | None = None
    classic_alert_settings: ClassicAlertSettings | None = None


class RedundancySettings(Body):
    """Where the vault's data is replicated to."""

    standard_tier_storage_redundancy: Annotated[
        Literal["LocallyRedundant", "GeoRedundant", "ZoneRedundant"] | None,
        Word("LocallyRedundant", "GeoRedundant", "ZoneRedundant"),
    ] = None
    cross_region_restore: EnabledDisabled | None = None


class CrossSubscriptionRestoreSettings(Body):
    """Whether restores may go to another subscription."""

    cross_subscription_restore_state: Annotated[
        Literal["Enabled", "Disabled", "PermanentlyDisabled"] | None,
        Word("Enabled", "Disabled", "PermanentlyDisabled"),
    ] = None


class RestoreSettings(Body):
    """What restores may do."""

    cross_subscription_restore_settings: CrossSubscriptionRestoreSettings | None = None


class CostManagementSettings(Body):
    """How finely costs are reported."""

    granularity_level: Annotated[
        Literal["VaultLevel", "ProtectedItemLevel", "ProtectedItemWithParentTag"] | None,
        Word("VaultLevel", "ProtectedItemLevel", "ProtectedItemWithParentTag"),
    ] = None


class KeyVaultProperties(Body):
    """Where the customer's key is."""

    key_uri: str | None = Field(
        None, max_length=400, examples=["https://keys-1.vault.azure.net/keys/key-1"]
    )


class KekIdentity(Body):
    """The identity that opens the customer's key: the vault's own, or one assigned to it."""

    use_system_assigned_identity: bool | None = None
    user_assigned_identity: str | None = Field(None, max_length=400)


class Encryption(Body):
    """The customer-managed key of a vault's data."""

    key_vault_properties: KeyVaultProperties | None = None
    kek_identity: KekIdentity | None = None
    infrastructure_encryption: EnabledDisabled | None = None


class VaultProperties(Body):
    """What a vault can be told."""

    public_network_access: EnabledDisabled | None = None
    security_settings: SecuritySettings | None = None
    monitoring_settings: MonitoringSettings | None = None
    redundancy_settings: RedundancySettings | None = None
    restore_settings: RestoreSettings | None = None
    cost_management_settings: CostManagementSettings | None = None
    encryption: Encryption | None = None
    resource_guard_operation_requests: list[str] | None = Field(default=None, max_length=100)


class VaultBody(Body):
    """A vault to create or to replace."""

    EXAMPLE = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}
    KEEPS_NULLS = NULLS

    location: str = Field(min_length=1, max_length=90, examples=["westeurope"])
    sku: Sku | None = None
    tags: dict[str, str] = Field(default_factory=dict, examples=[{"env": "test"}])
    identity: ManagedIdentity | None = None
    properties: VaultProperties = Field(default_factory=VaultProperties)


class VaultPatch(Body):
    """What to change of a vault."""

    EXAMPLE = {"tags": {"env": "test"}}
    KEEPS_NULLS = NULLS

    sku: Sku | None = None
    tags: dict[str, str] | None = Field(None, examples=[{"env": "test"}])
    identity: ManagedIdentity | None = None
    properties: VaultProperties = Field(default_factory=VaultProperties)
