"""Backup policies: create, get, list and delete (azure-cli-wire 4.4, terraform-wire 2.3 to 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from ...arm import async_operations, filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...domain import ids
from ...domain.critical_operations import UPDATE_POLICY
from ...domain.documents import Document
from ...domain.errors import invalid
from ...domain.jobs import Operation
from ...domain.policies import read
from ...domain.policy_documents import DEFAULT_POLICIES, default_policies, policy
from ...domain.policy_weakening import weakened
from ...domain.resource_ids import VAULT_TYPE
from ...domain.vault_settings import soft_delete_days
from ...engine import critical_alerts, jobs, operations, protection
from ...store import room
from ...store.container_tables import protection_intents
from ...store.statements import Statement
from ...store.tables import items, policies
from ...store.vaults import find_policy, get_policy
from .. import multi_user_authorization
from . import immutable_data, vocabulary
from .paths import VAULT, vault_of
from .policy_bodies import PolicyBody

TAG = "Backup policies"
POLICIES = f"{VAULT}/backupPolicies"
POLICY = f"{POLICIES}/{{policyName}}"
POLICY_TYPE = f"{VAULT_TYPE}/backupPolicies"


@endpoint("PUT", POLICY, "ProtectionPolicies_CreateOrUpdate", tag=TAG, body=PolicyBody)
def create_or_update(call: Call, body: PolicyBody) -> Answer:
    """Create a policy, or edit one: the edit reaches every item under it and their points."""
    vault = vault_of(call)
    name = call.path["policyName"]
    stored = find_policy(call.connection, vault.key, name)
    document = document_of(name, body, stored.document if stored else None, call.now)
    if stored is None:
        room.for_policy(call.connection, call.rules.limits, vault)
        _note_change(call, vault)
        _insert(call, vault, name, document)
    elif stored.document != document:
        if weakened(stored.document, document):
            requests = body.properties.resource_guard_operation_requests
            multi_user_authorization.permit(call, vault, UPDATE_POLICY, requests)
        immutable_data.check_policy(call, vault, stored, document)
        _note_change(call, vault)
        started = _edit(call, vault, stored, document)
        return replace(show(call, vault, name), headers=_operation(call, vault, name, started))
    return show(call, vault, name)


def _note_change(call: Call, vault: Row[Any]) -> None:
    """Count a policy that is created or edited. Raises ``Refused`` if there were too many."""
    room.for_policy_change(call.connection, call.rules.limits, vault, call.now)
    room.note_policy_change(call.connection, vault, call.now)


def document_of(name: str, body: PolicyBody, stored: Document | None, now: int) -> Document:
    """Return what a PUT of a policy stores in place of ``stored``. Raises ``Refused``."""
    return policy(name, body.properties.wire(), stored, now)


def _insert(call: Call, vault: Row[Any], name: str, document: dict[str, Any]) -> None:
    call.connection.execute(
        insert(policies).values(
            key=ids.key(call.rules.seed, "policy", vault.key, name.lower()),
            vault_key=vault.key,
            folded_name=name.lower(),
            name=name,
            document=document,
            changed_at=call.now,
        )
    )


def _edit(call: Call, vault: Row[Any], stored: Row[Any], document: dict[str, Any]) -> list[str]:
    """Keep another document, bring what is under it up to it, and return the jobs' ids."""
    call.connection.execute(
        update(policies)
        .where(policies.c.key == stored.key)
        .values(document=document, changed_at=call.now)
    )
    critical_alerts.policy_edited(call.connection, call.rules, stored, document, call.now)
    runs = read(document)
    if runs is not None:
        days = soft_delete_days(vault.properties)
        protection.edit_policy(
            call.connection, call.rules, stored.key, runs, call.now, soft_delete_days=days
        )
    return jobs.start_under(
        call.connection,
        call.rules,
        stored,
        Operation.CONFIGURE_BACKUP,
        call.now,
        activity_id=call.client_request_id,
        detail={"policy_name": stored.name},
    )


def _operation(
    call: Call, vault: Row[Any], name: str, started: list[str] | None = None
) -> Mapping[str, str]:
    """Note the operation of a change, and return the headers that lead to it.

    It is over at once: policies are changed with the request. A deletion starts no jobs and has
    no result.
    """
    policy_id = f"{vault.id}/backupPolicies/{name}"
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=policy_id.lower(),
        kind="policy-change",
        now=call.now,
        ends_at=call.now,
        outcome={
            "objectType": "OperationStatusJobsExtendedInfo",
            "jobIds": [ids.guid(each) for each in started or ()],
            "failedJobsError": {},
        },
    )
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{policy_id}/operations",
        result_path=None if started is None else f"{policy_id}/operationResults",
    ).headers


@endpoint("GET", POLICY, "ProtectionPolicies_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a policy."""
    vault = vault_of(call)
    return show(call, vault, _name(call))


def show(call: Call, vault: Row[Any], name: str) -> Answer:
    """Answer with a policy. Raises ``Refused``."""
    found = get_policy(call.connection, vault, name)
    shown = render(vault, found, _count(call, found.key))
    return Answer(body=shown, content=found.document)  # who uses a policy does not change it


@endpoint("DELETE", POLICY, "ProtectionPolicies_Delete", tag=TAG, statuses=(200, 204))
def remove(call: Call) -> Answer:
    """Delete a policy that no item uses; the three default ones come back as they were born."""
    vault = vault_of(call)
    stored = find_policy(call.connection, vault.key, _name(call))
    if stored is None:
        return Answer(204)
    used = _count(call, stored.key) + _intended(call, stored.key)
    if used:
        raise invalid(
            "BMSUserErrorPolicyInUse",
            f"policyName: '{stored.name}' protects {used} item(s); move them to another policy or "
            "stop their protection, then delete it.",
            target="policyName",
        )
    call.connection.execute(delete(policies).where(policies.c.key == stored.key))
    if stored.name in DEFAULT_POLICIES:
        born = default_policies(call.rules.seed, vault.key, call.now)[stored.name]
        _insert(call, vault, stored.name, born)
    return Answer(200, headers=_operation(call, vault, stored.name))


@endpoint("GET", POLICIES, "BackupPolicies_List", tag=TAG, query=("$filter", "$skipToken", "$top"))
def list_(call: Call) -> Answer:
    """List a vault's policies."""
    vault = vault_of(call)
    terms = filters.read(
        call.query.get("$filter"), ("backupManagementType", "workloadType", "fabricName")
    )
    kind = filters.one_of(terms, "backupManagementType", vocabulary.MANAGEMENT_TYPES)
    workload = filters.one_of(terms, "workloadType", vocabulary.WORKLOADS)
    workload = vocabulary.OLDER_WORKLOADS.get(workload or "", workload)
    filters.one_of(terms, "fabricName", vocabulary.FABRICS)
    start = after(call, str)
    found = select(policies).where(policies.c.vault_key == vault.key)
    if start is not None:
        found = found.where(policies.c.folded_name > start[0])
    rows = [
        row
        for row in call.connection.execute(found.order_by(policies.c.folded_name)).all()
        if _matches(row, kind, workload)
    ]
    counts = _counts(call, vault)
    return page(
        call,
        rows[: row_limit(call)],
        lambda row: render(vault, row, counts.get(row.key, 0)),
        lambda row: [row.folded_name],
    )


def _matches(stored: Row[Any], kind: str | None, workload: str | None) -> bool:
    document = stored.document
    if kind is not None and document["backupManagementType"] != kind:
        return False
    return workload in (None, document.get("workLoadType", "VM"))


def render(vault: Row[Any], stored: Row[Any], count: int) -> dict[str, Any]:
    """Return a policy as the wire shows it; the CLI needs the count of items to be a number."""
    return {
        "id": f"{vault.id}/backupPolicies/{stored.name}",
        "name": stored.name,
        "type": POLICY_TYPE,
        "properties": stored.document | {"protectedItemsCount": count},
    }


_COUNT = Statement(
    select(func.count()).select_from(items).where(items.c.policy_key == bindparam("policy"))
)


def _count(call: Call, policy_key: int) -> int:
    count: int = _COUNT.run(call.connection, policy=policy_key).fetchone()[0]
    return count


_INTENDED = Statement(
    select(func.count())
    .select_from(protection_intents)
    .where(protection_intents.c.policy_key == bindparam("policy"))
)


def _intended(call: Call, policy_key: int) -> int:
    """Return how many instances a policy protects by themselves."""
    count: int = _INTENDED.run(call.connection, policy=policy_key).fetchone()[0]
    return count


def _counts(call: Call, vault: Row[Any]) -> dict[int | None, int]:
    """Return how many items each policy of a vault has, in one query."""
    rows = call.connection.execute(
        select(items.c.policy_key, func.count())
        .where(items.c.vault_key == vault.key)
        .group_by(items.c.policy_key)
    ).all()
    return {key: count for key, count in rows}  # noqa: C416 - a dict of rows is not typed


def _name(call: Call) -> str:
    return call.path["policyName"]


ENDPOINTS = (create_or_update, get, remove, list_)
