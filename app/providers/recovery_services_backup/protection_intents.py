"""Protection intents: instances of SQL Server whose databases come under a policy by themselves.

Sources: azure-backup-semantics 7.2, azure-cli-wire 7, and what Microsoft's clients send.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, delete, insert, select, update

from ...arm import examples, filters
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.paging import after, page, row_limit
from ...arm.words import Word
from ...domain import ids
from ...domain.errors import conflict, invalid_input, not_emulated, not_found
from ...domain.policies import read
from ...domain.resource_ids import VAULT_TYPE
from ...engine import discovery
from ...store import containers as stored
from ...store.container_tables import containers, protection_intents
from ...store.metadata import Document
from ...store.tables import policies
from ...store.vaults import policy_of_id
from ...workloads.database import MANAGEMENT_TYPE, parse_container
from . import vocabulary
from .paths import FABRIC, FABRIC_NAME, VAULT, check_fabric, container_id, vault_of
from .protectable_databases import INSTANCE

TAG = "Protection intents"
INTENT = f"{FABRIC}/backupProtectionIntent/{{intentObjectName}}"
INTENT_TYPE = f"{VAULT_TYPE}/backupFabrics/backupProtectionIntent"
KEYS = ("backupManagementType", "itemType", "itemName", "parentName")
TYPES = (
    "RecoveryServiceVaultItem",
    "AzureWorkloadAutoProtectionIntent",
    "AzureWorkloadSQLAutoProtectionIntent",
)
"""The types of intents that protect an instance; Azure has others for VMs and containers."""
ITEM_TYPES = ("SQLInstance", "SQLAvailabilityGroupContainer", "Invalid")
_NAME = re.compile(r"[\w.-]{1,90}", re.ASCII)


class ProtectionIntentProperties(Body):
    """What is to be protected by itself, and under which policy."""

    protection_intent_item_type: str = Field(TYPES[0], max_length=60, examples=[TYPES[0]])
    backup_management_type: str | None = Field(None, max_length=60)
    source_resource_id: str | None = Field(None, max_length=400)
    item_id: str | None = Field(
        None,
        max_length=800,
        examples=[
            f"{examples.VAULT_ID}/backupFabrics/Azure/protectionContainers/"
            "vmappcontainer;compute;group-1;vm-1/protectableItems/sqlinstance;mssqlserver"
        ],
    )
    policy_id: str | None = Field(None, max_length=600, examples=[examples.POLICY_ID])
    workload_item_type: Annotated[
        Literal["SQLInstance", "SQLDataBase", "Invalid"] | None,
        Word("SQLInstance", "SQLDataBase", "Invalid"),
    ] = None


class ProtectionIntentBody(Body):
    """A protection intent."""

    EXAMPLE = {
        "properties": {
            "protectionIntentItemType": TYPES[0],
            "backupManagementType": MANAGEMENT_TYPE,
            "itemId": f"{examples.VAULT_ID}/backupFabrics/Azure/protectionContainers/"
            "vmappcontainer;compute;group-1;vm-1/protectableItems/sqlinstance;mssqlserver",
            "policyId": f"{examples.VAULT_ID}/backupPolicies/HourlyLogBackup",
        }
    }

    properties: ProtectionIntentProperties


@endpoint("PUT", INTENT, "ProtectionIntent_CreateOrUpdate", tag=TAG, body=ProtectionIntentBody)
def create_or_update(call: Call, body: ProtectionIntentBody) -> Answer:
    """Protect the databases of an instance by themselves: those that are known, and new ones."""
    vault = vault_of(call)
    name = _name(call)
    asked = body.properties
    intent_type = _checked_type(asked)
    container, instance = _instance(call, vault, asked.item_id or "")
    policy_key = _policy(call, vault, asked.policy_id or "", container.workload)
    existing = _find(call, vault, name)
    _check_before(call, vault, existing, container, instance)
    told = {
        "name": name,
        "container_key": container.key,
        "workload": container.workload,
        "intent_type": intent_type,
        "instance": instance,
        "item_id": asked.item_id,
        "policy_key": policy_key,
    }
    if existing is None:
        key = ids.key(call.rules.seed, "intent", vault.key, name.lower())
        whose = {"key": key, "vault_key": vault.key, "folded_name": name.lower()}
        call.connection.execute(
            insert(protection_intents).values(**whose, **told, created_at=call.now)
        )
    else:
        mine = protection_intents.c.key == existing.key
        call.connection.execute(update(protection_intents).where(mine).values(**told))
    discovery.watch(call.connection, container.key, call.now)
    discovery.protect_found(call.connection, call.rules, container.key, call.now)
    return _show(call, vault, name)


def _name(call: Call) -> str:
    check_fabric(call)
    name = call.path["intentObjectName"]
    if _NAME.fullmatch(name) is None:
        raise invalid_input("intentObjectName", "must be 1 to 90 letters, digits, '.', '_' or '-'")
    return name


def _checked_type(asked: ProtectionIntentProperties) -> str:
    sent = asked.protection_intent_item_type
    field = "properties.protectionIntentItemType"
    found = next((each for each in TYPES if each.lower() == sent.lower()), None)
    if found is None:
        raise not_emulated(field, f"'{sent}'; send one of {', '.join(TYPES)}")
    kind = asked.backup_management_type
    if kind is not None and kind.lower() != MANAGEMENT_TYPE.lower():
        raise not_emulated(
            "properties.backupManagementType", f"an intent for '{kind}'; send {MANAGEMENT_TYPE}"
        )
    if asked.workload_item_type not in (None, INSTANCE):
        raise invalid_input(
            "properties.workloadItemType",
            f"'{asked.workload_item_type}' is not protected by itself; send {INSTANCE}",
        )
    return found


def _instance(call: Call, vault: Row[Any], item_id: str) -> tuple[Row[Any], str]:
    """Return the container and the instance that an intent is for. Raises ``Refused``."""
    field = "properties.itemId"
    folder, _, item = item_id.rpartition("/")
    base, _, container = folder.lower().removesuffix("/protectableitems").rpartition("/")
    kind, _, instance = item.lower().partition(";")
    if base != container_id(vault, "").lower()[:-1] or not folder.lower().endswith(
        "/protectableitems"
    ):
        raise invalid_input(field, f"'{item_id}' is not the id of a protectable item of this vault")
    if kind.startswith("sqlavailabilitygroup"):
        raise not_emulated(field, "availability groups")
    if kind != INSTANCE.lower():
        raise invalid_input(
            field, f"'{item}' is no instance of SQL Server: nothing else is protected by itself"
        )
    found = stored.find(call.connection, vault.key, parse_container(container) or "")
    known = {} if found is None else {name.lower(): name for name, _ in stored.known_servers(found)}
    if found is None or instance not in known:
        raise invalid_input(
            field, f"'{item_id}' is not known: register its VM, and inquire it, first"
        )
    return found, known[instance]


def _policy(call: Call, vault: Row[Any], policy_id: str, workload: str) -> int:
    found = policy_of_id(call.connection, vault, policy_id)
    policy = read(found.document)
    if policy is None or policy.workload != workload:
        raise invalid_input(
            "properties.policyId", f"'{found.name}' is no policy of workload type {workload}"
        )
    key: int = found.key
    return key


def _check_before(
    call: Call,
    vault: Row[Any],
    existing: Row[Any] | None,
    container: Row[Any],
    instance: str,
) -> None:
    """Refuse a second intent for an instance, and to give one another instance."""
    mine = (container.key, instance)
    if existing is not None and (existing.container_key, existing.instance) != mine:
        raise conflict(
            "BMSUserErrorProtectionIntentItemChanged",
            f"properties.itemId: '{existing.name}' is for '{existing.item_id}'; delete it first.",
            target="properties.itemId",
        )
    other = call.connection.execute(
        select(protection_intents.c.name).where(
            protection_intents.c.container_key == container.key,
            protection_intents.c.instance == instance,
        )
    ).scalar()
    if other is not None and existing is None:
        raise conflict(
            "BMSUserErrorProtectionIntentAlreadyExists",
            f"properties.itemId: '{instance}' of '{container.friendly_name}' is protected by "
            f"itself already, by the intent '{other}'.",
            target="properties.itemId",
        )


@endpoint("GET", INTENT, "ProtectionIntent_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a protection intent."""
    return _show(call, vault_of(call), _name(call))


@endpoint("DELETE", INTENT, "ProtectionIntent_Delete", tag=TAG, statuses=(204,))
def remove(call: Call) -> Answer:
    """Protect no more databases by themselves; those that are protected stay so."""
    vault = vault_of(call)
    existing = _find(call, vault, _name(call))
    if existing is not None:
        mine = protection_intents.c.key == existing.key
        call.connection.execute(delete(protection_intents).where(mine))
        discovery.watch(call.connection, existing.container_key, call.now)
    return Answer(204)


@endpoint(
    "GET",
    f"{VAULT}/backupProtectionIntents",
    "BackupProtectionIntent_List",
    tag=TAG,
    query=("$filter", "$skipToken", "$top"),
)
def list_(call: Call) -> Answer:
    """List a vault's protection intents."""
    vault = vault_of(call)
    terms = filters.read(call.query.get("$filter"), KEYS)
    kind = filters.one_of(terms, "backupManagementType", vocabulary.MANAGEMENT_TYPES)
    item_type = filters.one_of(terms, "itemType", ITEM_TYPES)
    start = after(call, str)
    nothing = kind not in (None, MANAGEMENT_TYPE) or item_type not in (None, INSTANCE)
    rows = [
        row
        for row in call.connection.execute(
            _STORED.where(protection_intents.c.vault_key == vault.key).order_by(
                protection_intents.c.folded_name
            )
        ).all()
        if not nothing
        and terms.get("itemName", row.instance).lower() == row.instance.lower()
        and parse_container(terms.get("parentName", row.container_name)) == row.container_name
        and (start is None or row.folded_name > start[0])
    ]
    return page(
        call,
        rows[: row_limit(call)],
        lambda row: _render(vault, row),
        lambda row: [row.folded_name],
    )


_STORED = (
    select(
        protection_intents,
        containers.c.source_id,
        containers.c.folded_name.label("container_name"),
        policies.c.name.label("policy_name"),
    )
    .join(containers, containers.c.key == protection_intents.c.container_key)
    .join(policies, policies.c.key == protection_intents.c.policy_key)
)


def _find(call: Call, vault: Row[Any], name: str) -> Row[Any] | None:
    return call.connection.execute(
        _STORED.where(
            protection_intents.c.vault_key == vault.key,
            protection_intents.c.folded_name == name.lower(),
        )
    ).first()


def _show(call: Call, vault: Row[Any], name: str) -> Answer:
    found = _find(call, vault, name)
    if found is None:
        raise not_found(
            "BMSUserErrorProtectionIntentNotFound",
            f"intentObjectName: the vault has no protection intent '{name}'.",
            target="intentObjectName",
        )
    return Answer(body=_render(vault, found))


def _render(vault: Row[Any], intent: Row[Any]) -> Document:
    properties = {
        "protectionIntentItemType": intent.intent_type,
        "backupManagementType": MANAGEMENT_TYPE,
        "sourceResourceId": intent.source_id,
        "itemId": intent.item_id,
        "policyId": f"{vault.id}/backupPolicies/{intent.policy_name}",
        "protectionState": "Protected",
    }
    if intent.intent_type == TYPES[2]:
        properties["workloadItemType"] = INSTANCE
    return {
        "id": f"{vault.id}/backupFabrics/{FABRIC_NAME}/backupProtectionIntent/{intent.name}",
        "name": intent.name,
        "type": INTENT_TYPE,
        "properties": properties,
    }


ENDPOINTS = (create_or_update, get, remove, list_)
