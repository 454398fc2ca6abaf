"""Protected items: enable, show, list, change policy, stop, resume, delete, undelete.

One PUT does most of it; what it means follows from its body and the item's state
(azure-cli-wire 5, azure-backup-semantics 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy import Row, select

from ...arm import async_operations, filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit, size
from ...domain.critical_operations import DELETE_ITEM, STOP_AND_RETAIN
from ...domain.errors import conflict, invalid, invalid_input, not_emulated
from ...domain.jobs import Operation, ProtectionState
from ...domain.policies import Policy, read
from ...domain.vault_settings import soft_delete_days
from ...engine import jobs, operations, protection
from ...store import room
from ...store.tables import items, policies
from ...store.vaults import item_not_found, note_protection, policy_of_id
from ...workloads.azure_file_share import AZURE_FILE_SHARE
from ...workloads.azure_vm import AZURE_VM
from ...workloads.hana_in_vm import HANA_IN_VM
from ...workloads.sql_in_vm import SQL_IN_VM
from ...workloads.table import WORKLOADS, of_item_type
from ...workloads.workload import Workload
from .. import multi_user_authorization
from . import database_protection, immutable_data, item_filters, share_protection, vm_protection
from .candidates import Candidate
from .item_documents import facts_of, policy_name_of, render, show
from .paths import ITEM, VAULT, Named, find_named, item_id, item_of, named_by, vault_of
from .protected_item_bodies import ProtectedItemBody, ProtectedItemProperties

TAG = "Protected items"


class Protection(Protocol):
    """What one workload asks for before its items are changed; each raises ``Refused``."""

    def candidate(
        self,
        call: Call,
        vault: Row[Any],
        named: Named,
        asked: ProtectedItemProperties,
        policy: Policy,
        /,
    ) -> Candidate:
        """Return what is to be protected under a policy."""

    def prepare_change(
        self,
        call: Call,
        vault: Row[Any],
        item: Row[Any],
        asked: ProtectedItemProperties,
        policy: Policy,
        /,
    ) -> None:
        """Make an item ready for a policy."""

    def check_return(self, call: Call, vault: Row[Any], item: Row[Any], /) -> None:
        """Refuse to undelete an item that has no place here any more."""


_PROTECTIONS: Mapping[str, Protection] = {
    AZURE_VM.name: vm_protection,
    AZURE_FILE_SHARE.name: share_protection,
    SQL_IN_VM.name: database_protection,
    HANA_IN_VM.name: database_protection,
}


def _of(workload: str) -> Protection:
    return _PROTECTIONS[workload]


@endpoint(
    "PUT",
    ITEM,
    "ProtectedItems_CreateOrUpdate",
    tag=TAG,
    body=ProtectedItemBody,
    statuses=(202,),
)
def create_or_update(call: Call, body: ProtectedItemBody) -> Answer:
    """Protect a VM, a share or a database, change its policy, stop, resume, or undelete it."""
    vault = vault_of(call)
    named = named_by(call)
    asked = body.properties
    _check_type(named, asked)
    item = find_named(call, vault, named)
    if item is None:
        return _enable(call, vault, named, asked)
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


def _check_type(named: Named, asked: ProtectedItemProperties) -> None:
    """Refuse another kind of item than the container holds, if any is named."""
    sent = asked.protected_item_type
    if sent is None:
        return
    field = "properties.protectedItemType"
    workload = of_item_type(sent)
    if workload is None:
        known = " or ".join(each.item_type for each in WORKLOADS.values())
        raise not_emulated(field, f"'{sent}'; send {known}")
    if workload is not named.workload:
        raise invalid_input(field, f"'{sent}' must be {named.workload.item_type} in this container")


def _enable(call: Call, vault: Row[Any], named: Named, asked: ProtectedItemProperties) -> Answer:
    if asked.is_rehydrate or asked.protection_state == ProtectionState.STOPPED:
        raise item_not_found(call.path["protectedItemName"])
    policy_key, policy = _policy(call, vault, named.workload, asked)
    found = _of(named.workload.name).candidate(call, vault, named, asked, policy)
    room.for_item(call.connection, call.rules.limits, vault, named.workload.name)
    _check_configuration(call, vault, named.workload.name, policy_key)
    item = protection.enable(
        call.connection,
        call.rules,
        vault_key=vault.key,
        name=found.name,
        source=found.source,
        policy_key=policy_key,
        policy=policy,
        exclusion=found.exclusion,
        source_id=found.source_id,
        now=call.now,
    )
    note_protection(call.connection, vault)
    detail = {"policy_name": policy_name_of(call, item)}
    return _accepted(call, vault, item, Operation.CONFIGURE_BACKUP, detail)


def _check_configuration(
    call: Call, vault: Row[Any], workload: str, policy_key: int, item: Row[Any] | None = None
) -> None:
    """Refuse to put an item under a policy that has no room, or once too often in a day."""
    if item is None or item.policy_key != policy_key:
        room.for_item_under(call.connection, call.rules.limits, policy_key, workload)
    room.for_configuration(call.connection, call.rules.limits, vault, call.now)


def _policy(
    call: Call, vault: Row[Any], workload: Workload, asked: ProtectedItemProperties
) -> tuple[int, Policy]:
    if not asked.policy_id:
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"properties.policyId: is required, such as {vault.id}/backupPolicies/DefaultPolicy.",
            target="properties.policyId",
        )
    stored = policy_of_id(call.connection, vault, asked.policy_id)
    policy = read(stored.document)
    if policy is None or policy.workload != workload.name:
        raise invalid(
            "BMSUserErrorInvalidConfigureProtectionRequest",
            f"properties.policyId: '{stored.name}' is an {_kind_of(stored.document)}; the policy "
            "type should match with the workload being protected, so send one of "
            f"{workload.management_type} of {workload.name}.",
            target="properties.policyId",
        )
    return stored.key, policy


def _kind_of(document: dict[str, Any]) -> str:
    kind = document["backupManagementType"]
    return f"{kind} policy of {document.get('workLoadType', AZURE_VM.name)}"


def _undelete(
    call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties
) -> Answer:
    if not asked.is_rehydrate:
        raise conflict(
            "BMSUserErrorItemSoftDeleted",
            f"'{item.friendly_name}' is soft-deleted in this vault; undelete it first with "
            "properties.isRehydrate true, then resume its protection.",
        )
    _of(item.workload).check_return(call, vault, item)
    room.for_item(call.connection, call.rules.limits, vault, item.workload)
    protection.undelete(call.connection, call.rules, item, call.now)
    return _accepted(call, vault, item, Operation.UNDELETE, {})


def _stop(call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties) -> Answer:
    suspend = asked.protection_state == ProtectionState.SUSPENDED
    if not suspend:
        requests = asked.resource_guard_operation_requests
        multi_user_authorization.permit(call, vault, STOP_AND_RETAIN, requests)
    keep = suspend and _names_own_policy(call, vault, item, asked)
    name = policy_name_of(call, item) if keep else ""
    protection.stop(call.connection, item, call.now, keep_per_policy=suspend, keep_policy=keep)
    return _accepted(call, vault, item, Operation.DISABLE_BACKUP, {"policy_name": name})


def _names_own_policy(
    call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties
) -> bool:
    """Tell whether a suspension names the item's policy, which then stays; azurerm does."""
    if not asked.policy_id:
        return False
    if policy_of_id(call.connection, vault, asked.policy_id).key != item.policy_key:
        raise invalid_input(
            "properties.policyId", "must be the policy of this item, or empty to give it up"
        )
    return True


def _use_policy(
    call: Call, vault: Row[Any], item: Row[Any], asked: ProtectedItemProperties
) -> Answer:
    if asked.policy_id is None and item.policy_key is not None:
        key: int = item.policy_key
        stored = call.connection.execute(select(policies).where(policies.c.key == key)).one()
        policy = read(stored.document)
        assert policy is not None, "an item is only ever under a policy that runs"
    else:
        key, policy = _policy(call, vault, WORKLOADS[item.workload], asked)
    _of(item.workload).prepare_change(call, vault, item, asked, policy)
    requests = asked.resource_guard_operation_requests
    multi_user_authorization.permit_policy_of_item(call, vault, item, key, requests)
    _check_configuration(call, vault, item.workload, key, item)
    immutable_data.check_policy_of_item(call, vault, item, key)
    days = soft_delete_days(vault.properties)
    protection.use_policy(
        call.connection, call.rules, item, key, policy, call.now, soft_delete_days=days
    )
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
    item = find_named(call, vault, named_by(call))
    if item is None or item.deleted_at is not None:
        return Answer(204)
    multi_user_authorization.permit_deletion(call, vault, DELETE_ITEM, item_id(vault, item))
    immutable_data.check_deletion(call, vault, item)
    job_id, ends_at = jobs.start(
        call.connection,
        call.rules,
        item,
        Operation.DELETE_BACKUP_DATA,
        call.now,
        activity_id=call.client_request_id,
        detail={},
    )
    days = soft_delete_days(vault.properties)
    protection.delete(call.connection, call.rules, item, call.now, soft_delete_days=days)
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
