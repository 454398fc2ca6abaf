"""Where a restore is to go: every target is looked up and checked before anything begins.

A target that is not there is refused as ARM refuses it, which checks that a caller may use what
his request links to. Codes that no source tells are in docs/decisions/0022.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Row

from ...arm.calls import Call
from ...domain import disk_selection
from ...domain.disk_selection import OS_LUN
from ...domain.errors import Refused, conflict, invalid, invalid_input
from ...domain.errors import resource_not_found as not_there
from ...domain.jobs import ERRORS, TARGET_VM_EXISTS, VM_NOT_FOUND, VM_NOT_SHUT_DOWN
from ...domain.resource_ids import (
    STORAGE_TYPE,
    VM_TYPE,
    VNET_TYPE,
    parse_group,
    parse_subnet,
)
from ...engine import attachments, networks
from ...engine.restores import DISKS, NEW_VM
from ...store.vaults import get_group
from . import restore_choices
from .restore_bodies import RestoreRequest
from .restore_choices import get, named

_VM_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,62}\w)?", re.ASCII)
_BLOBS_ONLY = ("BlobStorage", "BlockBlobStorage", "FileStorage")

Targets = dict[str, Any]


def check(
    call: Call,
    vault: Row[Any],
    item: Row[Any],
    point: Row[Any],
    asked: RestoreRequest,
    region: str,
) -> Targets:
    """Return what the job of a restore to a region must know of its targets.

    The region is the vault's own or, where the restore crosses over, the secondary one. Raises
    ``Refused``.
    """
    crossed = region != vault.location
    account = _storage_account(call, vault, asked, region)
    luns = _luns(point, asked)
    wanted = disk_selection.restored(point.disks["disks"], luns)
    if asked.original_storage_account_option:
        raise invalid_input(
            "properties.originalStorageAccountOption",
            "this recovery point cannot be restored to the original storage account",
        )
    encryption = restore_choices.encryption(call, vault, asked, region)
    if encryption is None and restore_choices.makes_managed_disks(asked) and not crossed:
        restore_choices.check_sets_of(call, wanted)
    zone = restore_choices.zone(vault, point, asked, region)
    known = {
        "kind": asked.recovery_type,
        "location": region,
        "crossed": crossed,
        "vault_name": vault.name,
        "storage_account": account.id,
        "luns": luns,
        "zone": zone,
        "encryption": encryption,
        "network": restore_choices.network(point, asked, crossed=crossed),
        **_selection(point, luns),
    }
    known |= _targets(call, vault, item, point, asked, region)
    group = known["target_group"] or ""
    elsewhere = crossed or zone != point.disks.get("zone") or _is_elsewhere(call, group)
    return known | {"from_vault": elsewhere}


def _targets(
    call: Call,
    vault: Row[Any],
    item: Row[Any],
    point: Row[Any],
    asked: RestoreRequest,
    region: str,
) -> Targets:
    if asked.recovery_type == DISKS:
        return {"target_group": _group_for_disks(call, vault, point, asked)}
    _refuse_selected(point, asked)
    if asked.recovery_type == NEW_VM:
        return _new_vm(call, vault, point, asked, region)
    return _same_vm(call, item)


def _is_elsewhere(call: Call, group: str) -> bool:
    """Tell whether a group is in another subscription than the vault."""
    return bool(group) and group.split("/")[2].lower() != call.subscription.lower()


# --- what every restore needs ------------------------------------------------------------


def _storage_account(call: Call, vault: Row[Any], asked: RestoreRequest, region: str) -> Row[Any]:
    """Return the staging account: Azure wants one even where it then goes unused."""
    sent, field = restore_choices.staging(vault, asked)
    account = get(call, named(sent, field, STORAGE_TYPE, "storage account"), STORAGE_TYPE)
    if account.location != region:
        raise invalid_input(
            field,
            f"storage account '{account.name}' is in '{account.location}', the restore goes to "
            f"'{region}'; both must be in one region",
        )
    sku = account.document["sku"]["name"]
    kind = account.document["kind"]
    if sku.endswith("ZRS") or kind in _BLOBS_ONLY:
        raise invalid_input(
            field,
            f"storage account '{account.name}' is {kind} with {sku}; a restore cannot be staged "
            "in a zone-redundant account, nor in one for a single kind of data",
        )
    return account


def _luns(point: Row[Any], asked: RestoreRequest) -> list[int] | None:
    """Return the LUNs to restore, ``None`` for all. Raises ``Refused`` for one not in the point."""
    wanted = asked.restore_disk_lun_list
    if wanted is None:
        return None
    field = "properties.restoreDiskLunList"
    disks = point.disks["disks"]
    held = [disk["lun"] for disk in disk_selection.included(disks)]
    left_out = {disk["lun"]: disk["name"] for disk in disk_selection.excluded(disks)}
    for lun in wanted:
        if lun in left_out:
            raise invalid_input(
                field,
                f"the disk '{left_out[lun]}' at LUN {lun} was excluded from this backup; "
                f"it holds LUN {_listed(held)}",
            )
        if lun not in held:
            raise invalid_input(
                field, f"this recovery point has no disk at LUN {lun}; it holds LUN {_listed(held)}"
            )
    return wanted


def _selection(point: Row[Any], luns: list[int] | None) -> Targets:
    """Name the disks where not all of them are concerned, as the job shows them."""
    disks = point.disks["disks"]
    if luns is None and not disk_selection.excluded(disks):
        return {}
    return {
        "restored": [disk["name"] for disk in disk_selection.restored(disks, luns)],
        "backed_up": [disk["name"] for disk in disk_selection.included(disks)],
    }


def _listed(luns: list[int]) -> str:
    return ", ".join(f"{lun} (the OS disk)" if lun == OS_LUN else str(lun) for lun in luns)


# --- disks -------------------------------------------------------------------------------


def _group_for_disks(
    call: Call, vault: Row[Any], point: Row[Any], asked: RestoreRequest
) -> str | None:
    """Return the group to make managed disks in; without one there will be VHDs."""
    if asked.target_resource_group_id:
        return _target_group(call, vault, point, asked)
    if asked.restore_with_managed_disks:
        raise invalid_input(
            "properties.targetResourceGroupId",
            "is required with restoreWithManagedDisks true: name a resource group",
        )
    return None


def _target_group(call: Call, vault: Row[Any], point: Row[Any], asked: RestoreRequest) -> str:
    field = "properties.targetResourceGroupId"
    sent = asked.target_resource_group_id or ""
    found = parse_group(sent)
    if found is None:
        raise invalid_input(field, f"'{sent}' is not a resource group's id; one is required")
    if _is_elsewhere(call, sent):
        restore_choices.check_other_subscription(vault, point, field)
    group_id: str = get_group(call.connection, *found).id
    return group_id


# --- a new VM ----------------------------------------------------------------------------


def _new_vm(
    call: Call, vault: Row[Any], point: Row[Any], asked: RestoreRequest, region: str
) -> Targets:
    group = _target_group(call, vault, point, asked)
    field = "properties.targetVirtualMachineId"
    vm = named(asked.target_virtual_machine_id, field, VM_TYPE, "virtual machine")
    inside = f"{group}/providers/{VM_TYPE}/{vm.name}"
    if vm.folded != inside.lower():
        raise invalid_input(field, f"'{vm.text}' must be in the target resource group '{group}'")
    if _VM_NAME.fullmatch(vm.name) is None:
        raise invalid_input(field, f"'{vm.name}' is no name of a virtual machine")
    if attachments.find(call.connection, vm.folded) is not None:
        raise _as_job_error(TARGET_VM_EXISTS, field, f"'{vm.name}' exists in '{group}'")
    subnet = _subnet(call, asked, region)
    return {"target_group": group, "target_vm": inside, "subnet": subnet.id}


def _subnet(call: Call, asked: RestoreRequest, region: str) -> networks.Subnet:
    field = "properties.virtualNetworkId"
    wanted = named(asked.virtual_network_id, field, VNET_TYPE, "virtual network")
    network = get(call, wanted, VNET_TYPE)
    if network.location != region:
        raise invalid_input(
            field, f"'{network.name}' is in '{network.location}', the restore goes to '{region}'"
        )
    field = "properties.subnetId"
    sent = asked.subnet_id or ""
    parsed = parse_subnet(sent)
    if parsed is None or parsed[0].folded != network.folded:
        raise invalid_input(
            field, f"'{sent}' is not the id of a subnet of '{network.id}'; one is required"
        )
    subnet = networks.find_subnet(call.connection, sent)
    if subnet is None:
        raise not_there(f"{VNET_TYPE}/subnets", f"{network.name}/{parsed[1]}", wanted.group)
    return subnet


# --- the same VM -------------------------------------------------------------------------


def _same_vm(call: Call, item: Row[Any]) -> Targets:
    field = "properties.recoveryType"
    vm = attachments.find(call.connection, item.source_id)
    if vm is None:
        raise invalid(
            VM_NOT_FOUND,
            f"{field}: the VM '{item.source_id}' does not exist; restore to an alternate location.",
            target=field,
        )
    if vm.hidden["power_state"] == attachments.RUNNING:
        raise _as_job_error(VM_NOT_SHUT_DOWN, field, f"'{vm.name}' is running")
    return {"target_group": vm.id.partition("/providers/")[0], "target_vm": vm.id}


def _refuse_selected(point: Row[Any], asked: RestoreRequest) -> None:
    """Of a VM in parts only disks can be restored (Microsoft: selective disk restore)."""
    if asked.restore_disk_lun_list is not None:
        raise invalid_input(
            "properties.restoreDiskLunList", f"is only allowed with recoveryType {DISKS}"
        )
    left_out = disk_selection.excluded(point.disks["disks"])
    if left_out:
        names = ", ".join(f"'{disk['name']}' (LUN {disk['lun']})" for disk in left_out)
        raise conflict(
            "UserErrorSelectiveDiskBackupRestoreNotSupported",
            f"properties.recoveryType: {asked.recovery_type} is not possible, as disks were "
            f"excluded from this backup: {names}. Restore its disks instead.",
            target="properties.recoveryType",
        )


def _as_job_error(code: str, field: str, because: str) -> Refused:
    """Refuse at once what would fail the job at its end."""
    error = ERRORS[code]
    advice = " ".join(error.recommendations)
    return conflict(code, f"{field}: {because}. {error.message}. {advice}", target=field)
