"""Azure Backup's limits: the last one allowed passes, the next is refused, and time frees some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from app import cli
from app.domain.instants import parse, wire
from app.domain.limits import LIMITS
from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    RESUME,
    ROOT,
    STOP,
    SUBSCRIPTION,
    UNDELETE,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item,
    item_body,
    item_id,
    job,
    listed,
    now,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

Limited = Callable[..., httpx.Client]
BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}
FULL = (409, "QuotaExceeded")
BLOCKED = (400, "CloudDosAbsoluteLimitReached")


@pytest.fixture
def limited(serve: Served) -> Limited:
    """Start a server with limits of its own, and a group, a vault and a daily policy in it."""

    def start(**limit: int | None) -> httpx.Client:
        arm = serve(limit={name.replace("_", "-"): most for name, most in limit.items()})
        put_group(arm)
        put_vault(arm)
        put_policy(arm)
        return arm

    return start


def protected(arm: httpx.Client, *names: str, policy: str = POLICY_ID) -> httpx.Client:
    for name in names:
        put_vm(arm, name)
        protect(arm, name, policy)
    return arm


def enable(arm: httpx.Client, name: str, policy: str = POLICY_ID) -> httpx.Response:
    put_vm(arm, name)
    return arm.put(item_id(name), json=item_body(policyId=policy, sourceResourceId=vm_id(name)))


def message_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


def says(answer: httpx.Response, name: str, most: int) -> bool:
    """Tell whether a refusal names its limit and the value, and how to set it."""
    text = message_of(answer)
    return f" {most} " in text and f"--limit {name}=N" in text


def shown(arm: httpx.Client) -> list[Any]:
    """Return all that a vault shows of policies, items and jobs."""
    paths = ("backupPolicies", "backupProtectedItems", "backupJobs", "backupProtectionContainers")
    found: list[Any] = [listed(arm, f"{VAULT_ID}/{path}") for path in paths[:3]]
    return [*found, listed(arm, f"{ROOT}/providers/Microsoft.RecoveryServices/vaults")]


def test_the_limits_are_those_of_the_table_unless_others_are_asked_for(arm: httpx.Client) -> None:
    answer = done(arm.get("/_emulator/limits")).json()["value"]
    assert {each["name"]: each["limit"] for each in answer} == {
        "vaults-per-region": 500,
        "vms-per-vault": 1000,
        "datasources-per-vault": 2000,
        "policies-per-vault": 200,
        "vms-per-policy": 1000,
        "policy-changes-per-day": 50,
        "configurations-per-day": 1000,
        "backups-per-day": 9,
        "restores-per-day": 10,
        "data-disks-per-vm": 32,
        "terabytes-per-disk": 32,
        "terabytes-per-vm": 256,
    }
    assert all(each["limit"] == each["azureLimit"] for each in answer)


def test_the_limits_of_a_day_hold_as_they_are(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    for number in range(50):
        put_policy(arm, days=10 + number)
    assert refused(arm.put(POLICY_ID, json=policy_body(days=99))) == BLOCKED
    protected(arm, "vm-1")
    for _ in range(9):
        advance(arm, until={"job": back_up(arm)})
    assert refused(arm.post(f"{ITEM_ID}/backup", json=BACKUP)) == BLOCKED


# --- how many there may be ----------------------------------------------------------------


def test_a_region_of_a_subscription_has_so_many_vaults(limited: Limited) -> None:
    arm = limited(vaults_per_region=2)
    second, third = (f"{VAULT_ID[:-1]}{number}" for number in (2, 3))
    put_vault(arm, second)
    before = shown(arm)
    answer = arm.put(third, json={"location": "West Europe"})
    assert refused(answer) == FULL
    assert says(answer, "vaults-per-region", 2)
    assert shown(arm) == before
    # Another region has its own, and so has another subscription.
    put_vault(arm, third, location="northeurope")
    elsewhere = third.replace(SUBSCRIPTION, "99999999-2222-3333-4444-555555555555")
    put_group(arm, elsewhere.partition("/providers/")[0])
    put_vault(arm, elsewhere)
    # One that is there may be changed, and a deleted one makes room.
    put_vault(arm, second, tags={"now": "changed"})
    finish(arm, arm.delete(second))
    put_vault(arm, f"{VAULT_ID[:-1]}4")


@pytest.mark.parametrize("name", ["vms-per-vault", "datasources-per-vault"])
def test_a_vault_protects_so_many_vms(limited: Limited, name: str) -> None:
    arm = protected(limited(**{name: 2}), "vm-1", "vm-2")
    before = shown(arm)
    answer = enable(arm, "vm-3")
    assert refused(answer) == FULL
    assert says(answer, name, 2)
    assert shown(arm) == before
    # What is stopped takes its place still; what is soft-deleted does not, and may come back.
    finish(arm, arm.put(ITEM_ID, json=STOP))
    assert refused(enable(arm, "vm-3")) == FULL
    delete_item(arm)
    finish(arm, enable(arm, "vm-3"))
    assert refused(arm.put(ITEM_ID, json=UNDELETE)) == FULL
    delete_item(arm, item_id("vm-2"))
    finish(arm, arm.put(ITEM_ID, json=UNDELETE))


def test_a_vault_has_so_many_policies_its_default_ones_included(limited: Limited) -> None:
    arm = limited(policies_per_vault=5)
    assert len(listed(arm, f"{VAULT_ID}/backupPolicies")) == 4
    second, third = (f"{VAULT_ID}/backupPolicies/{name}" for name in ("second", "third"))
    put_policy(arm, second)
    before = shown(arm)
    answer = arm.put(third, json=policy_body())
    assert refused(answer) == FULL
    assert says(answer, "policies-per-vault", 5)
    assert shown(arm) == before
    put_policy(arm, second, days=11)
    done(arm.delete(second))
    put_policy(arm, third)


def test_a_policy_has_so_many_vms(limited: Limited) -> None:
    arm = protected(limited(vms_per_policy=1), "vm-1")
    other = f"{VAULT_ID}/backupPolicies/other"
    put_policy(arm, other)
    before = shown(arm)
    answer = enable(arm, "vm-2")
    assert refused(answer) == FULL
    assert says(answer, "vms-per-policy", 1)
    assert shown(arm) == before
    finish(arm, enable(arm, "vm-2", other))
    # An item stays under its own policy, and cannot be moved to one that is full.
    finish(arm, arm.put(ITEM_ID, json=item_body(policyId=POLICY_ID)))
    assert refused(arm.put(ITEM_ID, json=item_body(policyId=other))) == FULL
    finish(arm, arm.put(item_id("vm-2"), json=STOP))
    finish(arm, arm.put(ITEM_ID, json=item_body(policyId=other)))


# --- how often in a day -------------------------------------------------------------------


def frees(arm: httpx.Client, ask: Callable[[], httpx.Response], name: str, most: int) -> None:
    """Assert that a request is refused until the instant that the refusal names, and no longer."""
    set_clock(arm, skipOnWait="off")
    before = shown(arm)
    answer = ask()
    assert refused(answer) == BLOCKED
    assert says(answer, name, most)
    assert "reached the limit on number of operations permitted in 24 hours" in message_of(answer)
    assert shown(arm) == before
    at = message_of(answer).partition(" from ")[2].split(" ")[0]
    advance(arm, to=wire(parse(at) - 1))
    assert refused(ask()) == BLOCKED
    assert advance(arm, by="PT0.000001S") == at
    done(ask())
    assert refused(ask()) == BLOCKED


def test_policies_are_created_and_edited_so_often_in_a_day(limited: Limited) -> None:
    arm = limited(policy_changes_per_day=3)  # one is there
    advance(arm, by="PT1H")
    put_policy(arm, days=11)
    put_policy(arm, days=11)  # says what is so already: it is no edit
    assert refused(arm.put(f"{VAULT_ID}/backupPolicies/1", json=policy_body())) == (
        400,
        "BMSUserErrorInvalidPolicyInput",
    )
    advance(arm, by="PT1H")
    put_policy(arm, f"{VAULT_ID}/backupPolicies/second")
    done(arm.delete(f"{VAULT_ID}/backupPolicies/second"))
    days = iter(range(20, 30))

    def edit() -> httpx.Response:
        return arm.put(POLICY_ID, json=policy_body(days=next(days)))

    frees(arm, edit, "policy-changes-per-day", 3)
    assert now(arm) == "2026-01-02T00:00:00Z"
    put_policy(arm, days=22)  # as it is since the one that passed
    second = VAULT_ID.replace("vault-1", "vault-2")
    put_vault(arm, second)
    put_policy(arm, f"{second}/backupPolicies/daily")


def test_a_vault_that_is_made_anew_begins_its_day_anew(limited: Limited) -> None:
    arm = limited(policy_changes_per_day=1)
    assert refused(arm.put(POLICY_ID, json=policy_body(days=99))) == BLOCKED
    finish(arm, arm.delete(VAULT_ID))
    put_vault(arm)
    put_policy(arm)


def test_protection_is_configured_so_often_in_a_vault_and_day(limited: Limited) -> None:
    arm = protected(limited(configurations_per_day=3), "vm-1")
    advance(arm, by="PT1H")
    # Neither what an edited policy does to its items counts, nor a stop.
    put_policy(arm, days=12)
    finish(arm, arm.put(ITEM_ID, json=STOP))
    finish(arm, arm.put(ITEM_ID, json=RESUME))
    finish(arm, enable(arm, "vm-2"))
    assert refused(enable(arm, "vm-3")) == BLOCKED
    finish(arm, arm.put(ITEM_ID, json=STOP))
    frees(arm, lambda: arm.put(ITEM_ID, json=RESUME), "configurations-per-day", 3)


def test_an_item_is_backed_up_on_demand_so_often_in_a_day(limited: Limited) -> None:
    arm = protected(limited(backups_per_day=3), "vm-1", "vm-2")
    advance(arm, until={"job": back_up(arm)})
    advance(arm, by="PT1H")
    set_clock(arm, skipOnWait="off")
    for _ in range(2):  # the second one fails, and is an attempt as well
        done(arm.post(f"{ITEM_ID}/backup", json=BACKUP))
    done(arm.post(f"{item_id('vm-2')}/backup", json=BACKUP))
    # Twenty-four hours have a scheduled backup in them, which is no attempt.
    frees(arm, lambda: arm.post(f"{ITEM_ID}/backup", json=BACKUP), "backups-per-day", 3)
    scheduled = [
        each
        for each in listed(arm, f"{VAULT_ID}/backupJobs")
        if not each["properties"]["isUserTriggered"]
    ]
    assert len(scheduled) == 2


def test_a_vm_is_restored_so_often_in_a_day(limited: Limited) -> None:
    arm = protected(limited(restores_per_day=2), "vm-1")
    put_storage(arm)
    advance(arm, until={"job": back_up(arm)})
    point = listed(arm, POINTS)[0]["id"]
    done(arm.post(f"{point}/restore", json=RESTORE))
    advance(arm, by="PT2H")
    done(arm.post(f"{point}/restore", json=RESTORE))
    asked = {"properties": {**RESTORE["properties"], "recoveryType": "Nowhere"}}
    assert arm.post(f"{point}/restore", json=asked).status_code == 400
    frees(arm, lambda: arm.post(f"{point}/restore", json=RESTORE), "restores-per-day", 2)


# --- the disks of a VM --------------------------------------------------------------------


def put_large_vm(arm: httpx.Client, *sizes: int, sku: str = "Premium_LRS") -> None:
    """Create or change ``vm-1``, whose OS disk has 30 GB and whose data disks have these sizes."""
    body = vm_body()
    body["properties"]["storageProfile"]["dataDisks"] = [
        {
            "lun": lun,
            "createOption": "Empty",
            "diskSizeGB": size,
            "managedDisk": {"storageAccountType": sku},
        }
        for lun, size in enumerate(sizes)
    ]
    done(arm.put(vm_id(), json=body))


@pytest.mark.parametrize(
    ("limit", "largest", "larger"),
    [
        ("data-disks-per-vm", [1, 1], [1, 1, 1]),
        ("terabytes-per-disk", [2048, 2048], [2048, 2049]),
        ("terabytes-per-vm", [1000, 1018], [1000, 1019]),
    ],
)
def test_a_backup_takes_so_many_disks_and_no_larger_ones(
    limited: Limited, limit: str, largest: list[int], larger: list[int]
) -> None:
    arm = limited(**{limit: 2})
    put_large_vm(arm, *largest)
    protect(arm)
    assert job(arm, back_up(arm))["status"] == "Completed"
    done(arm.delete(vm_id()))
    put_large_vm(arm, *larger)
    found = job(arm, back_up(arm))
    assert found["status"] == "Failed"
    [error] = found["errorDetails"]
    assert error["errorTitle"] == "UserErrorUnsupportedDiskSize"
    assert limit in error["recommendations"][0]
    assert len(listed(arm, POINTS)) == 1
    # What is scheduled meets them too, until the disk is left out.
    advance(arm, to="2026-01-02T00:00:00Z")
    assert item(arm)["healthDetails"][0]["title"] == "UserErrorUnsupportedDiskSize"
    assert len(listed(arm, POINTS)) == 1
    excluded = {"diskLunList": [len(larger) - 1], "isInclusionList": False}
    body = item_body(policyId=POLICY_ID, extendedProperties={"diskExclusionProperties": excluded})
    finish(arm, arm.put(ITEM_ID, json=body))
    advance(arm, to="2026-01-03T00:00:00Z")
    assert len(listed(arm, POINTS)) == 2


def test_no_disk_beyond_32_terabytes_is_backed_up(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_large_vm(arm, 32 * 1024, sku="UltraSSD_LRS")
    protect(arm)
    assert job(arm, back_up(arm))["status"] == "Completed"
    disk = done(arm.get(vm_id())).json()["properties"]["storageProfile"]["dataDisks"][0]
    grown = {"properties": {"diskSizeGB": 32 * 1024 + 1}}
    done(arm.patch(disk["managedDisk"]["id"], json=grown))
    found = job(arm, back_up(arm))
    assert found["errorDetails"][0]["errorTitle"] == "UserErrorUnsupportedDiskSize"


# --- the options --------------------------------------------------------------------------


def test_a_limit_that_is_off_lets_anything_pass(serve: Served) -> None:
    arm = serve(limits="off", limit={"vms-per-vault": 3})
    values = {each["name"]: each["limit"] for each in arm.get("/_emulator/limits").json()["value"]}
    assert values.pop("vms-per-vault") == 3
    assert set(values.values()) == {None}
    assert set(values) == set(LIMITS) - {"vms-per-vault"}
    put_group(arm)
    put_vault(arm)
    for days in range(10, 70):
        put_policy(arm, days=days)
    protected(arm, "vm-1")
    for _ in range(11):
        advance(arm, until={"job": back_up(arm)})


def test_the_command_line_shows_the_limits(limited: Limited) -> None:
    arm = limited(backups_per_day=12, vaults_per_region=None)
    told = CliRunner().invoke(cli.rsvault, ["limits", "--url", str(arm.base_url)])
    lines = dict(line.split() for line in told.output.splitlines())
    assert list(lines) == list(LIMITS)
    assert (lines["backups-per-day"], lines["vaults-per-region"]) == ("12", "off")
    assert lines["vms-per-vault"] == "1000"


def test_a_reset_world_goes_by_the_same_limits(limited: Limited) -> None:
    arm = limited(policy_changes_per_day=1)
    done(arm.post("/_emulator/reset"))
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    assert refused(arm.put(POLICY_ID, json=policy_body(days=99))) == BLOCKED
