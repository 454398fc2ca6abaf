"""Resource guard proxies: multi-user authorization maps a vault to a guard; none is mapped here.

Clients list them before every critical operation and find an empty list.
"""

from __future__ import annotations

from pydantic import Field

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import Refused, not_emulated, resource_not_found
from ...domain.resource_ids import VAULT_TYPE
from .paths import VAULT, vault_of

TAG = "Security"
PROXIES = f"{VAULT}/backupResourceGuardProxies"
PROXY = f"{PROXIES}/{{resourceGuardProxyName}}"


class ResourceGuardProxyProperties(Body):
    """The guard to map."""

    resource_guard_resource_id: str | None = Field(None, max_length=400)
    description: str | None = Field(None, max_length=400)


class ResourceGuardProxyBody(Body):
    """A mapping of a vault to a resource guard."""

    EXAMPLE = {
        "properties": {
            "resourceGuardResourceId": "/subscriptions/11111111-1111-1111-1111-111111111111"
            "/resourceGroups/group-1/providers/Microsoft.DataProtection/resourceGuards/guard-1"
        }
    }

    properties: ResourceGuardProxyProperties


class UnlockDeleteBody(Body):
    """What is to be deleted, and the guard's requests that allow it."""

    EXAMPLE = {"resourceGuardOperationRequests": [], "resourceToBeDeleted": ""}

    resource_guard_operation_requests: list[str] | None = Field(None, max_length=100)
    resource_to_be_deleted: str | None = Field(None, max_length=800)


@endpoint("GET", PROXIES, "ResourceGuardProxies_Get", tag=TAG, query=("$skipToken",))
def list_(call: Call) -> Answer:
    """List the resource guards that a vault is mapped to: none."""
    vault_of(call)
    return Answer(body={"value": []})


@endpoint("GET", PROXY, "ResourceGuardProxy_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a mapping; there is none."""
    raise _not_mapped(call)


@endpoint("PUT", PROXY, "ResourceGuardProxy_Put", tag=TAG, body=ResourceGuardProxyBody)
def put(call: Call, _body: ResourceGuardProxyBody) -> Answer:
    """Map a vault to a resource guard: refused, as guards are not emulated."""
    vault_of(call)
    raise not_emulated("properties.resourceGuardResourceId", "multi-user authorization")


@endpoint("DELETE", PROXY, "ResourceGuardProxy_Delete", tag=TAG, statuses=(204,))
def delete(call: Call) -> Answer:
    """Unmap a resource guard; there is none."""
    vault_of(call)
    return Answer(204)


@endpoint(
    "POST",
    f"{PROXY}/unlockDelete",
    "ResourceGuardProxy_UnlockDelete",
    tag=TAG,
    body=UnlockDeleteBody,
)
def unlock_delete(call: Call, _body: UnlockDeleteBody) -> Answer:
    """Allow a deletion that a guard protects against; no vault has a guard."""
    raise _not_mapped(call)


def _not_mapped(call: Call) -> Refused:
    vault = vault_of(call)
    name = f"{vault.name}/{call.path['resourceGuardProxyName']}"
    return resource_not_found(f"{VAULT_TYPE}/backupResourceGuardProxies", name, call.group)


ENDPOINTS = (list_, get, put, delete, unlock_delete)
