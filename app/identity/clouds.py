"""``/metadata/endpoints``: what a client that is told one address learns of all the others.

The document has had four forms (clients.md 1.1, terraform-wire.md 1.1); the api-version chooses.
Every address is the one that the client asked under. Suffixes lead nowhere, on purpose: with
Azure's own a client would go to the Internet for what is not emulated.
"""

from __future__ import annotations

from typing import Any

from ..arm.calls import Visit, endpoint
from ..domain import host_names
from ..domain.regions import REGIONS

TAG = "Identity"
NAME = "rsvault"
"""Anything but AzureCloud, for which az takes the public addresses it has built in."""
GRAPH = "/_graph"
_SUFFIXES = {
    "acrLoginServer": f"azurecr.{host_names.NOWHERE}",
    "attestationEndpoint": f"attest.{host_names.NOWHERE}",
    "azureDataLakeAnalyticsCatalogAndJob": f"azuredatalakeanalytics.{host_names.NOWHERE}",
    "azureDataLakeStoreFileSystem": f"azuredatalakestore.{host_names.NOWHERE}",
    "azureFrontDoorEndpointSuffix": f"azurefd.{host_names.NOWHERE}",
    "keyVaultDns": host_names.KEY_VAULTS,
    "mariadbServerEndpoint": f"mariadb.database.{host_names.NOWHERE}",
    "mhsmDns": f"managedhsm.{host_names.NOWHERE}",
    "mysqlServerEndpoint": f"mysql.database.{host_names.NOWHERE}",
    "postgresqlServerEndpoint": f"postgres.database.{host_names.NOWHERE}",
    "sqlServerHostname": f"database.{host_names.NOWHERE}",
    "storage": host_names.STORAGE,
    "storageSyncEndpointSuffix": f"afs.{host_names.NOWHERE}",
    "synapseAnalytics": f"dev.azuresynapse.{host_names.NOWHERE}",
}


@endpoint(
    "GET",
    "/metadata/endpoints",
    "Metadata_GetEndpoints",
    tag=TAG,
    anonymous=True,
    statuses=(200, 400),
    answers={"type": ["object", "array"]},
)
def show(visit: Visit) -> Any:
    """Tell where everything is, in the form that the api-version asks for."""
    version = visit.query["api-version"][:10]
    if version < "2018-01-01":
        return _first_form(visit.base_url)
    if version < "2019-05-01":
        return _locations(visit.base_url)
    found = cloud(visit.base_url)
    return [found] if version < "2020-01-01" else found


def audiences(base_url: str) -> list[str]:
    """Return what a token for Resource Manager may be made out to."""
    return [base_url, "https://management.core.windows.net/", "https://management.azure.com/"]


def cloud(base: str) -> dict[str, Any]:
    """Return what is where, for clients that believe the server to be at ``base``."""
    return {
        "name": NAME,
        "portal": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": audiences(base),
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "resourceManager": base,
        "microsoftGraphResourceId": f"{base}{GRAPH}",
        "graph": f"{base}{GRAPH}",
        "graphAudience": f"{base}{GRAPH}",
        "gallery": base,
        "batch": f"https://batch.{host_names.NOWHERE}",
        "media": f"https://media.{host_names.NOWHERE}",
        "sqlManagement": f"https://sqlmanagement.{host_names.NOWHERE}",
        "logAnalyticsResourceId": f"https://api.loganalytics.{host_names.NOWHERE}",
        "synapseAnalyticsResourceId": f"https://dev.azuresynapse.{host_names.NOWHERE}",
        "attestationResourceId": f"https://attest.{host_names.NOWHERE}",
        "suffixes": _SUFFIXES,
    }


def _locations(base: str) -> dict[str, Any]:
    """Return what azurerm 3 and 4 read: the regions of each cloud, by its host."""
    public = {"endpoint": base.partition("://")[2], "locations": sorted(REGIONS)}
    return {"cloudEndpoint": {"public": public}}


def _first_form(base: str) -> dict[str, Any]:
    return {
        "galleryEndpoint": base,
        "graphEndpoint": f"{base}{GRAPH}",
        "portalEndpoint": base,
        "authentication": {"loginEndpoint": base, "audiences": audiences(base)},
    }


ENDPOINTS = (show,)
