"""azurerm's vaults: whatever is configured, the next plan is empty (terraform-wire 2.2)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.clients.azurerm.provider import Azurerm, ImportNeeded, Refusal, State
from tests.clients.azurerm.releases import RELEASES, Release
from tests.clients.azurerm.vaults import ALERTS, DEFAULTS, Vault
from tests.wire.builders import GROUP_ID, ROOT, VAULT_ID, done, listed, put_group, put_user_identity

IDENTITIES = f"{ROOT}/resourceGroups/identities"
USER = f"{IDENTITIES}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Mixed-Case"
KEY = "https://keys-1.vault.azure.net/keys/key-1/0767b348bb1a4c07baa6c4ec0055d2b3"
SYSTEM = {"type": "SystemAssigned"}
BOTH = {"type": "SystemAssigned, UserAssigned", "identity_ids": [USER]}
ENCRYPTED = {
    "key_id": KEY,
    "use_system_assigned_identity": True,
    "infrastructure_encryption_enabled": False,
}
QUIET = {name: False for name, _, _ in ALERTS}


@pytest.fixture
def azurerm(azurerm: Azurerm) -> Azurerm:
    """The usual release, with an identity in another group."""
    put_group(azurerm.arm, IDENTITIES)
    put_user_identity(azurerm.arm, USER)
    return azurerm


def configured(**change: Any) -> State:
    return DEFAULTS | change


CONFIGURATIONS: dict[str, State] = {
    "basic": configured(),
    "zone-redundant": configured(storage_mode_type="ZoneRedundant"),
    "locally redundant, tags": configured(
        storage_mode_type="LocallyRedundant", tags={"ENV": "test"}
    ),
    "complete": configured(
        sku="RS0",
        identity=SYSTEM,
        cross_region_restore_enabled=True,
        immutability="Unlocked",
        monitoring=QUIET | {"alerts_for_all_job_failures_enabled": True},
    ),
    "monitor disabled": configured(monitoring=QUIET),
    "classic VMware replication": configured(classic_vmware_replication_enabled=True),
    "locked": configured(immutability="Locked"),
    "user-assigned": configured(identity={"type": "UserAssigned", "identity_ids": [USER]}),
    "both identities": configured(identity=BOTH),
    "a key that a user-assigned identity opens": configured(
        identity={"type": "UserAssigned", "identity_ids": [USER]},
        encryption={
            "key_id": KEY,
            "use_system_assigned_identity": False,
            "user_assigned_identity_id": USER,
            "infrastructure_encryption_enabled": True,
        },
    ),
}
UPDATES: dict[str, list[State]] = {
    "complete and back": [
        configured(),
        configured(identity=SYSTEM, tags={"ENV": "test"}, cross_region_restore_enabled=True),
        configured(identity=BOTH, tags={}, cross_region_restore_enabled=True),
    ],
    "redundancy": [
        configured(storage_mode_type="LocallyRedundant"),
        configured(storage_mode_type="GeoRedundant"),
        configured(storage_mode_type="ZoneRedundant"),
        configured(storage_mode_type="GeoRedundant", cross_region_restore_enabled=True),
    ],
    "immutability": [
        configured(),
        configured(immutability="Unlocked"),
        configured(immutability="Disabled"),
        configured(immutability="Locked"),
    ],
    "network": [
        configured(),
        configured(public_network_access_enabled=False),
        configured(),
    ],
    "another sku leaves everything else": [
        configured(storage_mode_type="LocallyRedundant", identity=SYSTEM, tags={"ENV": "test"}),
        configured(
            sku="RS0", storage_mode_type="LocallyRedundant", identity=SYSTEM, tags={"ENV": "test"}
        ),
    ],
    "a key turned on": [
        configured(identity=SYSTEM),
        configured(identity=SYSTEM, encryption=ENCRYPTED),
        configured(
            identity=SYSTEM, encryption=ENCRYPTED | {"key_id": KEY.replace("key-1", "key-2")}
        ),
    ],
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_is_created_has_an_empty_plan_and_goes(azurerm: Azurerm, name: str) -> None:
    config = CONFIGURATIONS[name]
    vault = Vault(azurerm)
    assert vault.create(config) == config
    assert vault.read() == config, "an import reads the same"
    assert vault.data() == {each: config[each] for each in ("location", "tags", "identity", "sku")}
    vault.delete()
    assert vault.read() is None
    assert listed(azurerm.arm, f"{GROUP_ID}/resources") == [], "the group can be destroyed"
    assert vault.create(config) == config, "the name is free at once"


@pytest.mark.parametrize("name", UPDATES)
def test_what_is_updated_has_an_empty_plan(azurerm: Azurerm, name: str) -> None:
    before, *others = UPDATES[name]
    vault = Vault(azurerm)
    vault.create(before)
    for after in others:
        assert vault.update(before, after) == after
        before = after


def test_what_is_there_already_must_be_imported(azurerm: Azurerm) -> None:
    vault = Vault(azurerm)
    vault.create(DEFAULTS)
    with pytest.raises(ImportNeeded):
        vault.create(DEFAULTS)


def test_the_provider_does_not_wait_longer_than_it_is_told(azurerm: Azurerm) -> None:
    vault = Vault(azurerm)
    vault.create(configured(immutability="Locked"))
    asked = [each for each in azurerm.slept if each != 30]
    assert asked == [1, 1], "one poll for the PUT and one for the PATCH, by Retry-After"
    vault.delete()
    assert azurerm.slept[-1] == 10, "a deletion is waited for in the provider's own time"


def test_old_releases_leave_a_vault_that_they_cannot_set_soft_delete_of(
    arm: httpx.Client,
) -> None:
    """AzureTRE#4888: today's service keeps soft delete on, and 3.117 ends with its refusal."""
    put_group(arm)
    oldest = RELEASES[0]
    with pytest.raises(Refusal) as refused:
        Vault(Azurerm(arm, oldest)).create(DEFAULTS)
    assert refused.value.code == "BMSUserErrorSoftDeleteStateAlwaysOn"
    assert done(arm.get(VAULT_ID)).json()["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.parametrize("release", RELEASES[1:3], ids=str)
def test_releases_of_version_4_set_soft_delete_where_it_can_be_set(
    permissive: httpx.Client, release: Release
) -> None:
    permissive.post("/_emulator/reset").raise_for_status()
    put_group(permissive)
    azurerm = Azurerm(permissive, release)
    assert Vault(azurerm).create(DEFAULTS) == DEFAULTS
    assert azurerm.slept.count(30) == 3, "it looks until it has seen its wish three times"


def test_a_deletion_is_answered_as_the_api_version_promises(azurerm: Azurerm) -> None:
    Vault(azurerm).create(DEFAULTS)
    version = {"api-version": azurerm.release.vaults}
    first = azurerm.arm.delete(VAULT_ID, params=version)
    assert first.status_code == (200 if azurerm.release.removed == (200,) else 202)
    assert azurerm.arm.delete(VAULT_ID, params=version).status_code == 204
