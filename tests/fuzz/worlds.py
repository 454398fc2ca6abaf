"""The world of the explorer's examples on a running server: behind each name there is something."""

from __future__ import annotations

from typing import Any

import httpx

from app.arm.examples import GROUP_ID, SUBSCRIPTION, VAULT_ID, VM_ID
from tests.wire.builders import done, finish, set_clock
from tests.wire.databases import registration
from tests.wire.test_explorer import FIRST, found_in, operations, send

ITEM_ID = (
    f"{VAULT_ID}/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;"
    "group-1;vm-1/protectedItems/VM;iaasvmcontainerv2;group-1;vm-1"
)
LOCATION = (
    f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westeurope"
)
IN_THE_WAY = ("ProtectionContainers_Register", "ResourceGuardProxy_Put")
"""A registered storage account is locked, and a mapped guard is asked before deletions."""
ALONE = (
    "BlobContainers_Delete",
    "FileShares_Delete",
    "ManagementPolicies_Delete",
    "ProtectedItems_Delete",
    "ResourceGuards_Delete",
    "StorageAccounts_Delete",
)
"""What is deleted where neither of them stands in the way."""
LOCKS = "ManagementLocks_"
OF_DATABASES = ("BackupWorkloadItems_", "ProtectionIntent_")
_VM_CONTAINER = "VMAppContainer;Compute;group-1;vm-1"
ADVANCES = "Emulator_AdvanceClock"


class ExampleWorld:
    """Begins the world, and knows the names that only a running world can tell."""

    def __init__(self, arm: httpx.Client) -> None:
        self._arm = arm
        self.document: dict[str, Any] = arm.get("/openapi.json").json()
        self._first = [
            each for each in operations(self.document) if each[2]["operationId"] in FIRST
        ]
        self._known: dict[str, str] = {}
        self._ended: dict[str, dict[str, str]] = {}
        self.begin("")

    def begin(self, operation: str) -> None:
        """Make the world anew; the clock is advanced far only where there is nothing to back up."""
        done(self._arm.post("/_emulator/reset"))
        set_clock(self._arm, mode="frozen", skipOnWait="finish")
        if operation == ADVANCES:
            return
        in_the_way = IN_THE_WAY if operation in ALONE else ()
        for method, path, described in self._first:
            if described["operationId"] not in in_the_way:
                done(send(self._arm, method, path, described, {}))
        self._known = found_in(self._arm, ITEM_ID)
        self._ended = self._end_some()
        if operation.startswith(OF_DATABASES):
            self._register_vm()
        set_clock(self._arm, skipOnWait="step")
        if operation.startswith(LOCKS):
            self._lock_everything()

    def _register_vm(self) -> None:
        """Let the VM hold a database, and register it; no others ask what it is registered for."""
        done(self._arm.patch(VM_ID, json={"tags": {"rsvault-sql": "MSSQLSERVER/sales"}}))
        path = f"{VAULT_ID}/backupFabrics/Azure/protectionContainers/{_VM_CONTAINER}"
        finish(self._arm, self._arm.put(path, json=registration(vm=VM_ID)))
        for method, path, described in operations(self.document):
            if described["operationId"] == "ProtectionIntent_CreateOrUpdate":
                done(send(self._arm, method, path, described, {}))

    def _lock_everything(self) -> None:
        """Put a lock on each scope; whatever deletes begins the world anew."""
        for method, path, described in operations(self.document):
            if method == "put" and described["operationId"].startswith(LOCKS):
                done(send(self._arm, method, path, described, {}))

    def _end_some(self) -> dict[str, dict[str, str]]:
        """Begin operations that other scopes than the vault are asked for, and delete a vault."""
        place = {"location": "westeurope"}
        done(self._arm.put(f"{GROUP_ID}-2", json=place))
        done(self._arm.put(f"{VAULT_ID}-2", json=place))
        ended = {
            "ResourceGroups_": self._arm.delete(f"{GROUP_ID}-2"),
            "Locations_": self._arm.delete(f"{VAULT_ID}-2"),
            "Export": self._arm.post(f"{VAULT_ID}/backupJobsExport"),
        }
        deleted = done(self._arm.get(f"{LOCATION}/deletedVaults")).json()["value"][0]["name"]
        return {
            **{scope: {"operationId": _operation(done(answer))} for scope, answer in ended.items()},
            "DeletedVaults_": {"deletedVaultName": deleted},
        }

    def known(self, operation: str) -> dict[str, str]:
        """Return the names behind the parameters that have no example."""
        for scope, names in self._ended.items():
            if operation.startswith(scope):
                return {**self._known, **names}
        return self._known


def _operation(answer: httpx.Response) -> str:
    return answer.headers["location"].partition("?")[0].rpartition("/")[2]
