"""Real terraform applies a configuration, plans nothing after it, changes it, and destroys it."""

from __future__ import annotations

import httpx
import pytest

from tests.terraform.conftest import Opened
from tests.wire.builders import ROOT, done, listed

pytestmark = pytest.mark.terraform


def left(arm: httpx.Client) -> list[str]:
    """Name what a destroy has left but for the groups that Azure Backup keeps its snapshots in."""
    found = listed(arm, f"{ROOT}/resourceGroups") + listed(arm, f"{ROOT}/resources")
    return [each["id"] for each in found if "/azurebackuprg_" not in each["id"].lower()]


def test_a_vault_with_identities_is_changed_imported_and_destroyed(
    opened: Opened, arm: httpx.Client
) -> None:
    workspace = opened("vault")
    workspace.apply()
    principal = workspace.outputs()["vault"]
    locked = {"sku": "RS0", "immutability": "Locked", "tags": {"ENV": "test"}}
    workspace.apply(**locked)
    assert workspace.outputs()["vault"] == principal
    vault = f"{ROOT}/resourceGroups/acctestRG-recovery/providers/Microsoft.RecoveryServices/vaults"
    address = "azurerm_recovery_services_vault.test"
    workspace.replace_state(address, f"{vault}/acctest-Vault", **locked)
    workspace.destroy()
    assert left(arm) == []


def test_policies_are_changed_and_destroyed(opened: Opened, arm: httpx.Client) -> None:
    workspace = opened("policies")
    workspace.apply()
    workspace.apply(time="20:00", monthly=12)
    workspace.destroy()
    assert left(arm) == []


def test_a_vm_with_its_network_is_protected_stopped_and_destroyed(
    opened: Opened, arm: httpx.Client
) -> None:
    workspace = opened("protected_vm")
    workspace.apply()
    workspace.apply(policy="secondary", excluded=[0])
    done(arm.post("/_emulator/clock/advance", json={"by": "P3D"}))
    workspace.apply(policy="secondary", excluded=[0])
    workspace.apply(state="ProtectionStopped", excluded=[0])
    workspace.destroy()
    assert left(arm) == []
