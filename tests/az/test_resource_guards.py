"""az backup vault resource-guard-mapping: az asks the guard itself, wherever it must."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import (
    GROUP_ID,
    advance,
    back_up,
    item,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -n vault-1"
OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = f"-g group-1 -v vault-1 -c vm-1 -i vm-1 {OF_VMS}"
GUARDS = f"{GROUP_ID}/providers/Microsoft.DataProtection/resourceGuards"
CRITICAL = "Microsoft.RecoveryServices/vaults"


@pytest.fixture
def guard(az: Az, arm: httpx.Client) -> str:
    """A guard beside a vault that protects a VM; az makes it without its extension."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    body = json.dumps({"location": "westeurope", "properties": {}})
    url = f"{GUARDS}/guard-1?api-version=2024-04-01"
    return str(az("rest --method put --url", url, "--body", body)["id"])


def test_a_vault_is_mapped_and_unmapped(az: Az, guard: str) -> None:
    mapping = "backup vault resource-guard-mapping"
    az.refused(f"{mapping} show {VAULT}", code=3)
    mapped = az(f"{mapping} update {VAULT} --resource-guard-id", guard)
    assert mapped["name"] == "VaultProxy"
    details = mapped["properties"]["resourceGuardOperationDetails"]
    requests = {each["vaultCriticalOperation"]: each["defaultResourceRequest"] for each in details}
    assert len(requests) == 14
    assert requests[f"{CRITICAL}/backupPolicies/write"].startswith(guard)
    assert az(f"{mapping} show {VAULT}") == mapped
    again = az(f"{mapping} update {VAULT} --resource-guard-id", guard)
    assert again["properties"]["resourceGuardResourceId"] == guard
    az(f"{mapping} delete {VAULT} --yes")
    said = az.refused(f"{mapping} delete {VAULT} --yes", code=3)
    assert "does not have any Resource Guard Mapping" in said


def test_what_is_critical_is_done_with_the_leave_of_the_guard(
    az: Az, arm: httpx.Client, guard: str
) -> None:
    az(f"backup vault resource-guard-mapping update {VAULT} --resource-guard-id", guard)
    weaker = az("backup policy show -g group-1 -v vault-1 -n daily")
    weaker["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 10
    said = az.refused(
        "backup policy set -g group-1 -v vault-1 -n weaker --policy", json.dumps(weaker)
    )
    assert "(ResourceNotFound)" in said, "on a guarded vault az first looks what it would weaken"
    create = "backup policy create -g group-1 -v vault-1 -n weaker"
    az(f"{create} {OF_VMS} --policy", json.dumps(weaker))
    az(f"backup item set-policy -g group-1 -v vault-1 -c vm-1 -n vm-1 {OF_VMS} -p weaker")
    assert item(arm)["policyName"] == "weaker"
    weaker["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 8
    az("backup policy set -g group-1 -v vault-1 -n weaker --policy", json.dumps(weaker))
    az(f"backup protection disable {ITEM} --yes")
    assert item(arm)["protectionState"] == "ProtectionStopped"
    az(f"backup protection resume {ITEM} -p daily")
    back_up(arm)
    advance(arm, until="idle")
    az(f"backup protection disable {ITEM} --yes --delete-backup-data true")
    assert item(arm)["isScheduledForDeferredDelete"] is True
    az(f"backup vault update {VAULT} --immutability-state Unlocked")
    said = az.refused(f"backup vault update {VAULT} --immutability-state Disabled")
    assert "reduceImmutabilityState" in said, "az 2.91 forgets to ask for this one"
    az(f"backup vault resource-guard-mapping delete {VAULT} --yes")
