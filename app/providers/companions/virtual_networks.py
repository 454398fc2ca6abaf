"""Virtual networks and their subnets: where restored VMs are put."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain import ids
from ...domain.errors import Refused, invalid, not_found
from ...domain.resource_ids import NSG_TYPE, VNET_TYPE
from ...engine import networks
from ...store.metadata import Document
from . import links, store
from .store import CompanionType, Write, Written, missing_parameter

TAG = "Virtual networks"
NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]{0,78}\w)?", re.ASCII)
NAME_RULE = "1 to 80 letters, digits, '_', '.' or '-', beginning with a letter or digit"
SUBNET_TYPE = f"{VNET_TYPE}/subnets"
Network = IPv4Network | IPv6Network


class SubnetProperties(Body):
    """What a subnet can be told; what hangs on it is kept as it is sent."""

    address_prefix: str | None = Field(default=None, max_length=50, examples=["10.0.0.0/24"])
    address_prefixes: list[str] | None = Field(default=None, max_length=16)
    network_security_group: dict[str, Any] | None = None
    route_table: dict[str, Any] | None = None
    nat_gateway: dict[str, Any] | None = None
    service_endpoints: list[dict[str, Any]] | None = None
    delegations: list[dict[str, Any]] | None = None
    default_outbound_access: bool | None = None
    private_endpoint_network_policies: str | None = Field(default=None, max_length=60)
    private_link_service_network_policies: str | None = Field(default=None, max_length=60)


class NetworkSubnet(Body):
    """A subnet within the body of its network."""

    name: str | None = Field(default=None, max_length=80, examples=["default"])
    properties: SubnetProperties = Field(default_factory=SubnetProperties)


class AddressSpace(Body):
    """The addresses of a network."""

    address_prefixes: list[str] | None = Field(default=None, max_length=100)


class VirtualNetworkProperties(Body):
    """What a virtual network can be told."""

    address_space: AddressSpace | None = None
    subnets: list[NetworkSubnet] | None = Field(default=None, max_length=3000)
    dhcp_options: dict[str, Any] | None = None
    enable_ddos_protection: bool | None = None
    flow_timeout_in_minutes: int | None = None
    private_endpoint_vnet_policies: Annotated[
        Literal["Disabled", "Basic"] | None, Word("Disabled", "Basic")
    ] = Field(default=None, alias="privateEndpointVNetPolicies", examples=["Disabled"])


class VirtualNetworkBody(Body):
    """A virtual network to create or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
            "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}],
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: VirtualNetworkProperties = Field(default_factory=VirtualNetworkProperties)


class TagsBody(Body):
    """The tags of a network resource: all that a PATCH may change."""

    EXAMPLE = {"tags": {"env": "test"}}

    tags: dict[str, str] | None = None


class SubnetBody(Body):
    """A subnet to create or to change."""

    EXAMPLE = {"properties": {"addressPrefix": "10.0.0.0/24"}}

    properties: SubnetProperties = Field(default_factory=SubnetProperties)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    properties = write.wanted["properties"]
    space = store.at(properties, "addressSpace.addressPrefixes")
    if not space:
        raise missing_parameter("addressSpace.addressPrefixes")
    whole = [_prefix(each, "properties.addressSpace.addressPrefixes") for each in space]
    subnets = properties.get("subnets", [])
    _check_subnets(write.name, subnets, whole)
    subnets = [_guarded(write, each) for each in subnets]
    if write.existing is not None:
        _refuse_loss(write, subnets)
    hidden = {"revision": (write.existing.hidden["revision"] if write.existing else 0) + 1}
    return Written(write.wanted | {"properties": properties | {"subnets": subnets}}, hidden)


def _guarded(write: Write, subnet: Document) -> Document:
    """Return a subnet with the id of what guards it in its canonical spelling."""
    sent = subnet["properties"].get("networkSecurityGroup")
    if sent is None:
        return subnet
    field = f"properties.subnets.{subnet['name']}.networkSecurityGroup.id"
    group = links.get_in_region(write, sent.get("id"), field, NSG_TYPE)
    return subnet | {
        "properties": subnet["properties"] | {"networkSecurityGroup": {"id": group.id}}
    }


def _prefix(text: str, field: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as problem:
        raise invalid(
            "InvalidAddressPrefixFormat",
            f"{field}: Address prefix {text} is not valid: {problem}; "
            "allowed are prefixes such as 10.0.0.0/16.",
            target=field,
        ) from None


def _check_subnets(network: str, subnets: list[Document], whole: list[Network]) -> None:
    names: set[str] = set()
    placed: list[tuple[Network, str]] = []
    for each in subnets:
        name = each.get("name")
        field = f"properties.subnets.{name}"
        if not name or NAME.fullmatch(name) is None:
            raise invalid(
                "InvalidResourceName",
                f"properties.subnets.name: '{name}' is not allowed: {NAME_RULE}.",
                target="properties.subnets.name",
            )
        prefixes = networks.prefixes_of(each)
        if not prefixes:
            raise missing_parameter(f"{field}.addressPrefix")
        if name.lower() in names:
            raise invalid(
                "InvalidRequestFormat",
                f"properties.subnets: two subnets have the name '{name}'.",
                target="properties.subnets",
            )
        names.add(name.lower())
        for text in prefixes:
            own = _prefix(text, f"{field}.addressPrefix")
            _check_place(network, name, own, whole)
            placed.append((own, name))
    _check_overlaps(network, placed)


def _check_place(network: str, name: str, own: Network, whole: list[Network]) -> None:
    if not any(own.version == each.version and own.subnet_of(each) for each in whole):  # type: ignore[arg-type]
        raise invalid(
            "NetcfgInvalidSubnet",
            f"Subnet '{name}' is not valid in virtual network '{network}': "
            f"{own} lies outside of {', '.join(str(each) for each in whole)}.",
            target="properties.subnets",
        )


def _check_overlaps(network: str, placed: list[tuple[Network, str]]) -> None:
    """Refuse prefixes that overlap: in their order, one would lie within its neighbour."""
    ordered = sorted(placed, key=lambda each: (each[0].version, each[0]))
    for (before, other), (own, name) in pairwise(ordered):
        if own.version == before.version and own.overlaps(before):
            raise invalid(
                "NetcfgSubnetRangesOverlap",
                f"Subnet '{name}' is not valid because its IP address range overlaps with that of "
                f"an existing subnet in virtual network '{network}': {other}.",
                target="properties.subnets",
            )


def _refuse_loss(write: Write, subnets: list[Document]) -> None:
    assert write.existing is not None
    kept = {each["name"].lower() for each in subnets}
    before = networks.subnets_of(write.existing.document)
    lost = [each for each in before if each["name"].lower() not in kept]
    _refuse_use(write.call, write.id, lost)


def _refuse_use(call: Call, network_id: str, subnets: list[Document]) -> None:
    lost = [f"{network_id}/subnets/{each['name']}" for each in subnets]
    for interface, place in networks.interfaces_in(call.connection, lost) if lost else ():
        subnet_id = place["properties"]["subnet"]["id"]
        raise invalid(
            "InUseSubnetCannotBeDeleted",
            f"Subnet {subnet_id.rpartition('/')[2]} is in use by {interface.id} and cannot be "
            "deleted. In order to delete the subnet, delete all the resources within the subnet.",
            target=subnet_id,
        )


# --- how it looks ------------------------------------------------------------------------


def _render(_call: Call, rows: Sequence[Row[Any]]) -> list[Document]:
    return [_render_one(row) for row in rows]


def _render_one(network: Row[Any]) -> Document:
    properties = {
        "virtualNetworkPeerings": [],
        "enableDdosProtection": False,
        **network.document["properties"],
        "provisioningState": "Succeeded",
        "resourceGuid": ids.guid(ids.md5_hex(f"{network.folded}/{network.created_at}")),
        "subnets": [
            _render_subnet(network, each) for each in networks.subnets_of(network.document)
        ],
    }
    return store.envelope(VIRTUAL_NETWORKS, network) | {
        "etag": _etag(network),
        "properties": properties,
    }


def _render_subnet(network: Row[Any], subnet: Document) -> Document:
    return {
        "id": f"{network.id}/subnets/{subnet['name']}",
        "name": subnet["name"],
        "type": SUBNET_TYPE,
        "etag": _etag(network),
        "properties": {
            "delegations": [],
            "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled",
            **subnet["properties"],
            "provisioningState": "Succeeded",
        },
    }


def _etag(network: Row[Any]) -> str:
    revision = network.hidden["revision"]
    return f'W/"{ids.guid(ids.md5_hex(f"{network.folded}/{revision}"))}"'


def _remove(call: Call, network: Row[Any]) -> None:
    _refuse_use(call, network.id, networks.subnets_of(network.document))


VIRTUAL_NETWORKS = CompanionType(
    type_name=VNET_TYPE,
    operations="VirtualNetworks",
    parameter="virtualNetworkName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=VirtualNetworkBody,
    patch=TagsBody,
    write=_write,
    render=_render,
    remove=_remove,
    update="UpdateTags",
)


# --- subnets -----------------------------------------------------------------------------

_SUBNETS = f"{VIRTUAL_NETWORKS.template}/subnets"
_SUBNET = f"{_SUBNETS}/{{subnetName}}"


@endpoint("GET", _SUBNETS, "Subnets_List", tag=TAG)
def list_subnets(call: Call) -> Document:
    """List the subnets of a virtual network."""
    network = store.get(call, VIRTUAL_NETWORKS)
    found = networks.subnets_of(network.document)
    return {"value": [_render_subnet(network, each) for each in found]}


@endpoint("GET", _SUBNET, "Subnets_Get", tag=TAG)
def get_subnet(call: Call) -> Document:
    """Show a subnet."""
    network = store.get(call, VIRTUAL_NETWORKS)
    found = _find(call, network)
    if found is None:
        raise _subnet_not_found(call)
    return _render_subnet(network, found)


@endpoint("PUT", _SUBNET, "Subnets_CreateOrUpdate", tag=TAG, body=SubnetBody, statuses=(200, 201))
def put_subnet(call: Call, body: SubnetBody) -> Answer:
    """Create a subnet, or replace one that exists."""
    network = store.get(call, VIRTUAL_NETWORKS)
    found = _find(call, network)
    sent = body.wire()["properties"]
    others = [each for each in networks.subnets_of(network.document) if each is not found]
    changed = {
        "name": call.path["subnetName"] if found is None else found["name"],
        "properties": sent,
    }
    _store(call, network, [*others, changed])
    shown = _render_subnet(store.get(call, VIRTUAL_NETWORKS), changed)
    return Answer(201 if found is None else 200, shown)


@endpoint("DELETE", _SUBNET, "Subnets_Delete", tag=TAG, statuses=(200, 204))
def delete_subnet(call: Call) -> Answer:
    """Delete a subnet that nothing lies in; 204 if there is none."""
    network = store.get(call, VIRTUAL_NETWORKS)
    found = _find(call, network)
    if found is None:
        return Answer(204)
    _store(
        call, network, [each for each in networks.subnets_of(network.document) if each is not found]
    )
    return Answer(200)


def _find(call: Call, network: Row[Any]) -> Document | None:
    wanted = call.path["subnetName"].lower()
    for each in networks.subnets_of(network.document):
        if each["name"].lower() == wanted:
            return each
    return None


def _store(call: Call, network: Row[Any], subnets: list[Document]) -> None:
    store.rewrite(call, VIRTUAL_NETWORKS, network, {"subnets": subnets})


def _subnet_not_found(call: Call) -> Refused:
    return not_found(
        "NotFound",
        f"Resource {call.path['virtualNetworkName']}/{call.path['subnetName']} not found.",
        target="subnetName",
    )


ENDPOINTS = (
    *store.endpoints(VIRTUAL_NETWORKS),
    list_subnets,
    get_subnet,
    put_subnet,
    delete_subnet,
)
