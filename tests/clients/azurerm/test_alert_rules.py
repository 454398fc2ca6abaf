"""azurerm's action groups and alert processing rules."""

from __future__ import annotations

import pytest

from tests.clients.azurerm.alert_rules import ActionGroup, ProcessingRule
from tests.clients.azurerm.provider import Azurerm, ImportNeeded

HOOK = {"name": "hook", "serviceUri": "https://hook.example/in", "useCommonAlertSchema": True}
SECURE = {
    "name": "secure",
    "serviceUri": "https://secure.example/in",
    "useCommonAlertSchema": False,
    "useAadAuth": True,
    "objectId": "acctest",
    "identifierUri": "acctest",
    "tenantId": "00000000-0000-0000-0000-000000000001",
}
MAIL = {"name": "mail", "emailAddress": "ops@example.org", "useCommonAlertSchema": False}


def test_an_action_group_is_made_changed_and_deleted(current: Azurerm) -> None:
    group = ActionGroup(current)
    plan = {"location": "global", "short_name": "acctestag", "enabled": True}
    assert group.create() == plan
    with pytest.raises(ImportNeeded):
        group.create()
    shown = group.put(emailReceivers=[MAIL], webhookReceivers=[HOOK, SECURE])
    assert shown is not None
    assert shown["emailReceivers"] == [MAIL | {"status": "Enabled"}]
    assert shown["webhookReceivers"] == [HOOK | {"useAadAuth": False}, SECURE]
    group.delete()
    assert group.read() is None


def test_a_rule_that_adds_groups_is_made_changed_and_deleted(current: Azurerm) -> None:
    adds = {"actionType": "AddActionGroups", "actionGroupIds": [ActionGroup(current).id]}
    conditions = [
        {"field": "MonitorService", "operator": "Equals", "values": ["Azure Backup"]},
        {"field": "Severity", "operator": "NotEquals", "values": ["Sev0", "Sev1", "Sev2"]},
        {"field": "TargetResourceType", "operator": "Equals", "values": ["a/b"]},
    ]
    schedule = {
        "effectiveFrom": "2022-01-01T01:02:03",
        "effectiveUntil": "2022-02-02T01:02:03",
        "timeZone": "Pacific Standard Time",
        "recurrences": [
            {"recurrenceType": "Daily", "startTime": "17:00:00", "endTime": "09:00:00"},
            {"recurrenceType": "Weekly", "daysOfWeek": ["Saturday", "Sunday"]},
            {"recurrenceType": "Monthly", "daysOfMonth": [1, 15]},
        ],
    }
    rule = ProcessingRule(current)
    shown = rule.create(adds, conditions=conditions, schedule=schedule)
    assert shown is not None
    assert shown["conditions"] == conditions
    assert shown["schedule"] == schedule
    assert shown["description"] == ""
    with pytest.raises(ImportNeeded):
        rule.create(adds)
    changed = rule.update(enabled=False, description="test")
    assert changed == shown | {"enabled": False, "description": "test"}
    rule.delete()
    assert rule.read() is None


def test_a_rule_that_suppresses_is_made(current: Azurerm) -> None:
    rule = ProcessingRule(current)
    shown = rule.create({"actionType": "RemoveAllActionGroups"})
    assert shown is not None
    assert shown["actions"] == [{"actionType": "RemoveAllActionGroups"}]
    assert "schedule" not in shown
