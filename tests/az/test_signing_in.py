"""az finds the cloud and signs in, in each way that needs no browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.server import RunningServer
from tests.az.runner import Az
from tests.conftest import SUBSCRIPTION

pytestmark = pytest.mark.az

CLIENT = "55555555-5555-5555-5555-555555555555"


@pytest.fixture
def elsewhere(az: Az, world: RunningServer) -> Iterator[Az]:
    """An ``az`` whose cloud is a second one at the same server; the first is put back."""
    az(f"cloud register --name second --endpoint-resource-manager {world.https_url}")
    az("cloud set --name second")
    yield az
    az("cloud set --name rsvault")
    az("cloud unregister --name second")


def test_a_service_principal_finds_every_subscription_that_is_in_use(elsewhere: Az, az: Az) -> None:
    signed_in = f"login --service-principal -u {CLIENT} -p any --tenant contoso.com"
    (alone,) = az(signed_in)
    assert alone["cloudName"] == "second"
    assert alone["user"] == {"name": CLIENT, "type": "servicePrincipal"}
    az("group create -n group-1 -l westeurope --subscription", alone["id"])
    az("logout --username", CLIENT)
    assert [each["id"] for each in az(signed_in)] == [alone["id"]]
    assert az.table("account list") == [
        {
            "Name": alone["name"],
            "CloudName": "second",
            "SubscriptionId": alone["id"],
            "TenantId": alone["tenantId"],
            "State": "Enabled",
            "IsDefault": "True",
        }
    ]


def test_a_device_code_signs_in_a_user_without_a_secret(elsewhere: Az, az: Az) -> None:
    (account,) = az("login --use-device-code --tenant contoso.com")
    assert account["user"] == {"name": "user@rsvault.onmicrosoft.com", "type": "user"}
    assert az("group list") == []


def test_a_client_id_that_is_none_is_refused_as_entra_refuses_it(elsewhere: Az, az: Az) -> None:
    said = az.refused("login --service-principal -u me -p any --tenant contoso.com")
    assert "AADSTS700016" in said


def test_the_account_and_the_regions_are_shown(az: Az) -> None:
    account = az("account show")
    assert (account["id"], account["environmentName"]) == (SUBSCRIPTION, "rsvault")
    regions = az("account list-locations --query", "[?name=='westeurope'].displayName")
    assert regions == ["West Europe"]


def test_a_group_that_is_not_there_ends_show_with_three(az: Az) -> None:
    assert az("group exists -n group-1") is False
    said = az.refused("group show -n group-1", code=3)
    assert "(ResourceGroupNotFound)" in said
    az("group create -n group-1 -l westeurope --tags team=web")
    assert az("group show -n group-1")["tags"] == {"team": "web"}
    az("group delete -n group-1 --yes")
    assert az("group exists -n group-1") is False
