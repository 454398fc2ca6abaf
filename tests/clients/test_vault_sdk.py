"""Microsoft's SDKs of vaults and of Azure Backup: the settings of a vault and what is around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservices import models as rs
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.recoveryservicesbackup import models as bs
from azure.mgmt.recoveryservicesbackup.passivestamp import RecoveryServicesBackupPassiveClient
from azure.mgmt.recoveryservicesbackup.passivestamp import models as crr

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import (
    GROUP_ID,
    POINTS,
    VAULT_ID,
    advance,
    listed,
    protect,
    put_group,
    put_policy,
    put_user_identity,
    put_vault,
    put_vm,
    vm_id,
)

OF_VAULT = ("group-1", "vault-1")
OF_BACKUP = ("vault-1", "group-1")
USER = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one"
ITEM = ("vault-1", "group-1", "Azure", "IaasVMContainer;iaasvmcontainerv2;group-1;vm-1",
        "VM;iaasvmcontainerv2;group-1;vm-1")  # fmt: skip
KEY = "https://keys-1.vault.azure.net/keys/key-1"


@pytest.fixture
def vaults(arm: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """A client of vaults, and one vault that is ready; too loosely typed for mypy to follow."""
    put_group(arm)
    put_vault(arm)
    advance(arm, until="idle")
    with RecoveryServicesClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


@pytest.fixture
def backup(vaults: Any, world: RunningServer) -> Iterator[Any]:
    """A client of Azure Backup beside it."""
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


@pytest.fixture
def protected(backup: Any, arm: httpx.Client) -> Any:
    """The client of Azure Backup once the vault protects a VM."""
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    return backup


def code_of(problem: pytest.ExceptionInfo[HttpResponseError]) -> str:
    assert problem.value.error is not None
    return str(problem.value.error.code)


def update(vaults: Any, **change: Any) -> rs.Vault:
    found: rs.Vault = vaults.vaults.begin_update(*OF_VAULT, rs.PatchVault(**change)).result()
    return found


# --- redundancy --------------------------------------------------------------------------


def test_the_storage_config_is_read_put_and_patched(vaults: Any, backup: Any) -> None:
    configs = backup.backup_resource_storage_configs_non_crr
    config = configs.get(*OF_BACKUP)
    assert config.properties.storage_type_state == "Unlocked"
    config.properties.storage_model_type = bs.StorageType.LOCALLY_REDUNDANT
    assert configs.update(*OF_BACKUP, config).properties.storage_type == "LocallyRedundant"
    change = bs.BackupResourceConfig(storage_type="GeoRedundant", cross_region_restore_flag=True)
    assert configs.patch(*OF_BACKUP, bs.BackupResourceConfigResource(properties=change)) is None
    settings = vaults.vaults.get(*OF_VAULT).properties.redundancy_settings
    assert settings.standard_tier_storage_redundancy == "GeoRedundant"
    assert settings.cross_region_restore == "Enabled"
    assert configs.get(*OF_BACKUP).properties.cross_region_restore_flag is True


def test_the_older_client_of_the_secondary_region_reads_and_changes_the_storage_config(
    vaults: Any, world: RunningServer
) -> None:
    config = crr.BackupResourceConfigResource(
        properties=crr.BackupResourceConfig(storage_model_type="ZoneRedundant")
    )
    with RecoveryServicesBackupPassiveClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        configs: Any = client.backup_resource_storage_configs
        assert configs.update(*OF_BACKUP, config).properties.storage_type == "ZoneRedundant"
        config.properties = crr.BackupResourceConfig(
            storage_model_type="GeoRedundant", cross_region_restore_flag=True
        )
        configs.patch(*OF_BACKUP, config)
        found = configs.get(*OF_BACKUP).properties
    assert (found.storage_type, found.cross_region_restore_flag) == ("GeoRedundant", True)


def test_the_vault_config_is_read_put_and_patched(backup: Any) -> None:
    configs = backup.backup_resource_vault_configs
    config = configs.get(*OF_BACKUP)
    assert config.properties.soft_delete_retention_period_in_days == 14
    config.properties.soft_delete_retention_period_in_days = 30
    assert configs.put(*OF_BACKUP, config).properties.soft_delete_retention_period_in_days == 30
    config.properties.soft_delete_retention_period_in_days = 60
    configs.update(*OF_BACKUP, config)
    assert configs.get(*OF_BACKUP).properties.soft_delete_retention_period_in_days == 60
    config.properties.soft_delete_feature_state = "Disabled"
    with pytest.raises(HttpResponseError) as refused:
        configs.update(*OF_BACKUP, config)
    assert code_of(refused) == "BMSUserErrorSoftDeleteStateAlwaysOn"
    assert configs.get(*OF_BACKUP).properties.soft_delete_feature_state == "AlwaysON"


def test_a_vault_is_created_listed_and_replaced(vaults: Any) -> None:
    sku = rs.Sku(name="RS0", tier="Standard")
    wanted = rs.Vault(location="westeurope", sku=sku, tags={"a": "b"}, properties=None)
    wanted.properties = rs.VaultProperties(public_network_access="Enabled")
    made = vaults.vaults.begin_create_or_update("group-1", "vault-2", wanted).result()
    assert (made.name, made.properties.provisioning_state) == ("vault-2", "Succeeded")
    found = [each.name for each in vaults.vaults.list_by_resource_group("group-1")]
    assert found == ["vault-1", "vault-2"]
    wanted.tags = {"c": "d"}
    vaults.vaults.begin_create_or_update("group-1", "vault-2", wanted).result()
    assert vaults.vaults.get("group-1", "vault-2").tags == {"c": "d"}


def test_a_locked_redundancy_is_refused_with_its_code(vaults: Any, protected: Any) -> None:
    settings = rs.VaultPropertiesRedundancySettings(
        standard_tier_storage_redundancy=rs.StandardTierStorageRedundancy.ZONE_REDUNDANT
    )
    with pytest.raises(HttpResponseError) as refused:
        update(vaults, properties=rs.VaultProperties(redundancy_settings=settings))
    assert code_of(refused) == "BMSUserErrorStorageTypeLocked"
    config = protected.backup_resource_storage_configs_non_crr.get(*OF_BACKUP)
    assert config.properties.storage_type_state == "Locked"


# --- identity, key, immutability ---------------------------------------------------------


def test_a_vault_gets_identities_and_a_key(vaults: Any, backup: Any, arm: httpx.Client) -> None:
    put_user_identity(arm, USER)
    both = rs.IdentityData(
        type=rs.ResourceIdentityType.SYSTEM_ASSIGNED_USER_ASSIGNED,
        user_assigned_identities={USER: rs.UserIdentity()},
    )
    vault = update(vaults, identity=both)
    assert vault.identity is not None
    assert vault.identity.principal_id
    assert vault.identity.tenant_id
    (name,) = vault.identity.user_assigned_identities or {}
    encryption = rs.VaultPropertiesEncryption(
        key_vault_properties=rs.CmkKeyVaultProperties(key_uri=KEY),
        kek_identity=rs.CmkKekIdentity(user_assigned_identity=name),
        infrastructure_encryption=rs.InfrastructureEncryptionState.ENABLED,
    )
    update(vaults, properties=rs.VaultProperties(encryption=encryption))
    found = backup.backup_resource_encryption_configs.get(*OF_BACKUP).properties
    assert found.encryption_at_rest_type == "CustomerManaged"
    assert found.user_assigned_identity.lower() == USER.lower()
    assert found.infrastructure_encryption_state == "Enabled"
    assert found.last_update_status == "Succeeded"


def test_a_key_is_given_through_the_encryption_config(vaults: Any, backup: Any) -> None:
    update(vaults, identity=rs.IdentityData(type="SystemAssigned"))
    config = bs.BackupResourceEncryptionConfig(
        encryption_at_rest_type="CustomerManaged", key_uri=KEY
    )
    configs = backup.backup_resource_encryption_configs
    configs.update(*OF_BACKUP, bs.BackupResourceEncryptionConfigResource(properties=config))
    encryption = vaults.vaults.get(*OF_VAULT).properties.encryption
    assert encryption.key_vault_properties.key_uri == KEY
    assert encryption.kek_identity.use_system_assigned_identity is True
    assert configs.get(*OF_BACKUP).properties.key_uri == KEY


def test_immutability_cannot_be_unlocked(vaults: Any) -> None:
    def settings(state: str) -> rs.VaultProperties:
        immutability = rs.ImmutabilitySettings(state=state)
        return rs.VaultProperties(
            security_settings=rs.SecuritySettings(immutability_settings=immutability)
        )

    update(vaults, properties=settings("Unlocked"))
    vault = update(vaults, properties=settings("Locked"))
    assert vault.properties is not None
    assert vault.properties.security_settings is not None
    assert vault.properties.security_settings.immutability_settings is not None
    assert vault.properties.security_settings.immutability_settings.state == "Locked"
    with pytest.raises(HttpResponseError) as refused:
        update(vaults, properties=settings("Disabled"))
    assert code_of(refused) == "UserErrorUnsupportedVaultImmutabilityStateChange"


# --- numbers -----------------------------------------------------------------------------


def test_usages_and_summaries_count_what_is_protected(
    vaults: Any, protected: Any, arm: httpx.Client
) -> None:
    advance(arm, by="P2D")
    usages = {each.name.value: each for each in vaults.usages.list_by_vaults(*OF_VAULT)}
    assert usages["ProtectedItemCount"].current_value == 1
    assert usages["GRSStorageUsage"].unit == "Bytes"
    assert usages["GRSStorageUsage"].current_value > 0
    items = protected.backup_usage_summaries.list(
        *OF_BACKUP, filter="type eq 'BackupProtectedItemCountSummary'"
    )
    assert {each.name.value: each.current_value for each in items}["AzureIaasVM"] == 1
    (replication,) = vaults.replication_usages.list(*OF_VAULT)
    assert replication.protected_item_count == 0
    assert replication.jobs_summary.failed_jobs == 0


# --- around a vault ----------------------------------------------------------------------


def test_a_security_pin_is_made(backup: Any) -> None:
    pin = backup.security_pins.get(*OF_BACKUP)
    assert pin.token == pin.security_pin
    assert pin.expiry_time_in_utc_ticks > 636_495_150_137_443_121
    # A PIN changes nothing that can be read; it is asked for before soft delete is weakened.
    assert backup.backup_resource_vault_configs.get(*OF_BACKUP).name == "vaultconfig"


def test_no_guard_connection_or_engine_is_there(vaults: Any, backup: Any) -> None:
    assert list(backup.resource_guard_proxies.get(*OF_BACKUP)) == []
    assert list(backup.backup_engines.list(*OF_BACKUP)) == []
    with pytest.raises(ResourceNotFoundError):
        backup.resource_guard_proxy.get(*OF_BACKUP, "VaultProxy")
    with pytest.raises(ResourceNotFoundError):
        backup.private_endpoint_connection.get(*OF_BACKUP, "connection-1")
    with pytest.raises(ResourceNotFoundError):
        backup.backup_engines.get(*OF_BACKUP, "engine-1")
    backup.resource_guard_proxy.delete(*OF_BACKUP, "VaultProxy")
    vaults.registered_identities.delete(*OF_VAULT, "server-1")


def test_what_is_not_emulated_says_so(vaults: Any) -> None:
    certificate = rs.RawCertificateData(auth_type="AAD", certificate=b"certificate")
    with pytest.raises(HttpResponseError) as refused:
        vaults.vault_certificates.create(
            *OF_VAULT, "certificate-1", rs.CertificateRequest(properties=certificate)
        )
    assert code_of(refused) == "NotSupported"


def test_extended_information_comes_back_as_it_went(vaults: Any) -> None:
    with pytest.raises(ResourceNotFoundError) as missing:
        vaults.vault_extended_info.get(*OF_VAULT)
    assert code_of(missing) == "ResourceExtendedInfoNotFound"
    info = rs.VaultExtendedInfoResource(properties=rs.VaultExtendedInfo(integrity_key="J09w=="))
    vaults.vault_extended_info.create_or_update(*OF_VAULT, info)
    found = vaults.vault_extended_info.get(*OF_VAULT)
    assert (found.properties.integrity_key, found.properties.algorithm) == ("J09w==", "None")
    more = rs.VaultExtendedInfoResource(properties=rs.VaultExtendedInfo(algorithm="AES"))
    changed = vaults.vault_extended_info.update(*OF_VAULT, more)
    assert (changed.properties.integrity_key, changed.properties.algorithm) == ("J09w==", "AES")
    assert vaults.vault_extended_info.get(*OF_VAULT).properties.algorithm == "AES"


def test_names_zones_and_operations_are_told(vaults: Any, backup: Any) -> None:
    asked = rs.CheckNameAvailabilityParameters(type="Microsoft.RecoveryServices/Vaults", name="v-1")
    services = vaults.recovery_services
    assert services.check_name_availability("group-1", "westeurope", asked).name_available
    asked.name = "vault-1"
    taken = services.check_name_availability("group-1", "westeurope", asked)
    assert (taken.name_available, taken.reason) == (False, "AlreadyExists")
    zones = rs.ResourceCapabilities(
        type="Microsoft.RecoveryServices/Vaults",
        properties=rs.CapabilitiesProperties(dns_zones=[rs.DNSZone(sub_resource="AzureBackup")]),
    )
    (zone,) = services.capabilities("northeurope", zones).properties.dns_zones
    assert zone.required_zone_names[0] == "privatelink.ne.backup.windowsazure.com"
    names = {each.name for each in vaults.operations.list()}
    assert names == {each.name for each in backup.operations.list()}
    assert "Microsoft.RecoveryServices/vaults/write" in names


def test_protection_is_validated_before_it_is_enabled(protected: Any) -> None:
    asked = bs.PreValidateEnableBackupRequest(
        resource_type="VM", resource_id=vm_id(), vault_id=VAULT_ID, properties=""
    )
    found = protected.protection_intent.validate("westeurope", asked)
    assert (found.status, found.error_code) == ("Failed", "VirtualMachineAlreadyProtected")
    feature = bs.AzureVMResourceFeatureSupportRequest(vm_size="Basic_A0", vm_sku="Premium")
    assert protected.feature_support.validate("westeurope", feature).support_status == "DefaultOFF"
    status = protected.backup_status.get(
        "westeurope", bs.BackupStatusRequest(resource_type="VM", resource_id=vm_id())
    )
    assert (status.protection_status, status.policy_name) == ("Protected", "daily")
    (item,) = protected.backup_protected_items.list(*OF_BACKUP)
    assert status.protected_item_name == item.name.lower()


def test_the_scans_of_a_source_are_switched_on(protected: Any) -> None:
    asked = {"sourceScanAction": "Enable"}
    protected.configure_source_scan.begin_execute(*OF_VAULT, *ITEM[2:], asked).result()
    info = protected.protected_items.get(*ITEM).properties["sourceSideScanInfo"]
    assert info["sourceSideScanStatus"] == "Configured"


def test_a_restore_is_validated_at_once_and_polled(protected: Any, arm: httpx.Client) -> None:
    advance(arm, by="P1D")
    (point,) = listed(arm, POINTS)
    found = protected.recovery_points.get(*ITEM, point["name"])
    assert found.id == point["id"]
    request = bs.IaasVMRestoreRequest(
        recovery_type="RestoreDisks", region="eastus", source_resource_id=vm_id()
    )
    asked = bs.ValidateOperationRequestResource(
        id=point["id"],
        properties=bs.ValidateIaasVMRestoreOperationRequest(restore_request=request),
    )
    at_once = protected.operation.validate(*OF_BACKUP, asked).validate_operation_response
    poller = protected.validate_operation.begin_trigger(*OF_BACKUP, asked)
    assert poller.result() is None
    begun = poller.polling_method()._initial_response.http_response
    operation = begun.headers["Location"].rpartition("/")[2].partition("?")[0]
    polled = protected.validate_operation_results.get(*OF_BACKUP, operation)
    assert polled.validate_operation_response == at_once
    status = protected.validate_operation_statuses.get(*OF_BACKUP, operation)
    assert status.properties.validate_operation_response == at_once
    assert [each.code for each in at_once.validation_results] == ["BMSUserErrorInvalidInput"]
    (job,) = protected.backup_jobs.list(*OF_BACKUP, filter="operation eq 'Backup'")
    assert job.properties.status == "Completed", "a validation starts no job"


def test_an_operation_of_a_vault_is_polled_by_both_of_the_clients_methods(
    vaults: Any, arm: httpx.Client
) -> None:
    answer = arm.patch(VAULT_ID, json={"tags": {"a": "b"}})
    operation = answer.headers["location"].rpartition("/")[2].partition("?")[0]
    status = vaults.get_operation_status(*OF_VAULT, operation)
    assert status.status == "Succeeded"
    assert vaults.get_operation_result(*OF_VAULT, operation).name == "vault-1"


GUARD = f"{GROUP_ID}/providers/Microsoft.DataProtection/resourceGuards/guard-1"


def test_a_deleted_vault_is_listed_and_undeleted(protected: Any, vaults: Any) -> None:
    protected.protected_items.delete(*ITEM)
    vaults.vaults.begin_delete(*OF_VAULT).result()
    deleted = vaults.deleted_vaults
    (listed_one,) = deleted.list_by_subscription_id("westeurope")
    found = deleted.get("westeurope", listed_one.name)
    assert found.properties.vault_id == VAULT_ID
    left = found.properties.purge_at - found.properties.vault_deletion_time
    assert 13 <= left.days <= 14
    back = rs.DeletedVaultUndeleteInput(
        properties=rs.DeletedVaultUndeleteInputProperties(recovery_resource_group_id=GROUP_ID)
    )
    assert deleted.begin_undelete("westeurope", listed_one.name, back).result() is None
    assert vaults.vaults.get(*OF_VAULT).properties.provisioning_state == "Succeeded"
    assert list(deleted.list_by_subscription_id("westeurope")) == []
    assert protected.protected_items.get(*ITEM).properties.is_scheduled_for_deferred_delete


def test_a_vault_is_mapped_to_a_guard_that_is_asked(
    protected: Any, vaults: Any, arm: httpx.Client
) -> None:
    arm.put(GUARD, json={"location": "westeurope"}).raise_for_status()
    proxy, name = protected.resource_guard_proxy, "VaultProxy"
    mapping = bs.ResourceGuardProxyBaseResource(
        properties=bs.ResourceGuardProxyBase(resource_guard_resource_id=GUARD)
    )
    proxy.put(*OF_BACKUP, name, mapping)
    made = proxy.get(*OF_BACKUP, name)
    requests = {
        each.vault_critical_operation.rpartition("/protectedItems/")[2]: (
            each.default_resource_request
        )
        for each in made.properties.resource_guard_operation_details
    }
    assert len(list(protected.resource_guard_proxies.get(*OF_BACKUP))) == 1
    state = vaults.vaults.get(*OF_VAULT).properties.security_settings.multi_user_authorization
    assert state == "Enabled"
    with pytest.raises(HttpResponseError, match="UserErrorResourceGuardRequired"):
        protected.protected_items.delete(*ITEM)
    item = protected.protected_items.get(*ITEM)
    leave = bs.UnlockDeleteRequest(
        resource_guard_operation_requests=[requests["delete"]], resource_to_be_deleted=item.id
    )
    assert proxy.unlock_delete(*OF_BACKUP, name, leave).unlock_delete_expiry_time > "2026"
    protected.protected_items.delete(*ITEM)
    own = bs.UnlockDeleteRequest(
        resource_guard_operation_requests=[f"{GUARD}/deleteResourceGuardProxyRequests/default"]
    )
    proxy.unlock_delete(*OF_BACKUP, name, own)
    proxy.delete(*OF_BACKUP, name)
    with pytest.raises(ResourceNotFoundError):
        proxy.get(*OF_BACKUP, name)
    assert list(protected.resource_guard_proxies.get(*OF_BACKUP)) == []
