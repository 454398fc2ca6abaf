"""A real estate as a world: what ``az backup ... list`` prints becomes a document.

What az prints does not tell everything (the disks of a VM, when its protection began), and the
double does not know everything that Azure has; ``left_out`` says what was filled in or left out,
and why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..domain.documents import Document
from ..domain.policy_documents import DEFAULT_POLICIES
from ..domain.regions import REGIONS
from ..domain.resource_ids import normal_location

_VAULT = "/providers/microsoft.recoveryservices/vaults/"
_VM = "/providers/microsoft.compute/virtualmachines/"
_ACCOUNT = "/providers/microsoft.storage/storageaccounts/"
_TOLD_OF_VAULTS = (
    "publicNetworkAccess",
    "securitySettings",
    "monitoringSettings",
    "redundancySettings",
    "restoreSettings",
    "costManagementSettings",
)
_OF_AZURE_ALONE = ("multiUserAuthorization", "crossRegionRestoreStatus")
_STATES = {
    "ProtectionStopped": "ProtectionStopped",
    "BackupsSuspended": "BackupsSuspended",
    "ProtectionPaused": "ProtectionStopped",
}
_VM_KINDS = ("Microsoft.Compute/virtualMachines", "Microsoft.ClassicCompute/virtualMachines")
_SHARE_KIND = "AzureFileShareProtectedItem"
_DATABASES = {
    "AzureVmWorkloadSQLDatabase": "SQL",
    "AzureVmWorkloadSAPHanaDatabase": "SAPHana",
}


class WrongFile(ValueError):
    """A file that no ``az ... list`` has printed."""


@dataclass
class _Vault:
    row: Mapping[str, Any] | None
    id: str
    policies: list[Document] = field(default_factory=list)
    items: list[Document] = field(default_factory=list)


@dataclass
class Import:
    """Reads lists of az in any order, then makes one document of them."""

    left_out: list[str] = field(default_factory=list)
    _vaults: dict[str, _Vault] = field(default_factory=dict)
    _policies: list[Mapping[str, Any]] = field(default_factory=list)
    _items: list[Mapping[str, Any]] = field(default_factory=list)
    _groups: dict[str, Document] = field(default_factory=dict)
    _vms: dict[str, Document] = field(default_factory=dict)
    _accounts: dict[str, Document] = field(default_factory=dict)

    def read(self, name: str, content: bytes) -> None:
        """Read what one command has printed. Raises ``WrongFile``."""
        try:
            found = json.loads(content)
        except ValueError as problem:
            line = getattr(problem, "lineno", None)
            where = name if line is None else f"{name}, line {line}"
            raise WrongFile(f"{where}: is not JSON: {problem}; az prints it with -o json") from None
        rows = found.get("value", [found]) if isinstance(found, dict) else found
        if not isinstance(rows, list):
            raise WrongFile(f"{name}: holds no list of what az prints")
        for number, row in enumerate(rows):
            self._sort(f"{name}[{number}]", row)

    def _sort(self, place: str, row: Any) -> None:
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise WrongFile(f"{place}: is nothing that az prints: it has no id")
        kind = str(row.get("type") or "").lower()
        own = row["id"].lower()
        if _VAULT not in own:
            self._leave(row, f"its type {row.get('type')} is none of vaults, policies and items")
        elif kind.endswith("/vaults"):
            self._vaults[own] = _Vault(row, row["id"])
        elif kind.endswith("/backuppolicies"):
            self._policies.append(row)
        elif kind.endswith("/protecteditems"):
            self._items.append(row)
        elif kind.endswith("/protectioncontainers"):
            return  # what is protected in it says which it is
        else:
            self._leave(row, f"its type {row.get('type')} is none of vaults, policies and items")

    def _leave(self, row: Mapping[str, Any], why: str) -> None:
        self.left_out.append(f"{row.get('id')}: {why}")

    # --- the document -------------------------------------------------------------------

    def document(self) -> Document:
        """Return the world. Raises ``WrongFile`` if there is no vault in any file."""
        for row in self._policies:
            self._vault_of(row).policies.append(
                {"name": row["name"], "properties": _without_nulls(row.get("properties") or {})}
            )
        for row in self._items:
            found = self._item(row)
            if found is not None:
                self._vault_of(row).items.append(found)
        if not self._vaults:
            raise WrongFile("there is no vault in these files; 'az backup vault list' prints them")
        for vault in self._vaults.values():
            self._group_of(vault.id, _location(vault.row)).setdefault("vaults", []).append(
                self._told(vault)
            )
        return {"resourceGroups": [self._groups[each] for each in sorted(self._groups)]}

    def _vault_of(self, row: Mapping[str, Any]) -> _Vault:
        below = row["id"]
        head, _, rest = below.lower().partition(_VAULT)
        end = len(head) + len(_VAULT) + len(rest.partition("/")[0])
        vault_id = below[:end]
        if vault_id.lower() not in self._vaults:
            self._vaults[vault_id.lower()] = _Vault(None, vault_id)
            self.left_out.append(
                f"{vault_id}: no file of 'az backup vault list' has it: it is in {_FALLBACK}, "
                "with the settings of a new vault"
            )
        return self._vaults[vault_id.lower()]

    def _group_of(self, resource_id: str, location: str) -> Document:
        _, _, subscription, _, name, *_ = resource_id.split("/")
        key = f"{subscription}/{name}".lower()
        born = {"subscription": subscription, "name": name, "location": location}
        return self._groups.setdefault(key, born)

    # --- vaults ---------------------------------------------------------------------------

    def _told(self, vault: _Vault) -> Document:
        row = vault.row or {}
        told: Document = {"name": vault.id.rpartition("/")[2], "location": _location(vault.row)}
        if row.get("tags"):
            told["tags"] = row["tags"]
        properties = _without_nulls(row.get("properties") or {})
        kept = {name: properties[name] for name in _TOLD_OF_VAULTS if name in properties}
        if "securitySettings" in kept:
            security = kept["securitySettings"]
            kept["securitySettings"] = {
                name: value for name, value in security.items() if name not in _OF_AZURE_ALONE
            }
        for name, why in (
            ("encryption", "the customer's key"),
            ("privateEndpointConnections", "private endpoints"),
        ):
            if properties.get(name):
                self._leave({"id": vault.id}, f"{why}: what az prints does not tell enough of it")
        if row.get("identity"):
            self._leave({"id": vault.id}, "its managed identity: principals are another tenant's")
        if kept:
            told["properties"] = kept
        known = {each["name"] for each in vault.policies} | set(DEFAULT_POLICIES)
        for item in vault.items:
            if item.get("policy") not in (None, *known):
                self.left_out.append(
                    f"{vault.id}: the policy '{item['policy']}' is in no file; DefaultPolicy "
                    "stands in for it"
                )
                del item["policy"]
        return told | {"policies": vault.policies, "protectedItems": vault.items}

    # --- items ----------------------------------------------------------------------------

    def _item(self, row: Mapping[str, Any]) -> Document | None:
        properties = row.get("properties") or {}
        kind = str(properties.get("protectedItemType"))
        location = _location(self._vault_of(row).row)
        if kind in _VM_KINDS[:1]:
            source = self._of_vm(row, properties, location)
        elif kind == _SHARE_KIND:
            source = self._of_share(row, properties, location)
        elif kind in _DATABASES:
            source = self._of_database(row, properties, location, _DATABASES[kind])
        else:
            self._leave(row, f"{kind} is not emulated by rsvault")
            return None
        if source is None:
            return None
        return source | self._life(row, properties)

    def _life(self, row: Mapping[str, Any], properties: Mapping[str, Any]) -> Document:
        life: Document = {}
        policy = properties.get("policyName") or str(properties.get("policyId") or "")
        if policy:
            life["policy"] = policy.rpartition("/")[2]
        oldest = (properties.get("extendedInfo") or {}).get("oldestRecoveryPoint")
        if oldest:
            life["since"] = _instant(oldest)
        else:
            self._leave(row, "since when: az does not tell; it is protected since the seed")
        state = _STATES.get(str(properties.get("protectionState")))
        if properties.get("isScheduledForDeferredDelete"):
            state = "SoftDeleted"
        if state is not None:
            life["state"] = state
        return life

    def _of_vm(
        self, row: Mapping[str, Any], properties: Mapping[str, Any], location: str
    ) -> Document | None:
        vm_id = str(properties.get("virtualMachineId") or properties.get("sourceResourceId") or "")
        if _VM not in vm_id.lower():
            self._leave(row, "az does not tell which VM it is")
            return None
        self._vm(vm_id, location)
        return {"virtualMachine": vm_id}

    def _of_share(
        self, row: Mapping[str, Any], properties: Mapping[str, Any], location: str
    ) -> Document | None:
        account_id = str(properties.get("sourceResourceId") or "")
        name = properties.get("friendlyName")
        if _ACCOUNT not in account_id.lower() or not name:
            self._leave(row, "az does not tell which share it is")
            return None
        account = self._accounts.get(account_id.lower())
        if account is None:
            account = {"name": account_id.rpartition("/")[2], "location": location, "shares": []}
            self._accounts[account_id.lower()] = account
            group = self._group_of(account_id, location)
            group.setdefault("storageAccounts", []).append(account)
        account["shares"].append(name)
        return {"fileShare": {"storageAccount": account_id, "name": name}}

    def _of_database(
        self, row: Mapping[str, Any], properties: Mapping[str, Any], location: str, engine: str
    ) -> Document | None:
        vm_id = str(properties.get("sourceResourceId") or "")
        server, name = properties.get("parentName"), properties.get("friendlyName")
        if _VM not in vm_id.lower() or not server or not name:
            self._leave(row, "az does not tell which database it is")
            return None
        servers: list[Document] = self._vm(vm_id, location).setdefault("databases", [])
        mine = (each for each in servers if (each["engine"], each["instance"]) == (engine, server))
        found = next(mine, None)
        if found is None:
            found = {"engine": engine, "instance": server, "databases": []}
            servers.append(found)
        found["databases"].append(name)
        about = {"virtualMachine": vm_id, "engine": engine, "instance": server, "name": name}
        return {"database": about}

    def _vm(self, vm_id: str, location: str) -> Document:
        """Return the VM of an item; az tells nothing of it but its id."""
        found = self._vms.get(vm_id.lower())
        if found is None:
            found = {"name": vm_id.rpartition("/")[2], "location": location}
            self._vms[vm_id.lower()] = found
            group = self._group_of(vm_id, location)
            group.setdefault("virtualMachines", []).append(found)
            self.left_out.append(
                f"{vm_id}: its size, disks and system: az does not tell; it is a Standard_D2s_v5 "
                "with one disk of 30 GB and Linux"
            )
        return found


_FALLBACK = "westeurope"


def _location(row: Mapping[str, Any] | None) -> str:
    told = normal_location(str((row or {}).get("location") or _FALLBACK))
    return told if told in REGIONS else _FALLBACK


def _instant(text: str) -> str:
    """Return an instant as az prints it, with the zone that it may leave out."""
    return text if text.endswith("Z") or "+" in text[10:] else f"{text}Z"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value
