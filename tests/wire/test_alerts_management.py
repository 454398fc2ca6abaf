"""Alerts as Azure Monitor shows them: listed, counted, and given another state by users."""

from __future__ import annotations

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    ROOT,
    SUBSCRIPTION,
    VAULT_ID,
    advance,
    back_up,
    delete_item,
    done,
    listed,
    refused,
    vm_id,
)
from tests.wire.raised_alerts import ALERTS, PROVIDER, SUMMARY, alerts, essentials, fail_once

BAD = (400, "BadRequest")


@pytest.fixture
def some(protected: httpx.Client) -> httpx.Client:
    """Three alerts: two failures on the first day, then deleted data a day later."""
    fail_once(protected)
    fail_once(protected)
    advance(protected, to="2026-01-02T20:00:00Z")
    delete_item(protected)
    return protected


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3),
        ({"severity": "sev0"}, 1),
        ({"severity": "Sev2"}, 0),
        ({"alertState": "New"}, 3),
        ({"alertState": "Closed"}, 0),
        ({"monitorCondition": "Resolved"}, 2),
        ({"monitorService": "Azure Backup"}, 3),
        ({"monitorService": "Platform"}, 0),
        ({"alertRule": "backup failure"}, 2),
        ({"targetResource": VAULT_ID}, 3),
        ({"targetResource": GROUP_ID}, 0),
        ({"targetResourceGroup": "GROUP-1"}, 3),
        ({"targetResourceGroup": "group"}, 0),
        ({"targetResourceType": "Microsoft.RecoveryServices/vaults"}, 3),
        ({"targetResourceType": "Microsoft.Compute/virtualMachines"}, 0),
        ({"smartGroupId": "e7d0c3d4-0000-0000-0000-000000000000"}, 0),
        ({"timeRange": "1h"}, 1),
        ({"timeRange": "7d", "alertRule": "Delete Backup Data"}, 1),
        ({"pageCount": "1"}, 3),
        ({"pageCount": "2", "sortBy": "severity", "sortOrder": "asc"}, 3),
        ({"pageCount": "1", "sortBy": "name"}, 3),
    ],
)
def test_a_list_shows_what_it_is_asked_for(
    some: httpx.Client, query: dict[str, str], count: int
) -> None:
    found = alerts(some, **query)
    assert len(found) == count
    assert len({each["id"] for each in found}) == count


def test_a_list_is_of_the_last_day_unless_another_time_is_asked_for(some: httpx.Client) -> None:
    assert len(alerts(some)) == 3
    (deleted,) = listed(some, ALERTS)
    assert deleted["name"] == "Delete Backup Data"
    assert "context" not in deleted["properties"]
    first = {"customTimeRange": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"}
    assert [each["name"] for each in listed(some, ALERTS, **first)] == ["Backup Failure"] * 2


def test_a_list_at_a_scope_is_of_what_lies_there(some: httpx.Client) -> None:
    for scope, count in ((GROUP_ID, 3), (VAULT_ID.upper(), 3), (vm_id(), 0), (f"{GROUP_ID}0", 0)):
        found = listed(some, f"{scope}/{PROVIDER}/alerts", timeRange="7d")
        assert len(found) == count, scope
    other = ROOT.replace("1111", "9999")
    assert listed(some, f"{other}/{PROVIDER}/alerts") == []
    name = alerts(some)[0]["id"].rpartition("/")[2]
    assert done(some.get(f"{GROUP_ID}/{PROVIDER}/alerts/{name}")).json()["id"].endswith(name)
    assert refused(some.get(f"{vm_id()}/{PROVIDER}/alerts/{name}")) == (404, "AlertNotFound")
    assert refused(some.get(f"{other}/{PROVIDER}/alerts/{name}")) == (404, "AlertNotFound")


def test_of_the_essentials_only_what_is_selected_is_shown(some: httpx.Client) -> None:
    shown = essentials(some, select="severity,alertRule", severity="Sev0")
    assert shown == [{"severity": "Sev0", "alertRule": "Delete Backup Data"}]


def test_the_order_is_as_asked(some: httpx.Client) -> None:
    assert [each["severity"] for each in essentials(some, sortBy="severity")] == [
        "Sev1",
        "Sev1",
        "Sev0",
    ]
    ascending = [each["startDateTime"] for each in essentials(some, sortOrder="asc")]
    assert ascending == sorted(ascending)


@pytest.mark.parametrize(
    "query",
    [
        {"severity": "Sev9"},
        {"alertState": "Open"},
        {"monitorCondition": "Off"},
        {"monitorService": "Nobody"},
        {"timeRange": "2d"},
        {"customTimeRange": "yesterday"},
        {"customTimeRange": "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"},
        {"customTimeRange": "2025-11-01T00:00:00Z/2026-01-01T00:00:00Z"},
        {"timeRange": "1d", "customTimeRange": "2026-01-01T00:00:00Z/2026-01-01T01:00:00Z"},
        {"includeContext": "maybe"},
        {"pageCount": "0"},
        {"pageCount": "251"},
        {"pageCount": "26", "includeContext": "true"},
        {"sortBy": "colour"},
        {"sortOrder": "up"},
        {"select": "severity,colour"},
    ],
)
def test_what_nobody_can_ask_for_is_refused_by_its_name(
    arm: httpx.Client, query: dict[str, str]
) -> None:
    answer = arm.get(ALERTS, params=query)
    assert refused(answer) == BAD
    assert answer.json()["error"]["target"] in query


def test_a_user_gives_an_alert_another_state_and_says_why(some: httpx.Client) -> None:
    path = alerts(some, severity="Sev0")[0]["id"]
    comments = {"comments": "It was meant."}
    advance(some, by="PT1M")
    shown = done(some.post(f"{path}/changestate?newState=acknowledged", json=comments)).json()
    assert shown["properties"]["essentials"]["alertState"] == "Acknowledged"
    assert shown["properties"]["essentials"]["lastModifiedUserName"] != "System"
    advance(some, by="PT1M")
    done(some.post(f"{path}/changestate?newState=Closed"))
    done(some.post(f"{path}/changestate?newState=Closed"))
    assert [each["alertState"] for each in essentials(some, severity="Sev0")] == ["Closed"]
    story = done(some.get(f"{path}/history")).json()["properties"]
    assert path.endswith(story["alertId"])
    assert [
        (each["modificationEvent"], each["oldValue"], each["newValue"], each["comments"])
        for each in story["modifications"]
    ] == [
        ("StateChange", "Acknowledged", "Closed", ""),
        ("StateChange", "New", "Acknowledged", "It was meant."),
        ("AlertCreated", "", "", ""),
    ]
    assert story["modifications"][-1]["modifiedAt"] == "2026-01-02T20:00:00Z"
    for wrong in ("", "?newState=Gone"):
        assert refused(some.post(f"{path}/changestate{wrong}")) == BAD
    nobody = f"{ALERTS}/{SUBSCRIPTION}"
    assert refused(some.post(f"{nobody}/changestate?newState=Closed")) == (404, "AlertNotFound")
    assert refused(some.get(f"{nobody}/history")) == (404, "AlertNotFound")


def test_a_history_tells_when_the_trouble_was_over(protected: httpx.Client) -> None:
    fail_once(protected)
    back_up(protected)
    advance(protected, until="idle")
    (alert,) = alerts(protected)
    story = done(protected.get(f"{alert['id']}/history")).json()["properties"]["modifications"]
    assert [each["modificationEvent"] for each in story] == [
        "MonitorConditionChange",
        "AlertCreated",
    ]
    assert (story[0]["oldValue"], story[0]["newValue"]) == ("Fired", "Resolved")
    assert {each["modifiedBy"] for each in story} == {"System"}


def test_a_summary_counts_by_one_thing_and_then_by_another(some: httpx.Client) -> None:
    query = {"groupby": "severity,alertState", "timeRange": "7d", "includeSmartGroupsCount": "true"}
    shown = done(some.get(SUMMARY, params=query)).json()["properties"]
    assert (shown["total"], shown["smartGroupsCount"], shown["groupedby"]) == (3, 0, "severity")
    counts = {each["name"]: each for each in shown["values"]}
    assert {name: each["count"] for name, each in counts.items()} == {
        "Sev0": 1,
        "Sev1": 2,
        "Sev2": 0,
        "Sev3": 0,
        "Sev4": 0,
    }
    states = {each["name"]: each["count"] for each in counts["Sev1"]["values"]}
    assert states == {"New": 2, "Acknowledged": 0, "Closed": 0}
    for by, total in (("alertRule", 2), ("monitorService", 1), ("signalType", 1)):
        shown = done(some.get(SUMMARY, params={"groupby": by, "timeRange": "7d"})).json()
        assert len([each for each in shown["properties"]["values"] if each["count"]]) == total
    empty = done(some.get(SUMMARY, params={"groupby": "monitorService", "severity": "Sev4"}))
    assert empty.json()["properties"]["total"] == 0
    for wrong in ("", "colour", "severity,severity", "severity,alertState,alertRule"):
        assert refused(some.get(SUMMARY, params={"groupby": wrong})) == BAD


def test_alerts_are_of_known_services_and_in_no_smart_group(some: httpx.Client) -> None:
    known = some.get(f"/{PROVIDER}/alertsMetaData", params={"identifier": "MonitorServiceList"})
    names = [each["name"] for each in done(known).json()["properties"]["data"]]
    assert "Azure Backup" in names
    assert refused(some.get(f"/{PROVIDER}/alertsMetaData")) == BAD
    groups = f"{ROOT}/{PROVIDER}/smartGroups"
    assert listed(some, groups) == []
    gone = (404, "SmartGroupNotFound")
    assert refused(some.get(f"{groups}/{SUBSCRIPTION}")) == gone
    assert refused(some.get(f"{groups}/{SUBSCRIPTION}/history")) == gone
    closing = some.post(f"{groups}/{SUBSCRIPTION}/changeState", params={"newState": "Closed"})
    assert refused(closing) == gone


def test_resource_graph_knows_alerts(some: httpx.Client) -> None:
    query = (
        "alertsmanagementresources | where type == 'microsoft.alertsmanagement/alerts' "
        "| where properties.essentials.monitorService == 'Azure Backup' "
        "| where properties.essentials.severity == 'Sev0' "
        "| project name, properties"
    )
    body = {"query": query, "subscriptions": [SUBSCRIPTION]}
    answer = done(some.post("/providers/Microsoft.ResourceGraph/resources", json=body)).json()
    (row,) = answer["data"]
    assert row["name"] == "Delete Backup Data"
    assert row["properties"]["context"]["protectedItemId"] == ITEM_ID


def test_a_reset_takes_them_away(some: httpx.Client) -> None:
    done(some.post("/_emulator/reset"))
    assert alerts(some) == []
