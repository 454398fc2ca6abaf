"""Subscriptions, tenants, regions and resource providers: what clients look up before they start.

Every GUID is a subscription; nothing of this is stored.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ...arm.calls import Call, endpoint
from ...arm.shapes import Shape
from ...domain.errors import not_found
from ...domain.regions import REGIONS, SECONDARY_REGION, Region
from ...domain.resource_types import EMULATED, REGISTERED_ONLY, ResourceType
from ...domain.tenancy import DEFAULT_SUBSCRIPTION, TENANT_ID
from ...store.resource_tables import resource_groups, role_assignments
from ...store.tables import vaults

SUBSCRIPTION = "/subscriptions/{subscriptionId}"
PROVIDER = f"{SUBSCRIPTION}/providers/{{resourceProviderNamespace}}"
TAG = "Subscriptions"


@endpoint("GET", "/tenants", "Tenants_List", tag=TAG, answers=Shape.VALUES)
def list_tenants(_call: Call) -> dict[str, Any]:
    """List the tenants of the signed-in user: one."""
    tenant = {
        "id": f"/tenants/{TENANT_ID}",
        "tenantId": TENANT_ID,
        "countryCode": "US",
        "displayName": "rsvault",
        "domains": ["rsvault.onmicrosoft.com"],
        "defaultDomain": "rsvault.onmicrosoft.com",
        "tenantCategory": "Home",
        "tenantType": "AAD",
    }
    return {"value": [tenant]}


@endpoint("GET", "/subscriptions", "Subscriptions_List", tag=TAG, answers=Shape.VALUES)
def list_subscriptions(call: Call) -> dict[str, Any]:
    """List the subscriptions that hold a group, a vault or a role, or one default if none does."""
    assigned = role_assignments.c.subscription
    used = select(resource_groups.c.subscription).union(
        select(vaults.c.subscription), select(assigned).where(assigned.is_not(None))
    )
    found = sorted(call.connection.execute(used).scalars()) or [DEFAULT_SUBSCRIPTION]
    return {
        "value": [document_of(each) for each in found],
        "count": {"type": "Total", "value": len(found)},
    }


@endpoint("GET", SUBSCRIPTION, "Subscriptions_Get", tag=TAG, answers=Shape.OBJECT)
def get(call: Call) -> dict[str, Any]:
    """Show a subscription; every GUID is one."""
    return document_of(call.subscription.lower())


def document_of(subscription: str) -> dict[str, Any]:
    """Return what a subscription shows; its id is in lower case."""
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": TENANT_ID,
        "displayName": f"rsvault {subscription[:8]}",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


# --- regions -----------------------------------------------------------------------------


@endpoint(
    "GET",
    f"{SUBSCRIPTION}/locations",
    "Subscriptions_ListLocations",
    tag=TAG,
    answers=Shape.VALUES,
)
def list_locations(call: Call) -> dict[str, Any]:
    """List the regions, each with the one that its backups are copied to."""
    subscription = call.subscription.lower()
    return {"value": [_location(subscription, region) for region in REGIONS.values()]}


def _location(subscription: str, region: Region) -> dict[str, Any]:
    prefix = f"/subscriptions/{subscription}/locations"
    secondary = SECONDARY_REGION.get(region.name)
    return {
        "id": f"{prefix}/{region.name}",
        "name": region.name,
        "type": "Region",
        "displayName": region.display_name,
        "regionalDisplayName": f"({region.group}) {region.display_name}",
        "metadata": {
            "regionType": "Physical",
            "regionCategory": "Recommended" if region.zones else "Other",
            "geographyGroup": region.group,
            "pairedRegion": [{"name": secondary, "id": f"{prefix}/{secondary}"}]
            if secondary
            else [],
        },
    }


# --- resource providers ------------------------------------------------------------------


@endpoint(
    "GET",
    f"{SUBSCRIPTION}/providers",
    "Providers_List",
    tag=TAG,
    query=("$expand",),
    answers=Shape.VALUES,
)
def list_providers(call: Call) -> dict[str, Any]:
    """List the resource providers; all of them are registered."""
    namespaces = sorted((*EMULATED, *REGISTERED_ONLY))
    return {"value": [_provider(call.subscription.lower(), each) for each in namespaces]}


@endpoint("GET", PROVIDER, "Providers_Get", tag=TAG, query=("$expand",), answers=Shape.OBJECT)
def get_provider(call: Call) -> dict[str, Any]:
    """Show a resource provider with the types of it that are emulated."""
    return _named_provider(call)


@endpoint("POST", f"{PROVIDER}/register", "Providers_Register", tag=TAG)
def register(call: Call) -> dict[str, Any]:
    """Register a subscription with a resource provider: it already is."""
    return _named_provider(call)


def _named_provider(call: Call) -> dict[str, Any]:
    sent = call.path["resourceProviderNamespace"]
    for namespace in (*EMULATED, *REGISTERED_ONLY):
        if namespace.lower() == sent.lower():
            return _provider(call.subscription.lower(), namespace)
    raise not_found(
        "InvalidResourceNamespace",
        f"The resource namespace '{sent}' is invalid (not emulated by rsvault; "
        f"known: {', '.join(sorted((*EMULATED, *REGISTERED_ONLY)))}).",
        target="resourceProviderNamespace",
    )


def _provider(subscription: str, namespace: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription}/providers/{namespace}",
        "namespace": namespace,
        "resourceTypes": [_resource_type(each) for each in EMULATED.get(namespace, ())],
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
    }


def _resource_type(each: ResourceType) -> dict[str, Any]:
    return {
        "resourceType": each.name,
        "locations": _places(each),
        "apiVersions": list(each.api_versions),
        "defaultApiVersion": each.api_versions[0],
        "capabilities": "SupportsTags, SupportsLocation" if each.located else "None",
    }


def _places(each: ResourceType) -> list[str]:
    if each.everywhere:
        return ["global"]
    return [region.display_name for region in REGIONS.values()] if each.regional else []


ENDPOINTS = (
    list_tenants,
    list_subscriptions,
    get,
    list_locations,
    list_providers,
    get_provider,
    register,
)
