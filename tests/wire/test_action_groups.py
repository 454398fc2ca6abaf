"""Action groups: every kind of receiver is kept, what is wrong is refused by its field."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import SUBSCRIPTION
from tests.wire.builders import GROUP_ID, ROOT, error_of, listed, put_group

HOOKS = f"{GROUP_ID}/providers/Microsoft.Insights/actionGroups"
HOOK = {"name": "hook", "serviceUri": "https://receiver.example/alerts"}
ROLE = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ALL_RECEIVERS: dict[str, list[dict[str, Any]]] = {
    "emailReceivers": [{"name": "mail", "emailAddress": "ops@example.org"}],
    "smsReceivers": [{"name": "sms", "countryCode": "49", "phoneNumber": "1555 0100"}],
    "webhookReceivers": [HOOK],
    "itsmReceivers": [
        {
            "name": "itsm",
            "workspaceId": "w",
            "connectionId": "c",
            "ticketConfiguration": "{}",
            "region": "westeurope",
        }
    ],
    "azureAppPushReceivers": [{"name": "app", "emailAddress": "ops@example.org"}],
    "automationRunbookReceivers": [
        {
            "automationAccountId": "/a",
            "runbookName": "r",
            "webhookResourceId": "/w",
            "isGlobalRunbook": False,
            "name": "runbook",
        }
    ],
    "voiceReceivers": [{"name": "voice", "countryCode": "1", "phoneNumber": "5550100"}],
    "logicAppReceivers": [{"name": "logic", "resourceId": "/l", "callbackUrl": "http://l"}],
    "azureFunctionReceivers": [
        {
            "name": "function",
            "functionAppResourceId": "/f",
            "functionName": "f",
            "httpTriggerUrl": "http://f",
        }
    ],
    "armRoleReceivers": [{"name": "role", "roleId": ROLE}],
    "eventHubReceivers": [
        {
            "name": "hub",
            "eventHubNameSpace": "n",
            "eventHubName": "h",
            "subscriptionId": SUBSCRIPTION,
        }
    ],
}


def body(**properties: Any) -> dict[str, Any]:
    return {"location": "Global", "properties": {"groupShortName": "oncall"} | properties}


def test_every_kind_of_receiver_is_kept_and_shown(arm: httpx.Client) -> None:
    put_group(arm)
    made = arm.put(f"{HOOKS}/oncall", json=body(**ALL_RECEIVERS))
    assert made.status_code == 201
    shown = arm.get(f"{HOOKS}/ONCALL").json()
    assert shown == made.json()
    assert shown["location"] == "Global"
    assert shown["type"] == "Microsoft.Insights/actionGroups"
    properties = shown["properties"]
    assert properties["enabled"] is True
    for kind, sent in ALL_RECEIVERS.items():
        assert properties[kind][0].items() >= sent[0].items(), kind
    assert properties["emailReceivers"][0]["status"] == "Enabled"
    hook = properties["webhookReceivers"][0]
    assert (hook["useCommonAlertSchema"], hook["useAadAuth"]) == (False, False)


def test_a_put_replaces_and_a_patch_changes_tags_and_whether_it_is_enabled(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    arm.put(f"{HOOKS}/oncall", json=body(webhookReceivers=[HOOK]) | {"tags": {"a": "b"}})
    again = arm.put(f"{HOOKS}/oncall", json=body(groupShortName="other"))
    assert again.status_code == 200
    assert again.json()["properties"]["webhookReceivers"] == []
    assert "tags" not in again.json()
    patch = {"tags": {"c": "d"}, "properties": {"enabled": False}}
    changed = arm.patch(f"{HOOKS}/oncall", json=patch).json()
    assert changed["tags"] == {"c": "d"}
    assert changed["properties"]["enabled"] is False
    assert changed["properties"]["groupShortName"] == "other"


def test_they_are_listed_by_group_and_subscription_and_deleted(arm: httpx.Client) -> None:
    put_group(arm)
    arm.put(f"{HOOKS}/oncall", json=body())
    everywhere = f"{ROOT}/providers/microsoft.insights/actiongroups"
    for where in (HOOKS, everywhere):
        assert [each["name"] for each in listed(arm, where)] == ["oncall"]
    tracked = listed(arm, f"{GROUP_ID}/resources")
    assert [each["location"] for each in tracked] == ["global"]
    assert arm.delete(f"{HOOKS}/oncall").status_code == 200
    assert arm.delete(f"{HOOKS}/oncall").status_code == 204
    assert listed(arm, everywhere) == []


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"groupShortName": ""}, "properties.groupShortName"),
        ({"groupShortName": "thirteen_long"}, "properties.groupShortName"),
        ({"enabled": "maybe"}, "properties.enabled"),
        ({"webhookReceivers": [{"name": "hook"}]}, "properties.webhookReceivers.0.serviceUri"),
        (
            {"webhookReceivers": [HOOK | {"serviceUri": "ftp://x/y"}]},
            "properties.webhookReceivers.0.serviceUri",
        ),
        (
            {"webhookReceivers": [HOOK | {"serviceUri": "http://x:99999/"}]},
            "properties.webhookReceivers.0.serviceUri",
        ),
        (
            {"webhookReceivers": [HOOK | {"serviceUri": "http://a b/"}]},
            "properties.webhookReceivers.0.serviceUri",
        ),
        ({"webhookReceivers": [HOOK, HOOK]}, "properties.webhookReceivers.1.name"),
        (
            {"emailReceivers": [{"name": "m", "emailAddress": "nobody"}]},
            "properties.emailReceivers.0.emailAddress",
        ),
        (
            {"smsReceivers": [{"name": "s", "countryCode": "DE", "phoneNumber": "1"}]},
            "properties.smsReceivers.0.countryCode",
        ),
        ({"armRoleReceivers": [{"name": "r", "roleId": "x"}]}, "properties.armRoleReceivers.0"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(
    arm: httpx.Client, properties: dict[str, Any], field: str
) -> None:
    put_group(arm)
    error = error_of(arm.put(f"{HOOKS}/oncall", json=body(**properties)), 400)
    assert error["target"].startswith(field)
    assert field in error["message"]
    assert arm.get(f"{HOOKS}/oncall").status_code == 404


def test_a_group_must_have_a_location_that_there_is(arm: httpx.Client) -> None:
    put_group(arm)
    place = {"location": "atlantis", "properties": {"groupShortName": "x"}}
    error = error_of(arm.put(f"{HOOKS}/oncall", json=place), 400)
    assert error["code"] == "LocationNotAvailableForResourceType"
    assert error_of(arm.put(f"{HOOKS}/oncall", json={"properties": place["properties"]}), 400)
    there = arm.put(f"{HOOKS}/oncall", json=place | {"location": "swedencentral"})
    assert there.json()["location"] == "swedencentral"


def test_receivers_are_always_enabled_and_test_notifications_are_refused_by_name(
    arm: httpx.Client,
) -> None:
    put_group(arm)
    arm.put(f"{HOOKS}/oncall", json=body(**ALL_RECEIVERS))
    mail = arm.post(f"{HOOKS}/oncall/subscribe", json={"receiverName": "MAIL"})
    assert error_of(mail, 409)["code"] == "ReceiverAlreadyEnabled"
    nobody = arm.post(f"{HOOKS}/oncall/subscribe", json={"receiverName": "hook"})
    assert error_of(nobody, 404)["code"] == "ReceiverNotFound"
    told = error_of(arm.post(f"{HOOKS}/oncall/createNotifications", json={}), 404)
    assert told["code"] == "InvalidResourceType"
    assert "createNotifications" in told["message"]
