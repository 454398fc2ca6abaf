"""azurerm_backup_policy_vm, call by call (terraform-wire 2.3)."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

from tests.clients.azurerm.pollers import PATIENCE
from tests.clients.azurerm.provider import Azurerm, State, pages
from tests.wire.builders import POLICY_ID, VAULT_ID

DAYS = "instantRpRetentionRangeInDays"
NAP = 10.0
"""Seconds that the provider sleeps after every write of a policy, whatever it is told."""
RETENTION = ("dailySchedule", "weeklySchedule", "monthlySchedule", "yearlySchedule")


class VmPolicy:
    """A policy for VMs in a configuration, given as the properties that the provider sends."""

    def __init__(self, azurerm: Azurerm, policy_id: str = f"{POLICY_ID}-tf") -> None:
        self.azurerm = azurerm
        self.id = policy_id
        self.version = azurerm.release.policies

    def create(self, sent: State) -> State | None:
        """Check that there is none, PUT, and wait until it shows."""
        self.azurerm.check_absent(self.id, self.version)
        blank = {"snapshotConsistencyType": ""} if self.azurerm.release.blank else {}
        return self._put({"properties": blank | self._timed(sent)})

    def update(self, sent: State, *, days: int | None = None) -> State | None:
        """PUT what was read with what has changed; ``days`` are only sent if they changed."""
        model = copy.deepcopy(self.azurerm.found(self.id, self.version))
        properties = model["properties"]
        properties.pop(DAYS, None)
        properties |= {name: part for name, part in self._timed(sent).items() if name != DAYS}
        if days is not None:
            properties[DAYS] = days
        return self._put(model)

    def replace(self, sent: State) -> State | None:
        """PUT what is configured and nothing else, as the first versions did for an update."""
        return self._put({"properties": self._timed(sent)})

    def read(self) -> State | None:
        """Get the policy; what comes back is the state."""
        found = self.azurerm.read(self.id, self.version)
        return None if found is None else state(found["properties"])

    def delete(self) -> None:
        """Delete, and look until it is gone."""
        answer = self.azurerm.send("DELETE", self.id, self.version, 200, 202, 204)
        self.azurerm.until_future(answer)
        for _ in range(PATIENCE):
            self.azurerm.slept.append(NAP)
            if self.azurerm.read(self.id, self.version) is None:
                return
        raise AssertionError("the policy is never gone")

    def _put(self, body: State) -> State | None:
        self.azurerm.send("PUT", self.id, self.version, 200, 202, body=body)
        for _ in range(PATIENCE):
            self.azurerm.slept.append(NAP)
            if self.azurerm.read(self.id, self.version) is not None:
                return self.read()
        raise AssertionError("the policy never shows")

    def _timed(self, sent: State) -> State:
        """Write times as the release does: before 4.67 they were dated, with the day it was."""
        dated: State = _replaced(sent, "2025-12-31T") if self.azurerm.release.dated else sent
        return dated


def listed_policies(azurerm: Azurerm, vault: str = VAULT_ID) -> list[str]:
    """List as ``list "azurerm_backup_policy_vm"`` does."""
    found = pages(
        azurerm,
        f"{vault}/backupPolicies",
        azurerm.release.policies,
        **{"$filter": "backupManagementType eq 'AzureIaasVM'"},
    )
    return [each["name"] for each in found]


def _replaced(value: Any, day: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(part, day) for name, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, day) for part in value]
    is_time = isinstance(value, str) and len(value) == 9 and value.endswith("Z")
    return f"{day}{value}" if is_time else value


def state(properties: State) -> State:
    """Flatten a policy as the provider does; a KeyError is its nil dereference."""
    retention = properties["retentionPolicy"]
    assert retention["retentionPolicyType"].lower() == "longtermretentionpolicy"
    details = properties.get("instantRPDetails", {})
    return {
        "timezone": properties["timeZone"],
        "policy_type": properties.get("policyType") or "V1",
        "consistency_type": properties.get("snapshotConsistencyType", ""),
        "instant_restore_retention_days": whole(properties[DAYS]),
        "tiering_policy": _tiering(properties.get("tieringPolicy")),
        "instant_restore_resource_group": {
            "prefix": details.get("azureBackupRGNamePrefix"),
            "suffix": details.get("azureBackupRGNameSuffix"),
        },
        "backup": _backup(properties["schedulePolicy"]),
        "retention": {name: kept_of(retention[name]) for name in RETENTION if name in retention},
    }


def whole(value: Any) -> int:
    assert type(value) is int, value
    return value


def _tiering(sent: State | None) -> State | None:
    """All of "do not tier" reads as nothing set; anything else is a difference."""
    if sent is None or "ArchivedRP" not in sent:
        return None
    archived = sent["ArchivedRP"]
    nothing = {"tieringMode": "DoNotTier", "duration": 0, "durationType": "Invalid"}
    return None if archived == nothing else archived


def _backup(schedule: State) -> State:
    """Read the part of the frequency that is set, without asking whether it is there."""
    frequency = schedule["scheduleRunFrequency"]
    if schedule["schedulePolicyType"].lower() == "simpleschedulepolicy":
        part, times = schedule, schedule["scheduleRunTimes"]
    else:
        part = schedule[f"{frequency.lower()}Schedule"]
        times = part.get("scheduleRunTimes") or [part.get("scheduleWindowStartTime")]
    return {
        "frequency": frequency,
        "time": time_of_day(times[0]),
        "weekdays": set(part.get("scheduleRunDays") or []),
        "hour_interval": part.get("interval"),
        "hour_duration": part.get("scheduleWindowDuration"),
    }


def time_of_day(sent: str) -> str:
    """Parse RFC 3339; what has no date reads as midnight, the error is thrown away."""
    return datetime.strptime(sent, "%Y-%m-%dT%H:%M:%SZ").strftime("%H:%M")  # noqa: DTZ007


def kept_of(schedule: State) -> State:
    weekly = schedule.get("retentionScheduleWeekly") or {}
    daily = schedule.get("retentionScheduleDaily") or {}
    days = daily.get("daysOfTheMonth") or []
    return {
        "count": whole(schedule["retentionDuration"]["count"]),
        "weekdays": set(schedule.get("daysOfTheWeek") or weekly.get("daysOfTheWeek") or []),
        "weeks": set(weekly.get("weeksOfTheMonth") or []),
        "months": set(schedule.get("monthsOfYear") or []),
        "days": {each["date"] for each in days if not each.get("isLast")},
        "include_last_days": any(each.get("isLast") for each in days),
    }
