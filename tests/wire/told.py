"""What the tests of deliveries build worlds from: a group that is called, a rule, a failure."""

from __future__ import annotations

from typing import Any

import httpx

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    ROOT,
    back_up,
    done,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

ONCALL = f"{GROUP_ID}/providers/Microsoft.Insights/actionGroups/oncall"
RULE = f"{GROUP_ID}/providers/Microsoft.AlertsManagement/actionRules/rule-1"
DELIVERIES = "/_emulator/deliveries"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CRASH = {"fault": "agent-not-ready", "subject": "vm-1"}


def put_action_group(arm: httpx.Client, url: str, **more: Any) -> None:
    hook = {"name": "hook", "serviceUri": url, "useCommonAlertSchema": True}
    properties = {"groupShortName": "oncall", "webhookReceivers": [hook]} | more
    done(arm.put(ONCALL, json={"location": "Global", "properties": properties}))


def put_rule(arm: httpx.Client, rule: str = RULE, **more: Any) -> None:
    adds = {"actionType": "AddActionGroups", "actionGroupIds": [ONCALL]}
    properties = {"scopes": [ROOT], "actions": [adds]} | more
    done(arm.put(rule, json={"location": "Global", "properties": properties}))


def protected(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))
    protect(arm)
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))


def fail_a_backup(arm: httpx.Client) -> None:
    done(arm.post("/_emulator/faults", json=CRASH | {"count": 1}))
    back_up(arm, ITEM_ID)
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))


def settle(arm: httpx.Client, **how: Any) -> dict[str, Any]:
    found: dict[str, Any] = done(arm.post(f"{DELIVERIES}/settle", json=how)).json()
    return found


def told(arm: httpx.Client, **query: str) -> list[dict[str, Any]]:
    return list(done(arm.get(DELIVERIES, params=query)).json()["value"])


def listened_to(arm: httpx.Client, url: str) -> None:
    """Protect a VM, and let a webhook be told of the alerts about it."""
    protected(arm)
    put_action_group(arm, url)
    put_rule(arm)
