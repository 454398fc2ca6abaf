"""Private endpoint connections of a vault: none, and none can be made here."""

from __future__ import annotations

from typing import Any

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...domain.errors import not_emulated, resource_not_found
from ...domain.resource_ids import VAULT_TYPE
from .paths import VAULT, vault_of

TAG = "Private links"
CONNECTION = f"{VAULT}/privateEndpointConnections/{{privateEndpointConnectionName}}"


class PrivateEndpointConnectionBody(Body):
    """Approval or rejection of a connection."""

    EXAMPLE = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}

    properties: dict[str, Any]


@endpoint("GET", CONNECTION, "PrivateEndpointConnection_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a connection; there is none."""
    vault = vault_of(call)
    name = f"{vault.name}/{call.path['privateEndpointConnectionName']}"
    raise resource_not_found(f"{VAULT_TYPE}/privateEndpointConnections", name, call.group)


@endpoint(
    "PUT",
    CONNECTION,
    "PrivateEndpointConnection_Put",
    tag=TAG,
    body=PrivateEndpointConnectionBody,
    statuses=(200, 201),
)
def put(call: Call, _body: PrivateEndpointConnectionBody) -> Answer:
    """Approve or reject a connection: refused, as private endpoints are not emulated."""
    vault_of(call)
    raise not_emulated("privateEndpointConnections", "private endpoints of vaults")


@endpoint("DELETE", CONNECTION, "PrivateEndpointConnection_Delete", tag=TAG, statuses=(204,))
def delete(call: Call) -> Answer:
    """Remove a connection; there is none."""
    vault_of(call)
    return Answer(204)


ENDPOINTS = (get, put, delete)
