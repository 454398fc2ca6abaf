"""Private endpoint connections of a vault: shown, approved or rejected, and removed.

A private endpoint makes its connection (``companions/private_endpoints.py``); the owner of the
vault decides about it here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm import async_operations
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...arm.words import Word
from ...domain import private_links
from ...domain.errors import invalid_input, resource_not_found
from ...domain.instants import SECOND
from ...domain.private_links import GROUPS, STATUSES
from ...domain.resource_ids import VAULT_TYPE
from ...engine import operations
from ...store.vaults import keep_properties
from .paths import VAULT, vault_of, vault_scope

TAG = "Private links"
CONNECTION = f"{VAULT}/privateEndpointConnections/{{privateEndpointConnectionName}}"
KIND = "private-endpoint-connection"
TAKES = 5 * SECOND


class PrivateEndpointReference(Body):
    """A private endpoint, by its id."""

    id: str | None = Field(None, max_length=600)


class ConnectionState(Body):
    """What the owner of the vault decides, and what he says about it."""

    status: Annotated[
        Literal["Pending", "Approved", "Rejected", "Disconnected"], Word(*STATUSES)
    ] = Field(examples=["Approved"])
    description: str | None = Field(None, max_length=140)
    actions_required: str | None = Field(None, max_length=140)


class ConnectionProperties(Body):
    """A connection as it was read, with another state."""

    private_link_service_connection_state: ConnectionState
    private_endpoint: PrivateEndpointReference | None = None
    group_ids: list[Annotated[str, Word(*GROUPS)]] | None = Field(None, max_length=20)


class PrivateEndpointConnectionBody(Body):
    """Approval or rejection of a connection."""

    EXAMPLE = {"properties": {"privateLinkServiceConnectionState": {"status": "Approved"}}}

    properties: ConnectionProperties


@endpoint("GET", CONNECTION, "PrivateEndpointConnection_Get", tag=TAG)
def get(call: Call) -> Answer:
    """Show a connection."""
    return Answer(body=_get(call, vault_of(call)))


@endpoint(
    "PUT",
    CONNECTION,
    "PrivateEndpointConnection_Put",
    tag=TAG,
    body=PrivateEndpointConnectionBody,
    statuses=(201, 404),
)
def put(call: Call, body: PrivateEndpointConnectionBody) -> Answer:
    """Approve or reject a connection; an endpoint alone can make one."""
    vault = vault_of(call)
    found = _get(call, vault)
    _check_fixed(found, body.properties)
    was = private_links.state_of(found)
    told = body.properties.private_link_service_connection_state.wire()
    private_links.check_step(was["status"], told["status"])
    state = was | told
    changed = found | {
        "properties": found["properties"] | {"privateLinkServiceConnectionState": state}
    }
    kept = private_links.with_connection(vault.properties, changed)
    keep_properties(call.connection, vault, kept, call.now)
    return _accepted(call, found["id"], 201, changed)


def _check_fixed(found: dict[str, Any], sent: ConnectionProperties) -> None:
    reference = None if sent.private_endpoint is None else sent.private_endpoint.id
    known = private_links.endpoint_of(found)
    if reference is not None and reference.lower() != known.lower():
        raise invalid_input(
            "properties.privateEndpoint.id", f"'{reference}' cannot replace '{known}'"
        )
    group = private_links.group_of(found)
    if sent.group_ids and sent.group_ids != [group]:
        raise invalid_input("properties.groupIds", f"{sent.group_ids} cannot replace ['{group}']")


@endpoint("DELETE", CONNECTION, "PrivateEndpointConnection_Delete", tag=TAG, statuses=(202, 204))
def delete(call: Call) -> Answer:
    """Remove a connection: its endpoint stays, and is disconnected for good."""
    vault = vault_of(call)
    found = private_links.find(vault.properties, _name(call))
    if found is None:
        return Answer(204)
    left = private_links.without_connection(vault.properties, _name(call))
    keep_properties(call.connection, vault, left, call.now)
    return _accepted(call, found["id"], 202, None)


@endpoint(
    "GET",
    f"{CONNECTION}/operationsStatus/{{operationId}}",
    "PrivateEndpoint_GetOperationStatus",
    tag=TAG,
    answers=Shape.OPERATION,
)
def status(call: Call) -> Answer:
    """Show how the approval, rejection or removal of a connection stands."""
    scope = f"{vault_scope(call)}/privateEndpointConnections/{_name(call)}"
    return async_operations.status(call, async_operations.find(call, scope))


def _accepted(call: Call, connection_id: str, answered: int, body: Any) -> Answer:
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=connection_id.lower(),
        kind=KIND,
        now=call.now,
        ends_at=call.now + TAKES,
    )
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{connection_id}/operationsStatus",
        result_path=None,
        status=answered,
        body=body,
    )


def _get(call: Call, vault: Row[Any]) -> dict[str, Any]:
    found = private_links.find(vault.properties, _name(call))
    if found is None:
        name = f"{vault.name}/{_name(call)}"
        raise resource_not_found(f"{VAULT_TYPE}/privateEndpointConnections", name, call.group)
    return dict(found)


def _name(call: Call) -> str:
    return call.path["privateEndpointConnectionName"]


ENDPOINTS = (get, put, delete, status)
