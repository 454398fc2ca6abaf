"""azurerm_monitor_action_group and azurerm_monitor_alert_processing_rule_*, call by call."""

from __future__ import annotations

from typing import Any

from tests.clients.azurerm.provider import Azurerm, State
from tests.wire.builders import GROUP_ID

GROUPS = "2023-01-01"
RULES = "2021-08-08"
KINDS = (
    "emailReceivers",
    "itsmReceivers",
    "azureAppPushReceivers",
    "smsReceivers",
    "webhookReceivers",
    "automationRunbookReceivers",
    "voiceReceivers",
    "logicAppReceivers",
    "azureFunctionReceivers",
    "armRoleReceivers",
    "eventHubReceivers",
)


class ActionGroup:
    """azurerm_monitor_action_group; it sends every list, empty or not."""

    def __init__(self, azurerm: Azurerm) -> None:
        self.azurerm = azurerm
        self.id = f"{GROUP_ID}/providers/Microsoft.Insights/actionGroups/acctest"

    def create(self, **receivers: Any) -> State | None:
        """Look that there is none, PUT, and read it."""
        self.azurerm.check_absent(self.id, GROUPS)
        return self.put(**receivers)

    def put(self, **receivers: Any) -> State | None:
        """What a create and an update send."""
        properties = {"groupShortName": "acctestag", "enabled": True}
        body = {
            "location": "global",
            "properties": properties | {kind: [] for kind in KINDS} | receivers,
            "tags": {},
        }
        self.azurerm.send("PUT", self.id, GROUPS, 200, 201, body=body)
        return self.read()

    def read(self) -> State | None:
        """Get it, with its location normalised and each list of receivers."""
        found = self.azurerm.read(self.id, GROUPS)
        if found is None:
            return None
        properties = found["properties"]
        return {
            "location": found["location"].replace(" ", "").lower(),
            "short_name": properties["groupShortName"],
            "enabled": properties["enabled"],
            **{kind: properties[kind] for kind in KINDS if properties[kind]},
        }

    def delete(self) -> None:
        """Delete; 200 or 204 is enough."""
        self.azurerm.send("DELETE", self.id, GROUPS, 200, 204)


class ProcessingRule:
    """azurerm_monitor_alert_processing_rule_action_group, and ..._suppression."""

    def __init__(self, azurerm: Azurerm) -> None:
        self.azurerm = azurerm
        self.id = f"{GROUP_ID}/providers/Microsoft.AlertsManagement/actionRules/acctest"

    def create(self, *actions: State, **more: Any) -> State | None:
        """Look that there is none, and PUT."""
        self.azurerm.check_absent(self.id, RULES)
        properties = {"actions": list(actions), "description": "", "enabled": True}
        properties |= {"scopes": [GROUP_ID], **more}
        body = {"location": "global", "properties": properties, "tags": None}
        self.azurerm.send("PUT", self.id, RULES, 200, 201, body=body)
        return self.read()

    def update(self, **changed: Any) -> State | None:
        """Send back what was read, with what has changed of it."""
        found = self.azurerm.found(self.id, RULES)
        found["properties"] |= changed
        self.azurerm.send("PUT", self.id, RULES, 200, 201, body=found)
        return self.read()

    def read(self) -> State | None:
        """Get it; it must have one action."""
        found = self.azurerm.read(self.id, RULES)
        if found is None:
            return None
        properties: State = found["properties"]
        assert len(properties["actions"]) == 1
        return properties

    def delete(self) -> None:
        """Delete; 200 or 204 is enough."""
        self.azurerm.send("DELETE", self.id, RULES, 200, 204)
