"""What clients ask before they sign in, byte for byte as they spell it, over HTTP and HTTPS."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
import pytest

from app.domain.tenancy import TENANT_ID
from app.server import RunningServer

TENANT = "99999999-8888-7777-6666-555555555555"


def origin(arm: httpx.Client) -> str:
    return str(arm.base_url).rstrip("/")


def metadata(arm: httpx.Client, version: str, path: str = "/metadata/endpoints") -> Any:
    answer = arm.get(f"{origin(arm)}{path}", params={"api-version": version})
    answer.raise_for_status()
    return answer.json()


@pytest.mark.parametrize("version", ["2020-06-01", "2021-12-01", "2022-09-01", "2023-01-01"])
def test_the_metadata_of_later_years_are_an_object(arm: httpx.Client, version: str) -> None:
    cloud = metadata(arm, version)
    own = origin(arm)
    assert cloud["name"] not in ("", "AzureCloud", "AzureStackCloud")
    assert cloud["resourceManager"] == cloud["authentication"]["loginEndpoint"] == own
    assert cloud["authentication"]["audiences"][0] == own
    assert cloud["authentication"]["tenant"] == "common"
    assert cloud["authentication"]["identityProvider"] == "AAD"
    assert cloud["microsoftGraphResourceId"]
    assert cloud["suffixes"]["keyVaultDns"]
    assert cloud["suffixes"]["storage"]


def test_the_metadata_of_2019_are_an_array_of_the_same(arm: httpx.Client) -> None:
    assert metadata(arm, "2019-05-01") == [metadata(arm, "2022-09-01")]


def test_azurerm_finds_the_regions_behind_a_doubled_slash(arm: httpx.Client) -> None:
    # terraform-wire.md 1.1: the probe of versions 3 and 4.
    clouds = metadata(arm, "2018-01-01", "//metadata/endpoints")["cloudEndpoint"]
    (public,) = clouds.values()
    assert public["endpoint"] == origin(arm).removeprefix("http://")
    assert "westeurope" in public["locations"]


def test_the_first_form_has_the_login_endpoint_too(arm: httpx.Client) -> None:
    assert metadata(arm, "2015-01-01")["authentication"]["loginEndpoint"] == origin(arm)


def test_addresses_are_those_that_a_client_asked_under(
    arm: httpx.Client, world: RunningServer
) -> None:
    found = arm.get("/metadata/endpoints", headers={"Host": "vaults.example:81"}).json()
    assert found["resourceManager"] == "http://vaults.example:81"
    assert world.https_url is not None
    assert world.ca_file is not None
    trusted = ssl.create_default_context(cafile=world.ca_file)
    answer = httpx.get(
        f"{world.https_url}//metadata/endpoints?api-version=2022-09-01", verify=trusted
    )
    assert answer.json()["resourceManager"] == world.https_url


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "MissingApiVersionParameter"),
        ("?api-version=", "MissingApiVersionParameter"),
        ("?api-version=latest", "InvalidApiVersionParameter"),
    ],
)
def test_metadata_without_a_version_are_refused_as_arm_does(
    world: RunningServer, query: str, code: str
) -> None:
    answer = httpx.get(f"{world.http_url}/metadata/endpoints{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize("tenant", [TENANT, "common", "organizations", "contoso.com", "adfs"])
@pytest.mark.parametrize("version", ["", "/v2.0"])
def test_every_tenant_has_an_openid_document(
    world: RunningServer, tenant: str, version: str
) -> None:
    found = httpx.get(f"{world.http_url}/{tenant}{version}/.well-known/openid-configuration")
    assert found.status_code == 200
    document = found.json()
    oauth = "oauth2/v2.0" if version else "oauth2"
    assert document["token_endpoint"] == f"{world.http_url}/{tenant}/{oauth}/token"
    assert document["authorization_endpoint"].startswith(f"{world.http_url}/{tenant}/{oauth}/")
    assert document["device_authorization_endpoint"].endswith("/devicecode")
    assert httpx.get(document["jwks_uri"]).json()["keys"][0]["kty"] == "RSA"


def test_an_issuer_names_the_tenant_by_its_id(world: RunningServer) -> None:
    url = f"{world.http_url}/%s/v2.0/.well-known/openid-configuration"
    assert httpx.get(url % TENANT).json()["issuer"] == f"{world.http_url}/{TENANT}/v2.0"
    assert httpx.get(url % "contoso.com").json()["issuer"] == f"{world.http_url}/{TENANT_ID}/v2.0"


def test_what_cannot_be_a_tenant_is_refused_as_the_real_endpoint_does(
    world: RunningServer,
) -> None:
    answer = httpx.get(f"{world.http_url}/not_a_tenant/v2.0/.well-known/openid-configuration")
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [900023]
    assert answer.json()["error"] == "invalid_request"


def test_instance_discovery_points_back_here(world: RunningServer) -> None:
    answer = httpx.get(
        f"{world.http_url}/common/discovery/instance",
        params={"api-version": "1.1", "authorization_endpoint": f"{world.http_url}/common/x"},
    ).json()
    host = world.http_url.removeprefix("http://")
    assert answer["tenant_discovery_endpoint"].startswith(f"{world.http_url}/common/")
    assert answer["metadata"][0]["aliases"] == [host]


def test_a_storage_account_may_have_the_name_of_an_endpoint(world: RunningServer) -> None:
    # /_blob/oauth2/token is a blob's path and no tenant's.
    answer = httpx.get(f"{world.http_url}/_blob/oauth2/token")
    assert answer.status_code == 404
    assert "xml" in answer.headers["content-type"]
