"""Alerts through Microsoft's client of Azure Monitor's alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.alertsmanagement import AlertsManagementClient
from azure.mgmt.alertsmanagement.models import Comments

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.wire.builders import (
    ITEM_ID,
    VAULT_ID,
    advance,
    delete_item,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)
from tests.wire.raised_alerts import fail_once

DAYS: Any = {"time_range": "7d"}


@pytest.fixture
def monitor(arm: httpx.Client, world: RunningServer) -> Iterator[AlertsManagementClient]:
    """A client of a world in which a backup has failed, and the next day the data was deleted."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    fail_once(arm)
    advance(arm, to="2026-01-03T12:00:00Z")
    delete_item(arm)
    with AlertsManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def test_alerts_are_listed_and_read(monitor: AlertsManagementClient) -> None:
    found = list(monitor.alerts.get_all(**DAYS, include_context=True, sort_by="startDateTime"))
    assert [each.name for each in found] == ["Delete Backup Data", "Backup Failure"]
    failure: Any = monitor.alerts.get_by_id(str(found[1].id).rpartition("/")[2])
    assert failure.properties.context["protectedItemId"] == ITEM_ID
    shown = failure.properties.essentials
    assert (shown.severity, shown.signal_type, shown.alert_state) == ("Sev1", "Log", "New")
    assert shown.monitor_service == "Azure Backup"
    assert shown.target_resource == VAULT_ID.lower()
    assert shown.target_resource_type == "microsoft.recoveryservices/vaults"
    assert shown.monitor_condition == "Resolved"
    assert shown.start_date_time < shown.monitor_condition_resolved_date_time
    assert shown.start_date_time.date() == datetime(2026, 1, 1, tzinfo=UTC).date()
    assert shown.action_status.is_suppressed is False
    assert shown.description


def test_every_page_is_followed(monitor: AlertsManagementClient) -> None:
    pages = list(monitor.alerts.get_all(**DAYS, page_count=1).by_page())
    assert [len(list(page)) for page in pages] == [1, 1]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 1),
        ({"severity": "Sev0", **DAYS}, 1),
        ({"monitor_condition": "Fired", **DAYS}, 1),
        ({"target_resource": VAULT_ID, **DAYS}, 2),
        ({"target_resource_group": "group-1", **DAYS}, 2),
        ({"target_resource_type": "Microsoft.RecoveryServices/vaults", **DAYS}, 2),
        ({"alert_rule": "Backup Failure", **DAYS}, 1),
        ({"alert_state": "Closed", **DAYS}, 0),
        ({"custom_time_range": "2026-01-01T00:00:00Z/2026-01-01T23:59:59Z"}, 1),
    ],
)
def test_a_list_is_filtered(monitor: AlertsManagementClient, wanted: Any, count: int) -> None:
    assert len(list(monitor.alerts.get_all(**wanted))) == count


def test_an_alert_is_closed_and_tells_its_story(monitor: AlertsManagementClient) -> None:
    (alert,) = monitor.alerts.get_all(**DAYS, severity="Sev0")
    name = str(alert.id).rpartition("/")[2]
    closed: Any = monitor.alerts.change_state(
        name, new_state="Closed", comment=Comments(comments="Meant.")
    )
    assert closed.properties.essentials.alert_state == "Closed"
    assert monitor.alerts.change_state(name, new_state="Acknowledged").name == alert.name
    story: Any = monitor.alerts.get_history(name).properties
    assert [(each.modification_event, each.comments) for each in story.modifications] == [
        ("StateChange", ""),
        ("StateChange", "Meant."),
        ("AlertCreated", ""),
    ]


def test_alerts_are_counted(monitor: AlertsManagementClient) -> None:
    summary: Any = monitor.alerts.get_summary(
        groupby="severity,alertState", include_smart_groups_count=True, **DAYS
    )
    found = summary.properties
    assert (found.total, found.smart_groups_count) == (2, 0)
    assert {each.name: each.count for each in found.values} == {
        "Sev0": 1,
        "Sev1": 1,
        "Sev2": 0,
        "Sev3": 0,
        "Sev4": 0,
    }


def test_services_are_known_and_smart_groups_are_none(monitor: AlertsManagementClient) -> None:
    known: Any = monitor.alerts.meta_data(identifier="MonitorServiceList").properties
    assert "Azure Backup" in {each.name for each in known.data}
    assert list(monitor.smart_groups.get_all()) == []
    with pytest.raises(ResourceNotFoundError, match="SmartGroupNotFound"):
        monitor.smart_groups.get_by_id(SUBSCRIPTION)
    with pytest.raises(ResourceNotFoundError, match="AlertNotFound"):
        monitor.alerts.get_by_id(SUBSCRIPTION)
    with pytest.raises(HttpResponseError, match="groupby"):
        monitor.alerts.get_summary(groupby="colour")
