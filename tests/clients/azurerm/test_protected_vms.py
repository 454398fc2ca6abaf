"""azurerm's protected VMs, from their creation to every way of being destroyed."""

from __future__ import annotations

import httpx
import pytest

from tests.clients.azurerm.protected_vms import EXCLUDED, INCLUDED, ProtectedVm, RecoveryTurnedOff
from tests.clients.azurerm.provider import Azurerm, ImportNeeded, Refusal, State
from tests.clients.azurerm.vaults import DEFAULTS, Vault
from tests.wire.builders import (
    GROUP_ID,
    VAULT_ID,
    advance,
    done,
    put_group,
    put_policy,
    put_vm,
    times,
    vm_body,
    vm_id,
)

POLICY = f"{VAULT_ID}/backupPolicies/acctest-1"
OTHER = f"{VAULT_ID}/backupPolicies/acctest-secondary"
ENHANCED = f"{VAULT_ID}/backupPolicies/EnhancedPolicy"
IDLE = {"source_vm_id": vm_id(), "protection_state": "IRPending", "backup_policy_id": POLICY}
"""What a created one reads; IRPending is no difference to Protected."""
BASIC: State = {"backup_policy_id": POLICY}


def with_vault(azurerm: Azurerm, **vault: str) -> Azurerm:
    Vault(azurerm).create(DEFAULTS | vault)
    put_policy(azurerm.arm, POLICY)
    put_policy(azurerm.arm, OTHER, days=42)
    put_vm(azurerm.arm)
    return azurerm


@pytest.fixture
def item(azurerm: Azurerm) -> ProtectedVm:
    """The protection of ``vm-1``, which is not there yet."""
    return ProtectedVm(with_vault(azurerm), vm_id())


def test_what_is_created_has_an_empty_plan_and_goes(item: ProtectedVm) -> None:
    assert item.create(BASIC) == IDLE
    assert item.read() == IDLE, "an import reads the same"
    with pytest.raises(ImportNeeded):
        item.create(BASIC)
    item.delete()
    assert item.read() is None
    vault = Vault(item.azurerm)
    vault.delete()  # it holds a soft-deleted item and nothing else
    assert vault.read() is None


def test_after_the_first_backup_the_plan_is_empty_too(item: ProtectedVm) -> None:
    item.create(BASIC)
    advance(item.azurerm.arm, by="P2D")
    assert item.read() == IDLE | {"protection_state": "Protected"}


def test_a_policy_that_every_vault_has_can_be_named(item: ProtectedVm) -> None:
    config = {"backup_policy_id": ENHANCED}
    assert item.create(config) == IDLE | config


def test_another_policy_is_an_update(item: ProtectedVm) -> None:
    item.create(BASIC)
    after = {"backup_policy_id": OTHER}
    assert item.update(BASIC, after) == IDLE | after
    assert item.update(after, BASIC) == IDLE


def test_disks_are_excluded_and_included(item: ProtectedVm) -> None:
    before = BASIC | {EXCLUDED: {0, 1}}
    assert item.create(before) == IDLE | {EXCLUDED: {0, 1}}
    after = BASIC | {INCLUDED: {0}}
    assert item.update(before, after) == IDLE | {INCLUDED: {0}}


def test_a_vm_of_another_group_is_protected(item: ProtectedVm) -> None:
    other = f"{GROUP_ID}-other"
    vm = f"{other}/providers/Microsoft.Compute/virtualMachines/vm-2"
    put_group(item.azurerm.arm, other)
    done(item.azurerm.arm.put(vm, json=vm_body()))
    assert ProtectedVm(item.azurerm, vm).create(BASIC) == IDLE | {"source_vm_id": vm}


def test_the_item_outlives_its_vm(item: ProtectedVm) -> None:
    item.create(BASIC)
    done(item.azurerm.arm.delete(vm_id()))
    assert item.read() == IDLE
    after = {"protection_state": "ProtectionStopped"}
    assert item.update(BASIC, after) == IDLE | after | {"backup_policy_id": ""}


def test_protection_is_stopped_and_resumed(item: ProtectedVm) -> None:
    item.create(BASIC)
    stopped = {"protection_state": "ProtectionStopped"}
    assert item.update(BASIC, stopped) == IDLE | stopped | {"backup_policy_id": ""}
    resumed = BASIC | {"protection_state": "Protected"}
    shown = item.update(stopped, resumed)
    assert shown is not None
    assert shown["backup_policy_id"] == POLICY
    assert shown["protection_state"] in ("IRPending", "Protected")


def test_protection_can_be_stopped_from_the_start(item: ProtectedVm) -> None:
    shown = item.create(BASIC | {"protection_state": "ProtectionStopped"})
    assert shown is not None
    assert shown["protection_state"] == "ProtectionStopped"


def test_backups_are_suspended_in_an_immutable_vault(azurerm: Azurerm) -> None:
    item = ProtectedVm(with_vault(azurerm, immutability="Unlocked"), vm_id())
    item.create(BASIC)
    advance(azurerm.arm, by="P2D")
    after = BASIC | {"protection_state": "BackupsSuspended"}
    assert item.update(BASIC, after) == IDLE | after, "the policy is configured, so it stays"
    put_policy(azurerm.arm, POLICY, at="04:30")
    points = times(azurerm.arm, f"{item.id}/recoveryPoints")
    advance(azurerm.arm, by="P7D")
    assert times(azurerm.arm, f"{item.id}/recoveryPoints") == points, "and it does not run"
    assert item.update(after, BASIC | {"protection_state": "Protected"}) == (
        IDLE | {"protection_state": "Protected"}
    )


@pytest.mark.parametrize(
    ("retain", "immutability"),
    [("ProtectionStopped", "Disabled"), ("BackupsSuspended", "Unlocked")],
)
def test_data_is_retained_on_destroy_and_purged_with_the_vault(
    azurerm: Azurerm, retain: str, immutability: str
) -> None:
    item = ProtectedVm(with_vault(azurerm, immutability=immutability), vm_id())
    item.create(BASIC)
    item.delete(retain=retain)
    kept = azurerm.found(item.id, item.version)["properties"]
    assert kept["protectionState"] == retain
    vault = Vault(azurerm)
    with pytest.raises(Refusal):
        vault.delete()
    if immutability == "Unlocked":  # what was retained in an immutable vault cannot be purged
        config = DEFAULTS | {"immutability": immutability}
        vault.update(config, DEFAULTS)
    vault.delete(purge=True)
    assert vault.read() is None


def test_the_vault_purges_what_is_protected_and_what_is_soft_deleted(item: ProtectedVm) -> None:
    put_vm(item.azurerm.arm, "vm-2")
    item.create(BASIC)
    second = ProtectedVm(item.azurerm, vm_id("vm-2"))
    second.create(BASIC)
    second.delete()
    vault = Vault(item.azurerm)
    vault.delete(purge=True)
    assert vault.read() is None


def test_a_soft_deleted_vm_is_recovered_when_it_is_created_again(item: ProtectedVm) -> None:
    item.create(BASIC)
    item.delete()
    with pytest.raises(RecoveryTurnedOff):
        item.create(BASIC, recover=False)
    shown = item.create(BASIC)
    assert shown is not None
    assert shown["backup_policy_id"] == POLICY
    assert shown["protection_state"] in ("IRPending", "Protected")


def test_a_purged_item_is_not_found(item: ProtectedVm) -> None:
    item.create(BASIC)
    item.delete()
    advance(item.azurerm.arm, by="P15D")
    assert item.azurerm.read(item.id, item.version) is None
    assert item.create(BASIC) == IDLE


def test_an_item_is_waited_for_as_long_as_its_answers_say(item: ProtectedVm) -> None:
    before = len(item.azurerm.slept)
    item.create(BASIC)
    slept = item.azurerm.slept[before:]
    assert slept == ([10] if item.azurerm.release.result_polling else [1])


def test_both_spellings_of_the_separator_name_the_same_item(
    arm: httpx.Client, current: Azurerm
) -> None:
    item = ProtectedVm(with_vault(current), vm_id())
    item.create(BASIC)
    escaped = arm.get(item.id.replace(";", "%3B"))
    assert done(escaped).json() == done(arm.get(item.id)).json()
