"""Protected items: enable, show, list, change policy, stop, resume, delete, undelete.

One PUT does most of it; what it means follows from its body and the item's state
(azure-cli-wire 5, azure-backup-semantics 3.3).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, select

from ...arm import async_operations, examples, filters
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit, size
from ...arm.words import Word
from ...domain.critical_operations import DELETE_ITEM, STOP_AND_RETAIN
from ...domain.disk_selection import HIGHEST_LUN, OS_LUN
from ...domain.errors import conflict, invalid, invalid_input, not_emulated
from ...domain.jobs import Operation, ProtectionState
from ...domain.policies import ENHANCED, STANDARD, VmPolicy, read_vm
from ...domain.resource_ids import normal_location, parse
from ...engine import jobs, operations, protection, sources
from ...store import room
from ...store.tables import disk_sets, items, policies, recovery_points, vaults
from ...store.vaults import find_item, item_not_found, policy_of_id
from ...workloads import azure_vm
from .. import multi_user_authorization
from . import item_filters
from .item_documents import facts_of, policy_name_of, render, show
from .paths import ITEM, VAULT, item_id, item_of, vault_of, vm_name_of

TAG = "Protected items"


class DiskExclusion(Body):
    """Which data disks are backed up, by LUN; -1, the OS disk, always is."""

    disk_lun_list: list[Annotated[int, Field(ge=OS_LUN, le=HIGHEST_LUN)]] = Field(
        default_factory=list, max_length=65, examples=[[0, 1]]
    )
    is_inclusion_list: bool


class ItemExtendedProperties(Body):
    """What is asked of an item beyond its policy; sent without an exclusion it undoes it."""

    disk_exclusion_properties: DiskExclusion | None = None
    linux_vm_application_name: str | None = Field(None, max_length=260)


class ProtectedItemProperties(Body):
    """What is asked of an item."""

    protected_item_type: str = Field(
        azure_vm.PROTECTED_ITEM_TYPE, examples=[azure_vm.PROTECTED_ITEM_TYPE]
    )
    source_resource_id: str | None = Field(
        None,
        max_length=400,
        examples=[
            "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/group-1"
            "/providers/Microsoft.Compute/virtualMachines/vm-1"
        ],
    )
    policy_id: str | None = Field(None, max_length=600)
    protection_state: Annotated[
        Literal[
            "IRPending",
            "Protected",
            "ProtectionError",
            "ProtectionStopped",
            "ProtectionPaused",
            "BackupsSuspended",
            "Invalid",
        ]
        | None,
        Word(
            "IRPending",
            "Protected",
            "ProtectionError",
            "ProtectionStopped",
            "ProtectionPaused",
            "BackupsSuspended",
            "Invalid",
        ),
    ] = None
    is_rehydrate: bool | None = None
    extended_properties: ItemExtendedProperties | None = None
    resource_guard_operation_requests: list[str] | None = Field(None, max_length=100)


class ProtectedItemBody(Body):
    """A protected item."""

    EXAMPLE = {
        "properties": {
            "protectedItemType": azure_vm.PROTECTED_ITEM_TYPE,
            "sourceResourceId": examples.VM_ID,
            "policyId": examples.POLICY_ID,
        }
    }

    properties: ProtectedItemProperties


@endpoint(
    "PUT",
    ITEM,
    "ProtectedItems_CreateOrUpdate",
    tag=TAG,
    body=ProtectedItemBody,
    statuses=(202,),
)
def create_or_update(call: Call, body: ProtectedItemBody) -> Answer:
    """Protect a VM, change its policy, stop, suspend or resume its protection, or undelete it."""
    vault = vault_of(call)
    name = vm_name_of(call)
    asked = body.properties
    _refuse_what_is_not_emulated(asked)
    item = find_item(call.connection, vault.key, name.item.lower())
    if item is None:
        return _enable(call, vault, name, asked)
    if item.deleted_at is not None:
        return _undelete(call, vault, item, asked)
    if asked.is_rehydrate:
        raise conflict(
            "BMSUserErrorItemNotSoftDeleted",
            f"properties.isRehydrate: '{item.friendly_name}' is not soft-deleted.",
        )
    if asked.protection_state in ProtectionState.RESUMABLE:
        # azurerm sends the whole item back: a policy on one that is stopped already resumes it.
        if asked.policy_id and item.state == asked.protection_state:
            return _use_policy(call, vault, item, asked)
        return _stop(call, vault, item, asked)
    if asked.policy_id == "":
        return _stop(call, vault, item, asked)
    return _use_policy(call, vault, item, asked)


def _refuse_what_is_not_emulated(asked: ProtectedItemProperties) -> None:
    kind = asked.protected_item_type.lower()
    if kind not in (azure_vm.PROTECTED_ITEM_TYPE.lower(), "azureiaasvmprotecteditem"):
        raise not_emulated(
            "properties.protectedItemType",
            f"'{asked.protected_item_type}'; send {azure_vm.PROTECTED_ITEM_TYPE}",
        )
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


def _enable(
    call: Call, vault: Row[Any], name: azure_vm.VmName, asked: ProtectedItemProperties
) -> Answer:
    if asked.is_rehydrate or asked.protection_state == ProtectionState.STOPPED:
        raise item_not_found(name.item)
    policy_key, policy = _policy(call, vault, asked)
    source = _source(call, vault, name, asked)
    _check_security(call, source, policy)
    _refuse_second_vault(call, vault, source.id, source.name)
    room.for_item(call.connection, call.rules.limits, vault)
    _check_configuration(call, vault, policy_key)
    item = protection.enable(
        call.connection,
        call.rules,
        vault_key=vault.key,
        name=name,
        source=source,
        policy_key=policy_key,
        policy=policy,
        exclusion=_exclusion(asked),
        now=call.now,
    )
    _note_first_item(call, vault)
    detail = {"policy_name": policy_name_of(call, item)}
    return _accepted(call, vault, item, Operation.CONFIGURE_BACKUP, detail)


def _check_configuration(
    call: Call, vault: Row[Any], policy_key: int, item: Row[Any] | None = None
) -> None:
    """Refuse to put an item under a policy that has no room, or once too often in a day."""
    if item is None or item.policy_key != policy_key:
        room.for_item_under(call.connection, call.rules.limits, policy_key)
    room.for_configuration(call.connection, call.rules.limits, vault, call.now)


def _policy(call: Call, vault: Row[Any], asked: ProtectedItemProperties) -> tuple[int, VmPolicy]:
    if not asked.policy_id:
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"properties.policyId: is required, such as {vault.id}/backupPolicies/DefaultPolicy.",
            target="properties.policyId",
        )
    stored = policy_of_id(call.connection, vault, asked.policy_id)
    policy = read_vm(stored.document)
    if policy is None:
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"properties.policyId: '{stored.name}' is an "
            f"{stored.document['backupManagementType']} policy; the policy type should match with "
            "the workload being protected, so send one of AzureIaasVM.",
            target="properties.policyId",
        )
    return stored.key, policy


def _source(
    call: Call, vault: Row[Any], name: azure_vm.VmName, asked: ProtectedItemProperties
) -> sources.Source:
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
    source = sources.find(call.connection, vm_id.text)
    if source is None:
        raise invalid(
            "UserErrorVmNotFoundV2", f"{field}: the VM '{sent}' does not exist.", target=field
        )
    if normal_location(source.location) != vault.location:
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"{field}: the VM is in '{source.location}', the vault in '{vault.location}'; "
            "both must be in one region.",
            target=field,
        )
    return source


STANDARD_POLICY_TAKES_TRUSTED_LAUNCH = "2025-01-01"
"""The first api-version under which Azure protects Trusted Launch VMs by Standard policies."""


def _check_security(
    call: Call, source: sources.Source, policy: VmPolicy, item: Row[Any] | None = None
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


def _check_kind(item: Row[Any], policy: VmPolicy) -> None:
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


def _note_first_item(call: Call, vault: Row[Any]) -> None:
    if vault.properties.get("backupStorageVersion") == "V2":
        return
    call.connection.execute(
        vaults.update()
        .where(vaults.c.key == vault.key)
        .values(properties=vault.properties | {"backupStorageVersion": "V2"})
    )


def _undelete(
    call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties
) -> Answer:
    if not asked.is_rehydrate:
        raise conflict(
            "BMSUserErrorItemSoftDeleted",
            f"'{item.friendly_name}' is soft-deleted in this vault; undelete it first with "
            "properties.isRehydrate true, then resume its protection.",
        )
    _refuse_second_vault(call, vault, item.source_id, item.friendly_name)
    room.for_item(call.connection, call.rules.limits, vault)
    protection.undelete(call.connection, item)
    return _accepted(call, vault, item, Operation.UNDELETE, {})


def _stop(call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties) -> Answer:
    suspend = asked.protection_state == ProtectionState.SUSPENDED
    if not suspend:
        requests = asked.resource_guard_operation_requests
        multi_user_authorization.permit(call, vault, STOP_AND_RETAIN, requests)
    protection.stop(call.connection, item, call.now, keep_per_policy=suspend)
    return _accepted(call, vault, item, Operation.DISABLE_BACKUP, {"policy_name": ""})


def _use_policy(
    call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties
) -> Answer:
    if asked.source_resource_id and asked.source_resource_id.lower() != item.source_folded:
        raise invalid_input(
            "properties.sourceResourceId", f"must be '{item.source_id}', the VM of this item"
        )
    if asked.policy_id is None and item.policy_key is not None:
        key: int = item.policy_key
        stored = call.connection.execute(select(policies).where(policies.c.key == key)).one()
        policy = read_vm(stored.document)
        assert policy is not None, "an item is only ever under a policy that runs"
    else:
        key, policy = _policy(call, vault, asked)
    _check_kind(item, policy)
    _refuse_second_vault(call, vault, item.source_id, item.friendly_name)
    requests = asked.resource_guard_operation_requests
    multi_user_authorization.permit_policy_of_item(call, vault, item, key, requests)
    source = sources.find(call.connection, item.source_id)
    if source is not None:
        _check_security(call, source, policy, item)
    _check_configuration(call, vault, key, item)
    # Azure forgets the choice of disks when protection is stopped and resumed.
    if asked.extended_properties is not None or item.state in ProtectionState.RESUMABLE:
        protection.choose_disks(call.connection, call.rules, item, _exclusion(asked))
    protection.use_policy(call.connection, call.rules, item, key, policy, call.now)
    item = protection.get(call.connection, item.key)
    detail = {"policy_name": policy_name_of(call, item)}
    return _accepted(call, vault, item, Operation.CONFIGURE_BACKUP, detail)


@endpoint("GET", ITEM, "ProtectedItems_Get", tag=TAG, query=("$filter",))
def get(call: Call) -> Answer:
    """Show a protected item, soft-deleted or not; it always has its extendedInfo."""
    terms = filters.read(call.query.get("$filter"), ("expand",))
    filters.one_of(terms, "expand", ("extendedInfo",))
    vault, item = item_of(call)
    return Answer(body=show(call, vault, item))


@endpoint("DELETE", ITEM, "ProtectedItems_Delete", tag=TAG, statuses=(202, 204))
def delete(call: Call) -> Answer:
    """Stop protection and delete the data: soft-deleted if the vault does that."""
    vault = vault_of(call)
    name = vm_name_of(call)
    item = find_item(call.connection, vault.key, name.item.lower())
    if item is None or item.deleted_at is not None:
        return Answer(204)
    multi_user_authorization.permit_deletion(call, vault, DELETE_ITEM, item_id(vault, item))
    soft = vault.properties["securitySettings"]["softDeleteSettings"]
    days = 0 if soft["softDeleteState"] == "Disabled" else soft["softDeleteRetentionPeriodInDays"]
    job_id, ends_at = jobs.start(
        call.connection,
        call.rules,
        item,
        Operation.DELETE_BACKUP_DATA,
        call.now,
        activity_id=call.client_request_id,
        detail={},
    )
    protection.delete(call.connection, item, call.now, soft_delete_days=days)
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind="item-delete",
        now=call.now,
        ends_at=ends_at,
        job_id=job_id,
    )
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{vault.id}/backupOperations",
        result_path=f"{vault.id}/backupOperationResults",
    )


@endpoint(
    "GET",
    f"{VAULT}/backupProtectedItems",
    "BackupProtectedItems_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
    secondary_twin=True,
)
def list_(call: Call) -> Answer:
    """List a vault's protected items, soft-deleted ones included."""
    vault = vault_of(call)
    found = (
        select(items, policies.c.name.label("policy_name"))
        .outerjoin(policies, policies.c.key == items.c.policy_key)
        .where(items.c.vault_key == vault.key, *item_filters.matching(call, vault))
        .order_by(items.c.folded_name)
    )
    start = after(call, str)
    if start is not None:
        found = found.where(items.c.folded_name > start[0])
    rows = call.connection.execute(found.limit(row_limit(call))).all()
    facts = facts_of(call, [row.key for row in rows[: size(call)]])
    return page(
        call,
        rows,
        lambda row: render(call, vault, row, row.policy_name or "", facts[row.key]),
        lambda row: [row.folded_name],
    )


def _accepted(
    call: Call, vault: Row[Any], item: Row[Any], operation: str, detail: dict[str, Any]
) -> Answer:
    """Start the job that the service shows for a change, and answer that it has begun."""
    job_id, ends_at = jobs.start(
        call.connection,
        call.rules,
        item,
        operation,
        call.now,
        activity_id=call.client_request_id,
        detail=detail,
    )
    return item_accepted(call, vault, item, operation, job_id=job_id, ends_at=ends_at)


def item_accepted(
    call: Call,
    vault: Row[Any],
    item: Row[Any],
    kind: str,
    *,
    ends_at: int,
    job_id: str | None = None,
    operation_id: str | None = None,
    outcome: dict[str, Any] | None = None,
) -> Answer:
    """Begin an operation on an item and answer that it has begun."""
    begun = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind=kind,
        now=call.now,
        ends_at=ends_at,
        job_id=job_id,
        operation_id=operation_id,
        outcome=outcome,
    )
    path = item_id(vault, item)
    return async_operations.accepted(
        call,
        begun,
        status_path=f"{path}/operationsStatus",
        result_path=f"{path}/operationResults",
    )


ENDPOINTS = (create_or_update, get, delete, list_)
