"""Private endpoints: addresses of a subnet behind which a Recovery Services vault is reached.

Only vaults can be reached. Each endpoint has a network interface of its own, as on Azure, with an
address for every member of the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import Row, insert

from ...arm import etags, examples
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.words import Word
from ...domain import ids, private_links, resource_ids
from ...domain.errors import conflict, invalid, not_emulated, resource_not_found
from ...domain.private_links import GROUPS
from ...domain.resource_ids import NIC_TYPE, PRIVATE_ENDPOINT_TYPE, VAULT_TYPE
from ...engine import networks, private_endpoints
from ...store import rows as stored
from ...store.metadata import Document
from ...store.resource_tables import resources
from ...store.vaults import find_vault, keep_properties
from .. import multi_user_authorization
from . import links, store
from .network_interfaces import SubnetReference
from .store import CompanionType, Write, Written
from .virtual_networks import NAME, NAME_RULE

TAG = "Private endpoints"
AUTOMATIC, MANUAL = "privateLinkServiceConnections", "manualPrivateLinkServiceConnections"
APPROVE = "Microsoft.RecoveryServices/vaults/privateEndpointConnectionsApproval/action"


class ServiceConnectionProperties(Body):
    """What is to be reached; a state that is sent back is what was read, and is not heard."""

    private_link_service_id: str | None = Field(default=None, max_length=600)
    group_ids: list[Annotated[str, Word(*GROUPS)]] = Field(default_factory=list, max_length=20)
    request_message: str | None = Field(default=None, max_length=140)


class ServiceConnection(Body):
    """A connection to a private link resource."""

    name: str | None = Field(default=None, max_length=80)
    properties: ServiceConnectionProperties = Field(default_factory=ServiceConnectionProperties)


class PrivateEndpointProperties(Body):
    """What a private endpoint can be told."""

    subnet: SubnetReference | None = None
    private_link_service_connections: list[ServiceConnection] = Field(
        default_factory=list, max_length=20
    )
    manual_private_link_service_connections: list[ServiceConnection] = Field(
        default_factory=list, max_length=20
    )
    custom_network_interface_name: str | None = Field(default=None, max_length=80)
    ip_configurations: list[dict[str, Any]] = Field(default_factory=list, max_length=100)
    application_security_groups: list[dict[str, Any]] = Field(default_factory=list, max_length=100)


class PrivateEndpointBody(Body):
    """A private endpoint to create, or whose tags change."""

    EXAMPLE = {
        "location": "westeurope",
        "properties": {
            "subnet": {"id": f"{examples.NETWORK_ID}/subnets/default"},
            "privateLinkServiceConnections": [
                {
                    "name": "to-vault-1",
                    "properties": {
                        "privateLinkServiceId": examples.VAULT_ID,
                        "groupIds": ["AzureSiteRecovery"],
                    },
                }
            ],
        },
    }

    location: str | None = Field(default=None, max_length=90, examples=["westeurope"])
    tags: dict[str, str] | None = None
    properties: PrivateEndpointProperties = Field(default_factory=PrivateEndpointProperties)


# --- how it is written -------------------------------------------------------------------


def _write(write: Write) -> Written:
    sent = write.wanted["properties"]
    for part, what in (
        ("ipConfigurations", "static addresses: Azure Backup does not support them either"),
        ("applicationSecurityGroups", "application security groups"),
    ):
        if sent.get(part):
            raise not_emulated(f"properties.{part}", what)
    field, wanted = _one_connection(sent)
    if write.existing is not None:
        return _kept(write, field, wanted)
    return _created(write, field, wanted)


def _one_connection(sent: Document) -> tuple[str, Document]:
    """Return the one connection that an endpoint has, and the list that it stands in."""
    found = [(part, each) for part in (AUTOMATIC, MANUAL) for each in sent.get(part, ())]
    if len(found) != 1:
        raise invalid(
            "InvalidRequestFormat",
            f"properties: {len(found)} connections; a private endpoint has exactly one, in "
            f"{AUTOMATIC} or {MANUAL}.",
            target=f"properties.{AUTOMATIC}",
        )
    return found[0]


def _kept(write: Write, field: str, wanted: Document) -> Written:
    """Let an endpoint be put again as it is: what it connects is fixed."""
    existing = write.existing
    assert existing is not None
    stored = existing.document["properties"]
    was, now = stored.get(field, [{}])[0].get("properties", {}), wanted["properties"]
    told = (str(now.get("privateLinkServiceId")), now.get("groupIds"))
    subnet = store.at(write.wanted, "properties.subnet.id")
    same = (str(was.get("privateLinkServiceId")).lower(), was.get("groupIds"))
    if (told[0].lower(), told[1]) != same:
        raise store.change_not_allowed(field)
    if subnet is not None and subnet.lower() != stored["subnet"]["id"].lower():
        raise store.change_not_allowed("subnet")
    return Written({**write.wanted, "properties": stored}, existing.hidden)


def _created(write: Write, field: str, wanted: Document) -> Written:
    call = write.call
    path = f"properties.{field}.properties"
    group = _group(wanted["properties"], f"{path}.groupIds")
    vault = _vault(call, wanted["properties"].get("privateLinkServiceId"), path)
    private_links.check_new_endpoint(vault.id, vault.properties, group)
    interface = _interface(write, group)
    name = f"{write.name}.{ids.guid(ids.guid_hex(call.rules.seed, write.id.lower(), call.now))}"
    connected = _connection(write, vault, name, group, is_approved=field == AUTOMATIC)
    properties = private_links.with_connection(vault.properties, connected)
    keep_properties(call.connection, vault, properties, call.now)
    told = wanted["properties"] | {"privateLinkServiceId": vault.id, "groupIds": [group]}
    document: Document = {
        "subnet": interface.document["properties"]["ipConfigurations"][0]["properties"]["subnet"],
        field: [{"name": wanted.get("name") or write.name, "properties": told}],
    }
    custom = write.wanted["properties"].get("customNetworkInterfaceName")
    if custom:
        document["customNetworkInterfaceName"] = custom
    hidden = {
        private_endpoints.VAULT: vault.id,
        private_endpoints.NAME: name,
        private_endpoints.INTERFACE: interface.id,
    }
    return Written({**write.wanted, "properties": document}, hidden)


def _group(sent: Document, field: str) -> str:
    groups: list[str] = sent.get("groupIds") or []
    if len(groups) != 1 or groups[0] not in GROUPS:
        raise invalid(
            "InvalidPrivateLinkGroupId",
            f"{field}: {groups} must be one of {', '.join(GROUPS)}.",
            target=field,
        )
    return groups[0]


def _vault(call: Call, sent: str | None, path: str) -> Row[Any]:
    field = f"{path}.privateLinkServiceId"
    if not sent:
        raise store.missing_parameter(field.removeprefix("properties."))
    parsed = resource_ids.parse(sent)
    if parsed is None:
        raise links.invalid_linked_id(sent, field, VAULT_TYPE)
    if parsed.type.lower() != VAULT_TYPE.lower():
        raise not_emulated(field, f"private endpoints of '{parsed.type}'; name a vault")
    vault = find_vault(call.connection, parsed)
    if vault is None:
        raise resource_not_found(VAULT_TYPE, parsed.name, parsed.group)
    return vault


def _connection(
    write: Write, vault: Row[Any], name: str, group: str, *, is_approved: bool
) -> Document:
    """Return a new connection; who may not approve it must ask by hand. Raises ``Refused``."""
    if is_approved:
        multi_user_authorization.check_linked(write.call, vault.id, APPROVE)
    description = "Auto-approved" if is_approved else "Awaiting the approval of the vault's owner"
    return {
        "id": f"{vault.id}/privateEndpointConnections/{name}",
        "name": name,
        "type": f"{VAULT_TYPE}/privateEndpointConnections",
        "location": vault.location,
        "properties": {
            "provisioningState": "Succeeded",
            "privateEndpoint": {"id": write.id},
            "groupIds": [group],
            "privateLinkServiceConnectionState": {
                "status": "Approved" if is_approved else "Pending",
                "description": description,
                "actionsRequired": "None",
            },
        },
    }


def _interface(write: Write, group: str) -> Row[Any]:
    """Create the interface with an address for each member, and return its row."""
    call = write.call
    interface_id = _interface_id(write)
    document = {"properties": {"ipConfigurations": _addresses(call, _subnet(write), group)}}
    call.connection.execute(
        insert(resources).values(
            folded=interface_id.lower(),
            id=interface_id,
            group_folded=write.group_folded,
            type_folded=NIC_TYPE.lower(),
            name=interface_id.rpartition("/")[2],
            location=write.location,
            document=document,
            hidden={networks.ENDPOINT: write.id},
            created_at=call.now,
            changed_at=call.now,
        )
    )
    found = stored.find(call.connection, interface_id)
    assert found is not None
    return found


def _interface_id(write: Write) -> str:
    """Return the id that the interface gets. Raises ``Refused``: another one has it."""
    call = write.call
    guid = ids.guid(ids.guid_hex(call.rules.seed, "interface", write.id.lower(), call.now))
    custom = write.wanted["properties"].get("customNetworkInterfaceName")
    field = "properties.customNetworkInterfaceName"
    if custom and NAME.fullmatch(custom) is None:
        raise invalid(
            "InvalidResourceName", f"{field}: '{custom}' must be {NAME_RULE}.", target=field
        )
    holder = write.id.partition("/providers/")[0]
    wanted = f"{holder}/providers/{NIC_TYPE}/{custom or f'{write.name}.nic.{guid}'}"
    if stored.find(call.connection, wanted) is not None:
        raise conflict("NetworkInterfaceExists", f"{field}: '{wanted}' exists.", target=field)
    return wanted


def _subnet(write: Write) -> networks.Subnet:
    field = "properties.subnet.id"
    sent = store.at(write.wanted, field)
    if not sent:
        raise store.missing_parameter("subnet.id")
    subnet = networks.find_subnet(write.call.connection, sent)
    if subnet is None or subnet.network.location != write.location:
        raise links.not_referable(sent, write.id, field)
    return subnet


def _addresses(call: Call, subnet: networks.Subnet, group: str) -> list[Document]:
    taken = networks.holders(call.connection, subnet)
    found = []
    for position, member in enumerate(private_links.members(group)):
        address = networks.free_address(subnet, taken)
        if address is None:
            raise invalid(
                "SubnetIsFull",
                f"properties.subnet.id: Subnet {subnet.name} has too few free addresses; an "
                f"endpoint of group '{group}' needs {len(private_links.members(group))}.",
                target="properties.subnet.id",
            )
        taken[address] = member
        told = {
            "primary": not position,
            "privateLinkConnectionProperties": {"groupId": group, "requiredMemberName": member},
        }
        born = networks.configuration(f"privateEndpointIpConfig.{member}", subnet, address)
        found.append({**born, "properties": born["properties"] | told})
    return found


# --- how it looks ------------------------------------------------------------------------


def _render(call: Call, rows: Sequence[Row[Any]]) -> list[Document]:
    vaults = private_endpoints.vaults_of(call.connection, rows)
    interfaces = stored.find_all(
        call.connection, [row.hidden[private_endpoints.INTERFACE] for row in rows]
    )
    return [
        _render_one(
            row,
            vaults.get(row.hidden[private_endpoints.VAULT].lower()),
            interfaces.get(row.hidden[private_endpoints.INTERFACE].lower()),
        )
        for row in rows
    ]


def _render_one(row: Row[Any], vault: Row[Any] | None, interface: Row[Any] | None) -> Document:
    state = private_endpoints.state(row, vault)
    told = row.document["properties"]
    shown = {
        part: [_render_connection(row, part, each, state) for each in told.get(part, ())]
        for part in (AUTOMATIC, MANUAL)
    }
    etag = f'W/"{ids.guid(ids.md5_hex(etags.digest([row.id, row.document, state])))}"'
    properties = {
        "provisioningState": "Succeeded",
        "resourceGuid": ids.guid(ids.md5_hex(f"{row.folded}/{row.created_at}")),
        **told,
        **shown,
        "customNetworkInterfaceName": told.get("customNetworkInterfaceName", ""),
        "networkInterfaces": [{"id": row.hidden[private_endpoints.INTERFACE]}],
        "ipConfigurations": [],
        "customDnsConfigs": [] if interface is None else _dns(row, interface),
    }
    return store.envelope(PRIVATE_ENDPOINTS, row) | {"etag": etag, "properties": properties}


def _render_connection(
    row: Row[Any], part: str, connection: Document, state: dict[str, str]
) -> Document:
    return {
        "id": f"{row.id}/{part}/{connection['name']}",
        "type": f"{PRIVATE_ENDPOINT_TYPE}/{part}",
        **connection,
        "properties": {
            **connection["properties"],
            "provisioningState": "Succeeded",
            "privateLinkServiceConnectionState": state,
        },
    }


def _dns(row: Row[Any], interface: Row[Any]) -> list[Document]:
    """Return the names of the members with their addresses; nobody else has these names."""
    vault = ids.md5_hex(row.hidden[private_endpoints.VAULT].lower())[:12]
    return [
        {
            "fqdn": f"{vault}-{told['requiredMemberName'].lower()}.rsvault.invalid",
            "ipAddresses": [each["properties"]["privateIPAddress"]],
        }
        for each in interface.document["properties"]["ipConfigurations"]
        for told in [each["properties"]["privateLinkConnectionProperties"]]
    ]


def _remove(call: Call, row: Row[Any]) -> None:
    private_endpoints.disconnect(call.connection, row, call.now)


PRIVATE_ENDPOINTS = CompanionType(
    type_name=PRIVATE_ENDPOINT_TYPE,
    operations="PrivateEndpoints",
    parameter="privateEndpointName",
    tag=TAG,
    name_pattern=NAME,
    name_rule=NAME_RULE,
    name_code="InvalidResourceName",
    body=PrivateEndpointBody,
    patch=PrivateEndpointBody,
    write=_write,
    render=_render,
    remove=_remove,
    update=None,
    list_all="ListBySubscription",
    replaces=True,
)


@endpoint(
    "GET",
    f"{PRIVATE_ENDPOINTS.template}/privateDnsZoneGroups",
    "PrivateDnsZoneGroups_List",
    tag=TAG,
)
def list_zone_groups(call: Call) -> Answer:
    """List the DNS zone groups of an endpoint: none, as there are no private DNS zones here."""
    store.get(call, PRIVATE_ENDPOINTS)
    return Answer(body={"value": []})


ENDPOINTS = (*store.endpoints(PRIVATE_ENDPOINTS), list_zone_groups)
