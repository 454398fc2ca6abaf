"""The steps of a vault's protected items: registered, found, protected, backed up, stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ..domain.documents import Document
from ..domain.instants import MINUTE
from ..domain.policy_documents import DEFAULT_POLICIES as BORN_POLICIES
from ..domain.resource_ids import STORAGE_TYPE, VM_TYPE, ResourceId, parse
from ..domain.spelling import nearest
from ..workloads.azure_file_share import AccountName, ShareName
from .documents import OnDemandBackup, ProtectedItem, Vault
from .reading import Fault
from .steps import Rank, Step

_SHARE_ITEM = "AzureFileShareProtectedItem"
_DATABASES = {
    "SQL": ("SQLDataBase", "AzureVmWorkloadSQLDatabase"),
    "SAPHana": ("SAPHanaDatabase", "AzureVmWorkloadSAPHanaDatabase"),
}


@dataclass(frozen=True, slots=True)
class There:
    """What a document's subscription holds: resources by their lower-case ids.

    ``expanded`` are the names of groups of VMs, each with its ids.
    """

    ids: Mapping[str, str]
    expanded: Mapping[str, list[str]]


@dataclass
class ItemSteps:
    """Turns the items of one vault into steps; collects what is wrong with what they name."""

    vault: Vault
    vault_id: str
    place: str
    there: There
    origin: int
    when: Callable[[str | None, str], int]
    faults: list[Fault] = field(default_factory=list)
    _registered: set[str] = field(default_factory=set)

    @property
    def _group(self) -> str:
        return self.vault_id.partition("/providers/")[0]

    def steps(self) -> Iterator[Step]:
        """Yield the steps of all items."""
        for number, item in enumerate(self.vault.protected_items):
            place = f"{self.place}.protectedItems[{number}]"
            named = (item.virtual_machine, item.file_share, item.database)
            if sum(each is not None for each in named) != 1:
                reason = "names exactly one of virtualMachine, fileShare and database"
                self.faults.append((place, reason))
                continue
            self._check_policy(item, place)
            if item.virtual_machine is not None:
                yield from self._of_vms(item, place, item.virtual_machine)
            elif item.file_share is not None:
                yield from self._of_share(item, place)
            else:
                yield from self._of_database(item, place)

    # --- what is named -----------------------------------------------------------------

    def _check_policy(self, item: ProtectedItem, place: str) -> None:
        known = {each.name.lower(): each.name for each in self.vault.policies}
        known = {each.lower(): each for each in BORN_POLICIES} | known
        if item.policy is not None and item.policy.lower() not in known:
            hint = nearest(item.policy, list(known.values()))
            reason = f"the vault '{self.vault.name}' has no policy '{item.policy}'{hint}"
            self.faults.append((f"{place}.policy", reason))

    def _named(self, name: str, type_name: str, place: str) -> str | None:
        """Return the id of what a name, ``group/name`` or an id means; ``None`` is a fault."""
        folder = f"/providers/{type_name}/"
        if name.startswith("/"):
            wanted = name
        else:
            group, slash, own = name.rpartition("/")
            around = f"{self._group.rpartition('/')[0]}/{group}" if slash else self._group
            wanted = f"{around}{folder}{own}"
        found = self.there.ids.get(wanted.lower())
        if found is None:
            near = [each.rpartition("/")[2] for each in self.there.ids.values() if folder in each]
            kind = type_name.rpartition("/")[2]
            hint = nearest(name.rpartition("/")[2], sorted(set(near)))
            reason = f"the document has none of {kind} named '{name}'{hint}"
            self.faults.append((place, reason))
        return found

    # --- VMs ---------------------------------------------------------------------------

    def _of_vms(self, item: ProtectedItem, place: str, name: str) -> Iterator[Step]:
        named = f"{place}.virtualMachine"
        group = f"{self._group}/{name}".lower()
        ids = self.there.expanded.get(group)
        if ids is None:
            found = self._named(name, VM_TYPE, named)
            ids = [] if found is None else [found]
        for vm_id in ids:
            vm = _parsed(vm_id)
            short = f"iaasvmcontainerv2;{vm.group.lower()};{vm.name.lower()}"
            path = f"{self._container(f'IaasVMContainer;{short}')}/protectedItems/VM;{short}"
            body = {"protectedItemType": VM_TYPE, "sourceResourceId": vm_id}
            yield from self._life(item, place, path, body | _chosen(item), "IaasVMBackupRequest")

    # --- shares and databases ------------------------------------------------------------

    def _of_share(self, item: ProtectedItem, place: str) -> Iterator[Step]:
        share = item.file_share
        assert share is not None
        named = f"{place}.fileShare.storageAccount"
        account_id = self._named(share.storage_account, STORAGE_TYPE, named)
        if account_id is None:
            return
        account = _parsed(account_id)
        container = self._container(AccountName(account.group, account.name).container)
        registration = {
            "containerType": "StorageContainer",
            "backupManagementType": "AzureStorage",
            "workloadType": "AzureFileShare",
            "sourceResourceId": account_id,
            "friendlyName": account.name,
        }
        yield from self._register(container, registration, place)
        body = {"protectedItemType": _SHARE_ITEM, "sourceResourceId": account_id}
        share_id = f"{account_id}/fileServices/default/shares/{share.name}"
        name = ShareName(AccountName(account.group, account.name), share_id).item
        path = f"{container}/protectedItems/{name}"
        yield from self._life(item, place, path, body, "AzureFileShareBackupRequest")

    def _of_database(self, item: ProtectedItem, place: str) -> Iterator[Step]:
        database = item.database
        assert database is not None
        vm_id = self._named(database.virtual_machine, VM_TYPE, f"{place}.database.virtualMachine")
        if vm_id is None:
            return
        workload, kind = _DATABASES[database.engine]
        vm = _parsed(vm_id)
        container = self._container(f"VMAppContainer;Compute;{vm.group};{vm.name}")
        registration = {
            "containerType": "VMAppContainer",
            "backupManagementType": "AzureWorkload",
            "workloadType": workload,
            "sourceResourceId": vm_id,
        }
        yield from self._register(container, registration, place)
        name = f"{workload};{database.instance.lower()};{database.name.lower()}"
        path = f"{container}/protectedItems/{name}"
        body = {"protectedItemType": kind}
        yield from self._life(item, place, path, body, "AzureWorkloadBackupRequest")

    def _register(self, container: str, body: Document, place: str) -> Iterator[Step]:
        if container.lower() in self._registered:
            return
        self._registered.add(container.lower())
        at = self.origin + MINUTE
        yield Step(at, Rank.CONTAINER, place, "PUT", container, {"properties": body})
        at += 10 * MINUTE
        yield Step(at, Rank.INQUIRY, place, "POST", f"{container}/inquire", {})

    # --- what all have in common -----------------------------------------------------------

    def _container(self, name: str) -> str:
        return f"{self.vault_id}/backupFabrics/Azure/protectionContainers/{name}"

    def _life(
        self, item: ProtectedItem, place: str, path: str, body: Document, request: str
    ) -> Iterator[Step]:
        policy = f"{self.vault_id}/backupPolicies/{item.policy or BORN_POLICIES[0]}"
        since = self.when(item.since, f"{place}.since")
        asked = {"properties": body | {"policyId": policy}}
        yield Step(since, Rank.ITEM, place, "PUT", path, asked)
        for number, told in enumerate(item.on_demand_backups):
            there = f"{place}.onDemandBackups[{number}]"
            yield self._backup(told, there, path, request, since)
        if item.state != "Protected":
            there = f"{place}.stateSince" if item.state_since else f"{place}.state"
            at = self.when(item.state_since, there)
            if at < since:
                self.faults.append((there, "is before the item is protected"))
            yield _end(item, there, path, body, at)
        elif item.state_since is not None:
            self.faults.append(
                (f"{place}.stateSince", "is only told of other states than Protected")
            )

    def _backup(
        self, told: str | OnDemandBackup, place: str, path: str, request: str, since: int
    ) -> Step:
        asked = {"objectType": request}
        if isinstance(told, OnDemandBackup):
            asked["recoveryPointExpiryTimeInUTC"] = told.retain_until
            told = told.at
        at = self.when(told, place)
        if at < since:
            self.faults.append((place, "is before the item is protected"))
        return Step(at, Rank.BACKUP, place, "POST", f"{path}/backup", {"properties": asked})


def _end(item: ProtectedItem, place: str, path: str, body: Document, at: int) -> Step:
    if item.state == "SoftDeleted":
        return Step(at, Rank.STATE, place, "DELETE", path)
    kind = {"protectedItemType": body["protectedItemType"], "policyId": ""}
    asked = {"properties": kind | {"protectionState": item.state}}
    return Step(at, Rank.STATE, place, "PUT", path, asked)


def _chosen(item: ProtectedItem) -> Document:
    if item.disk_luns is None:
        return {}
    chosen = {"diskLunList": item.disk_luns, "isInclusionList": item.disks_are == "included"}
    return {"extendedProperties": {"diskExclusionProperties": chosen}}


def _parsed(resource_id: str) -> ResourceId:
    found = parse(resource_id)
    assert found is not None, "the document's own ids are well formed"
    return found
