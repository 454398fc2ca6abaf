"""azurerm_recovery_services_vault_resource_guard_association, call by call (terraform-wire 2.9)."""

from __future__ import annotations

from tests.clients.azurerm.provider import Azurerm, State
from tests.wire.builders import GROUP_ID, VAULT_ID

GUARD_ID = f"{GROUP_ID}/providers/Microsoft.DataProtection/resourceGuards/acctest-guard"
GUARDS = "2025-07-01"
PROXY_TYPE = "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies"


class ResourceGuard:
    """azurerm_data_protection_resource_guard."""

    def __init__(self, azurerm: Azurerm, guard_id: str = GUARD_ID) -> None:
        self.azurerm = azurerm
        self.id = guard_id

    def create(self, *excluded: str) -> State:
        """PUT a guard of every operation but some, and read it."""
        self.azurerm.check_absent(self.id, GUARDS)
        body = {
            "location": "westeurope",
            "properties": {"vaultCriticalOperationExclusionList": list(excluded)},
        }
        self.azurerm.send("PUT", self.id, GUARDS, 200, 201, body=body)
        return self.azurerm.found(self.id, GUARDS)

    def delete(self) -> None:
        """Delete; 200 or 204 is enough."""
        self.azurerm.send("DELETE", self.id, GUARDS, 200, 204)


class Association:
    """A vault's mapping to a guard."""

    def __init__(self, azurerm: Azurerm, guard_id: str = GUARD_ID) -> None:
        self.azurerm = azurerm
        self.guard = guard_id
        self.id = f"{VAULT_ID}/backupResourceGuardProxies/VaultProxy"
        self.version = azurerm.release.items

    def create(self) -> State | None:
        """Map; 200 and nothing else is taken for success."""
        self.azurerm.check_absent(self.id, self.version)
        body = {
            "id": self.id,
            "type": PROXY_TYPE,
            "properties": {"resourceGuardResourceId": self.guard},
        }
        self.azurerm.send("PUT", self.id, self.version, 200, body=body)
        return self.read()

    def read(self) -> State | None:
        """Get the mapping; the guard's id is parsed whatever its casing."""
        found = self.azurerm.read(self.id, self.version)
        if found is None:
            return None
        return {"vault_id": VAULT_ID, "resource_guard_id": found["properties"][
            "resourceGuardResourceId"].replace("/resourcegroups/", "/resourceGroups/")}  # fmt: skip

    def delete(self) -> None:
        """Unlock by the guard's request for it, then delete."""
        request = f"{self.guard}/deleteResourceGuardProxyRequests/default"
        unlocked = self.azurerm.send(
            "POST",
            f"{self.id}/unlockDelete",
            self.version,
            200,
            body={"resourceGuardOperationRequests": [request]},
        ).json()
        assert unlocked["unlockDeleteExpiryTime"]
        self.azurerm.send("DELETE", self.id, self.version, 200, 204)
