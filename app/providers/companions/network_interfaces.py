"""Network interfaces: what holds a VM to a subnet."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm import etags, examples
from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.words import Word
from ...domain import ids
from ...domain.documents import merge
from ...domain.errors import invalid
from ...domain.resource_ids import NIC_TYPE, NSG_TYPE, PUBLIC_IP_TYPE
from ...engine import networks
from ...store.metadata import Document
from . import links, network_uses, store
from .store import CompanionType, Write, Written, missing_parameter
from .virtual_networks import NAME, NAME_RULE, TagsBody

TAG = "Network interfaces"
Taken = dict[str, dict[str, str]]
"""The addresses that are taken, by the subnet's id; each with the id of what has it."""


class SubnetReference(Body):
    """A subnet, by its id."""

    id: str | None = Field(default=None, max_length=600)


class IpConfigurationProperties(Body):
    """How an interface is reached."""

    subnet: SubnetReference | None = None
    private_ip_address: str | None = Field(default=None, max_length=50, alias="privateIPAddress")
    private_ip_allocation_method: Annotated[
        Literal["Static", "Dynamic"] | None, Word("Static", "Dynamic")
    ] = Field(default=None, alias="privateIPAllocationMethod")
    private_ip_address_version: Annotated[Literal["IPv4", "IPv6"] | None, Word("IPv4", "IPv6")] = (
        Field(default=None, alias="privateIPAddressVersion")
    )
    public_ip_address: dict[str, Any] | None = Field(default=None, alias="publicIPAddress")
    primary: bool | None = None


class IpConfiguration(Body):
    """An address of an interface, in a subnet."""

    name: str | None = Field(default=None, max_length=80)
    properties: IpConfigurationProperties = Field(default_factory=IpConfigurationProperties)


class InterfaceProperties(Body):
    """What a network interface can be told."""

    ip_configurations: list[IpConfiguration] | None = Field(default=None, max_length=256)
    network_security_group: dict[str, Any] | None = None
    dns_settings: dict[str, Any] | None = None
    enable_accelerated_networking: bool | None = None
    enable_ip_forwarding: bool | None = Field(default=None, alias="enableIPForwarding")


class NetworkInterfaceBody(Body):
    """A network interface to create or to change."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {
            "ipConfigurations": [
                {
                    "name": "ipconfig1",
                    "properties": {"subnet": {"id": f"{examples.NETWORK_ID}/subnets/default"}},
                }
            ]
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: InterfaceProperties = Field(default_factory=InterfaceProperties)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    if write.existing is not None and networks.ENDPOINT in write.existing.hidden:
        raise invalid(
            "NetworkInterfaceOfPrivateEndpointIsReadOnly",
            f"'{write.id}' belongs to a private endpoint, which alone changes it.",
            target=write.id,
        )
    sent = write.wanted["properties"].get("ipConfigurations")
    if not sent:
        raise missing_parameter("ipConfigurations")
    old = write.existing.document["properties"]["ipConfigurations"] if write.existing else []
    found: list[Document] = []
    taken: Taken = {}
    for position, each in enumerate(sent):
        name = each.get("name") or f"ipconfig{position + 1}"
        known = next((one for one in old if one["name"].lower() == name.lower()), None)
        told = {"primary": not position} | each["properties"]
        found.append(_configuration(write, name, told, known, taken))
    hidden = write.existing.hidden if write.existing else {}
    properties = write.wanted["properties"] | {"ipConfigurations": found}
    guard = properties.get("networkSecurityGroup")
    if guard is not None:
        field = "properties.networkSecurityGroup.id"
        group = links.get_in_region(write, guard.get("id"), field, NSG_TYPE)
        properties["networkSecurityGroup"] = {"id": group.id}
    return Written(write.wanted | {"properties": properties}, hidden)


def _configuration(
    write: Write, name: str, sent: Document, known: Document | None, taken: Taken
) -> Document:
    """Return an IP configuration with its address, which ``taken`` then holds too."""
    field = f"properties.ipConfigurations.{name}"
    subnet = _subnet(write, store.at(sent, "subnet.id"), field)
    if subnet.id not in taken:
        taken[subnet.id] = networks.holders(write.call.connection, subnet)
    held = taken[subnet.id]
    if sent.get("privateIPAllocationMethod") == "Static":
        address = _static(write, sent.get("privateIPAddress"), subnet, held, field)
    else:
        address = _dynamic(write, known, subnet, held, field)
    held[address] = f"{write.id}/ipConfigurations/{name}"
    born = networks.configuration(name, subnet, address)
    own = {key: value for key, value in sent.items() if key not in ("subnet", "privateIPAddress")}
    if "publicIPAddress" in own:
        own["publicIPAddress"] = {"id": _public_address(write, own["publicIPAddress"], name)}
    return merge(born, {"properties": own})


def _public_address(write: Write, sent: Document, name: str) -> str:
    """Return the id of a public IP address that no other configuration has."""
    field = f"properties.ipConfigurations.{name}.publicIPAddress.id"
    address = links.get_in_region(write, sent.get("id"), field, PUBLIC_IP_TYPE)
    own = f"{write.id}/ipConfigurations/{name}".lower()
    for user in network_uses.configurations_by_address(write.call.connection).get(
        address.folded, ()
    ):
        if user.lower() != own:
            raise invalid(
                "PublicIPAddressInUse",
                f"{field}: Resource {own} is referencing public IP address {address.id} that is "
                f"already allocated to resource {user}.",
                target=field,
            )
    found: str = address.id
    return found


def _subnet(write: Write, sent: str | None, field: str) -> networks.Subnet:
    if not sent:
        raise missing_parameter(f"{field}.subnet.id")
    found = networks.find_subnet(write.call.connection, sent)
    if found is None or found.network.location != write.location:
        raise links.not_referable(sent, write.id, f"{field}.subnet.id")
    return found


def _dynamic(
    write: Write,
    known: Document | None,
    subnet: networks.Subnet,
    held: dict[str, str],
    field: str,
) -> str:
    """Return the address that a configuration has in the subnet already, or a free one."""
    kept: str = known["properties"]["privateIPAddress"] if known is not None else ""
    address = kept if held.get(kept) == write.id else networks.free_address(subnet, held)
    if address is None:
        raise invalid(
            "SubnetIsFull", f"{field}: Subnet {subnet.name} has no free address.", target=field
        )
    return address


def _static(
    write: Write, address: str | None, subnet: networks.Subnet, held: dict[str, str], field: str
) -> str:
    if not address:
        raise missing_parameter(f"{field}.privateIPAddress")
    _check_inside(address, subnet, field)
    holder = held.get(address, write.id)
    if holder != write.id:
        raise invalid(
            "PrivateIPAddressIsAllocated",
            f"{field}.privateIPAddress: the private IP address {address} is already allocated to "
            f"resource {holder}.",
            target=f"{field}.privateIPAddress",
        )
    return address


def _check_inside(address: str, subnet: networks.Subnet, field: str) -> None:
    try:
        inside = ip_address(address) in ip_network(subnet.prefix)
    except ValueError:
        inside = False
    if not inside:
        raise invalid(
            "PrivateIPAddressNotInSubnet",
            f"{field}.privateIPAddress: Private static IP address {address} does not belong to "
            f"the range of subnet prefix {subnet.prefix}.",
            target=f"{field}.privateIPAddress",
        )


# --- how it looks ------------------------------------------------------------------------


def _render(call: Call, rows: Sequence[Row[Any]]) -> list[Document]:
    owners = networks.owners(call.connection, list(rows))
    return [_render_one(row, owners.get(row.folded)) for row in rows]


def _render_one(interface: Row[Any], owner: str | None) -> Document:
    hashed = ids.md5_hex(f"{interface.folded}/{interface.created_at}")
    content = etags.digest([interface.document, owner])
    etag = f'W/"{ids.guid(ids.md5_hex(f"{hashed}/{content}"))}"'
    properties = {
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
        **interface.document["properties"],
        "provisioningState": "Succeeded",
        "resourceGuid": ids.guid(hashed),
        "nicType": "Standard",
        "ipConfigurations": [
            {
                "id": f"{interface.id}/ipConfigurations/{each['name']}",
                "etag": etag,
                "type": f"{NIC_TYPE}/ipConfigurations",
                **each,
                "properties": each["properties"] | {"provisioningState": "Succeeded"},
            }
            for each in interface.document["properties"]["ipConfigurations"]
        ],
    }
    endpoint = interface.hidden.get(networks.ENDPOINT)
    if endpoint is not None:
        properties["privateEndpoint"] = {"id": endpoint}
    if owner is not None:
        mac = hashed[:6].upper()
        properties |= {
            "virtualMachine": {"id": owner},
            "primary": True,
            "macAddress": f"00-0D-3A-{mac[:2]}-{mac[2:4]}-{mac[4:]}",
        }
    return store.envelope(NETWORK_INTERFACES, interface) | {"etag": etag, "properties": properties}


def _remove(call: Call, interface: Row[Any]) -> None:
    vm = networks.owners(call.connection, [interface]).get(interface.folded)
    owner = vm or interface.hidden.get(networks.ENDPOINT)
    if owner is not None:
        raise invalid(
            "NicInUse",
            f"Network Interface {interface.id} is used by existing resource {owner}. In order to "
            "delete the network interface, it must be dissociated from the resource.",
            target=interface.id,
        )


NETWORK_INTERFACES = CompanionType(
    type_name=NIC_TYPE,
    operations="NetworkInterfaces",
    parameter="networkInterfaceName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=NetworkInterfaceBody,
    patch=TagsBody,
    write=_write,
    render=_render,
    remove=_remove,
    update="UpdateTags",
    replaces=True,
)

ENDPOINTS = store.endpoints(NETWORK_INTERFACES)
