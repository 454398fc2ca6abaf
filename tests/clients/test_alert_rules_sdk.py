"""Microsoft's clients make action groups and alert processing rules, and read them back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.alertprocessingrules import AlertProcessingRulesMgmtClient
from azure.mgmt.alertprocessingrules import models as rule_models
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.monitor import models as monitor_models
from azure.mgmt.resource.resources import ResourceManagementClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options

SCOPE = f"/subscriptions/{SUBSCRIPTION}"


@pytest.fixture
def clients(world: RunningServer) -> Iterator[tuple[Any, Any]]:
    """A client of action groups and one of rules, with the group ``group-1`` to work in."""
    with (
        ResourceManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as resources,
        MonitorManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as monitor,
        AlertProcessingRulesMgmtClient(AnyToken(), SUBSCRIPTION, **options(world)) as rules,
    ):
        resources.resource_groups.create_or_update("group-1", {"location": "westeurope"})
        yield cast("Any", monitor).action_groups, cast("Any", rules).alert_processing_rules


def test_an_action_group_through_its_life(clients: tuple[Any, Any]) -> None:
    groups, _ = clients
    made = groups.create_or_update(
        "group-1",
        "oncall",
        monitor_models.ActionGroupResource(
            location="Global",
            group_short_name="oncall",
            enabled=True,
            tags={"a": "b"},
            email_receivers=[
                monitor_models.EmailReceiver(
                    name="mail", email_address="ops@example.org", use_common_alert_schema=True
                )
            ],
            webhook_receivers=[
                monitor_models.WebhookReceiver(name="hook", service_uri="http://127.0.0.1:9/x")
            ],
        ),
    )
    assert made.location == "Global"
    assert made.email_receivers[0].status == "Enabled"
    assert made.webhook_receivers[0].use_aad_auth is False
    patch = monitor_models.ActionGroupPatchBody(tags={"c": "d"}, enabled=False)
    patched = groups.update("group-1", "oncall", patch)
    assert (patched.enabled, patched.tags) == (False, {"c": "d"})
    assert groups.get("group-1", "ONCALL").id == made.id
    assert [each.name for each in groups.list_by_resource_group("group-1")] == ["oncall"]
    assert [each.name for each in groups.list_by_subscription_id()] == ["oncall"]
    with pytest.raises(HttpResponseError, match="is enabled already"):
        groups.enable_receiver(
            "group-1", "oncall", monitor_models.EnableRequest(receiver_name="mail")
        )
    with pytest.raises(HttpResponseError, match="createNotifications"):
        groups.begin_create_notifications_at_action_group_resource_level(
            "group-1", "oncall", monitor_models.NotificationRequestBody(alert_type="servicehealth")
        )
    groups.delete("group-1", "oncall")
    with pytest.raises(ResourceNotFoundError):
        groups.get("group-1", "oncall")


def test_a_processing_rule_through_its_life(clients: tuple[Any, Any]) -> None:
    _, rules = clients
    oncall = f"{SCOPE}/resourceGroups/group-1/providers/Microsoft.Insights/actionGroups/oncall"
    made = rules.create_or_update(
        "group-1",
        "rule-1",
        rule_models.AlertProcessingRule(
            location="Global",
            properties=rule_models.AlertProcessingRuleProperties(
                scopes=[SCOPE],
                conditions=[
                    rule_models.Condition(
                        field="MonitorService", operator="Equals", values_property=["Azure Backup"]
                    )
                ],
                schedule=rule_models.Schedule(
                    time_zone="UTC",
                    recurrences=[
                        rule_models.WeeklyRecurrence(
                            start_time="22:00:00", end_time="04:00:00", days_of_week=["Sunday"]
                        )
                    ],
                ),
                actions=[rule_models.AddActionGroups(action_group_ids=[oncall])],
                enabled=True,
            ),
        ),
    )
    assert made.properties.conditions[0].values_property == ["Azure Backup"]
    assert isinstance(made.properties.actions[0], rule_models.AddActionGroups)
    assert isinstance(made.properties.schedule.recurrences[0], rule_models.WeeklyRecurrence)
    assert made.system_data.created_at is not None
    patch = rule_models.PatchObject(properties=rule_models.PatchProperties(enabled=False))
    assert rules.update("group-1", "rule-1", patch).properties.enabled is False
    assert rules.get_by_name("group-1", "rule-1").properties.scopes == [SCOPE]
    assert [each.name for each in rules.list_by_resource_group("group-1")] == ["rule-1"]
    assert [each.name for each in rules.list_by_subscription()] == ["rule-1"]
    rules.delete("group-1", "rule-1")
    with pytest.raises(ResourceNotFoundError):
        rules.get_by_name("group-1", "rule-1")
