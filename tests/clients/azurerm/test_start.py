"""azurerm's start, call by call, over HTTPS: terraform-wire.md section 1, versions 3 to 5."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from app.server import RunningServer
from tests.conftest import SUBSCRIPTION

TENANT = "99999999-8888-7777-6666-555555555555"
CLIENT = "44444444-4444-4444-4444-444444444444"


@pytest.fixture
def https(world: RunningServer) -> Iterator[httpx.Client]:
    """A client that trusts the authority, as SSL_CERT_FILE makes Go's do."""
    trusted = ssl.create_default_context(cafile=world.ca_file)
    with httpx.Client(verify=trusted) as client:
        yield client


def token(https: httpx.Client, login: str, resource: str) -> dict[str, Any]:
    """Ask for a token as hashicorp/go-azure-sdk does, one for each scope."""
    form = {
        "client_id": CLIENT,
        "client_secret": "any",
        "grant_type": "client_credentials",
        "scope": f"{resource}/.default",
    }
    answer = https.post(f"{login}/{TENANT}/oauth2/v2.0/token", data=form)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def decoded(access_token: str) -> dict[str, Any]:
    """Read the claims as its Go code does: three parts, unpadded base64url, typed fields."""
    _, middle, _ = access_token.split(".")
    assert "=" not in middle
    padded = middle + "=" * (-len(middle) % 4)
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(padded))
    assert all(type(claims[name]) is int for name in ("exp", "iat", "nbf"))
    assert all(isinstance(claims[name], str) for name in ("aud", "tid", "oid", "appid"))
    assert isinstance(claims.get("scp", ""), str)
    assert isinstance(claims.get("roles", []), list)
    return claims


def test_a_provider_starts_and_reads_its_subscription(
    world: RunningServer, https: httpx.Client
) -> None:
    own = str(world.https_url)
    cloud = https.get(f"{own}/metadata/endpoints", params={"api-version": "2022-09-01"}).json()
    assert cloud["name"] not in ("", "AzureStackCloud")
    authentication = cloud["authentication"]
    assert (authentication["tenant"], authentication["identityProvider"]) == ("common", "AAD")
    login, manager = authentication["loginEndpoint"], cloud["resourceManager"].rstrip("/")
    graph = decoded(token(https, login, cloud["microsoftGraphResourceId"])["access_token"])
    assert graph["aud"] == cloud["microsoftGraphResourceId"]
    assert (graph["oid"], graph["tid"], graph["appid"]) == (graph["sub"], TENANT, CLIENT)
    for suffix in (f"https://{cloud['suffixes']['keyVaultDns']}", "https://storage.azure.com"):
        assert decoded(token(https, login, suffix)["access_token"])["aud"] == suffix
    answer = token(https, login, manager)
    assert answer["expires_in"] > 1200, "azurerm asks anew twenty minutes before the end"
    https.headers["Authorization"] = f"{answer['token_type']} {answer['access_token']}"
    host = manager.partition("://")[2]
    probe = https.get(f"https://{host}//metadata/endpoints", params={"api-version": "2018-01-01"})
    regions = probe.json()["cloudEndpoint"]
    assert all("westeurope" in each["locations"] for each in regions.values())
    subscription = f"{manager}/subscriptions/{SUBSCRIPTION}"
    version = {"api-version": "2022-09-01"}
    providers = https.get(f"{subscription}/providers", params=version).json()["value"]
    assert {each["registrationState"] for each in providers} == {"Registered"}
    assert https.get(subscription, params=version).json()["state"] == "Enabled"
