"""What could be protected: the VMs of a vault's subscription and region that are not yet, the
shares that it knows of registered storage accounts, and the databases of registered VMs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, or_, select

from ...arm import filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain.jobs import ProtectionState
from ...domain.resource_ids import VM_TYPE, ResourceId, parse
from ...store.container_tables import containers
from ...store.containers import KNOWN_SHARES
from ...store.metadata import Document
from ...store.resource_tables import resources
from ...store.tables import items
from ...workloads import azure_vm
from ...workloads.azure_file_share import AZURE_FILE_SHARE, ShareName, parse_account
from ...workloads.azure_vm import AZURE_VM
from ...workloads.sql_in_vm import SQL_IN_VM
from . import vocabulary
from .paths import VAULT, container_id, vault_of
from .protectable_databases import (
    INSTANCE,
    PROTECTABLE_TYPE,
    Part,
    parts,
    render_protectable,
)
from .vm_containers import PARTS

TAG = "Protectable items"
KEYS = ("backupManagementType", "workloadType", "containerName", "friendlyName", "status")
Terms = Mapping[str, str]


@endpoint(
    "GET",
    f"{VAULT}/backupProtectableItems",
    "BackupProtectableItems_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_(call: Call) -> Answer:
    """List the VMs, file shares and databases that could be protected here, and are nowhere.

    VMs are those of the same subscription and region; shares are the SMB shares that were in a
    registered storage account when it was last inquired, databases those in a registered VM, with
    their servers.
    """
    vault = vault_of(call)
    terms = filters.read(call.query.get("$filter"), KEYS)
    start = after(call, str)
    rows: list[Row[Any] | Part] = []
    asked = _asked(terms)
    for found in _kinds(call, vault, terms, asked):
        some = found.where(_is_free(vault), *_named(terms))
        if start is not None:
            some = some.where(resources.c.folded > start[0])
        some = some.order_by(resources.c.folded).limit(row_limit(call))
        rows += call.connection.execute(some).all()
    rows += [
        part
        for part in (parts(call, vault, terms) if asked & set(PARTS) else ())
        if _is_asked(part, asked, terms) and (start is None or part.folded > start[0])
    ]
    rows = sorted(rows, key=lambda row: str(row.folded))[: row_limit(call)]
    return page(call, rows, lambda row: _render(vault, row), lambda row: [row.folded])


def _asked(terms: Terms) -> set[str]:
    """Return the workloads that a ``$filter`` asks for, by name. Raises ``Refused``."""
    status = filters.one_of(terms, "status", vocabulary.PROTECTION_STATUSES)
    asked = {each.name for each in vocabulary.wanted(terms)}
    if status not in (None, "NotProtected"):
        return set()
    kind = filters.one_of(terms, "backupManagementType", vocabulary.MANAGEMENT_TYPES)
    if _wants_instances(terms) and kind in (None, SQL_IN_VM.management_type):
        asked.add(SQL_IN_VM.name)
    return asked


def _wants_instances(terms: Terms) -> bool:
    return terms.get("workloadType", "").lower() == INSTANCE.lower()


def _is_asked(part: Part, asked: set[str], terms: Terms) -> bool:
    if part.is_protected or part.container.workload not in asked:
        return False
    return part.kind == INSTANCE or not _wants_instances(terms)


def _kinds(call: Call, vault: Row[Any], terms: Terms, asked: set[str]) -> list[Select[Any]]:
    """Return the queries of what resources stand for and a ``$filter`` asks for."""
    found = []
    if AZURE_VM.name in asked:
        found.append(_vms(call, vault, terms))
    if AZURE_FILE_SHARE.name in asked:
        found.append(_shares(vault, terms))
    return found


def _vms(call: Call, vault: Row[Any], terms: Terms) -> Select[Any]:
    found = select(resources).where(
        resources.c.type_folded == VM_TYPE.lower(),
        # Everything in the subscription: "0" is the letter after "/".
        resources.c.folded > f"/subscriptions/{call.subscription.lower()}/",
        resources.c.folded < f"/subscriptions/{call.subscription.lower()}0",
        resources.c.location == vault.location,
    )
    if "containerName" in terms:
        name = azure_vm.parse_container(terms["containerName"])
        vm = name and ResourceId(call.subscription, name.group, VM_TYPE, name.vm).folded
        found = found.where(resources.c.folded == (vm or ""))
    return found


def _shares(vault: Row[Any], terms: Terms) -> Select[Any]:
    found = (
        select(resources, containers.c.name.label("container"), containers.c.source_id)
        .select_from(containers)
        .join(resources, KNOWN_SHARES)
        .where(containers.c.vault_key == vault.key)
    )
    if "containerName" in terms:
        name = parse_account(terms["containerName"])
        found = found.where(containers.c.folded_name == (name.container.lower() if name else ""))
    return found


def _is_free(vault: Row[Any]) -> ColumnElement[bool]:
    return ~exists(
        select(items.c.key).where(
            items.c.source_folded == resources.c.folded,
            # What another vault has stopped or soft-deleted may be protected here.
            or_(
                items.c.state.not_in(ProtectionState.RESUMABLE),
                items.c.vault_key == vault.key,
            ),
        )
    )


def _named(terms: Terms) -> list[ColumnElement[bool]]:
    if "friendlyName" not in terms:
        return []
    return [func.lower(resources.c.name) == terms["friendlyName"].lower()]


def _render(vault: Row[Any], row: Row[Any] | Part) -> Document:
    if isinstance(row, Part):
        return render_protectable(vault, row)
    return _render_share(vault, row) if "container" in row._fields else _render_vm(vault, row)


def _render_share(vault: Row[Any], share: Row[Any]) -> Document:
    account = parse_account(share.container)
    assert account is not None, "registered containers are well named"
    name = ShareName(account, share.id).item.lower()
    # The CLI looks for the container's name in lower case here.
    container = container_id(vault, share.container.lower())
    return {
        "id": f"{container}/protectableItems/{name}",
        "name": name,
        "type": PROTECTABLE_TYPE,
        "properties": {
            "parentContainerFabricId": share.source_id,
            "parentContainerFriendlyName": account.account,
            "azureFileShareType": "XSMB",
            "backupManagementType": AZURE_FILE_SHARE.management_type,
            "workloadType": AZURE_FILE_SHARE.name,
            "protectableItemType": AZURE_FILE_SHARE.name,
            "friendlyName": share.name,
            "protectionState": "NotProtected",
        },
    }


def _render_vm(vault: Row[Any], vm: Row[Any]) -> Document:
    vm_id = parse(vm.id)
    assert vm_id is not None, "stored ids are well formed"
    name = azure_vm.name_of(vm_id.group, vm_id.name)
    return {
        # The id's last part has the prefix, the name has not: so the service spells it.
        "id": f"{container_id(vault, name.container)}/protectableItems/vm;{name.short}",
        "name": name.short,
        "type": PROTECTABLE_TYPE,
        "properties": {
            "virtualMachineId": vm.id,
            "virtualMachineVersion": "Compute",
            "resourceGroup": vm_id.group,
            "backupManagementType": AZURE_VM.management_type,
            "workloadType": AZURE_VM.name,
            "protectableItemType": VM_TYPE,
            "friendlyName": vm.name,
            "protectionState": "NotProtected",
        },
    }


ENDPOINTS = (list_,)
