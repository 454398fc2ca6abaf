"""Network security groups and their rules: which packets pass, though none ever flow here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import Field
from sqlalchemy import Row

from ...arm import etags
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain import ids
from ...domain.errors import invalid, not_found
from ...domain.resource_ids import NSG_TYPE
from ...store.metadata import Document
from . import network_uses, store
from .network_uses import Uses
from .store import CompanionType, Write, Written, missing_parameter
from .virtual_networks import NAME, NAME_RULE, TagsBody

TAG = "Network security groups"
RULE_TYPE = f"{NSG_TYPE}/securityRules"
DEFAULT_RULE_TYPE = f"{NSG_TYPE}/defaultSecurityRules"
_TAG_NAME = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
HIGHEST_PORT = 65_535

Prefixes = Annotated[list[str], Field(max_length=4000)]
Protocol = Annotated[
    Literal["*", "Tcp", "Udp", "Icmp", "Esp", "Ah"], Word("*", "Tcp", "Udp", "Icmp", "Esp", "Ah")
]


class SecurityRuleProperties(Body):
    """What a rule lets pass, or not."""

    description: str | None = Field(default=None, max_length=140)
    protocol: Protocol | None = Field(default=None, examples=["Tcp"])
    source_port_range: str | None = Field(default=None, max_length=20, examples=["*"])
    destination_port_range: str | None = Field(default=None, max_length=20, examples=["22"])
    source_address_prefix: str | None = Field(default=None, max_length=100, examples=["*"])
    destination_address_prefix: str | None = Field(default=None, max_length=100, examples=["*"])
    source_port_ranges: Prefixes | None = None
    destination_port_ranges: Prefixes | None = None
    source_address_prefixes: Prefixes | None = None
    destination_address_prefixes: Prefixes | None = None
    source_application_security_groups: list[dict[str, Any]] | None = None
    destination_application_security_groups: list[dict[str, Any]] | None = None
    access: Annotated[Literal["Allow", "Deny"] | None, Word("Allow", "Deny")] = Field(
        default=None, examples=["Allow"]
    )
    priority: Annotated[int, Field(strict=True)] | None = Field(
        default=None, ge=100, le=4096, examples=[1000]
    )
    direction: Annotated[Literal["Inbound", "Outbound"] | None, Word("Inbound", "Outbound")] = (
        Field(default=None, examples=["Inbound"])
    )


_SSH = {
    "protocol": "Tcp",
    "sourcePortRange": "*",
    "destinationPortRange": "22",
    "sourceAddressPrefix": "*",
    "destinationAddressPrefix": "*",
    "access": "Allow",
    "priority": 1000,
    "direction": "Inbound",
}


class GroupedRule(Body):
    """A rule within the body of its group."""

    name: str | None = Field(default=None, max_length=80, examples=["allow-ssh"])
    properties: SecurityRuleProperties = Field(default_factory=SecurityRuleProperties)


class SecurityRuleBody(Body):
    """A rule to create or to replace."""

    EXAMPLE = {"properties": _SSH}

    properties: SecurityRuleProperties = Field(default_factory=SecurityRuleProperties)


class SecurityGroupProperties(Body):
    """What a network security group can be told."""

    security_rules: list[GroupedRule] | None = Field(default=None, max_length=1000)
    flush_connection: bool | None = None


class NetworkSecurityGroupBody(Body):
    """A network security group to create or to replace."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {"securityRules": [{"name": "allow-ssh", "properties": _SSH}]},
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: SecurityGroupProperties = Field(default_factory=SecurityGroupProperties)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    properties = write.wanted["properties"]
    rules: list[Document] = properties.get("securityRules", [])
    for each in rules:
        _check_rule(each)
    _check_conflicts(rules)
    return Written(
        write.wanted | {"properties": properties | {"securityRules": rules}},
        write.existing.hidden if write.existing else {},
    )


def _check_rule(rule: Document) -> None:
    name = rule.get("name")
    if not name or NAME.fullmatch(name) is None:
        raise invalid(
            "InvalidResourceName",
            f"properties.securityRules.name: '{name}' is not allowed: {NAME_RULE}.",
            target="properties.securityRules.name",
        )
    field = f"securityRules.{name}"
    properties = rule["properties"]
    for needed in ("protocol", "access", "priority", "direction"):
        if needed not in properties:
            raise missing_parameter(f"{field}.{needed}")
    for side in ("source", "destination"):
        _check_ports(properties, f"{side}PortRange", field)
        _check_addresses(properties, side, field)


def _told(properties: Document, one: str, many: str) -> list[str]:
    return [properties[one]] if properties.get(one) else list(properties.get(many, ()))


def _check_ports(properties: Document, key: str, field: str) -> None:
    ranges = _told(properties, key, f"{key}s")
    if not ranges:
        raise missing_parameter(f"{field}.{key}")
    for each in ranges:
        found = _PORTS.fullmatch(each)
        ends = [int(end) for end in found.groups() if end] if found else []
        if each != "*" and (ends != sorted(ends) or not ends or ends[-1] > HIGHEST_PORT):
            raise invalid(
                "SecurityRuleInvalidPortRange",
                f"{field}.{key}: Security rule has invalid Port range. Value provided: {each}. "
                f"Value should be an integer OR integer range with '-' delimiter. "
                f"Valid range 0-{HIGHEST_PORT}.",
                target=key,
            )


def _check_addresses(properties: Document, side: str, field: str) -> None:
    key = f"{side}AddressPrefix"
    prefixes = _told(properties, key, f"{key}es")
    if not prefixes and not properties.get(f"{side}ApplicationSecurityGroups"):
        raise missing_parameter(f"{field}.{key}")
    for each in prefixes:
        if each != "*" and not _TAG_NAME.fullmatch(each) and not _is_prefix(each):
            raise invalid(
                "SecurityRuleInvalidAddressPrefix",
                f"{field}.{key}: Security rule has invalid Address prefix. Value provided: {each}. "
                "Allowed are a CIDR such as 10.0.0.0/24, a service tag and *.",
                target=key,
            )


def _is_prefix(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _check_conflicts(rules: list[Document]) -> None:
    """Names are unique, and so are priorities among the rules of one direction."""
    seen: dict[tuple[str, int] | str, str] = {}
    for each in rules:
        properties = each["properties"]
        for key in (each["name"].lower(), (properties["direction"], properties["priority"])):
            if key in seen:
                raise invalid(
                    "SecurityRuleConflict",
                    f"Security rule {each['name']} conflicts with rule {seen[key]}. Rules cannot "
                    "have the same Priority and Direction, nor the same name.",
                    target="properties.securityRules",
                )
            seen[key] = each["name"]


# --- how it looks ------------------------------------------------------------------------

_ANY = {
    "protocol": "*",
    "sourcePortRange": "*",
    "destinationPortRange": "*",
    "sourceAddressPrefix": "*",
    "destinationAddressPrefix": "*",
}
_VNET = {"sourceAddressPrefix": "VirtualNetwork", "destinationAddressPrefix": "VirtualNetwork"}


def _by_default(name: str, text: str, direction: str, priority: int, **more: str) -> Document:
    told = {"description": text, "direction": direction, "priority": priority}
    return {"name": name, "properties": {**_ANY, "access": "Allow", **told, **more}}


_DEFAULT_RULES = (
    _by_default(
        "AllowVnetInBound", "Allow inbound traffic from all VMs in VNET", "Inbound", 65000, **_VNET
    ),
    _by_default(
        "AllowAzureLoadBalancerInBound",
        "Allow inbound traffic from azure load balancer",
        "Inbound",
        65001,
        sourceAddressPrefix="AzureLoadBalancer",
    ),
    _by_default("DenyAllInBound", "Deny all inbound traffic", "Inbound", 65500, access="Deny"),
    _by_default(
        "AllowVnetOutBound",
        "Allow outbound traffic from all VMs to all VMs in VNET",
        "Outbound",
        65000,
        **_VNET,
    ),
    _by_default(
        "AllowInternetOutBound",
        "Allow outbound traffic from all VMs to Internet",
        "Outbound",
        65001,
        destinationAddressPrefix="Internet",
    ),
    _by_default("DenyAllOutBound", "Deny all outbound traffic", "Outbound", 65500, access="Deny"),
)
_LISTS = (
    "sourcePortRanges",
    "destinationPortRanges",
    "sourceAddressPrefixes",
    "destinationAddressPrefixes",
)


def _render(call: Call, found: Sequence[Row[Any]]) -> list[Document]:
    interfaces = network_uses.interfaces_by_group(call.connection)
    subnets = network_uses.subnets_by_group(call.connection)
    return [_render_one(row, interfaces, subnets) for row in found]


def _render_one(group: Row[Any], interfaces: Uses, subnets: Uses) -> Document:
    hashed = ids.md5_hex(f"{group.folded}/{group.created_at}")
    properties = {
        **group.document["properties"],
        "provisioningState": "Succeeded",
        "resourceGuid": ids.guid(hashed),
        "securityRules": [_rule(group, each) for each in _rules(group)],
        "defaultSecurityRules": [_default_rule(group, each) for each in _DEFAULT_RULES],
    }
    for name, uses in (("networkInterfaces", interfaces), ("subnets", subnets)):
        if uses.get(group.folded):
            properties[name] = [{"id": each} for each in uses[group.folded]]
    return store.envelope(SECURITY_GROUPS, group) | {
        "etag": _etag(group),
        "properties": properties,
    }


def _rules(group: Row[Any]) -> list[Document]:
    found: list[Document] = group.document["properties"]["securityRules"]
    return found


def _rule(group: Row[Any], rule: Document) -> Document:
    return _shown_rule(group, rule, "securityRules", RULE_TYPE)


def _default_rule(group: Row[Any], rule: Document) -> Document:
    return _shown_rule(group, rule, "defaultSecurityRules", DEFAULT_RULE_TYPE)


def _shown_rule(group: Row[Any], rule: Document, folder: str, type_name: str) -> Document:
    lists: Document = {name: [] for name in _LISTS}
    return {
        "id": f"{group.id}/{folder}/{rule['name']}",
        "name": rule["name"],
        "type": type_name,
        "etag": _etag(group),
        "properties": {**lists, **rule["properties"], "provisioningState": "Succeeded"},
    }


def _etag(group: Row[Any]) -> str:
    content = etags.digest([group.folded, group.created_at, group.document])
    return f'W/"{ids.guid(ids.md5_hex(content))}"'


def _remove(call: Call, group: Row[Any]) -> None:
    users = [
        *network_uses.interfaces_by_group(call.connection).get(group.folded, ()),
        *network_uses.subnets_by_group(call.connection).get(group.folded, ()),
    ]
    if users:
        raise invalid(
            "InUseNetworkSecurityGroupCannotBeDeleted",
            f"Network security group {group.id} cannot be deleted because it is in use by the "
            f"following resources: {', '.join(users)}. In order to delete the Network security "
            "group, remove the association with the resource(s).",
            target=group.id,
        )


SECURITY_GROUPS = CompanionType(
    type_name=NSG_TYPE,
    operations="NetworkSecurityGroups",
    parameter="networkSecurityGroupName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=NetworkSecurityGroupBody,
    patch=TagsBody,
    write=_write,
    render=_render,
    remove=_remove,
    update="UpdateTags",
    replaces=True,
)


# --- rules -------------------------------------------------------------------------------

_GROUP_PATH = SECURITY_GROUPS.template
_RULE = f"{_GROUP_PATH}/securityRules/{{securityRuleName}}"


@endpoint("GET", f"{_GROUP_PATH}/securityRules", "SecurityRules_List", tag=TAG)
def list_rules(call: Call) -> Document:
    """List the rules of a network security group."""
    group = store.get(call, SECURITY_GROUPS)
    return {"value": [_rule(group, each) for each in _rules(group)]}


@endpoint("GET", _RULE, "SecurityRules_Get", tag=TAG)
def get_rule(call: Call) -> Document:
    """Show a rule."""
    group = store.get(call, SECURITY_GROUPS)
    return _rule(group, _find(call, _rules(group), "securityRuleName"))


@endpoint(
    "PUT",
    _RULE,
    "SecurityRules_CreateOrUpdate",
    tag=TAG,
    body=SecurityRuleBody,
    statuses=(200, 201),
)
def put_rule(call: Call, body: SecurityRuleBody) -> Answer:
    """Create a rule, or replace one that exists."""
    group = store.get(call, SECURITY_GROUPS)
    name = call.path["securityRuleName"]
    others = [each for each in _rules(group) if each["name"].lower() != name.lower()]
    changed = {"name": name, "properties": body.wire()["properties"]}
    _store(call, group, [*others, changed])
    created = len(others) == len(_rules(group))
    shown = _rule(store.get(call, SECURITY_GROUPS), changed)
    return Answer(201 if created else 200, shown)


@endpoint("DELETE", _RULE, "SecurityRules_Delete", tag=TAG, statuses=(200, 204))
def delete_rule(call: Call) -> Answer:
    """Delete a rule; 204 if there is none."""
    group = store.get(call, SECURITY_GROUPS)
    name = call.path["securityRuleName"].lower()
    others = [each for each in _rules(group) if each["name"].lower() != name]
    if len(others) == len(_rules(group)):
        return Answer(204)
    _store(call, group, others)
    return Answer(200)


@endpoint("GET", f"{_GROUP_PATH}/defaultSecurityRules", "DefaultSecurityRules_List", tag=TAG)
def list_default_rules(call: Call) -> Document:
    """List the rules that every network security group has."""
    group = store.get(call, SECURITY_GROUPS)
    return {"value": [_default_rule(group, each) for each in _DEFAULT_RULES]}


@endpoint(
    "GET",
    f"{_GROUP_PATH}/defaultSecurityRules/{{defaultSecurityRuleName}}",
    "DefaultSecurityRules_Get",
    tag=TAG,
)
def get_default_rule(call: Call) -> Document:
    """Show one of the rules that every network security group has."""
    group = store.get(call, SECURITY_GROUPS)
    return _default_rule(group, _find(call, _DEFAULT_RULES, "defaultSecurityRuleName"))


def _find(call: Call, rules: Sequence[Document], parameter: str) -> Document:
    wanted = call.path[parameter]
    for each in rules:
        if each["name"].lower() == wanted.lower():
            return each
    raise not_found(
        "NotFound",
        f"Resource {call.path['networkSecurityGroupName']}/{wanted} not found.",
        target=parameter,
    )


def _store(call: Call, group: Row[Any], rules: list[Document]) -> None:
    store.rewrite(call, SECURITY_GROUPS, group, {"securityRules": rules})


ENDPOINTS = (
    *store.endpoints(SECURITY_GROUPS),
    list_rules,
    get_rule,
    put_rule,
    delete_rule,
    list_default_rules,
    get_default_rule,
)
