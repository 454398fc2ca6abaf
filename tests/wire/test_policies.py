"""Policies on the wire: the three that every vault has, and those that users write."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POLICY_ID,
    STOP,
    VAULT_ID,
    advance,
    done,
    finish,
    item,
    item_id,
    job,
    listed,
    policy_body,
    protect,
    put_policy,
    put_vm,
    refused,
    times,
)

POLICIES = f"{VAULT_ID}/backupPolicies"
PARTS = {
    "backupManagementType",
    "policyType",
    "instantRPDetails",
    "schedulePolicy",
    "retentionPolicy",
    "tieringPolicy",
    "instantRpRetentionRangeInDays",
    "timeZone",
    "protectedItemsCount",
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the usual policy with one field, named by a dotted path, at another value."""
    body = copy.deepcopy(policy_body()["properties"])
    *parents, last = path.split(".")
    part = body
    for name in parents:
        part = part[name]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return {"properties": body}


def properties(arm: httpx.Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = arm.get(f"{POLICIES}/{name}").json()["properties"]
    return found


# --- the three of every vault -------------------------------------------------------------


def test_the_default_policy_is_that_of_the_recordings(vault: httpx.Client) -> None:
    found = properties(vault, "DefaultPolicy")
    assert set(found) == PARTS
    schedule = found["schedulePolicy"]
    at = schedule["scheduleRunTimes"]
    assert schedule == {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": at,
        "scheduleWeeklyFrequency": 0,
    }
    assert len(at) == 1
    assert at[0].endswith((":00:00Z", ":30:00Z"))
    assert found["retentionPolicy"] == {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": {
            "retentionTimes": at,
            "retentionDuration": {"count": 30, "durationType": "Days"},
        },
    }
    assert (found["instantRpRetentionRangeInDays"], found["policyType"]) == (2, "V1")
    assert (found["instantRPDetails"], found["protectedItemsCount"]) == ({}, 0)


def test_the_enhanced_policy_runs_every_four_hours(vault: httpx.Client) -> None:
    found = properties(vault, "EnhancedPolicy")
    assert found["policyType"] == "V2"
    assert found["schedulePolicy"]["schedulePolicyType"] == "SimpleSchedulePolicyV2"
    assert found["schedulePolicy"]["hourlySchedule"] == {
        "interval": 4,
        "scheduleWindowStartTime": "2026-01-01T08:00:00Z",
        "scheduleWindowDuration": 12,
    }


def test_the_log_policy_spells_its_workload_with_a_capital_l(vault: httpx.Client) -> None:
    found = properties(vault, "HourlyLogBackup")
    assert set(found) == {
        "backupManagementType",
        "workLoadType",
        "settings",
        "subProtectionPolicy",
        "protectedItemsCount",
    }
    assert found["workLoadType"] == "SQLDataBase"
    assert [part["policyType"] for part in found["subProtectionPolicy"]] == ["Full", "Log"]


@pytest.mark.parametrize("name", ["DefaultPolicy", "EnhancedPolicy", "HourlyLogBackup"])
def test_a_deleted_default_policy_comes_back_as_it_was_born(vault: httpx.Client, name: str) -> None:
    before = vault.get(f"{POLICIES}/{name}").content
    assert vault.delete(f"{POLICIES}/{name}").status_code == 200
    assert vault.get(f"{POLICIES}/{name}").content == before


@pytest.mark.parametrize("name", ["EnhancedPolicy", "HourlyLogBackup"])
def test_a_policy_of_another_kind_does_not_become_a_standard_one(
    vault: httpx.Client, name: str
) -> None:
    before = vault.get(f"{POLICIES}/{name}").content
    answer = vault.put(f"{POLICIES}/{name}", json=policy_body())
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")
    assert vault.get(f"{POLICIES}/{name}").content == before


# --- written -----------------------------------------------------------------------------


def test_a_policy_is_answered_and_found_as_it_was_sent(vault: httpx.Client) -> None:
    answer = vault.put(f"{POLICIES}/other", json=policy_body(at="05:30", days=45, instant=3))
    assert answer.status_code == 200
    assert vault.get(f"{POLICIES}/OTHER").json() == answer.json()
    body = answer.json()
    assert body["id"] == f"{POLICIES}/other"
    assert body["name"] == "other"
    assert body["type"] == "Microsoft.RecoveryServices/vaults/backupPolicies"
    assert set(body["properties"]) == PARTS
    assert body["properties"]["schedulePolicy"]["scheduleRunTimes"] == ["2026-01-01T05:30:00Z"]


@pytest.mark.parametrize(
    "sent",
    [
        "2026-01-01T22:00:00.000Z",
        "2026-01-01T22:00:00.0000000Z",
        "2026-01-01T22:00:00+00:00",
        "2026-01-01T23:00:00+01:00",
        "2026-01-02T03:30:00+05:30",
        "22:00",
        "22:00:00.0000000Z",
        "23:00+01:00",
    ],
)
def test_a_run_time_comes_back_in_one_spelling(vault: httpx.Client, sent: str) -> None:
    body = policy_body()
    body["properties"]["schedulePolicy"]["scheduleRunTimes"] = [sent]
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionTimes"] = [sent]
    found = vault.put(f"{POLICIES}/other", json=body).json()["properties"]
    assert found["schedulePolicy"]["scheduleRunTimes"] == ["2026-01-01T22:00:00Z"]


def test_numbers_sent_as_text_are_numbers(vault: httpx.Client) -> None:
    body = changed("instantRpRetentionRangeInDays", "3")
    body["properties"]["protectedItemsCount"] = "9"
    found = vault.put(f"{POLICIES}/other", json=body).json()["properties"]
    assert found["instantRpRetentionRangeInDays"] == 3
    assert found["protectedItemsCount"] == 0


def test_the_snapshot_days_stay_when_an_edit_leaves_them_out(vault: httpx.Client) -> None:
    put_policy(vault, instant=5)
    assert put_policy(vault, instant=None)["properties"]["instantRpRetentionRangeInDays"] == 5


def test_the_name_of_the_snapshots_group_is_kept(vault: httpx.Client) -> None:
    details = {"azureBackupRGNamePrefix": "before", "azureBackupRGNameSuffix": "after"}
    body = policy_body(instantRPDetails=details)
    found = vault.put(f"{POLICIES}/other", json=body).json()["properties"]
    assert found["instantRPDetails"] == details


def test_a_time_zone_is_known_by_its_windows_name(vault: httpx.Client) -> None:
    body = policy_body(timeZone="pacific standard time")
    found = vault.put(f"{POLICIES}/other", json=body).json()["properties"]
    assert found["timeZone"] == "Pacific Standard Time"


DAILY = "retentionPolicy.dailySchedule"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schedulePolicy", None),
        ("schedulePolicy", {}),
        ("schedulePolicy.schedulePolicyType", "LogSchedulePolicy"),
        ("schedulePolicy.scheduleRunFrequency", None),
        ("schedulePolicy.scheduleRunFrequency", "Sometimes"),
        ("schedulePolicy.scheduleRunTimes", None),
        ("schedulePolicy.scheduleRunTimes", []),
        ("schedulePolicy.scheduleRunTimes", ["2026-01-01T22:00:00Z", "2026-01-01T23:00:00Z"]),
        ("schedulePolicy.scheduleRunTimes", ["2026-01-01T22:15:00Z"]),
        ("schedulePolicy.scheduleRunTimes", ["2026-02-30T22:00:00Z"]),
        ("schedulePolicy.scheduleRunTimes", ["noon"]),
        ("schedulePolicy.scheduleRunTimes", [""]),
        ("retentionPolicy", None),
        ("retentionPolicy.retentionPolicyType", "SimpleRetentionPolicy"),
        (DAILY, None),
        (DAILY, {}),
        (f"{DAILY}.retentionTimes", None),
        (f"{DAILY}.retentionTimes", ["2026-01-01T21:00:00Z"]),
        (f"{DAILY}.retentionDuration", None),
        (f"{DAILY}.retentionDuration.count", None),
        (f"{DAILY}.retentionDuration.count", 6),
        (f"{DAILY}.retentionDuration.count", 10_000),
        (f"{DAILY}.retentionDuration.count", -30),
        (f"{DAILY}.retentionDuration.count", 10**30),
        ("schedulePolicy.scheduleWeeklyFrequency", 2),
        (f"{DAILY}.retentionDuration.durationType", "Weeks"),
        ("instantRpRetentionRangeInDays", 0),
        ("instantRpRetentionRangeInDays", 6),
        ("timeZone", "Europe/Berlin"),
        ("policyType", "V3"),
        ("backupManagementType", "Toaster"),
        ("snapshotConsistencyType", "OnlyCrashConsistent"),
    ],
)
def test_a_wrong_policy_is_refused_by_the_field_and_changes_nothing(
    vault: httpx.Client, path: str, value: Any
) -> None:
    before = vault.get(POLICY_ID).content
    answer = vault.put(POLICY_ID, json=policy_and_field(path, value))
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")
    error = answer.json()["error"]
    assert error["target"].startswith(f"properties.{path}".rpartition(".")[0])
    assert error["target"] in error["message"]
    assert vault.get(POLICY_ID).content == before


def policy_and_field(path: str, value: Any) -> dict[str, Any]:
    if "." not in path and value is not None:
        return {"properties": policy_body()["properties"] | {path: value}}
    return changed(path, value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schedulePolicy", "Daily"),
        ("schedulePolicy.scheduleRunTimes", "22:00"),
        ("schedulePolicy.scheduleRunTimes", [22]),
        (f"{DAILY}.retentionDuration.count", "many"),
        (f"{DAILY}.retentionDuration.count", 30.5),
        (f"{DAILY}.retentionDuration.count", True),
        ("instantRpRetentionRangeInDays", [2]),
        ("instantRpRetentionRangeInDays", True),
        ("backupManagementType", 7),
        ("timeZone", {}),
        ("instantRPDetails", "x"),
    ],
)
def test_a_field_of_the_wrong_type_is_refused_by_its_path(
    vault: httpx.Client, path: str, value: Any
) -> None:
    answer = vault.put(POLICY_ID, json=policy_and_field(path, value))
    assert refused(answer) == (400, "InvalidRequestContent")
    assert answer.json()["error"]["target"].startswith(f"properties.{path}")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("instantAccessSnapshotEnabled", True),
        ("backupManagementType", "MAB"),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(
    vault: httpx.Client, path: str, value: Any
) -> None:
    answer = vault.put(f"{POLICIES}/other", json=policy_and_field(path, value))
    assert refused(answer) == (400, "NotSupported")
    assert "not emulated" in answer.json()["error"]["message"]
    assert refused(vault.get(f"{POLICIES}/other")) == (404, "ResourceNotFound")


@pytest.mark.parametrize("name", ["ab", "1policy", "a b c", "p" * 151, "pöl", "a.b"])
def test_a_policy_may_not_have_any_name(vault: httpx.Client, name: str) -> None:
    answer = vault.put(f"{POLICIES}/{name}", json=policy_body())
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")
    assert len(listed(vault, POLICIES)) == 4


@pytest.mark.parametrize("body", [{}, {"properties": {}}, {"properties": None}, {"properties": []}])
def test_a_policy_without_properties_is_refused(vault: httpx.Client, body: Any) -> None:
    answer = vault.put(f"{POLICIES}/other", json=body)
    assert refused(answer) == (400, "InvalidRequestContent")


# --- listed ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("backupManagementType eq 'AzureIaasVM'", ["daily", "DefaultPolicy", "EnhancedPolicy"]),
        ("backupManagementType eq 'azureworkload'", ["HourlyLogBackup"]),
        ("backupManagementType eq 'AzureStorage'", []),
        ("backupManagementType eq 'AzureIaasVM' and workloadType eq 'VM'", 3),
        ("workloadType eq 'SQLDataBase'", ["HourlyLogBackup"]),
    ],
)
def test_policies_are_filtered_by_what_is_asked(vault: httpx.Client, text: str, names: Any) -> None:
    found = [each["name"] for each in listed(vault, POLICIES, **{"$filter": text})]
    assert (len(found) if isinstance(names, int) else found) == names


def test_a_listed_policy_looks_as_it_does_alone(vault: httpx.Client) -> None:
    for each in listed(vault, POLICIES):
        assert vault.get(each["id"]).json() == each


# --- in use ------------------------------------------------------------------------------


def test_a_policy_counts_the_items_under_it(protected: httpx.Client) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    assert properties(protected, "daily")["protectedItemsCount"] == 2
    finish(protected, protected.put(ITEM_ID, json=STOP))
    assert properties(protected, "daily")["protectedItemsCount"] == 1


def test_a_policy_in_use_cannot_be_deleted(protected: httpx.Client) -> None:
    answer = protected.delete(POLICY_ID)
    assert refused(answer) == (400, "BMSUserErrorPolicyInUse")
    assert item(protected)["policyName"] == "daily"


def test_a_policy_that_nothing_uses_is_deleted_at_once(vault: httpx.Client) -> None:
    answer = vault.delete(POLICY_ID)
    assert (answer.status_code, answer.content) == (200, b"")
    assert refused(vault.get(POLICY_ID)) == (404, "ResourceNotFound")
    assert vault.delete(POLICY_ID).status_code == 204


def test_an_edited_policy_configures_each_item_under_it_again(protected: httpx.Client) -> None:
    for number in (10, 9, 2):
        put_vm(protected, f"vm-{number}")
        protect(protected, f"vm-{number}")
    done(protected.put(item_id("vm-2"), json=STOP))
    before = len(listed(protected, f"{VAULT_ID}/backupJobs"))
    answer = put_policy(protected, days=10, at="23:30")
    assert answer["properties"] == properties(protected, "daily")
    assert answer["properties"]["protectedItemsCount"] == 3
    put_policy(protected, days=10, at="23:30")  # says what is so already
    jobs = listed(protected, f"{VAULT_ID}/backupJobs")
    assert len(jobs) == before + 3
    for each, name in zip(jobs, ("vm-9", "vm-10", "vm-1"), strict=False):
        shown = each["properties"]
        assert (shown["operation"], shown["status"]) == ("ConfigureBackup", "InProgress")
        assert shown["entityFriendlyName"] == name
        bag = job(protected, each["name"])["extendedInfo"]["propertyBag"]
        assert bag == {"VM Name": name, "Policy Name": "daily"}
    advance(protected, to="2026-01-02T00:00:00Z")
    assert {job(protected, each["name"])["status"] for each in jobs[:3]} == {"Completed"}
    for name in ("vm-1", "vm-9", "vm-10"):
        assert times(protected, f"{item_id(name)}/recoveryPoints") == ["2026-01-01T23:30:05Z"]
    assert times(protected, f"{item_id('vm-2')}/recoveryPoints") == []
