"""Resource guard proxies: a vault is mapped to a guard, which is asked before critical operations.

Sources: azure-cli-wire 4.5, terraform-wire 2.9; what they leave open is docs/decisions/0064.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.examples import GUARD_ID, VAULT_ID
from ...domain import critical_operations
from ...domain.critical_operations import DELETE_ITEM, DELETE_PROXY
from ...domain.errors import Refused, invalid_input, resource_not_found
from ...domain.instants import HOUR, wire
from ...domain.resource_ids import (
    RESOURCE_GUARD_TYPE,
    VAULT_TYPE,
    normal_location,
    parse,
)
from ...domain.vault_settings import with_multi_user_authorization
from ...engine import critical_alerts
from ...store import resource_guard_proxies, rows
from ...store.vaults import find_item, item_not_found, keep_properties
from .. import multi_user_authorization
from ..multi_user_authorization import FIELD
from .paths import VAULT, item_id, vault_of

TAG = "Security"
PROXIES = f"{VAULT}/backupResourceGuardProxies"
PROXY = f"{PROXIES}/{{resourceGuardProxyName}}"
NAME = "VaultProxy"
UNLOCKED_FOR = HOUR
NEVER = "0001-01-01T00:00:00.0000000Z"
"""The end of an unlocking that there was no need for."""


class ResourceGuardProxyProperties(Body):
    """The guard to map."""

    resource_guard_resource_id: str = Field(max_length=600, examples=[GUARD_ID])
    description: str | None = Field(None, max_length=400)


class ResourceGuardProxyBody(Body):
    """A mapping of a vault to a resource guard."""

    EXAMPLE = {"properties": {"resourceGuardResourceId": GUARD_ID}}

    properties: ResourceGuardProxyProperties


class UnlockDeleteBody(Body):
    """What is to be deleted (the mapping, if nothing is named), and the requests that allow it."""

    EXAMPLE = {
        "resourceGuardOperationRequests": [critical_operations.request(GUARD_ID, DELETE_PROXY)],
        "resourceToBeDeleted": f"{VAULT_ID}/backupResourceGuardProxies/VaultProxy",
    }

    resource_guard_operation_requests: list[str] | None = Field(None, max_length=100)
    resource_to_be_deleted: str | None = Field(None, max_length=800)


@endpoint("GET", PROXIES, "ResourceGuardProxies_Get", tag=TAG, query=("$skipToken",))
def list_(call: Call) -> Answer:
    """List the resource guards that a vault is mapped to: one, or none."""
    vault = vault_of(call)
    mapped = multi_user_authorization.mapping(call.connection, vault)
    return Answer(body={"value": [] if mapped is None else [_render(vault, mapped)]})


@endpoint("GET", PROXY, "ResourceGuardProxy_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show the mapping of a vault to a resource guard, and what the guard protects."""
    vault = vault_of(call)
    return Answer(body=_render(vault, _mapped(call, vault)))


@endpoint("PUT", PROXY, "ResourceGuardProxy_Put", tag=TAG, body=ResourceGuardProxyBody)
def put(call: Call, body: ResourceGuardProxyBody) -> Answer:
    """Map a vault to a resource guard; to another one only once the deletion is unlocked."""
    vault = vault_of(call)
    if call.path["resourceGuardProxyName"].lower() != NAME.lower():
        raise invalid_input(
            "resourceGuardProxyName",
            f"'{call.path['resourceGuardProxyName']}' is not allowed; the one name is {NAME}",
        )
    guard = _guard(call, vault, body.properties.resource_guard_resource_id)
    before = multi_user_authorization.mapping(call.connection, vault)
    if before is not None and before.guard_id != guard.id:
        multi_user_authorization.permit_deletion(call, vault, DELETE_PROXY, _id(vault))
    resource_guard_proxies.put(
        call.connection, vault.key, guard.id, body.properties.description or "", call.now
    )
    _tell(call, vault, "Enabled")
    return Answer(body=_render(vault, _mapped(call, vault)))


def _guard(call: Call, vault: Row[Any], sent: str) -> Row[Any]:
    """Return the guard to map, which the caller must be allowed to read. Raises ``Refused``."""
    field = "properties.resourceGuardResourceId"
    guard_id = parse(sent)
    if guard_id is None or guard_id.type.lower() != RESOURCE_GUARD_TYPE.lower():
        raise invalid_input(
            field,
            f"'{sent}' is not the id of a resource guard, such as /subscriptions/<id>"
            f"/resourceGroups/<group>/providers/{RESOURCE_GUARD_TYPE}/<name>",
        )
    multi_user_authorization.check_linked(call, guard_id.text, f"{RESOURCE_GUARD_TYPE}/read")
    guard = rows.find(call.connection, guard_id.text)
    if guard is None:
        raise resource_not_found(RESOURCE_GUARD_TYPE, guard_id.name, guard_id.group)
    if normal_location(guard.location) != vault.location:
        raise invalid_input(
            field,
            f"the guard '{guard.name}' is in '{guard.location}', the vault in "
            f"'{vault.location}'; both must be in one region",
        )
    return guard


@endpoint("DELETE", PROXY, "ResourceGuardProxy_Delete", tag=TAG, statuses=(200, 204))
def delete(call: Call) -> Answer:
    """Unmap a vault from its resource guard; a guard that protects this is asked first."""
    vault = vault_of(call)
    if _find(call, vault) is None:
        return Answer(204)
    multi_user_authorization.permit_deletion(call, vault, DELETE_PROXY, _id(vault))
    resource_guard_proxies.remove(call.connection, vault.key)
    _tell(call, vault, "Disabled")
    critical_alerts.guard_unmapped(call.connection, call.rules, vault, call.now)
    return Answer(200)


def _tell(call: Call, vault: Row[Any], state: str) -> None:
    properties = with_multi_user_authorization(vault.properties, state)
    keep_properties(call.connection, vault, properties, call.now)


@endpoint(
    "POST",
    f"{PROXY}/unlockDelete",
    "ResourceGuardProxy_UnlockDelete",
    tag=TAG,
    body=UnlockDeleteBody,
    answers={"type": "object"},
)
def unlock_delete(call: Call, body: UnlockDeleteBody) -> Answer:
    """Let an item of a vault, or its mapping, be deleted for an hour, by the guard's leave."""
    vault = vault_of(call)
    _mapped(call, vault)
    operation, resource_id = _to_be_deleted(call, vault, body.resource_to_be_deleted)
    guard_id = multi_user_authorization.guard_of(call.connection, vault, operation)
    if guard_id is None:
        return Answer(body={"unlockDeleteExpiryTime": NEVER})
    requests = body.resource_guard_operation_requests
    multi_user_authorization.check(call, vault, guard_id, operation, requests, field=FIELD)
    until = call.now + UNLOCKED_FOR
    resource_guard_proxies.unlock(
        call.connection, vault.key, resource_id, now=call.now, until=until
    )
    return Answer(body={"unlockDeleteExpiryTime": wire(until)})


def _to_be_deleted(call: Call, vault: Row[Any], sent: str | None) -> tuple[str, str]:
    """Return which operation a deletion is, and the id of what is deleted. Raises ``Refused``."""
    wanted = (sent or "").rstrip("/").lower()
    if wanted in ("", _id(vault).lower()):
        return DELETE_PROXY, _id(vault)
    if not wanted.startswith(f"{vault.folded}/backupfabrics/"):
        raise invalid_input(
            "resourceToBeDeleted",
            f"'{sent}' is neither a protected item of the vault nor '{_id(vault)}'",
        )
    item = find_item(call.connection, vault.key, wanted.rpartition("/")[2])
    if item is None or item_id(vault, item).lower() != wanted:
        raise item_not_found(wanted.rpartition("/")[2])
    return DELETE_ITEM, item_id(vault, item)


def _id(vault: Row[Any]) -> str:
    return f"{vault.id}/backupResourceGuardProxies/{NAME}"


def _find(call: Call, vault: Row[Any]) -> Row[Any] | None:
    if call.path["resourceGuardProxyName"].lower() != NAME.lower():
        return None
    return multi_user_authorization.mapping(call.connection, vault)


def _mapped(call: Call, vault: Row[Any]) -> Row[Any]:
    found = _find(call, vault)
    if found is None:
        raise _not_mapped(call, vault)
    return found


def _not_mapped(call: Call, vault: Row[Any]) -> Refused:
    name = f"{vault.name}/{call.path['resourceGuardProxyName']}"
    return resource_not_found(f"{VAULT_TYPE}/backupResourceGuardProxies", name, call.group)


def _render(vault: Row[Any], mapped: Row[Any]) -> dict[str, Any]:
    return {
        "id": _id(vault),
        "name": NAME,
        "type": f"{VAULT_TYPE}/backupResourceGuardProxies",
        "properties": {
            "resourceGuardResourceId": mapped.guard_id,
            "resourceGuardOperationDetails": [
                {
                    "vaultCriticalOperation": operation,
                    "defaultResourceRequest": critical_operations.request(
                        mapped.guard_id, operation
                    ),
                }
                for operation in critical_operations.guarded(mapped.guard)
            ],
            "lastUpdatedTime": wire(mapped.changed_at),
            "description": mapped.description,
        },
    }


ENDPOINTS = (list_, get, put, delete, unlock_delete)
