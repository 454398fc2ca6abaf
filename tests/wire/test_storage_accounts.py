"""Storage accounts on the wire: made, shown, listed, checked, and their keys."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import GROUP_ID, ROOT, done, listed, put_group, refused

ACCOUNTS = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts"
STAGING = f"{ACCOUNTS}/staging"
STORAGE = f"{ROOT}/providers/Microsoft.Storage"
BODY: dict[str, Any] = {
    "location": "westeurope",
    "kind": "StorageV2",
    "sku": {"name": "Standard_GRS"},
}


@pytest.fixture
def account(arm: httpx.Client) -> httpx.Client:
    """A client of a world with the storage account ``staging``."""
    put_group(arm)
    done(arm.put(STAGING, json=BODY))
    return arm


def test_a_storage_account_is_there_at_once_and_never_answered_with_created(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    created = arm.put(STAGING, json=BODY)
    assert created.status_code == 200
    shown = created.json()
    assert shown == arm.get(STAGING).json()
    assert shown["sku"] == {"name": "Standard_GRS", "tier": "Standard"}
    properties = shown["properties"]
    assert properties["provisioningState"] == "Succeeded"
    assert properties["primaryLocation"] == "westeurope"
    assert properties["secondaryLocation"] == "northeurope"
    assert properties["primaryEndpoints"]["blob"] == f"{arm.base_url}/_blob/staging/"


def test_a_storage_account_is_changed_listed_and_deleted(account: httpx.Client) -> None:
    changed = account.patch(
        STAGING, json={"tags": {"a": "1"}, "properties": {"minimumTlsVersion": "TLS1_3"}}
    ).json()
    assert changed["tags"] == {"a": "1"}
    assert changed["properties"]["minimumTlsVersion"] == "TLS1_3"
    assert listed(account, ACCOUNTS) == [changed]
    assert listed(account, f"{STORAGE}/storageAccounts") == [changed]
    assert [each["id"] for each in listed(account, f"{GROUP_ID}/resources")] == [STAGING]
    assert [account.delete(STAGING).status_code for _ in range(2)] == [200, 204]
    assert refused(account.get(STAGING)) == (404, "ResourceNotFound")


def test_what_is_fixed_may_be_said_again_but_not_changed(account: httpx.Client) -> None:
    def put(flag: bool) -> httpx.Response:
        return account.put(STAGING, json=BODY | {"properties": {"isHnsEnabled": flag}})

    done(put(False))
    assert refused(put(True)) == (409, "PropertyChangeNotAllowed")


def test_the_classic_namespace_has_no_storage_accounts(account: httpx.Client) -> None:
    classic = STAGING.replace("Microsoft.Storage", "Microsoft.ClassicStorage")
    assert account.get(classic).status_code == 404
    doubled = STAGING.replace("/staging", "//staging").replace("resourceGroups", "resourcegroups")
    assert account.get(doubled).json()["name"] == "staging"


def test_a_key_stays_until_it_is_made_anew(account: httpx.Client) -> None:
    first, second = done(account.post(f"{STAGING}/listKeys")).json()["keys"]
    assert (first["keyName"], second["keyName"]) == ("key1", "key2")
    assert first["value"] != second["value"]
    assert len(first["value"]) == 88
    renewed = account.post(f"{STAGING}/regenerateKey", json={"keyName": "key1"}).json()["keys"]
    assert renewed[0]["value"] != first["value"]
    assert renewed[1] == second
    assert account.post(f"{STAGING}/listKeys").json()["keys"] == renewed


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("another1", {"nameAvailable": True}),
        ("staging", {"nameAvailable": False, "reason": "AlreadyExists"}),
        ("No-Name", {"nameAvailable": False, "reason": "AccountNameInvalid"}),
    ],
)
def test_a_name_can_be_checked(account: httpx.Client, name: str, answer: dict[str, Any]) -> None:
    body = {"name": name, "type": "Microsoft.Storage/storageAccounts"}
    found = done(account.post(f"{STORAGE}/checkNameAvailability", json=body)).json()
    assert found | answer == found


def test_a_name_is_taken_wherever_the_account_is(account: httpx.Client) -> None:
    put_group(account, f"{ROOT}/resourceGroups/group-2")
    other = STAGING.replace("group-1", "group-2")
    assert refused(account.put(other, json=BODY)) == (409, "StorageAccountInAnotherResourceGroup")
    elsewhere = "/subscriptions/99999999-2222-3333-4444-555555555555/resourceGroups/group-1"
    put_group(account, elsewhere)
    foreign = STAGING.replace(GROUP_ID, elsewhere)
    assert refused(account.put(foreign, json=BODY)) == (409, "StorageAccountAlreadyTaken")


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("Staging", {}, "AccountNameInvalid"),
        ("ab", {}, "AccountNameInvalid"),
        ("staging", {"sku": None}, "InvalidParameter"),
        ("staging", {"sku": {"name": "Golden_LRS"}}, "InvalidRequestContent"),
        ("staging", {"kind": "Cupboard"}, "InvalidRequestContent"),
        ("staging", {"location": None}, "LocationRequired"),
        ("staging", {"identity": {"type": "SystemAssigned"}}, "NotSupported"),
    ],
)
def test_a_wrong_storage_account_is_refused(
    arm: httpx.Client, name: str, change: dict[str, Any], code: str
) -> None:
    put_group(arm)
    assert refused(arm.put(f"{ACCOUNTS}/{name}", json=BODY | change)) == (400, code)
    assert listed(arm, ACCOUNTS) == []
