"""Public IP addresses, from ranges that are not routed: none is a stranger's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row, select

from ...arm import etags
from ...arm.bodies import Body
from ...arm.calls import Call
from ...arm.words import Word
from ...domain import ids
from ...domain.errors import invalid, not_emulated
from ...domain.resource_ids import PUBLIC_IP_TYPE
from ...store.metadata import Document
from ...store.resource_tables import resources
from . import network_uses, store
from .disks import WholeNumber
from .store import CompanionType, Write, Written
from .virtual_networks import NAME, NAME_RULE, TagsBody

V4 = ip_network("198.18.0.0/15")
"""For benchmarks of networks (RFC 2544): never routed."""
V6 = ip_network("2001:db8::/32")
"""For documentation (RFC 3849)."""
_LABEL = re.compile(r"[a-z][a-z0-9-]{1,61}[a-z0-9]")


class PublicIpSku(Body):
    """The kind of address."""

    name: Annotated[
        Literal["Basic", "Standard", "StandardV2"] | None, Word("Basic", "Standard", "StandardV2")
    ] = Field(default=None, examples=["Standard"])
    tier: Annotated[Literal["Regional", "Global"] | None, Word("Regional", "Global")] = None


class DnsSettings(Body):
    """The name that leads to the address."""

    domain_name_label: str | None = Field(default=None, max_length=63, examples=["machine-1"])
    domain_name_label_scope: str | None = Field(default=None, max_length=40)
    reverse_fqdn: str | None = Field(default=None, max_length=260)


class PublicIpProperties(Body):
    """What a public IP address can be told."""

    public_ip_allocation_method: Annotated[
        Literal["Static", "Dynamic"] | None, Word("Static", "Dynamic")
    ] = Field(default=None, alias="publicIPAllocationMethod", examples=["Static"])
    public_ip_address_version: Annotated[Literal["IPv4", "IPv6"] | None, Word("IPv4", "IPv6")] = (
        Field(default=None, alias="publicIPAddressVersion")
    )
    idle_timeout_in_minutes: WholeNumber | None = Field(default=None, ge=4, le=30)
    dns_settings: DnsSettings | None = None
    ddos_settings: dict[str, Any] | None = None
    ip_tags: list[dict[str, Any]] | None = None
    public_ip_prefix: dict[str, Any] | None = Field(default=None, alias="publicIPPrefix")
    delete_option: Annotated[Literal["Delete", "Detach"] | None, Word("Delete", "Detach")] = None


class PublicIpAddressBody(Body):
    """A public IP address to create or to replace."""

    EXAMPLE = {
        "location": "westeurope",
        "sku": {"name": "Standard"},
        "properties": {"publicIPAllocationMethod": "Static"},
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    sku: PublicIpSku | None = None
    zones: list[str] | None = Field(default=None, max_length=3)
    extended_location: dict[str, Any] | None = None
    properties: PublicIpProperties = Field(default_factory=PublicIpProperties)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    properties = dict(write.wanted["properties"])
    if properties.get("publicIPPrefix"):
        raise not_emulated("properties.publicIPPrefix", "prefixes of public IP addresses")
    sku = {"name": "Basic", "tier": "Regional"} | write.wanted.get("sku", {})
    properties.setdefault("publicIPAllocationMethod", "Dynamic")
    if sku["name"] != "Basic" and properties["publicIPAllocationMethod"] != "Static":
        raise invalid(
            "StandardSkuPublicIPAddressesMustBeStatic",
            f"properties.publicIPAllocationMethod: 'Dynamic': public IP address {write.id} of sku "
            f"{sku['name']} must have the allocation method Static.",
            target="properties.publicIPAllocationMethod",
        )
    _check_label(write, store.at(properties, "dnsSettings.domainNameLabel"))
    document = write.wanted | {"sku": sku, "properties": properties}
    return Written(document, write.existing.hidden if write.existing else {})


def _check_label(write: Write, label: str | None) -> None:
    if label is None:
        return
    field = "properties.dnsSettings.domainNameLabel"
    if _LABEL.fullmatch(label) is None:
        raise invalid(
            "InvalidDomainNameLabel",
            f"{field}: The domain name label {label} is invalid. It must conform to the following "
            "regular expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.",
            target=field,
        )
    same_region = select(resources).where(
        resources.c.type_folded == PUBLIC_IP_TYPE.lower(),
        resources.c.location == write.location,
        resources.c.folded != write.id.lower(),
    )
    for row in write.call.connection.execute(same_region.order_by(resources.c.folded)):
        if store.at(row.document, field) == label:
            raise invalid(
                "DnsRecordInUse",
                f"{field}: DNS record {_fqdn(label, write.location)} is already used by another "
                "public IP.",
                target=field,
            )


def _fqdn(label: str, location: str) -> str:
    return f"{label}.{location}.cloudapp.azure.com"


# --- how it looks ------------------------------------------------------------------------


def _render(call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    uses = network_uses.configurations_by_address(call.connection)
    return [_render_one(row, uses.get(row.folded, [])) for row in found]


def _render_one(address: Row[Any], users: list[str]) -> Document:
    hashed = ids.md5_hex(f"{address.folded}/{address.created_at}")
    stored = address.document["properties"]
    properties: Document = {
        "publicIPAddressVersion": "IPv4",
        "idleTimeoutInMinutes": 4,
        "ipTags": [],
        **stored,
        "provisioningState": "Succeeded",
        "resourceGuid": ids.guid(hashed),
    }
    if users:
        properties["ipConfiguration"] = {"id": users[0]}
    if users or stored["publicIPAllocationMethod"] == "Static":
        properties["ipAddress"] = _address(hashed, properties["publicIPAddressVersion"])
    label = store.at(stored, "dnsSettings.domainNameLabel")
    if label:
        named = {"fqdn": _fqdn(label, address.location)}
        properties["dnsSettings"] = stored["dnsSettings"] | named
    content = etags.digest([hashed, address.document, users])
    etag = f'W/"{ids.guid(ids.md5_hex(content))}"'
    return store.envelope(ADDRESSES, address) | {"etag": etag, "properties": properties}


def _address(hashed: str, version: str) -> str:
    number = int(hashed, 16)
    if version == "IPv6":
        return str(IPv6Address(int(V6.network_address) + number % V6.num_addresses))
    return str(IPv4Address(int(V4.network_address) + number % V4.num_addresses))


def _remove(call: Call, address: Row[Any]) -> None:
    users = network_uses.configurations_by_address(call.connection).get(address.folded)
    if users:
        raise invalid(
            "PublicIPAddressCannotBeDeleted",
            f"Public IP address {address.id} can not be deleted since it is still allocated to "
            f"resource {users[0]}. In order to delete the public IP, disassociate/detach the "
            "Public IP address from the resource.",
            target=address.id,
        )


ADDRESSES = CompanionType(
    type_name=PUBLIC_IP_TYPE,
    operations="PublicIPAddresses",
    parameter="publicIpAddressName",
    tag="Public IP addresses",
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=PublicIpAddressBody,
    patch=TagsBody,
    write=_write,
    render=_render,
    remove=_remove,
    fixed=("zones", "properties.publicIPAddressVersion"),
    update="UpdateTags",
    replaces=True,
)

ENDPOINTS = store.endpoints(ADDRESSES)
