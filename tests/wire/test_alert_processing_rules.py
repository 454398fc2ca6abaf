"""Alert processing rules: what Microsoft's examples say is kept, what is wrong is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import GROUP_ID, ROOT, error_of, listed, put_group

RULES = f"{GROUP_ID}/providers/Microsoft.AlertsManagement/actionRules"
ONCALL = f"{GROUP_ID}/providers/Microsoft.Insights/actionGroups/oncall"
ADDS = {"actionType": "AddActionGroups", "actionGroupIds": [ONCALL]}
REMOVES = {"actionType": "RemoveAllActionGroups"}
NIGHT = {"recurrenceType": "Daily", "startTime": "17:00:00", "endTime": "09:00:00"}


def body(**properties: Any) -> dict[str, Any]:
    return {"location": "Global", "properties": {"scopes": [ROOT], "actions": [ADDS]} | properties}


def test_a_rule_is_kept_as_it_was_said(arm: httpx.Client) -> None:
    put_group(arm)
    said = {
        "scopes": [GROUP_ID, ROOT],
        "conditions": [{"field": "severity", "operator": "equals", "values": ["Sev0", "Sev1"]}],
        "schedule": {
            "effectiveFrom": "2026-04-15T18:00:00",
            "timeZone": "pacific standard time",
            "recurrences": [
                NIGHT,
                {"recurrenceType": "Weekly", "daysOfWeek": ["saturday", "Sunday"]},
                {"recurrenceType": "Monthly", "daysOfMonth": [1, 31]},
            ],
        },
        "actions": [REMOVES],
        "description": "at night",
    }
    made = arm.put(f"{RULES}/rule-1", json=body(**said))
    assert made.status_code == 201
    shown = arm.get(f"{RULES}/rule-1").json()
    assert shown == made.json()
    assert shown["location"] == "Global"
    assert shown["systemData"]["createdAt"] == "2026-01-01T00:00:00Z"
    properties = shown["properties"]
    assert properties["enabled"] is True
    assert properties["scopes"] == said["scopes"]
    assert properties["conditions"][0] == {
        "field": "Severity",
        "operator": "Equals",
        "values": ["Sev0", "Sev1"],
    }
    schedule = properties["schedule"]
    assert schedule["timeZone"] == "Pacific Standard Time"
    assert schedule["recurrences"][0] == NIGHT
    assert schedule["recurrences"][1]["daysOfWeek"] == ["Saturday", "Sunday"]
    assert arm.put(f"{RULES}/rule-1", json=body()).status_code == 200
    assert "schedule" not in arm.get(f"{RULES}/rule-1").json()["properties"]


def test_a_rule_is_switched_off_listed_and_deleted(arm: httpx.Client) -> None:
    put_group(arm)
    arm.put(f"{RULES}/rule-1", json=body())
    patched = arm.patch(f"{RULES}/rule-1", json={"properties": {"enabled": False}}).json()
    assert patched["properties"]["enabled"] is False
    assert patched["properties"]["actions"] == [ADDS]
    for where in (RULES, f"{ROOT}/providers/Microsoft.AlertsManagement/actionRules"):
        assert [each["name"] for each in listed(arm, where)] == ["rule-1"]
    assert arm.delete(f"{RULES}/rule-1").status_code == 200
    assert arm.delete(f"{RULES}/rule-1").status_code == 204


def conditions(**one: Any) -> dict[str, Any]:
    usual = {"field": "Severity", "operator": "Equals", "values": ["Sev1"]}
    return {"conditions": [usual | one]}


def recurrence(**one: Any) -> dict[str, Any]:
    return {"schedule": {"recurrences": [one]}}


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"scopes": []}, "properties.scopes"),
        ({"scopes": ["nowhere"]}, "properties.scopes.0"),
        (
            {"scopes": ["/subscriptions/99999999-2222-3333-4444-555555555555"]},
            "properties.scopes.0",
        ),
        ({"actions": []}, "properties.actions"),
        ({"actions": [{"actionType": "Dance"}]}, "properties.actions.0.actionType"),
        ({"actions": [{"actionType": "AddActionGroups"}]}, "properties.actions.0.actionGroupIds"),
        (
            {"actions": [ADDS | {"actionGroupIds": [f"{RULES}/rule-1"]}]},
            "properties.actions.0.actionGroupIds",
        ),
        (conditions(field="Colour"), "properties.conditions.0.field"),
        (conditions(operator="Contains"), "properties.conditions.0.operator"),
        (conditions(values=["Sev9"]), "properties.conditions.0.values.0"),
        (conditions(values=[]), "properties.conditions.0.values"),
        (conditions(values=["Sev0"] * 6), "properties.conditions.0.values"),
        ({"schedule": {"timeZone": "Europe/Berlin"}}, "properties.schedule.timeZone"),
        ({"schedule": {"effectiveFrom": "soon"}}, "properties.schedule.effectiveFrom"),
        ({"schedule": {"effectiveFrom": "2026-01-01T00:00:00Z"}}, "properties.schedule.effective"),
        (
            {
                "schedule": {
                    "effectiveFrom": "2026-01-02T00:00:00",
                    "effectiveUntil": "2026-01-01T00:00:00",
                }
            },
            "properties.schedule.effectiveUntil",
        ),
        (recurrence(recurrenceType="Yearly"), "properties.schedule.recurrences.0.recurrenceType"),
        (recurrence(recurrenceType="Daily"), "properties.schedule.recurrences.0"),
        (recurrence(recurrenceType="Weekly"), "properties.schedule.recurrences.0.daysOfWeek"),
        (
            recurrence(recurrenceType="Monthly", daysOfMonth=[32]),
            "properties.schedule.recurrences.0.daysOfMonth",
        ),
        (
            recurrence(recurrenceType="Daily", startTime="25:00:00", endTime="01:00:00"),
            "properties.schedule.recurrences.0.startTime",
        ),
        ({"type": "Suppression"}, "properties.type"),
    ],
)
def test_what_is_wrong_is_refused_by_its_field(
    arm: httpx.Client, properties: dict[str, Any], field: str
) -> None:
    put_group(arm)
    error = error_of(arm.put(f"{RULES}/rule-1", json=body(**properties)), 400)
    assert error["target"].startswith(field)
    assert arm.get(f"{RULES}/rule-1").status_code == 404


def test_rules_are_in_no_region(arm: httpx.Client) -> None:
    put_group(arm)
    error = error_of(arm.put(f"{RULES}/rule-1", json=body() | {"location": "westeurope"}), 400)
    assert error["target"] == "location"
