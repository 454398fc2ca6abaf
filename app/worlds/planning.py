"""The steps of a whole document, in the order in which they are taken.

Everything is there from an hour before the first thing is protected, so that vaults are ready
and databases found by then. What would stand in the way of the rest - a stopped VM, a lock, a guard
- comes last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..domain.documents import Document, merge
from ..domain.instants import (
    HOUR,
    MINUTE,
    from_datetime,
    parse,
    parse_duration,
    to_datetime,
    wire,
)
from ..domain.resource_ids import STORAGE_TYPE, VAULT_TYPE, VM_TYPE, group_id
from ..domain.tenancy import DEFAULT_SUBSCRIPTION
from .documents import Resource, ResourceGroup, StorageAccount, Vault, World, is_pattern
from .item_steps import ItemSteps, There
from .reading import Fault
from .steps import Rank, Step
from .vm_bodies import body_of

BEFORE = HOUR
"""How long before the first protection the rest is there."""
_POWERED = {"stopped": "powerOff", "deallocated": "deallocate"}


@dataclass
class Planner:
    """Turns a document into steps; ``faults`` are what is wrong with it besides its form."""

    world: World
    now: int
    subscription: str | None
    faults: list[Fault] = field(default_factory=list)
    origin: int = 0

    def steps(self) -> list[Step]:
        """Return the steps in order."""
        self.origin = min([self.now, *self._instants()]) - BEFORE
        there = self._there()
        found: list[Step] = []
        for place, group in self._groups():
            found += self._of_group(place, group, there)
        for number, resource in enumerate(self.world.resources):
            found += self._of_resource(f"resources[{number}]", resource, None)
        return sorted(found, key=lambda step: (step.at, step.rank))

    def groups(self) -> list[tuple[str, str, ResourceGroup]]:
        """Return the resource groups: their places, their ids and what is told of them."""
        return [(place, self._id(group), group) for place, group in self._groups()]

    def _groups(self) -> Iterator[tuple[str, ResourceGroup]]:
        for number, group in enumerate(self.world.resource_groups):
            yield f"resourceGroups[{number}]", group

    def _id(self, group: ResourceGroup) -> str:
        told = group.subscription or self.world.subscription
        return group_id(told or self.subscription or DEFAULT_SUBSCRIPTION, group.name)

    # --- time --------------------------------------------------------------------------

    def _instants(self) -> Iterator[int]:
        for _, group in self._groups():
            for vault in group.vaults:
                for item in vault.protected_items:
                    if item.since is not None:
                        yield min(self._instant(item.since), self.now)

    def _instant(self, told: str) -> int:
        if not told.startswith("P"):
            return parse(told)
        return from_datetime(to_datetime(self.now) - parse_duration(told))

    def when(self, told: str | None, place: str) -> int:
        """Return the instant that is told, now if none is; the future is a fault."""
        at = self.now if told is None else self._instant(told)
        if at > self.now:
            self.faults.append((place, f"{wire(at)} is in the future: it is {wire(self.now)}"))
        return min(at, self.now)

    # --- what there is -------------------------------------------------------------------

    def _there(self) -> There:
        ids: dict[str, str] = {}
        expanded: dict[str, list[str]] = {}
        for place, group in self._groups():
            root = self._id(group)
            if (told := self._foreign(root)) is not None:
                self.faults.append((place, told))
            for number, vm in enumerate(group.virtual_machines):
                names = [f"{root}/providers/{VM_TYPE}/{name}" for name in vm.names()]
                at = f"{place}.virtualMachines[{number}].name"
                if vm.count is not None and vm.count > 1 and not is_pattern(vm.name):
                    self.faults.append((at, f"'{vm.name}' needs {{n}}, as count is {vm.count}"))
                    names = names[:1]
                if is_pattern(vm.name):
                    expanded[f"{root}/{vm.name}".lower()] = names
                for vm_id in names:
                    self._note(ids, vm_id, at)
            for number, account in enumerate(group.storage_accounts):
                at = f"{place}.storageAccounts[{number}].name"
                self._note(ids, f"{root}/providers/{STORAGE_TYPE}/{account.name}", at)
            for each in group.resources:
                if each.type is not None and each.name is not None:
                    known = f"{root}/providers/{each.type}/{each.name}"
                    ids.setdefault(known.lower(), known)
        return There(ids, expanded)

    def _foreign(self, group: str) -> str | None:
        """Tell what is wrong with a group of another subscription than the one to be seeded."""
        mine = f"/subscriptions/{self.subscription}/"
        if self.subscription is None or group.startswith(mine):
            return None
        return f"is in another subscription than '{self.subscription}', which is to be seeded"

    def _note(self, ids: dict[str, str], resource_id: str, place: str) -> None:
        if resource_id.lower() in ids:
            self.faults.append((place, f"'{resource_id.rpartition('/')[2]}' is there twice"))
        ids[resource_id.lower()] = resource_id

    # --- steps ---------------------------------------------------------------------------

    def _of_group(self, place: str, group: ResourceGroup, there: There) -> Iterator[Step]:
        root = self._id(group)
        body: Document = {"location": group.location, "tags": group.tags}
        yield Step(self.origin, Rank.GROUP, place, "PUT", root, body)
        yield from self._of_vms(place, group, root)
        for number, account in enumerate(group.storage_accounts):
            at = f"{place}.storageAccounts[{number}]"
            yield from self._of_account(at, account, f"{root}/providers/{STORAGE_TYPE}", group)
        for number, resource in enumerate(group.resources):
            yield from self._of_resource(f"{place}.resources[{number}]", resource, root)
        for number, vault in enumerate(group.vaults):
            at = f"{place}.vaults[{number}]"
            path = f"{root}/providers/{VAULT_TYPE}/{vault.name}"
            yield from self._of_vault(at, vault, path, group.location)
            items = ItemSteps(vault, path, at, there, self.origin, self.when, self.faults)
            yield from items.steps()

    def _of_vms(self, place: str, group: ResourceGroup, root: str) -> Iterator[Step]:
        for number, vm in enumerate(group.virtual_machines):
            at = f"{place}.virtualMachines[{number}]"
            body = body_of(vm, vm.location or group.location)
            for name in vm.names():
                path = f"{root}/providers/{VM_TYPE}/{name}"
                yield self._new(at, path, body)
                if vm.power in _POWERED:
                    verb = f"{path}/{_POWERED[vm.power]}"
                    yield Step(self.now, Rank.LAST, f"{at}.power", "POST", verb)

    def _of_account(
        self, place: str, account: StorageAccount, folder: str, group: ResourceGroup
    ) -> Iterator[Step]:
        path = f"{folder}/{account.name}"
        body = {"kind": account.kind, "sku": {"name": account.sku}, "tags": account.tags}
        yield self._new(place, path, body | {"location": account.location or group.location})
        for number, share in enumerate(account.shares):
            below = f"{path}/fileServices/default/shares/{share}"
            yield self._new(f"{place}.shares[{number}]", below, {"properties": {}})
        for number, container in enumerate(account.containers):
            below = f"{path}/blobServices/default/containers/{container}"
            yield self._new(f"{place}.containers[{number}]", below, {"properties": {}})

    def _of_resource(self, place: str, resource: Resource, root: str | None) -> Iterator[Step]:
        body = resource.model_dump(by_alias=True, exclude_none=True, exclude={"id", "type", "name"})
        if resource.id is not None:
            yield Step(self.now, Rank.LAST, place, "PUT", resource.id, body)
        elif root is None or resource.type is None or resource.name is None:
            needed = "an id" if root is None else "a type and a name, or an id"
            self.faults.append((place, f"needs {needed}"))
        else:
            path = f"{root}/providers/{nested(resource.type, resource.name)}"
            yield self._new(place, path, body)

    def _of_vault(self, place: str, vault: Vault, path: str, location: str) -> Iterator[Step]:
        told = vault_properties(vault)
        immutability = _taken_out(told)
        body: Document = {"location": vault.location or location, "tags": vault.tags}
        body |= {"sku": {"name": vault.sku}, "properties": told}
        if vault.identity:
            body["identity"] = vault.identity
        yield self._new(place, path, body)
        at = self.origin + MINUTE
        if (storage := _storage_config(vault)) is not None:
            config = f"{path}/backupstorageconfig/vaultstorageconfig"
            yield Step(at, Rank.SETTING, place, "PUT", config, {"properties": storage})
        for number, policy in enumerate(vault.policies):
            there = f"{place}.policies[{number}]"
            own = f"{path}/backupPolicies/{policy.name}"
            yield Step(at, Rank.POLICY, there, "PUT", own, {"properties": policy.properties})
        # It would stand in the way of what was deleted before.
        for last in _steps_to(immutability):
            told = {"properties": {"securitySettings": {_IMMUTABILITY: last}}}
            yield Step(self.now, Rank.LAST, place, "PATCH", path, told)
        if vault.resource_guard is not None:
            proxy = f"{path}/backupResourceGuardProxies/VaultProxy"
            guard = {"properties": {"resourceGuardResourceId": vault.resource_guard}}
            yield Step(self.now, Rank.LAST, f"{place}.resourceGuard", "PUT", proxy, guard)

    def _new(self, place: str, path: str, body: Document) -> Step:
        return Step(self.origin, Rank.RESOURCE, place, "PUT", path, body, creates=True)


def nested(type_name: str, name: str) -> str:
    """Return the part of an id after ``providers/``: types and names in turns."""
    namespace, *types = type_name.split("/")
    names = name.split("/")
    pairs = (f"{each}/{own}" for each, own in zip(types, names, strict=False))
    return "/".join((namespace, *pairs))


_IMMUTABILITY = "immutabilitySettings"


def vault_properties(vault: Vault) -> Document:
    """Return what a vault's PUT is told; the document's own properties win."""
    security: Document = {}
    if vault.soft_delete is not None:
        soft = vault.soft_delete
        told = {
            "softDeleteState": soft.state,
            "softDeleteRetentionPeriodInDays": soft.retention_days,
        }
        security["softDeleteSettings"] = {k: v for k, v in told.items() if v is not None}
    if vault.immutability is not None:
        security[_IMMUTABILITY] = {"state": vault.immutability}
    return merge({"securitySettings": security}, vault.properties)


def _storage_config(vault: Vault) -> Document | None:
    told: Document = {}
    if vault.redundancy is not None:
        told["storageModelType"] = vault.redundancy
    if vault.cross_region_restore is not None:
        told["crossRegionRestoreFlag"] = vault.cross_region_restore
    return told or None


def _steps_to(immutability: object) -> list[object]:
    """Return what a vault is told one after the other: none becomes Locked at once."""
    if immutability is None:
        return []
    if isinstance(immutability, dict) and immutability.get("state") == "Locked":
        return [immutability | {"state": "Unlocked"}, immutability]
    return [immutability]


def _taken_out(properties: Document) -> object:
    """Take the immutability out of a vault's properties and return it."""
    security = properties.get("securitySettings")
    return security.pop(_IMMUTABILITY, None) if isinstance(security, dict) else None
