"""Subnets of virtual networks, and the addresses that network interfaces have in them."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from sqlalchemy import Connection, Row, select, update

from ..domain.resource_ids import NIC_TYPE, parse_subnet
from ..store.metadata import Document
from ..store.resource_tables import resources

RESERVED = 4
"""Azure keeps the first four addresses of a subnet, and the last, for itself."""
ENDPOINT = "endpoint"
"""In ``hidden`` of an interface: the id of the private endpoint that it belongs to."""


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet that exists; ``id`` is in its canonical spelling."""

    id: str
    name: str
    prefix: str
    network: Row[Any]


def find_subnet(connection: Connection, subnet_id: str) -> Subnet | None:
    """Return a subnet by its id, whatever its casing."""
    found = parse_subnet(subnet_id)
    if found is None:
        return None
    network = connection.execute(
        select(resources).where(resources.c.folded == found[0].folded)
    ).first()
    if network is None:
        return None
    for each in subnets_of(network.document):
        if each["name"].lower() == found[1].lower():
            prefix = prefixes_of(each)[0]
            return Subnet(f"{network.id}/subnets/{each['name']}", each["name"], prefix, network)
    return None


def subnets_of(network: Document) -> list[Document]:
    """Return the subnets in a virtual network's document."""
    found: list[Document] = network["properties"].get("subnets", [])
    return found


def prefixes_of(subnet: Document) -> list[str]:
    """Return a subnet's address prefixes; Azure takes one, or a list of them."""
    properties = subnet["properties"]
    one = properties.get("addressPrefix")
    return [one] if one else list(properties.get("addressPrefixes", ()))


def interfaces_in(
    connection: Connection, subnet_ids: Collection[str]
) -> list[tuple[Row[Any], Document]]:
    """Return the network interfaces in some subnets, each with its IP configuration there."""
    wanted = {each.lower() for each in subnet_ids}
    rows = connection.execute(
        select(resources)
        .where(resources.c.type_folded == NIC_TYPE.lower())
        .order_by(resources.c.folded)
    )
    return [
        (row, each)
        for row in rows
        for each in row.document["properties"]["ipConfigurations"]
        if each["properties"]["subnet"]["id"].lower() in wanted
    ]


def holders(connection: Connection, subnet: Subnet) -> dict[str, str]:
    """Return the addresses of a subnet that are taken, each with the id of its interface."""
    return {
        each["properties"]["privateIPAddress"]: row.id
        for row, each in interfaces_in(connection, (subnet.id,))
    }


def free_address(subnet: Subnet, taken: Container[str]) -> str | None:
    """Return the first address of a subnet that is not taken; ``None`` if it is full."""
    return next((each for each in _addresses(subnet.prefix) if each not in taken), None)


def _addresses(prefix: str) -> Iterator[str]:
    network: IPv4Network | IPv6Network = ip_network(prefix)
    for offset in range(RESERVED, network.num_addresses - 1):
        yield str(network.network_address + offset)


def configuration(name: str, subnet: Subnet, address: str) -> Document:
    """Return the IP configuration of an interface that gets an address by itself."""
    return {
        "name": name,
        "properties": {
            "subnet": {"id": subnet.id},
            "privateIPAddress": address,
            "privateIPAllocationMethod": "Dynamic",
            "privateIPAddressVersion": "IPv4",
            "primary": True,
        },
    }


def claim(connection: Connection, vm_id: str, vm: Document) -> None:
    """Note on the interfaces that a VM names whose they are; those that are gone are let be."""
    profile = vm["properties"].get("networkProfile", {})
    named = [each["id"].lower() for each in profile.get("networkInterfaces", ())]
    if named:
        connection.execute(
            update(resources).where(resources.c.folded.in_(named)).values(hidden={"vm": vm_id})
        )


def owners(connection: Connection, interfaces: list[Row[Any]]) -> dict[str, str]:
    """Return the ids of the VMs that hold some interfaces, by the interfaces' lower-case ids."""
    claimed = {row.folded: row.hidden["vm"] for row in interfaces if row.hidden.get("vm")}
    wanted = {vm_id.lower() for vm_id in claimed.values()}
    found = connection.execute(select(resources).where(resources.c.folded.in_(wanted)))
    held = {
        each["id"].lower(): vm.id
        for vm in found
        for each in vm.document["properties"].get("networkProfile", {}).get("networkInterfaces", ())
    }
    return {
        folded: held[folded]
        for folded, vm_id in claimed.items()
        if held.get(folded, "").lower() == vm_id.lower()
    }
