"""What a region says before there is a vault: whether a name is free, and its DNS zones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ...arm.bodies import Body
from ...arm.calls import Call, endpoint
from ...arm.words import Word
from ...domain import private_links
from ...domain.errors import Refused, invalid
from ...domain.private_links import GROUPS
from ...domain.resource_ids import VAULT_TYPE
from ...store.vaults import find_vault, get_group, vault_id
from .vault_rules import checked_location, checked_name

TAG = "Locations"
PROVIDER = "/providers/Microsoft.RecoveryServices/locations/{location}"


class CheckNameAvailabilityBody(Body):
    """The name asked about."""

    EXAMPLE = {"type": "Microsoft.RecoveryServices/Vaults", "name": "vault-2"}

    type: str = Field(VAULT_TYPE, max_length=100)
    name: str = Field(max_length=200)


class DnsZone(Body):
    """What a private DNS zone is asked for."""

    sub_resource: Annotated[
        Literal["AzureBackup", "AzureBackup_secondary", "AzureSiteRecovery"],
        Word(*GROUPS),
    ]


class Capabilities(Body):
    """The capabilities asked about."""

    dns_zones: list[DnsZone] = Field(default_factory=list, max_length=10)


class CapabilitiesBody(Body):
    """The resource type asked about."""

    EXAMPLE = {
        "type": "Microsoft.RecoveryServices/Vaults",
        "properties": {"dnsZones": [{"subResource": "AzureBackup"}]},
    }

    type: str = Field(max_length=100)
    properties: Capabilities = Field(default_factory=Capabilities)


@endpoint(
    "POST",
    f"/subscriptions/{{subscriptionId}}/resourceGroups/{{resourceGroupName}}{PROVIDER}"
    "/checkNameAvailability",
    "RecoveryServices_CheckNameAvailability",
    tag=TAG,
    body=CheckNameAvailabilityBody,
)
def check_name_availability(call: Call, body: CheckNameAvailabilityBody) -> dict[str, Any]:
    """Tell whether a vault of this name can be created in the resource group."""
    _check_type(body.type)
    checked_location(call.path["location"])
    get_group(call.connection, call.subscription, call.group)
    try:
        checked_name(body.name)
    except Refused as refusal:
        return {"nameAvailable": False, "reason": "Invalid", "message": refusal.message}
    if find_vault(call.connection, vault_id(call.subscription, call.group, body.name)):
        message = "Resource already exists with the same name."
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": message}
    return {"nameAvailable": True}


@endpoint(
    "POST",
    f"/subscriptions/{{subscriptionId}}{PROVIDER}/capabilities",
    "RecoveryServices_Capabilities",
    tag=TAG,
    body=CapabilitiesBody,
)
def capabilities(call: Call, body: CapabilitiesBody) -> dict[str, Any]:
    """Name the private DNS zones that a region's vaults need."""
    _check_type(body.type)
    location = checked_location(call.path["location"])
    zones = [
        {
            "subResource": zone.sub_resource,
            "requiredZoneNames": private_links.zone_names(zone.sub_resource, location),
        }
        for zone in body.properties.dns_zones
    ]
    return {"type": body.type, "properties": {"dnsZones": zones}}


def _check_type(sent: str) -> None:
    if sent.lower() != VAULT_TYPE.lower():
        raise invalid(
            "InvalidRequestContent", f"type: '{sent}' must be {VAULT_TYPE}.", target="type"
        )


ENDPOINTS = (check_name_availability, capabilities)
