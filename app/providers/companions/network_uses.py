"""What network resources are used by: the interfaces and subnets that name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from ...domain.resource_ids import NIC_TYPE, VNET_TYPE
from ...engine import networks
from ...store.metadata import Document
from ...store.resource_tables import resources

Uses = Mapping[str, list[str]]
"""The ids of what uses resources, by the lower-case ids of these."""


def _of_type(connection: Connection, type_name: str) -> Iterator[Row[Any]]:
    found = select(resources).where(resources.c.type_folded == type_name.lower())
    yield from connection.execute(found.order_by(resources.c.folded))


def _named(properties: Document, part: str) -> str | None:
    named = (properties.get(part) or {}).get("id")
    return named.lower() if isinstance(named, str) else None


def interfaces_by_group(connection: Connection) -> Uses:
    """Return the network interfaces that network security groups guard."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in _of_type(connection, NIC_TYPE):
        group = _named(row.document["properties"], "networkSecurityGroup")
        if group is not None:
            found[group].append(row.id)
    return found


def subnets_by_group(connection: Connection) -> Uses:
    """Return the subnets that network security groups guard."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in _of_type(connection, VNET_TYPE):
        for each in networks.subnets_of(row.document):
            group = _named(each["properties"], "networkSecurityGroup")
            if group is not None:
                found[group].append(f"{row.id}/subnets/{each['name']}")
    return found


def configurations_by_address(connection: Connection) -> Uses:
    """Return the IP configurations that public IP addresses belong to."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for row in _of_type(connection, NIC_TYPE):
        for each in row.document["properties"]["ipConfigurations"]:
            address = _named(each["properties"], "publicIPAddress")
            if address is not None:
                found[address].append(f"{row.id}/ipConfigurations/{each['name']}")
    return found
