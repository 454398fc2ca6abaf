"""az backup restore restore-disks: zones, another subscription, keys, identities, private disks."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.az.conftest import CLIENT
from tests.az.runner import Az
from tests.conftest import SUBSCRIPTION
from tests.wire.builders import VAULT_ID, done, finish, listed, put_group, put_storage, vm_id
from tests.wire.test_restore_choices import (
    ACCESS,
    FOREIGN,
    OWN_KEY,
    SET,
    TARGET,
    USER,
    ZONE_REDUNDANT,
    backed_up,
    put_set,
    ready,
)

pytestmark = pytest.mark.az

VAULT = "-g group-1 -v vault-1"
RESTORE = f"backup restore restore-disks {VAULT} -c vm-1 -i vm-1 --storage-account staging"


def restored(az: Az, arm: httpx.Client, point: dict[str, Any], words: str) -> list[dict[str, Any]]:
    """Restore disks to the end, and return those that are new in the other group."""
    disks = f"{TARGET}/providers/Microsoft.Compute/disks"
    before = {disk["id"] for disk in listed(arm, disks)}
    job = az(f"{RESTORE} -r {point['name']} {words}")
    az(f"backup job wait {VAULT} -n {job['name']}")
    shown = az(f"backup job show {VAULT} -n {job['name']}")["properties"]
    assert shown["status"] == "Completed"
    return [disk for disk in listed(arm, disks) if disk["id"] not in before]


def test_disks_go_to_another_zone_of_a_zone_redundant_vault(az: Az, arm: httpx.Client) -> None:
    point = ready(arm, vm={"zones": ["2"]}, vault=ZONE_REDUNDANT)
    into = restored(az, arm, point, "-t restored --target-zone 1")
    assert {tuple(disk["zones"]) for disk in into} == {("1",)}
    nowhere = restored(az, arm, point, "-t restored --target-zone NoZone")
    assert [disk.get("zones") for disk in nowhere] == [None, None]
    same = restored(az, arm, point, "-t restored")
    assert {tuple(disk["zones"]) for disk in same} == {("2",)}


def test_disks_go_to_another_subscription_while_the_vault_allows_it(
    az: Az, arm: httpx.Client
) -> None:
    point = ready(arm)
    put_group(arm, FOREIGN)
    account = f"{FOREIGN}/providers/Microsoft.Storage/storageAccounts/abroad"
    put_storage(arm, account)
    az(f"login --service-principal -u {CLIENT} -p any --tenant contoso.com")
    az("account set --subscription", SUBSCRIPTION)
    subscription = FOREIGN.split("/")[2]
    words = f"-r {point['name']} -t restored --target-subscription-id {subscription}"
    command = RESTORE.replace("staging", account)
    job = az(f"{command} {words}")
    az(f"backup job wait {VAULT} -n {job['name']}")
    assert len(listed(arm, f"{FOREIGN}/providers/Microsoft.Compute/disks")) == 2
    az("backup vault update -g group-1 -n vault-1 --cross-subscription-restore-state Disable")
    said = az.refused(f"{command} {words}")
    assert "Cross Subscription Restore is not allowed" in said


def test_an_identity_of_the_vault_stages_the_disks(az: Az, arm: httpx.Client) -> None:
    point = ready(arm)
    assert len(restored(az, arm, point, "-t restored --mi-system-assigned")) == 2
    assert len(restored(az, arm, point, f"-t restored --mi-user-assigned {USER}")) == 2
    finish(arm, arm.patch(VAULT_ID, json={"identity": {"type": "None"}}))
    said = az.refused(f"{RESTORE} -r {point['name']} -t restored --mi-system-assigned")
    assert "System MI is enabled" in said


def test_a_disk_encryption_set_is_for_vaults_with_a_key(az: Az, arm: httpx.Client) -> None:
    point = ready(arm, vault=OWN_KEY)
    put_set(arm)
    disks = restored(az, arm, point, f"-t restored --disk-encryption-set-id {SET}")
    sets = {disk["properties"]["encryption"]["diskEncryptionSetId"] for disk in disks}
    assert sets == {SET}


def test_a_vault_without_a_key_of_its_own_knows_no_such_set(az: Az, arm: httpx.Client) -> None:
    point = ready(arm)
    put_set(arm)
    with_set = f"-t restored --disk-encryption-set-id {SET}"
    said = az.refused(f"{RESTORE} -r {point['name']} {with_set}")
    assert "disk_encryption_set_id can't be specified" in said


def test_private_disks_are_told_how_they_may_be_reached(az: Az, arm: httpx.Client) -> None:
    point = ready(arm)
    said = az.refused(
        f"{RESTORE} -r {point['name']} -t restored --disk-access-option SameAsOnSourceDisks"
    )
    assert "private access is not enabled" in said
    machine = done(arm.get(vm_id())).json()["properties"]["storageProfile"]
    private = {"networkAccessPolicy": "AllowPrivate", "diskAccessId": ACCESS}
    disk = machine["osDisk"]["managedDisk"]["id"]
    done(arm.patch(disk, json={"properties": private}))
    point = backed_up(arm)
    said = az.refused(f"{RESTORE} -r {point['name']} -t restored")
    assert "--disk-access-option parameter must be provided" in said
    said = az.refused(
        f"{RESTORE} -r {point['name']} -t restored "
        "--disk-access-option EnablePrivateAccessForAllDisks"
    )
    assert "--target-disk-access-id must be provided" in said
    words = "-t restored --disk-access-option EnablePrivateAccessForAllDisks"
    disks = restored(az, arm, point, f"{words} --target-disk-access-id {ACCESS}")
    assert {each["properties"]["networkAccessPolicy"] for each in disks} == {"AllowPrivate"}
    open_to_all = "-t restored --disk-access-option EnablePublicAccessForAllDisks"
    disks = restored(az, arm, point, open_to_all)
    assert {each["properties"]["networkAccessPolicy"] for each in disks} == {"AllowAll"}
