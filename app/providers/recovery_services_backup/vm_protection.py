"""What is asked before a VM comes under protection, or under another policy."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from ...arm.calls import Call
from ...domain.disk_selection import OS_LUN
from ...domain.errors import conflict, invalid, invalid_input, not_emulated
from ...domain.jobs import ProtectionState
from ...domain.policies import ENHANCED, STANDARD, Policy
from ...domain.resource_ids import normal_location, parse
from ...engine import protection, vm_sources
from ...store.tables import disk_sets, items, recovery_points, vaults
from ...workloads import azure_vm
from .candidates import Candidate
from .paths import Named
from .protected_item_bodies import ProtectedItemProperties


def candidate(
    call: Call,
    vault: Row[Any],
    named: Named,
    asked: ProtectedItemProperties,
    policy: Policy,
) -> Candidate:
    """Return the VM to protect. Raises ``Refused`` if it cannot be."""
    _refuse_what_is_not_emulated(asked)
    name = azure_vm.parse_container(named.container)
    assert name is not None, "the name was read from the path"
    source = _source(call, vault, name, asked)
    _check_security(call, source, policy)
    _refuse_second_vault(call, vault, source.id, source.name)
    return Candidate(name, source, exclusion=_exclusion(asked))


def prepare_change(
    call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties, policy: Policy
) -> None:
    """Make an item ready for a policy: its own or another. Raises ``Refused``."""
    _refuse_what_is_not_emulated(asked)
    if asked.source_resource_id and asked.source_resource_id.lower() != item.source_folded:
        raise invalid_input(
            "properties.sourceResourceId", f"must be '{item.source_id}', the VM of this item"
        )
    _check_kind(item, policy)
    _refuse_second_vault(call, vault, item.source_id, item.friendly_name)
    source = vm_sources.find(call.connection, item.source_id)
    if source is not None:
        _check_region(vault, source)
        _check_security(call, source, policy, item)
    # Azure forgets the choice of disks when protection is stopped and resumed.
    if asked.extended_properties is not None or item.state in ProtectionState.RESUMABLE:
        protection.choose_disks(call.connection, call.rules, item, _exclusion(asked), call.now)


def check_return(call: Call, vault: Row[Any], item: Row[Any]) -> None:
    """Refuse to undelete an item whose VM another vault protects by now."""
    _refuse_second_vault(call, vault, item.source_id, item.friendly_name)


def _refuse_what_is_not_emulated(asked: ProtectedItemProperties) -> None:
    extended = asked.extended_properties
    if extended is not None and extended.linux_vm_application_name:
        raise not_emulated(
            "properties.extendedProperties.linuxVmApplicationName", "applications of Linux VMs"
        )


def _exclusion(asked: ProtectedItemProperties) -> dict[str, Any] | None:
    """Return the choice of disks in a request, ``None`` for all. Raises ``Refused``."""
    extended = asked.extended_properties
    if extended is None or extended.disk_exclusion_properties is None:
        return None
    found = extended.disk_exclusion_properties.wire()
    field = "properties.extendedProperties.diskExclusionProperties.diskLunList"
    if OS_LUN in found["diskLunList"] and not found["isInclusionList"]:
        raise invalid_input(field, f"{OS_LUN} is the OS disk, which cannot be excluded")
    return found


def _source(
    call: Call, vault: Row[Any], name: azure_vm.VmName, asked: ProtectedItemProperties
) -> vm_sources.Source:
    """Return the VM to protect. Raises ``Refused`` if it is not the one the path names."""
    field = "properties.sourceResourceId"
    sent = asked.source_resource_id or ""
    vm_id = parse(sent)
    if vm_id is None or vm_id.type.lower() != azure_vm.PROTECTED_ITEM_TYPE.lower():
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"{field}: '{sent}' is not the id of a virtual machine.",
            target=field,
        )
    if azure_vm.name_of(vm_id.group, vm_id.name) != name:
        raise invalid(
            "BMSUserErrorContainerNameIncorrectFormat",
            f"{field}: '{sent}' is not the VM of container '{name.container}'.",
            target=field,
        )
    source = vm_sources.find(call.connection, vm_id.text)
    if source is None:
        raise invalid(
            "UserErrorVmNotFoundV2", f"{field}: the VM '{sent}' does not exist.", target=field
        )
    _check_region(vault, source)
    return source


def _check_region(vault: Row[Any], source: vm_sources.Source) -> None:
    """Refuse a VM of another region; an item that was moved to a vault there may have one."""
    field = "properties.sourceResourceId"
    if normal_location(source.location) != vault.location:
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"{field}: the VM is in '{source.location}', the vault in '{vault.location}'; "
            "both must be in one region.",
            target=field,
        )


STANDARD_POLICY_TAKES_TRUSTED_LAUNCH = "2025-01-01"
"""The first api-version under which Azure protects Trusted Launch VMs by Standard policies."""


def _check_security(
    call: Call, source: vm_sources.Source, policy: Policy, item: Row[Any] | None = None
) -> None:
    """Refuse a VM that no Standard (V1) policy protects, or that is less secure than its points."""
    field = "properties.policyId"
    too_old = call.api_version[:10] < STANDARD_POLICY_TAKES_TRUSTED_LAUNCH
    if policy.kind == STANDARD and (
        source.security == azure_vm.CONFIDENTIAL
        or (source.security == azure_vm.TRUSTED_LAUNCH and too_old)
    ):
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"{field}: '{source.name}' is a {source.security} virtual machine, which only an "
            "Enhanced (V2) policy protects"
            + (
                f", or a Standard one from api-version {STANDARD_POLICY_TAKES_TRUSTED_LAUNCH} on."
                if too_old
                else "."
            ),
            target=field,
        )
    if item is not None and source.security == azure_vm.STANDARD and _was_trusted(call, item):
        raise invalid(
            "UserErrorMigrationFromTrustedLaunchVMToNonTrustedVMNotAllowed",
            f"{field}: '{source.name}' has recovery points of a Trusted Launch VM and is none any "
            "more; delete its backup data first, or build a VM of another name.",
            target=field,
        )


def _check_kind(item: Row[Any], policy: Policy) -> None:
    """Refuse to take an item back from Enhanced policies, even after a stop (0043)."""
    if item.policy_type == ENHANCED and policy.kind == STANDARD:
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"properties.policyId: '{item.friendly_name}' is protected by an Enhanced (V2) policy; "
            "Azure Backup does not let it go back to a Standard (V1) one.",
            target="properties.policyId",
        )


def _was_trusted(call: Call, item: Row[Any]) -> bool:
    if item.latest_snapshot_at is None:
        return False
    newest = call.connection.execute(
        select(disk_sets.c.document)
        .join(recovery_points, recovery_points.c.disk_set_key == disk_sets.c.key)
        .where(
            recovery_points.c.item_key == item.key,
            recovery_points.c.taken_at == item.latest_snapshot_at,
        )
    ).scalar()
    return newest is not None and newest.get("security") == azure_vm.TRUSTED_LAUNCH


def _refuse_second_vault(call: Call, vault: Row[Any], vm_id: str, vm_name: str) -> None:
    other = call.connection.execute(
        select(vaults.c.id)
        .join(items, items.c.vault_key == vaults.c.key)
        .where(
            items.c.source_folded == vm_id.lower(),
            items.c.vault_key != vault.key,
            items.c.state.not_in(ProtectionState.RESUMABLE),
        )
    ).scalar()
    if other is not None:
        raise conflict(
            "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault",
            f"The VM '{vm_name}' is protected by the vault '{other}'; stop that protection first.",
        )
