"""``/metadata/endpoints``: what a client that is told one address learns of all the others.

The document has had four forms (clients.md 1.1, terraform-wire.md 1.1); the api-version chooses.
Every address is the one that the client asked under. Suffixes lead nowhere, on purpose: with
Azure's own a client would go to the Internet for what is not emulated.
"""

from __future__ import annotations

from typing import Any

from ..arm.calls import Visit, endpoint
from ..domain.regions import REGIONS

TAG = "Identity"
NAME = "rsvault"
"""Anything but AzureCloud, for which az takes the public addresses it has built in."""
GRAPH = "/_graph"
_NOWHERE = "rsvault.invalid"
_SUFFIXES = {
    "acrLoginServer": f"azurecr.{_NOWHERE}",
    "attestationEndpoint": f"attest.{_NOWHERE}",
    "azureDataLakeAnalyticsCatalogAndJob": f"azuredatalakeanalytics.{_NOWHERE}",
    "azureDataLakeStoreFileSystem": f"azuredatalakestore.{_NOWHERE}",
    "azureFrontDoorEndpointSuffix": f"azurefd.{_NOWHERE}",
    "keyVaultDns": f"vault.{_NOWHERE}",
    "mariadbServerEndpoint": f"mariadb.database.{_NOWHERE}",
    "mhsmDns": f"managedhsm.{_NOWHERE}",
    "mysqlServerEndpoint": f"mysql.database.{_NOWHERE}",
    "postgresqlServerEndpoint": f"postgres.database.{_NOWHERE}",
    "sqlServerHostname": f"database.{_NOWHERE}",
    "storage": f"core.{_NOWHERE}",
    "storageSyncEndpointSuffix": f"afs.{_NOWHERE}",
    "synapseAnalytics": f"dev.azuresynapse.{_NOWHERE}",
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
    cloud = _cloud(visit.base_url)
    return [cloud] if version < "2020-01-01" else cloud


def audiences(base_url: str) -> list[str]:
    """Return what a token for Resource Manager may be made out to."""
    return [base_url, "https://management.core.windows.net/", "https://management.azure.com/"]


def _cloud(base: str) -> dict[str, Any]:
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
        "batch": f"https://batch.{_NOWHERE}",
        "media": f"https://media.{_NOWHERE}",
        "sqlManagement": f"https://sqlmanagement.{_NOWHERE}",
        "logAnalyticsResourceId": f"https://api.loganalytics.{_NOWHERE}",
        "synapseAnalyticsResourceId": f"https://dev.azuresynapse.{_NOWHERE}",
        "attestationResourceId": f"https://attest.{_NOWHERE}",
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
