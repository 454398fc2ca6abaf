"""Where snapshots are: in groups and collections that backups make and users may delete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.compute import ComputeManagementClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import AnyToken, options
from tests.wire.builders import (
    GROUP_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    RESUME,
    ROOT,
    SUBSCRIPTION,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    item_body,
    item_id,
    job,
    listed,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    tiers,
    vm_id,
)

SNAPSHOTS = f"{ROOT}/resourceGroups/AzureBackupRG_westeurope_1"
TYPE = "Microsoft.Compute/restorePointCollections"
ALL = f"{ROOT}/providers/{TYPE}"


def groups(arm: httpx.Client) -> list[str]:
    return [each["name"] for each in listed(arm, f"{ROOT}/resourceGroups")]


def collections(arm: httpx.Client, group: str = SNAPSHOTS) -> list[dict[str, Any]]:
    return listed(arm, f"{group}/providers/{TYPE}")


def points(arm: httpx.Client, collection: str) -> list[dict[str, Any]]:
    """Return the restore points in a collection, oldest first."""
    shown = done(arm.get(collection, params={"$expand": "restorePoints"})).json()
    found: list[dict[str, Any]] = shown["properties"]["restorePoints"]
    return found


def name_snapshots(arm: httpx.Client, prefix: str, suffix: str = "", **more: Any) -> None:
    details = {"azureBackupRGNamePrefix": prefix, "azureBackupRGNameSuffix": suffix}
    put_policy(arm, instantRPDetails=details, **more)


@pytest.fixture
def backed_up(protected: httpx.Client) -> httpx.Client:
    """A client of a world whose ``vm-1`` was backed up once."""
    advance(protected, until={"job": back_up(protected)})
    return protected


# --- where they are ------------------------------------------------------------------------


def test_the_first_snapshot_makes_a_group_and_a_collection(protected: httpx.Client) -> None:
    assert groups(protected) == ["group-1"]
    back_up(protected)
    advance(protected, by="PT2M")
    assert groups(protected) == ["group-1"], "the snapshot is still being taken"
    advance(protected, by="PT6M")
    assert groups(protected) == ["AzureBackupRG_westeurope_1", "group-1"]
    shown = done(protected.get(SNAPSHOTS)).json()
    assert (shown["location"], "tags" in shown) == ("westeurope", False)
    [collection] = collections(protected)
    name = collection["name"]
    assert name.startswith("AzureBackup_vm-1_")
    assert name.removeprefix("AzureBackup_vm-1_").isdigit()
    assert collection["id"] == f"{SNAPSHOTS}/providers/{TYPE}/{name}"
    assert collection["properties"]["source"] == {"id": vm_id(), "location": "westeurope"}
    assert listed(protected, ALL) == [collection]
    in_group, in_all = (
        [each for each in listed(protected, f"{scope}/resources") if each["type"] == TYPE]
        for scope in (SNAPSHOTS, ROOT)
    )
    assert in_group == in_all
    own = ("id", "name", "type", "location")
    assert in_group == [{key: collection[key] for key in own}]


def test_a_collection_shows_the_snapshots_that_are_valid(backed_up: httpx.Client) -> None:
    [collection] = collections(backed_up)
    [point] = points(backed_up, collection["id"])
    taken = listed(backed_up, POINTS)[0]["properties"]["recoveryPointTime"]
    assert point["properties"]["timeCreated"] == taken
    stamp = taken[:19].replace("-", "").replace(":", "").replace("T", "_")
    assert point["name"] == f"AzureBackup_{stamp}"
    assert point["properties"]["consistencyMode"] == "FileSystemConsistent"
    assert done(backed_up.get(point["id"])).json() == point
    storage = point["properties"]["sourceMetadata"]["storageProfile"]
    assert (storage["osDisk"]["osType"], storage["osDisk"]["diskSizeGB"]) == ("Linux", 30)
    assert [disk["lun"] for disk in storage["dataDisks"]] == [0]
    advance(backed_up, by="P10D")
    valid = [each for each in listed(backed_up, POINTS) if tiers(each)["InstantRP"] == "Valid"]
    assert len(points(backed_up, collection["id"])) == len(valid) > 1
    assert collections(backed_up) == [collection]
    assert backed_up.get(point["id"]).status_code == 404, "its days are over"


def test_a_policy_names_the_group(protected: httpx.Client) -> None:
    name_snapshots(protected, "Snaps-", "-rg")
    advance(protected, by="P1D")
    assert groups(protected) == ["group-1", "Snaps-1-rg"]
    assert len(collections(protected, f"{ROOT}/resourceGroups/snaps-1-RG")) == 1


@pytest.mark.parametrize("edited", [True, False], ids=["edited", "another"])
def test_snapshots_stay_where_they_are_when_the_name_changes(
    backed_up: httpx.Client, edited: bool
) -> None:
    [old] = collections(backed_up)
    if edited:
        name_snapshots(backed_up, "new")
    else:
        done(
            backed_up.put(
                f"{POLICY_ID}-2",
                json=policy_body(instantRPDetails={"azureBackupRGNamePrefix": "new"}),
            )
        )
        body = item_body(policyId=f"{POLICY_ID}-2", sourceResourceId=vm_id())
        finish(backed_up, backed_up.put(item_id(), json=body))
    before = points(backed_up, old["id"])
    advance(backed_up, by="P1D")
    [new] = collections(backed_up, f"{ROOT}/resourceGroups/new1")
    assert points(backed_up, old["id"]) == before
    assert len(points(backed_up, new["id"])) == 1
    advance(backed_up, by="P9D")
    assert points(backed_up, old["id"]) == []
    assert len(listed(backed_up, ALL)) == 2


def test_an_edit_that_leaves_the_name_makes_no_other_collection(backed_up: httpx.Client) -> None:
    before = collections(backed_up)
    put_policy(backed_up, days=40)
    advance(backed_up, by="P1D")
    assert collections(backed_up) == before
    assert len(points(backed_up, before[0]["id"])) == 2


def test_a_group_of_that_name_is_used_as_it_is(protected: httpx.Client) -> None:
    own = SNAPSHOTS.replace("AzureBackup", "AZUREBACKUP")
    done(protected.put(own, json={"location": "northeurope", "tags": {"mine": "1"}}))
    advance(protected, by="P1D")
    assert done(protected.get(SNAPSHOTS)).json()["tags"] == {"mine": "1"}
    assert collections(protected)[0]["id"].startswith(own)


def test_a_vm_in_another_subscription_has_its_snapshots_there(protected: httpx.Client) -> None:
    abroad = "/subscriptions/99999999-2222-3333-4444-555555555555"
    vm = vm_id("vm-9").replace(ROOT, abroad)
    put_group(protected, GROUP_ID.replace(ROOT, abroad))
    own = {"createOption": "FromImage"}
    storage = {"storageProfile": {"osDisk": own | {"osType": "Linux"}}}
    size = {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}}
    done(protected.put(vm, json={"location": "westeurope", "properties": size | storage}))
    body = item_body(policyId=POLICY_ID, sourceResourceId=vm)
    finish(protected, protected.put(item_id("vm-9"), json=body))
    advance(protected, by="P1D")
    there = collections(protected, SNAPSHOTS.replace(ROOT, abroad))
    assert [each["properties"]["source"]["id"] for each in there] == [vm]
    assert len(collections(protected)) == 1


def test_collections_are_listed_in_pages(vault: httpx.Client) -> None:
    for number in range(3):
        put_vm(vault, f"vm-{number}")
        protect(vault, f"vm-{number}")
    advance(vault, by="P1D")
    page = done(vault.get(ALL, params={"$top": "2"})).json()["value"]
    assert [each["name"].split("_")[1] for each in page] == ["vm-0", "vm-1"]
    assert [each["name"].split("_")[1] for each in listed(vault, ALL)] == ["vm-0", "vm-1", "vm-2"]


def test_the_empty_group_stays_when_the_last_backup_is_purged(backed_up: httpx.Client) -> None:
    delete_item(backed_up)
    assert len(collections(backed_up)) == 1, "soft-deleted, nothing is gone"
    advance(backed_up, by="P15D")
    assert collections(backed_up) == []
    assert groups(backed_up) == ["AzureBackupRG_westeurope_1", "group-1"]


def test_a_server_without_soft_delete_drops_the_collection_at_once(serve: Served) -> None:
    arm = serve(soft_delete="disabled")
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    advance(arm, by="P1D")
    assert len(collections(arm)) == 1
    delete_item(arm)
    assert collections(arm) == []
    done(arm.delete(VAULT_ID))
    done(arm.delete(GROUP_ID))
    assert groups(arm) == ["AzureBackupRG_westeurope_1"]


# --- what users delete ---------------------------------------------------------------------


@pytest.mark.parametrize("whole_group", [True, False], ids=["group", "collection"])
def test_what_was_deleted_is_made_anew_by_the_next_backup(
    backed_up: httpx.Client, whole_group: bool
) -> None:
    [old] = collections(backed_up)
    done(backed_up.delete(SNAPSHOTS if whole_group else old["id"]))
    assert [tiers(each) for each in listed(backed_up, POINTS)] == [
        {"InstantRP": "Deleted", "HardenedRP": "Valid"}
    ]
    assert (SNAPSHOTS.rpartition("/")[2] in groups(backed_up)) is not whole_group
    assert backed_up.get(old["id"]).status_code == 404
    advance(backed_up, by="P1D")
    [new] = collections(backed_up)
    assert new["name"] != old["name"]
    assert len(points(backed_up, new["id"])) == 1
    advance(backed_up, by="P40D")
    assert len(listed(backed_up, POINTS)) == 30, "points expire as ever"


def test_a_restore_point_is_deleted_alone(backed_up: httpx.Client) -> None:
    advance(backed_up, by="P1D")
    [collection] = collections(backed_up)
    first, second = points(backed_up, collection["id"])
    assert backed_up.delete(first["id"]).status_code == 200
    assert backed_up.delete(first["id"]).status_code == 204
    assert points(backed_up, collection["id"]) == [second]
    newest, oldest = listed(backed_up, POINTS)
    assert (tiers(newest)["InstantRP"], tiers(oldest)["InstantRP"]) == ("Valid", "Deleted")


def test_what_is_in_the_vault_is_restored_without_its_snapshot(backed_up: httpx.Client) -> None:
    put_storage(backed_up)
    done(backed_up.delete(collections(backed_up)[0]["id"]))
    [point] = listed(backed_up, POINTS)
    answer = backed_up.post(f"{point['id']}/restore", json=RESTORE)
    finish(backed_up, answer)


def snapshot_alone(arm: httpx.Client) -> dict[str, Any]:
    """Return a recovery point that is in the snapshot tier only, by an hourly policy."""
    hourly = policy_body(
        at="08:00",
        policyType="V2",
        schedulePolicy={
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {
                "interval": 4,
                "scheduleWindowStartTime": "2026-01-01T08:00:00Z",
                "scheduleWindowDuration": 12,
            },
        },
    )
    done(arm.put(f"{POLICY_ID}-hourly", json=hourly))
    put_vm(arm, "vm-2")
    protect(arm, "vm-2", f"{POLICY_ID}-hourly")
    advance(arm, by="PT9H")
    [point] = listed(arm, f"{item_id('vm-2')}/recoveryPoints")
    assert tiers(point) == {"InstantRP": "Valid"}
    return point


def test_a_point_whose_one_snapshot_was_deleted_cannot_be_restored(vault: httpx.Client) -> None:
    put_storage(vault)
    point = snapshot_alone(vault)
    body = {"properties": RESTORE["properties"] | {"sourceResourceId": vm_id("vm-2")}}
    done(vault.post(f"{point['id']}/restore", json=body))
    advance(vault, until="idle")
    done(vault.delete(collections(vault)[0]["id"]))
    lost = done(vault.get(point["id"])).json()
    assert tiers(lost) == {"InstantRP": "Deleted"}
    answer = vault.post(f"{point['id']}/restore", json=body)
    assert refused(answer) == (409, "UserErrorInstantRpNotFound")
    advance(vault, by="P40D")
    assert vault.get(point["id"]).status_code == 404, "it expires as it would have"


@pytest.mark.parametrize("what", ["group", "collection", "point"])
def test_a_snapshot_stays_while_it_is_transferred(protected: httpx.Client, what: str) -> None:
    job_id = back_up(protected)
    advance(protected, by="PT8M")
    [collection] = collections(protected)
    [point] = points(protected, collection["id"])
    target = {"group": SNAPSHOTS, "collection": collection["id"], "point": point["id"]}[what]
    answer = protected.delete(target)
    assert answer.status_code == 409
    assert job_id in answer.text
    assert points(protected, collection["id"]) == [point]
    advance(protected, until={"job": job_id})
    assert protected.delete(target).is_success
    assert job(protected, job_id)["status"] == "Completed"


def test_an_older_snapshot_may_go_while_a_newer_one_is_transferred(backed_up: httpx.Client) -> None:
    back_up(backed_up)
    advance(backed_up, by="PT8M")
    [collection] = collections(backed_up)
    first, _ = points(backed_up, collection["id"])
    assert backed_up.delete(first["id"]).status_code == 200


def test_stopped_protection_keeps_the_place(backed_up: httpx.Client) -> None:
    stop = item_body(protectionState="ProtectionStopped", policyId="")
    finish(backed_up, backed_up.put(item_id(), json=stop))
    before = collections(backed_up)
    advance(backed_up, by="P3D")
    assert len(points(backed_up, before[0]["id"])) == 1
    finish(backed_up, backed_up.put(item_id(), json=RESUME))
    advance(backed_up, by="P1D")
    assert collections(backed_up) == before


def test_the_own_group_of_a_vm_may_go_and_the_snapshots_stay(backed_up: httpx.Client) -> None:
    done(backed_up.delete(vm_id()))
    assert len(collections(backed_up)) == 1
    assert collections(backed_up)[0]["properties"]["source"]["id"] == vm_id()


# --- what is refused -----------------------------------------------------------------------


def test_users_make_no_collections(backed_up: httpx.Client) -> None:
    [collection] = collections(backed_up)
    body = {"location": "westeurope", "properties": {"source": {"id": vm_id()}}}
    own = f"{GROUP_ID}/providers/{TYPE}/mine"
    assert refused(backed_up.put(own, json=body)) == (400, "NotSupported")
    answer = backed_up.patch(collection["id"], json={"tags": {"a": "1"}})
    assert refused(answer) == (400, "NotSupported")
    answer = backed_up.put(f"{collection['id']}/restorePoints/mine", json={"properties": {}})
    assert refused(answer) == (400, "NotSupported")
    assert listed(backed_up, ALL) == [collection]


@pytest.mark.parametrize(
    ("path", "query", "answer"),
    [
        (f"{GROUP_ID}/providers/{TYPE}/none", {}, (404, "ResourceNotFound")),
        (f"{GROUP_ID}-9/providers/{TYPE}", {}, (404, "ResourceGroupNotFound")),
        (f"{GROUP_ID}-9/providers/{TYPE}/none", {}, (404, "ResourceGroupNotFound")),
        ("/", {"$expand": "x"}, (400, "InvalidParameter")),
        ("/restorePoints/none", {}, (404, "ResourceNotFound")),
        ("/restorePoints/AzureBackup_20200101_000000", {}, (404, "ResourceNotFound")),
        ("/restorePoints/none", {"$expand": "instanceView"}, (400, "NotSupported")),
    ],
)
def test_what_is_not_there_is_not_shown(
    backed_up: httpx.Client, path: str, query: dict[str, str], answer: tuple[int, str]
) -> None:
    [collection] = collections(backed_up)
    if not path.startswith("/subscriptions"):
        path = (collection["id"] + path).rstrip("/")
    assert refused(backed_up.get(path, params=query)) == answer


def test_a_collection_does_not_move(backed_up: httpx.Client) -> None:
    [collection] = collections(backed_up)
    body = {"resources": [collection["id"]], "targetResourceGroup": GROUP_ID}
    answer = backed_up.post(f"{SNAPSHOTS}/moveResources", json=body)
    assert refused(answer) == (409, "ResourceMoveProviderValidationFailed")
    [detail] = answer.json()["error"]["details"]
    assert (detail["code"], detail["target"]) == ("ResourceMoveNotSupported", collection["id"])


def test_a_vm_moves_and_its_collection_stays_with_the_old_item(backed_up: httpx.Client) -> None:
    before = collections(backed_up)
    put_group(backed_up, f"{ROOT}/resourceGroups/group-2")
    body = {"resources": [vm_id()], "targetResourceGroup": f"{ROOT}/resourceGroups/group-2"}
    done(backed_up.post(f"{GROUP_ID}/moveResources", json=body))
    assert collections(backed_up) == before


@pytest.mark.parametrize(
    ("prefix", "suffix", "field"),
    [
        ("a b", "", "azureBackupRGNamePrefix"),
        ("", "x", "azureBackupRGNamePrefix"),
        ("a" * 75, "", "azureBackupRGNamePrefix"),
        ("a", ".", "azureBackupRGNameSuffix"),
    ],
)
def test_a_policy_with_a_name_that_no_group_may_have_is_refused(
    vault: httpx.Client, prefix: str, suffix: str, field: str
) -> None:
    details = {"azureBackupRGNamePrefix": prefix, "azureBackupRGNameSuffix": suffix}
    answer = vault.put(POLICY_ID, json=policy_body(instantRPDetails=details))
    assert refused(answer) == (400, "BMSUserErrorInvalidPolicyInput")
    assert answer.json()["error"]["target"] == f"properties.instantRPDetails.{field}"


# --- Microsoft's SDK -----------------------------------------------------------------------


@pytest.fixture
def compute(backed_up: httpx.Client, world: RunningServer) -> Iterator[Any]:
    """Compute's client; its methods are too loosely typed for mypy to follow."""
    assert backed_up
    with ComputeManagementClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        yield client


def test_the_sdk_finds_shows_and_deletes_the_snapshots(compute: Any) -> None:
    [collection] = compute.restore_point_collections.list_all()
    group = collection.id.split("/")[4]
    assert group == "AzureBackupRG_westeurope_1"
    assert collection.source.id == vm_id()
    [same] = compute.restore_point_collections.list(group)
    assert same == collection
    shown = compute.restore_point_collections.get(group, collection.name, expand="restorePoints")
    [point] = shown.restore_points
    found = compute.restore_points.get(group, collection.name, point.name)
    assert found == point
    assert found.consistency_mode == "FileSystemConsistent"
    assert found.time_created.isoformat().startswith("2026-01-01T00:")
    assert found.source_metadata.hardware_profile.vm_size == "Standard_D2s_v5"
    assert found.source_metadata.storage_profile.os_disk.disk_size_gb == 30
    with pytest.raises(HttpResponseError, match="not emulated"):
        compute.restore_point_collections.create_or_update(
            group, "mine", {"location": "westeurope", "properties": {"source": {"id": vm_id()}}}
        )
    compute.restore_points.begin_delete(group, collection.name, point.name).result()
    compute.restore_point_collections.begin_delete(group, collection.name).result()
    with pytest.raises(ResourceNotFoundError):
        compute.restore_point_collections.get(group, collection.name)
