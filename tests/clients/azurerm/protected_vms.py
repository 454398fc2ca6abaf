"""azurerm_backup_protected_vm, call by call (terraform-wire 2.6)."""

from __future__ import annotations

import copy
from urllib.parse import urlsplit

import httpx

from tests.clients.azurerm.pollers import PATIENCE
from tests.clients.azurerm.provider import Azurerm, ImportNeeded, Refusal, State
from tests.wire.builders import VAULT_ID, VM_TYPE

RESULT_NAMES = ("operationResults", "backupOperationResults")
EXCLUDED = "exclude_disk_luns"
INCLUDED = "include_disk_luns"


class RecoveryTurnedOff(AssertionError):
    """The features block forbids to recover the soft-deleted item that is in the way."""


class ProtectedVm:
    """A VM's protection in a configuration; the provider builds the id from the VM's."""

    def __init__(self, azurerm: Azurerm, vm: str, vault_id: str = VAULT_ID) -> None:
        group, name = vm.split("/")[4], vm.split("/")[-1]
        short = f"iaasvmcontainerv2;{group};{name}"
        container = f"{vault_id}/backupFabrics/Azure/protectionContainers/iaasvmcontainer;{short}"
        self.azurerm = azurerm
        self.vm = vm
        self.vault = vault_id
        self.id = f"{container}/protectedItems/VM;{short}"
        self.version = azurerm.release.items

    def create(self, config: State, *, recover: bool = True) -> State | None:
        """Undelete what is soft-deleted, protect, then stop if that is configured."""
        existing = self.azurerm.read(self.id, self.version)
        if existing is not None:
            if not existing["properties"].get("isScheduledForDeferredDelete"):
                raise ImportNeeded(self.id)
            if not recover:
                raise RecoveryTurnedOff(self.id)
            self._put({"isRehydrate": True})
        sent = {
            "policyId": config["backup_policy_id"],
            "workloadType": "VM",
            "sourceResourceId": self.vm,
            "friendlyName": self.vm.rpartition("/")[2],
            "virtualMachineId": self.vm,
        }
        self._put(sent | _exclusion(config))
        wanted = config.get("protection_state")
        if wanted in ("ProtectionStopped", "BackupsSuspended"):
            self._stop(wanted, self.vm)
        return self.read()

    def read(self) -> State | None:
        """Get the item; a soft-deleted one reads as gone."""
        found = self.azurerm.read(self.id, self.version)
        if found is None or found["properties"].get("isScheduledForDeferredDelete"):
            return None
        return _state(found["properties"])

    def update(self, before: State, after: State) -> State | None:
        """PUT everything that was read back, with what has changed."""
        model = copy.deepcopy(self.azurerm.found(self.id, self.version))
        properties = model["properties"]
        if before.get("backup_policy_id") != after.get("backup_policy_id"):
            properties["policyId"] = after.get("backup_policy_id", "")
        luns = (EXCLUDED, INCLUDED)
        if any(before.get(each) != after.get(each) for each in luns):
            properties.pop("extendedProperties", None)
            properties |= _exclusion(after)
        if before.get("protection_state") != after.get("protection_state"):
            if after["protection_state"] == "BackupsSuspended":
                self._check_immutable()
            properties["protectionState"] = after["protection_state"]
        answer = self.azurerm.send("PUT", self.id, self.version, 200, 202, body=model)
        self._wait(answer)
        return self.read()

    def delete(self, retain: str | None = None) -> None:
        """Delete; a ``retain`` feature stops or suspends protection instead."""
        if retain is not None:
            existing = self.azurerm.found(self.id, self.version)
            self._stop(retain, existing["properties"]["sourceResourceId"])
            return
        answer = self.azurerm.send("DELETE", self.id, self.version, 200, 202, 204)
        if not self.azurerm.release.result_polling:
            self.azurerm.until_future(answer)
        elif answer.status_code == 202:
            self._await_result(f"{self.vault}/backupOperationResults", answer.headers["location"])

    def _stop(self, state: str, source: str) -> None:
        """Stop or suspend; no policy is named."""
        if state == "BackupsSuspended":
            self._check_immutable()
        self._put({"protectionState": state, "sourceResourceId": source})

    def _check_immutable(self) -> None:
        vault = self.azurerm.found(self.vault, self.azurerm.release.vaults)
        security = vault["properties"]["securitySettings"]
        state = security.get("immutabilitySettings", {}).get("state", "Disabled")
        assert state != "Disabled", "`immutability` must be `Unlocked` or `Locked`"

    def _put(self, properties: State) -> None:
        body = {"properties": {"protectedItemType": VM_TYPE} | properties}
        answer = self.azurerm.send("PUT", self.id, self.version, 200, 202, body=body)
        self._wait(answer)

    def _wait(self, answer: httpx.Response) -> None:
        if not self.azurerm.release.result_polling:
            self.azurerm.until_future(answer)
        elif answer.status_code == 202:
            self._await_result(f"{self.id}/operationResults", answer.headers["location"])

    def _await_result(self, results: str, location: str) -> None:
        """Wait as version 3 does: Location names the operation, its result is polled."""
        segments = urlsplit(location).path.strip("/").split("/")
        pairs = dict(zip(segments[::2], segments[1::2], strict=True))
        operation = next(pairs[name] for name in RESULT_NAMES if name in pairs)
        self.azurerm.slept.append(10)
        for _ in range(PATIENCE):
            path = f"{results}/{operation}"
            answer = self.azurerm.arm.get(
                path, params={"api-version": self.azurerm.release.operations}
            )
            if answer.status_code in (200, 204):
                return
            if answer.status_code != 202:
                raise Refusal(answer)
            self.azurerm.slept.append(30)
        raise AssertionError(f"{results} never ends")


def _exclusion(config: State) -> State:
    """Write the LUNs that are configured; with none the properties are left out."""
    for name, included in ((INCLUDED, True), (EXCLUDED, False)):
        if config.get(name):
            exclusion = {"diskLunList": sorted(config[name]), "isInclusionList": included}
            return {"extendedProperties": {"diskExclusionProperties": exclusion}}
    return {}


def _state(properties: State) -> State:
    flat = {
        "source_vm_id": properties["sourceResourceId"],
        "protection_state": properties["protectionState"],
        "backup_policy_id": properties.get("policyId", ""),
    }
    exclusion = properties.get("extendedProperties", {}).get("diskExclusionProperties")
    if exclusion:
        name = INCLUDED if exclusion["isInclusionList"] else EXCLUDED
        flat[name] = set(exclusion["diskLunList"])
    return flat
