"""What could be protected: the VMs of a vault's subscription and region that are not yet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, exists, false, or_, select

from ...arm import filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain.jobs import ProtectionState
from ...domain.resource_ids import VAULT_TYPE, VM_TYPE, ResourceId, parse
from ...store.tables import items, resources
from ...workloads import azure_vm
from . import vocabulary
from .paths import FABRIC_NAME, VAULT, vault_of

TAG = "Protectable items"
KEYS = ("backupManagementType", "workloadType", "containerName", "friendlyName", "status")


@endpoint(
    "GET",
    f"{VAULT}/backupProtectableItems",
    "BackupProtectableItems_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_(call: Call) -> Answer:
    """List the VMs that could be protected here: same subscription and region, in no vault."""
    vault = vault_of(call)
    start = after(call, str)
    found = (
        select(resources)
        .where(
            resources.c.type_folded == VM_TYPE.lower(),
            # Everything in the subscription: "0" is the letter after "/".
            resources.c.folded > f"/subscriptions/{call.subscription.lower()}/",
            resources.c.folded < f"/subscriptions/{call.subscription.lower()}0",
            resources.c.location == vault.location,
            ~exists(
                select(items.c.key).where(
                    items.c.source_folded == resources.c.folded,
                    # What another vault has stopped or soft-deleted may be protected here.
                    or_(
                        items.c.state.not_in(ProtectionState.RESUMABLE),
                        items.c.vault_key == vault.key,
                    ),
                )
            ),
            *_matching(call),
        )
        .order_by(resources.c.folded)
    )
    if start is not None:
        found = found.where(resources.c.folded > start[0])
    rows = call.connection.execute(found.limit(row_limit(call))).all()
    return page(call, rows, lambda vm: _render(vault, vm), lambda vm: [vm.folded])


def _matching(call: Call) -> list[ColumnElement[bool]]:
    """Return the conditions that ``$filter`` puts on VMs. Raises ``Refused``."""
    terms = filters.read(call.query.get("$filter"), KEYS)
    where: list[ColumnElement[bool]] = []
    if "friendlyName" in terms:
        suffix = f"/{terms['friendlyName'].lower()}"
        where.append(resources.c.folded.endswith(suffix, autoescape=True))
    if "containerName" in terms:
        name = azure_vm.parse_container(terms["containerName"])
        vm = name and ResourceId(call.subscription, name.group, VM_TYPE, name.vm).folded
        where.append(resources.c.folded == (vm or ""))
    status = filters.one_of(terms, "status", vocabulary.PROTECTION_STATUSES)
    if status not in (None, "NotProtected") or not vocabulary.asks_for_vms(terms):
        where.append(false())
    return where


def _render(vault: Row[Any], vm: Row[Any]) -> dict[str, Any]:
    vm_id = parse(vm.id)
    assert vm_id is not None, "stored ids are well formed"
    name = azure_vm.name_of(vm_id.group, vm_id.name)
    container = f"{vault.id}/backupFabrics/{FABRIC_NAME}/protectionContainers/{name.container}"
    return {
        # The id's last part has the prefix, the name has not: so the service spells it.
        "id": f"{container}/protectableItems/vm;{name.short}",
        "name": name.short,
        "type": f"{VAULT_TYPE}/backupFabrics/protectionContainers/protectableItems",
        "properties": {
            "virtualMachineId": vm.id,
            "virtualMachineVersion": "Compute",
            "resourceGroup": vm_id.group,
            "backupManagementType": "AzureIaasVM",
            "workloadType": "VM",
            "protectableItemType": VM_TYPE,
            "friendlyName": vm.name,
            "protectionState": "NotProtected",
        },
    }


ENDPOINTS = (list_,)
