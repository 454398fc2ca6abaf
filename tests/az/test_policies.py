"""az backup policy: what a vault is born with, what is made of it, what is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import (
    POLICY_ID,
    advance,
    back_up,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"


@pytest.fixture(autouse=True)
def around_it(arm: httpx.Client) -> None:
    """A vault with the policies that it is born with."""
    put_group(arm)
    put_vault(arm)


def names(policies: list[dict[str, Any]]) -> list[str]:
    return sorted(policy["name"] for policy in policies)


def test_the_policies_of_a_new_vault_are_listed_by_their_kind(az: Az) -> None:
    assert names(az(f"backup policy list {VAULT}")) == [
        "DefaultPolicy",
        "EnhancedPolicy",
        "HourlyLogBackup",
    ]
    of_vms = f"backup policy list {VAULT} --backup-management-type AzureIaasVM --workload-type VM"
    assert names(az(of_vms)) == ["DefaultPolicy", "EnhancedPolicy"]
    assert names(az(f"{of_vms} --policy-sub-type Enhanced")) == ["EnhancedPolicy"]
    assert names(az(f"{of_vms} --policy-sub-type Standard")) == ["DefaultPolicy"]
    assert az(f"{of_vms} --move-to-archive-tier Enabled") == []
    assert az.table(of_vms) == [
        {"Name": "DefaultPolicy", "Resource Group": "group-1", "Type": "AzureIaasVM"},
        {"Name": "EnhancedPolicy", "Resource Group": "group-1", "Type": "AzureIaasVM"},
    ]
    default = az(f"backup policy get-default-for-vm {VAULT}")
    assert default["properties"]["policyType"] == "V1"
    assert default == az(f"backup policy show {VAULT} -n DefaultPolicy")
    said = az.refused(f"backup policy show {VAULT} -n nightly", code=3)
    assert "nightly" in said


def test_a_standard_policy_is_made_of_the_default_one_and_changed(az: Az) -> None:
    document = az(f"backup policy show {VAULT} -n DefaultPolicy")
    document["properties"]["instantRpRetentionRangeInDays"] = "3"
    document["properties"]["instantRpDetails"] = {
        "azureBackupRgNamePrefix": "snapshots",
        "azureBackupRgNameSuffix": "of-az",
    }
    document["properties"]["retentionPolicy"]["monthlySchedule"] = {
        "retentionScheduleFormatType": "Daily",
        "retentionScheduleDaily": {"daysOfTheMonth": [{"date": 1, "isLast": False}]},
        "retentionTimes": document["properties"]["schedulePolicy"]["scheduleRunTimes"],
        "retentionDuration": {"count": 60, "durationType": "Months"},
    }
    document["properties"]["tieringPolicy"] = {
        "ArchivedRP": {"tieringMode": "TierRecommended", "duration": 0, "durationType": "Invalid"}
    }
    made = az(
        f"backup policy create {VAULT} -n monthly --backup-management-type AzureIaasVM "
        "--workload-type VM --policy",
        json.dumps(document),
    )["properties"]
    assert made["instantRpRetentionRangeInDays"] == 3
    assert made["instantRpDetails"] == document["properties"]["instantRpDetails"]
    monthly = made["retentionPolicy"]["monthlySchedule"]
    assert monthly["retentionDuration"] == {"count": 60, "durationType": "Months"}
    assert made["tieringPolicy"]["ArchivedRP"]["tieringMode"] == "TierRecommended"
    archived = f"backup policy list {VAULT} --backup-management-type AzureIaasVM"
    assert names(az(f"{archived} --move-to-archive-tier Enabled")) == ["monthly"]

    shown = az(f"backup policy show {VAULT} -n monthly")
    shown["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 45
    changed = az(f"backup policy set {VAULT} -n monthly --policy", json.dumps(shown))["properties"]
    assert changed["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] == 45
    assert changed["instantRpRetentionRangeInDays"] == 3


def test_a_policy_file_is_read_as_well_and_wrong_ones_are_refused(az: Az) -> None:
    document = az(f"backup policy show {VAULT} -n DefaultPolicy")
    (az.folder / "policy.json").write_text(json.dumps(document), encoding="utf-8")
    assert az(f"backup policy set {VAULT} -n copy --policy policy.json")["name"] == "copy"

    wrong = copy.deepcopy(document)
    wrong["properties"]["instantRpRetentionRangeInDays"] = 6
    said = az.refused(f"backup policy set {VAULT} -n copy --policy", json.dumps(wrong))
    assert "between 1 to 5" in said
    wrong = copy.deepcopy(document)
    wrong["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 3
    said = az.refused(f"backup policy set {VAULT} -n copy --policy", json.dumps(wrong))
    assert "BMSUserErrorInvalidPolicyInput" in said
    assert "retentionDuration" in said
    wrong["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 10_000
    said = az.refused(f"backup policy set {VAULT} -n copy --policy", json.dumps(wrong))
    assert "9999" in said
    assert az(f"backup policy show {VAULT} -n copy")["properties"] == document["properties"]


def test_an_enhanced_policy_runs_every_hour_that_az_asks_for(az: Az) -> None:
    document = az(f"backup policy show {VAULT} -n EnhancedPolicy")
    hourly = document["properties"]["schedulePolicy"]["hourlySchedule"]
    hourly |= {"interval": 6, "scheduleWindowDuration": 24}
    document["properties"]["instantRpRetentionRangeInDays"] = 7
    made = az(
        f"backup policy create {VAULT} -n hourly --backup-management-type AzureIaasVM "
        "--workload-type VM --policy",
        json.dumps(document),
    )["properties"]
    assert made["policyType"] == "V2"
    assert made["schedulePolicy"]["hourlySchedule"]["interval"] == 6
    assert made["instantRpRetentionRangeInDays"] == 7
    enhanced = f"backup policy list {VAULT} --backup-management-type AzureIaasVM"
    assert names(az(f"{enhanced} --policy-sub-type Enhanced")) == ["EnhancedPolicy", "hourly"]


def test_a_policy_tells_its_items_and_is_deleted_without_them(az: Az, arm: httpx.Client) -> None:
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    assert az(f"backup policy show {VAULT} -n daily")["properties"]["protectedItemsCount"] == 1
    of_daily = f"backup policy list-associated-items {VAULT} -n daily"
    (item,) = az(of_daily)
    assert item["properties"]["policyId"] == POLICY_ID
    said = az.refused(f"{of_daily} -o table")
    assert "Table output unavailable" in said, "az 2.91 has no table of what was never backed up"
    back_up(arm)
    advance(arm, until="idle")
    (row,) = az.table(of_daily)
    assert (row["Friendly Name"], row["Type"]) == ("vm-1", "VM")
    assert row["Last Backup Status"] == "Completed"
    empty = f"backup policy list-associated-items {VAULT} -n DefaultPolicy"
    assert az(f"{empty} --backup-management-type AzureIaasVM") == []
    said = az.refused(f"backup policy delete {VAULT} -n daily")
    assert "daily" in said
    daily = json.dumps(az(f"backup policy show {VAULT} -n daily"))
    az(f"backup policy set {VAULT} -n spare --policy", daily)
    az(f"backup policy delete {VAULT} -n spare")
    assert "spare" not in names(az(f"backup policy list {VAULT}"))
