"""Source scans: the vault's switch sets all its items, an item's own only that one."""

from __future__ import annotations

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    VAULT_ID,
    delete_item,
    done,
    finish,
    item,
    item_id,
    listed,
    protect,
    put_vm,
    refused,
)

SCAN = f"{ITEM_ID}/configureSourceScan"


def switch_vault(arm: httpx.Client, state: str) -> None:
    settings = {"securitySettings": {"sourceScanConfiguration": {"state": state}}}
    finish(arm, arm.patch(VAULT_ID, json={"properties": settings}))
    shown = done(arm.get(VAULT_ID)).json()["properties"]["securitySettings"]
    assert shown["sourceScanConfiguration"] == {"state": state}


def switch_item(arm: httpx.Client, action: str) -> httpx.Response:
    return arm.post(SCAN, json={"sourceScanAction": action})


def status(arm: httpx.Client, path: str = ITEM_ID) -> str:
    info = item(arm, path)["sourceSideScanInfo"]
    assert info["sourceSideScanSummary"] == "Unknown", "nothing scans here"
    return str(info["sourceSideScanStatus"])


def test_items_follow_the_switch_of_their_vault(protected: httpx.Client) -> None:
    assert status(protected) == "NotConfigured"
    switch_vault(protected, "Enabled")
    assert status(protected) == "Configured"
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    assert status(protected, item_id("vm-2")) == "Configured"
    switch_vault(protected, "Disabled")
    found = listed(protected, f"{VAULT_ID}/backupProtectedItems")
    shown = [each["properties"]["sourceSideScanInfo"]["sourceSideScanStatus"] for each in found]
    assert shown == ["NotConfigured", "NotConfigured"]


def test_an_item_has_a_switch_of_its_own_until_the_vault_is_switched(
    protected: httpx.Client,
) -> None:
    switch_vault(protected, "Enabled")
    answer = finish(protected, switch_item(protected, "Disable"))
    assert answer.status_code == 202
    assert done(protected.get(answer.headers["location"])).json()["id"] == ITEM_ID
    assert status(protected) == "NotConfigured"
    tags = done(protected.patch(VAULT_ID, json={"tags": {"team": "web"}}))
    finish(protected, tags)
    assert status(protected) == "NotConfigured"
    switch_vault(protected, "Disabled")
    finish(protected, switch_item(protected, "enable"))
    assert status(protected) == "Configured"
    switch_vault(protected, "Enabled")
    assert status(protected) == "Configured"


@pytest.mark.parametrize(("state", "action"), [("Enabled", "Enable"), ("Disabled", "Disable")])
def test_what_is_so_already_is_refused_as_the_service_does(
    protected: httpx.Client, state: str, action: str
) -> None:
    if state == "Enabled":
        switch_vault(protected, state)
    found = refused(switch_item(protected, action))
    assert found == (400, "UserErrorSourceScanStatusAlreadyInRequestedState")


def test_a_switch_of_nothing_is_refused(protected: httpx.Client) -> None:
    assert refused(protected.post(SCAN, json={})) == (400, "InvalidRequestContent")
    assert refused(switch_item(protected, "Look")) == (400, "InvalidRequestContent")
    missing = SCAN.replace("vm-1", "vm-9")
    assert refused(protected.post(missing, json={"sourceScanAction": "Enable"}))[0] == 404
    delete_item(protected)
    found = refused(switch_item(protected, "Enable"))
    assert found == (409, "BMSUserErrorItemSoftDeleted")
