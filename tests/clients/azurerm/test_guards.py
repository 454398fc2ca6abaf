"""azurerm's resource guards and their mappings to vaults."""

from __future__ import annotations

import pytest

from tests.clients.azurerm.guards import GUARD_ID, Association, ResourceGuard
from tests.clients.azurerm.provider import Azurerm, ImportNeeded
from tests.clients.azurerm.vaults import DEFAULTS, Vault
from tests.wire.builders import VAULT_ID

MAPPED = {"vault_id": VAULT_ID, "resource_guard_id": GUARD_ID}


def test_a_vault_is_mapped_to_a_guard_and_unmapped(azurerm: Azurerm) -> None:
    vault, guard = Vault(azurerm), ResourceGuard(azurerm)
    vault.create(DEFAULTS)
    excluded = "Microsoft.RecoveryServices/vaults/backupSecurityPIN/action"
    shown = guard.create(excluded)
    assert shown["properties"]["vaultCriticalOperationExclusionList"] == [excluded]
    mapping = Association(azurerm)
    assert mapping.create() == MAPPED
    assert mapping.read() == MAPPED, "an import reads the same"
    with pytest.raises(ImportNeeded):
        mapping.create()
    assert vault.read() == DEFAULTS, "the vault's own plan stays empty"
    mapping.delete()
    assert mapping.read() is None
    guard.delete()
    vault.delete()
    assert vault.read() is None
