"""az backup vault: create, show, list, update, delete, and its properties."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import (
    ITEM_ID,
    VAULT_ID,
    item,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -n vault-1"


@pytest.fixture(autouse=True)
def around_it(arm: httpx.Client) -> None:
    """The group that vaults are made in."""
    put_group(arm)


def test_vaults_are_made_with_all_settings_and_listed(az: Az) -> None:
    made = az(f"backup vault create {VAULT} -l westeurope --tags team=web")
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert made["tags"] == {"team": "web"}
    assert made["properties"]["publicNetworkAccess"] == "Enabled"
    assert made["properties"]["securitySettings"]["softDeleteSettings"] == {
        "enhancedSecurityState": "AlwaysON",
        "softDeleteRetentionPeriodInDays": 14,
        "softDeleteState": "AlwaysON",
    }
    closed = az(
        "backup vault create -g group-1 -n vault-2 -l westeurope --public-network-access Disable "
        "--classic-alerts Disable --job-failure-alerts Disable --immutability-state Unlocked "
        "--cross-subscription-restore-state Disable --cost-granularity-level ProtectedItemLevel"
    )["properties"]
    assert closed["publicNetworkAccess"] == "Disabled"
    alerts = closed["monitoringSettings"]
    assert alerts["classicAlertSettings"]["alertsForCriticalOperations"] == "Disabled"
    assert alerts["azureMonitorAlertSettings"]["alertsForAllJobFailures"] == "Disabled"
    assert closed["securitySettings"]["immutabilitySettings"]["state"] == "Unlocked"
    across = closed["restoreSettings"]["crossSubscriptionRestoreSettings"]
    assert across["crossSubscriptionRestoreState"] == "Disabled"
    assert closed["costManagementSettings"]["granularityLevel"] == "ProtectedItemLevel"

    names = ["vault-1", "vault-2"]
    assert [vault["name"] for vault in az("backup vault list -g group-1")] == names
    assert [row["Name"] for row in az.table("backup vault list")] == names
    az("backup vault delete -g group-1 -n vault-2 --yes")
    assert [vault["name"] for vault in az("backup vault list")] == ["vault-1"]
    said = az.refused("backup vault show -g group-1 -n vault-2", code=3)
    assert "(ResourceNotFound)" in said
    assert "vault-2" in said


def test_a_vault_is_changed_setting_by_setting(az: Az) -> None:
    az(f"backup vault create {VAULT} -l westeurope")

    def update(words: str) -> dict[str, Any]:
        found: dict[str, Any] = az(f"backup vault update {VAULT} {words}")["properties"]
        return found

    for word, access in (("Disable", "Disabled"), ("Enable", "Enabled")):
        assert update(f"--public-network-access {word}")["publicNetworkAccess"] == access
    for state in ("Unlocked", "Disabled", "Unlocked", "Locked"):
        changed = update(f"--immutability-state {state}")["securitySettings"]
        assert changed["immutabilitySettings"]["state"] == state
    said = az.refused(f"backup vault update {VAULT} --immutability-state Disabled")
    assert "Locked" in said
    for redundancy in ("LocallyRedundant", "ZoneRedundant", "GeoRedundant"):
        changed = update(f"--backup-storage-redundancy {redundancy}")["redundancySettings"]
        assert changed["standardTierStorageRedundancy"] == redundancy
    changed = update("--cross-region-restore-flag Enabled")["redundancySettings"]
    assert changed["crossRegionRestore"] == "Enabled"
    said = az.refused(f"backup vault update {VAULT} --cross-region-restore-flag Disabled")
    assert "non-reversible" in said
    for level in ("ProtectedItemWithParentTag", "VaultLevel"):
        changed = update(f"--cost-management-granularity {level}")["costManagementSettings"]
        assert changed["granularityLevel"] == level
    changed = update("--cross-subscription-restore-state PermanentlyDisable")["restoreSettings"]
    assert changed["crossSubscriptionRestoreSettings"] == {
        "crossSubscriptionRestoreState": "PermanentlyDisabled"
    }
    changed = update("--classic-alerts Disable --job-failure-alerts Disable")["monitoringSettings"]
    assert changed["classicAlertSettings"]["alertsForCriticalOperations"] == "Disabled"
    assert changed["azureMonitorAlertSettings"]["alertsForAllJobFailures"] == "Disabled"
    again = az(f"backup vault create {VAULT} -l westeurope --tags team=db")
    assert again["tags"] == {"team": "db"}
    assert again["properties"]["redundancySettings"]["crossRegionRestore"] == "Enabled"
    said = az.refused("backup vault update -g group-1 -n vault-2 --tags a=b")
    assert "does not exist" in said


def test_a_source_scan_of_the_vault_is_switched(az: Az) -> None:
    az(f"backup vault create {VAULT} -l westeurope")
    for state in ("Enabled", "Disabled"):
        changed = az(f"backup vault update {VAULT} --source-scan-state {state}")["properties"]
        assert changed["securitySettings"]["sourceScanConfiguration"]["state"] == state


def test_backup_properties_are_shown_and_set(az: Az) -> None:
    az(f"backup vault create {VAULT} -l westeurope")
    storage, config = az(f"backup vault backup-properties show {VAULT}")
    assert storage["properties"]["storageType"] == "GeoRedundant"
    assert storage["properties"]["crossRegionRestoreFlag"] is False
    assert config["properties"]["softDeleteFeatureState"] == "AlwaysON"
    changed = az(f"backup vault backup-properties set {VAULT} --soft-delete-duration 30")
    assert changed["properties"]["softDeleteRetentionPeriodInDays"] == 30
    az(f"backup vault backup-properties set {VAULT} --backup-storage-redundancy LocallyRedundant")
    storage, config = az(f"backup vault backup-properties show {VAULT}")
    assert storage["properties"]["storageType"] == "LocallyRedundant"
    assert config["properties"]["softDeleteRetentionPeriodInDays"] == 30
    az(f"backup vault backup-properties set {VAULT} --classic-alerts Disable")
    shown = az(f"backup vault show {VAULT}")["properties"]["monitoringSettings"]
    assert shown["classicAlertSettings"]["alertsForCriticalOperations"] == "Disabled"


def test_a_vault_with_items_is_deleted_by_force(az: Az, arm: httpx.Client) -> None:
    put_vault(arm)
    put_policy(arm)
    for name in ("vm-1", "vm-2"):
        put_vm(arm, name)
        protect(arm, name)
    said = az.refused(f"backup vault delete {VAULT} --yes")
    assert "existing resources within the vault" in said
    assert item(arm)["protectionState"] == "IRPending"
    az(f"backup vault delete {VAULT} --yes --force")
    assert az("backup vault list") == []
    assert arm.get(VAULT_ID).status_code == 404
    assert arm.get(ITEM_ID).status_code == 404
