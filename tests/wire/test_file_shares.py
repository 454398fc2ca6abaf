"""File shares on the wire: their storage account registered, themselves found, protected, backed
up, let expire, deleted and brought back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    POLICY_ID,
    SUSPEND,
    VAULT_ID,
    advance,
    code_of,
    delete_item,
    done,
    finish,
    item,
    job,
    job_of,
    listed,
    protect,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    refused,
    tiers,
    times,
)
from tests.wire.shares import (
    ACCOUNT_ID,
    CONTAINER_ID,
    CONTAINERS,
    LOCK_ID,
    PROTECTABLE,
    SHARE_POLICY_ID,
    STORAGE,
    container_body,
    protect_share,
    protectable,
    put_share,
    put_share_policy,
    register,
    share_item_body,
    share_item_id,
    share_policy,
    share_world,
)

DELETED = f"{VAULT_ID}/backupDeletedProtectionContainers"
VAULTED_ID = f"{VAULT_ID}/backupPolicies/vaulted"
JOBS = f"{VAULT_ID}/backupJobs"
OTHER_VAULT = f"{GROUP_ID}/providers/Microsoft.RecoveryServices/vaults/vault-2"
IN_OTHER = CONTAINER_ID.replace(VAULT_ID, OTHER_VAULT)


@pytest.fixture
def shares(arm: httpx.Client) -> httpx.Client:
    """A vault, two shares in an account that is not registered yet, and a policy of five days."""
    share_world(arm, "share-1", "share-2")
    put_share_policy(arm)
    return arm


@pytest.fixture
def registered(shares: httpx.Client) -> httpx.Client:
    register(shares)
    return shares


@pytest.fixture
def protected(registered: httpx.Client) -> tuple[httpx.Client, str]:
    """The first share, protected, and the path of its item."""
    return registered, protect_share(registered)


def back_up_share(arm: httpx.Client, path: str, **properties: Any) -> str:
    sent = {"objectType": "AzureFileShareBackupRequest"} | properties
    return job_of(arm, arm.post(f"{path}/backup", json={"properties": sent}))


# --- registration ------------------------------------------------------------------------


def test_an_account_can_be_registered_until_it_is(shares: httpx.Client) -> None:
    fabric = CONTAINER_ID.rpartition("/protectionContainers/")[0]
    [free] = listed(shares, f"{fabric}/protectableContainers", **STORAGE)
    assert free["name"] == "StorageContainer;Storage;group-1;files1"
    assert free["properties"]["containerId"] == ACCOUNT_ID
    register(shares)
    assert listed(shares, f"{fabric}/protectableContainers", **STORAGE) == []


def test_a_registration_answers_with_the_container_and_ends_with_it(shares: httpx.Client) -> None:
    answer = shares.put(CONTAINER_ID, json=container_body())
    assert answer.status_code == 202
    finish(shares, answer)
    result = done(shares.get(answer.headers["location"]))
    assert result.status_code == 200
    assert result.json() == answer.json() == done(shares.get(CONTAINER_ID)).json()
    assert result.json()["properties"]["registrationStatus"] == "Registered"


def test_the_id_of_the_account_is_echoed_as_it_was_sent(shares: httpx.Client) -> None:
    sent = ACCOUNT_ID.replace("resourceGroups/group-1", "resourcegroups/GROUP-1")
    register(shares, sourceResourceId=sent)
    properties = done(shares.get(CONTAINER_ID)).json()["properties"]
    assert properties["sourceResourceId"] == sent
    [first, _] = protectable(shares)
    assert first["properties"]["parentContainerFabricId"] == sent


def test_a_registered_account_is_locked_until_it_is_unregistered(registered: httpx.Client) -> None:
    lock = done(registered.get(LOCK_ID)).json()
    assert lock["properties"]["level"] == "CanNotDelete"
    assert refused(registered.delete(ACCOUNT_ID)) == (409, "ScopeLocked")
    assert refused(registered.delete(GROUP_ID)) == (409, "ScopeLocked")
    done(registered.delete(CONTAINER_ID))
    assert registered.get(LOCK_ID).status_code == 404
    assert registered.delete(ACCOUNT_ID).status_code == 200


def test_who_wants_no_lock_gets_none(shares: httpx.Client) -> None:
    register(shares, acquireStorageAccountLock="NotAcquire")
    assert shares.get(LOCK_ID).status_code == 404
    register(shares)
    assert shares.get(LOCK_ID).status_code == 200


def test_a_lock_that_users_took_away_is_nobodys_loss(registered: httpx.Client) -> None:
    done(registered.delete(LOCK_ID))
    assert registered.delete(CONTAINER_ID).status_code == 202


def test_an_account_has_one_vault(registered: httpx.Client) -> None:
    put_vault(registered, OTHER_VAULT)
    answer = registered.put(IN_OTHER, json=container_body())
    code = "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault"
    assert refused(answer) == (409, code)
    assert VAULT_ID in answer.json()["error"]["message"]
    done(registered.delete(CONTAINER_ID))
    finish(registered, registered.put(IN_OTHER, json=container_body()))


def test_a_vault_with_a_registered_account_is_not_deleted(registered: httpx.Client) -> None:
    answer = registered.delete(VAULT_ID)
    assert code_of(answer) == "ServiceResourceNotEmptyWithContainerDetails"
    assert "files1" in answer.json()["error"]["message"]
    done(registered.delete(CONTAINER_ID))
    assert registered.delete(VAULT_ID).is_success


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"containerType": "VMAppContainer"}, "NotSupported"),
        ({"backupManagementType": "AzureWorkload"}, "BMSUserErrorInvalidInput"),
        ({"accessType": "IdentityBased"}, "NotSupported"),
        ({"acquireStorageAccountLock": "Perhaps"}, "InvalidRequestContent"),
        ({"sourceResourceId": None}, "BMSUserErrorInvalidInput"),
        ({"sourceResourceId": GROUP_ID}, "BMSUserErrorInvalidInput"),
        (
            {"sourceResourceId": ACCOUNT_ID.replace("files1", "files2")},
            "BMSUserErrorContainerNameIncorrectFormat",
        ),
    ],
)
def test_what_cannot_be_registered_is_refused(
    shares: httpx.Client, properties: dict[str, Any], code: str
) -> None:
    answer = shares.put(CONTAINER_ID, json=container_body(**properties))
    assert refused(answer) == (400, code)
    assert listed(shares, CONTAINERS) == []


def test_an_account_that_is_not_there_is_not_registered(shares: httpx.Client) -> None:
    path, account = (text.replace("files1", "files9") for text in (CONTAINER_ID, ACCOUNT_ID))
    answer = shares.put(path, json=container_body(account))
    assert refused(answer) == (400, "UserErrorStorageAccountNotFound")


@pytest.mark.parametrize("how", [{"location": "northeurope"}, {"kind": "BlobStorage"}])
def test_an_account_of_another_region_or_kind_is_not_registered(
    shares: httpx.Client, how: dict[str, str]
) -> None:
    path, account = (text.replace("files1", "files9") for text in (CONTAINER_ID, ACCOUNT_ID))
    more = {"properties": {"accessTier": "Hot"}} if "kind" in how else {}
    put_storage(shares, account, **how, **more)
    answer = shares.put(path, json=container_body(account))
    assert refused(answer) == (400, "UserErrorFileShareEndpointUnreachable")


def test_containers_of_vms_are_neither_registered_nor_unregistered(shares: httpx.Client) -> None:
    vm = CONTAINER_ID.replace(
        "StorageContainer;storage;group-1;files1",
        "IaasVMContainer;iaasvmcontainerv2;group-1;vm-1",
    )
    for answer in (shares.put(vm, json=container_body()), shares.delete(vm)):
        assert refused(answer) == (400, "BMSUserErrorInvalidInput")
    assert refused(shares.post(f"{vm}/inquire")) == (404, "BMSUserErrorContainerNotFound")


def test_containers_are_listed_beside_those_of_vms(registered: httpx.Client) -> None:
    put_vm(registered)
    put_policy(registered)
    protect(registered)
    both = [each["properties"]["friendlyName"] for each in listed(registered, CONTAINERS)]
    assert both == ["files1", "vm-1"]
    for words, names in (
        ("backupManagementType eq 'AzureStorage' and status eq 'Registered'", ["files1"]),
        ("backupManagementType eq 'AzureStorage' and friendlyName eq 'FILES1'", ["files1"]),
        ("containerType eq 'StorageContainer'", ["files1"]),
        ("backupManagementType eq 'AzureIaasVM'", ["vm-1"]),
        ("friendlyName eq 'files2'", []),
        ("backupManagementType eq 'AzureStorage' and status eq 'NotRegistered'", []),
    ):
        found = listed(registered, CONTAINERS, **{"$filter": words})
        assert [each["properties"]["friendlyName"] for each in found] == names, words
    pages = done(registered.get(CONTAINERS, params={"$top": "1"})).json()
    assert len(pages["value"]) == 1


# --- what can be protected ---------------------------------------------------------------


def test_shares_of_an_account_are_known_once_it_is_registered(shares: httpx.Client) -> None:
    assert protectable(shares) == []
    register(shares)
    names = [each["properties"]["friendlyName"] for each in protectable(shares)]
    assert names == ["share-1", "share-2"]


def test_a_share_that_came_later_is_known_after_an_inquiry(registered: httpx.Client) -> None:
    put_share(registered, "share-3")
    put_share(registered, "share-4", enabledProtocols="NFS")
    assert len(protectable(registered)) == 2
    answer = registered.post(
        f"{CONTAINER_ID}/inquire", params={"$filter": "workloadType eq 'AzureFileShare'"}
    )
    assert answer.status_code == 202
    pending = registered.get(answer.headers["location"])
    assert pending.status_code in (202, 204)
    assert registered.get(answer.headers["location"]).status_code == 204
    names = [each["properties"]["friendlyName"] for each in protectable(registered)]
    assert names == ["share-1", "share-2", "share-3"], "shares of NFS are not backed up"


def test_an_inquiry_of_what_is_not_emulated_is_refused(registered: httpx.Client) -> None:
    words = {"$filter": "backupManagementType eq 'AzureWorkload'"}
    assert refused(registered.post(f"{CONTAINER_ID}/inquire", params=words)) == (
        400,
        "NotSupported",
    )


def test_protectable_items_are_found_by_kind_and_container(registered: httpx.Client) -> None:
    put_vm(registered)
    for words, number in (
        ("workloadType eq 'VM'", 1),
        ("backupManagementType eq 'AzureStorage' and workloadType eq 'AzureFileShare'", 2),
        ("containerName eq 'storagecontainer;storage;GROUP-1;files1'", 2),
        ("backupManagementType eq 'AzureStorage' and friendlyName eq 'share-2'", 1),
        ("backupManagementType eq 'AzureStorage' and status eq 'Protected'", 0),
    ):
        assert len(listed(registered, PROTECTABLE, **{"$filter": words})) == number, words
    assert len(listed(registered, PROTECTABLE)) == 3
    assert len(done(registered.get(PROTECTABLE, params={"$top": "2"})).json()["value"]) == 2


def test_a_shares_name_is_one_before_and_after_its_protection(registered: httpx.Client) -> None:
    path = protect_share(registered)
    shown = done(registered.get(path)).json()
    assert shown["name"].lower() == path.rpartition("/")[2].lower()
    assert shown["name"].startswith("AzureFileShare;")
    assert len(shown["name"].partition(";")[2]) == 64
    assert [each["properties"]["friendlyName"] for each in protectable(registered)] == ["share-2"]


# --- protection --------------------------------------------------------------------------


def test_a_share_is_protected_and_shows_its_account(protected: tuple[httpx.Client, str]) -> None:
    arm, path = protected
    shown = item(arm, path)
    assert shown["protectedItemType"] == "AzureFileShareProtectedItem"
    assert shown["backupManagementType"] == "AzureStorage"
    assert shown["workloadType"] == "AzureFileShare"
    assert shown["sourceResourceId"] == ACCOUNT_ID
    assert shown["containerName"] == "Storage;group-1;files1"
    assert shown["protectionState"] == "IRPending"
    [configured] = listed(arm, JOBS, **STORAGE)
    details = job(arm, configured["name"])
    assert details["jobType"] == "AzureStorageJob"
    assert details["extendedInfo"]["propertyBag"] == {
        "File Share Name": "share-1",
        "Storage Account Name": "files1",
        "Policy Name": "shares",
    }


def test_a_share_needs_a_policy_of_its_kind(registered: httpx.Client) -> None:
    put_policy(registered)
    path = share_item_id(registered)
    answer = registered.put(path, json=share_item_body(policyId=POLICY_ID))
    assert refused(answer) == (400, "BMSUserErrorInvalidConfigureProtectionRequest")
    assert "AzureStorage" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"protectedItemType": "Microsoft.Compute/virtualMachines"}, "BMSUserErrorInvalidInput"),
        ({"protectedItemType": "AzureVmWorkloadSAPAseDatabase"}, "NotSupported"),
        ({"sourceResourceId": GROUP_ID}, "BMSUserErrorInvalidInput"),
        ({"extendedProperties": {}}, "BMSUserErrorInvalidInput"),
        ({"policyId": None}, "BMSUserErrorInvalidConfigureProtectionRequest"),
    ],
)
def test_what_does_not_fit_a_share_is_refused(
    registered: httpx.Client, properties: dict[str, Any], code: str
) -> None:
    body = share_item_body(**({"policyId": SHARE_POLICY_ID} | properties))
    assert refused(registered.put(share_item_id(registered), json=body)) == (400, code)


def test_a_share_that_nobody_knows_is_not_protected(registered: httpx.Client) -> None:
    path = f"{CONTAINER_ID}/protectedItems/azurefileshare;{'0' * 64}"
    body = share_item_body(policyId=SHARE_POLICY_ID)
    assert refused(registered.put(path, json=body)) == (400, "FileShareNotFound")
    wrong = f"{CONTAINER_ID}/protectedItems/azurefileshare;share-1"
    code = "BMSUserErrorProtectedItemNameIncorrectFormat"
    assert refused(registered.put(wrong, json=body)) == (400, code)


def test_a_share_of_an_account_that_is_not_registered_is_not_protected(
    registered: httpx.Client,
) -> None:
    path = share_item_id(registered)
    done(registered.delete(CONTAINER_ID))
    answer = registered.put(path, json=share_item_body(policyId=SHARE_POLICY_ID))
    assert refused(answer) == (409, "BMSUserErrorContainerNotRegistered")


def test_items_are_told_apart_by_kind(protected: tuple[httpx.Client, str]) -> None:
    arm, _ = protected
    put_vm(arm)
    put_policy(arm)
    protect(arm)
    items = f"{VAULT_ID}/backupProtectedItems"
    for words, names in (
        (
            "backupManagementType eq 'AzureStorage' and itemType eq 'AzureFileShare'",
            ["share-1"],
        ),
        ("backupManagementType eq 'AzureIaasVM'", ["vm-1"]),
        ("containerName eq 'StorageContainer;Storage;group-1;files1'", ["share-1"]),
        ("policyName eq 'shares'", ["share-1"]),
        ("friendlyName eq 'share-1'", ["share-1"]),
    ):
        found = listed(arm, items, **{"$filter": words})
        assert [each["properties"]["friendlyName"] for each in found] == names, words
    assert len(listed(arm, JOBS, **STORAGE)) == 1
    assert len(listed(arm, JOBS, **{"$filter": "backupManagementType eq 'AzureIaasVM'"})) == 1
    summary = done(arm.get(f"{VAULT_ID}/backupUsageSummaries")).json()["value"]
    counted = {each["name"]["value"]: each["currentValue"] for each in summary}
    assert (counted["AzureIaasVM"], counted["AzureStorage"]) == (1, 1)


# --- backups -----------------------------------------------------------------------------


def test_a_backup_on_demand_has_one_phase_and_keeps_its_date(
    protected: tuple[httpx.Client, str],
) -> None:
    arm, path = protected
    until = "2026-01-03T00:00:00Z"
    job_id = back_up_share(arm, path, recoveryPointExpiryTimeInUTC=until)
    running = arm.patch("/_emulator/clock", json={"skipOnWait": "off"})
    assert running.is_success
    details = job(arm, job_id)
    assert details["status"] == "InProgress"
    assert "actionsInfo" not in details
    assert refused(arm.post(f"{JOBS}/{job_id}/cancel"))[0] == 400
    advance(arm, by="PT1M")
    arm.patch("/_emulator/clock", json={"skipOnWait": "finish"})
    details = job(arm, job_id)
    assert details["extendedInfo"]["tasksList"] == [
        {"taskId": "Take Snapshot", "status": "Completed"}
    ]
    [point] = listed(arm, f"{path}/recoveryPoints")
    properties = point["properties"]
    assert properties["objectType"] == "AzureFileShareRecoveryPoint"
    assert properties["recoveryPointType"] == "FileSystemConsistent"
    taken = properties["recoveryPointTime"]
    uri = f"https://files1.file.core.windows.net/share-1?sharesnapshot={taken}"
    assert properties["fileShareSnapshotUri"] == uri
    assert properties["recoveryPointSizeInGB"] >= 1
    assert tiers(point) == {"InstantRP": "Valid"}
    assert item(arm, path)["protectionState"] == "Protected"
    advance(arm, to="2026-01-02T23:59:00Z")
    assert taken in times(arm, f"{path}/recoveryPoints")
    advance(arm, to="2026-01-03T01:00:00Z")
    assert taken not in times(arm, f"{path}/recoveryPoints")


def test_a_policy_of_snapshots_keeps_what_it_says(protected: tuple[httpx.Client, str]) -> None:
    arm, path = protected
    advance(arm, by="P30D")
    kept = times(arm, f"{path}/recoveryPoints")
    assert len(kept) == 5
    assert kept[0] == "2026-01-30T22:00:05Z"
    put_share_policy(arm, days=2)
    advance(arm, by="PT2H")
    assert len(times(arm, f"{path}/recoveryPoints")) == 2


def test_a_vaulted_policy_has_two_phases_and_two_tiers(registered: httpx.Client) -> None:
    put_share_policy(registered, VAULTED_ID, days=9, snapshots=3)
    path = protect_share(registered, policy=VAULTED_ID)
    advance(registered, by="P30D")
    points = listed(registered, f"{path}/recoveryPoints")
    shown = [tiers(point) for point in points]
    assert shown[:3] == [{"InstantRP": "Valid", "HardenedRP": "Valid"}] * 3
    assert shown[3:] == [{"InstantRP": "Deleted", "HardenedRP": "Valid"}] * 6
    assert "fileShareSnapshotUri" not in points[-1]["properties"]
    done_jobs = listed(registered, JOBS, **{"$filter": "operation eq 'Backup'"})
    tasks = job(registered, done_jobs[0]["name"])["extendedInfo"]["tasksList"]
    assert [task["taskId"] for task in tasks] == ["Take Snapshot", "Transfer data to vault"]


def test_an_hourly_policy_keeps_all_snapshots_of_its_days(registered: httpx.Client) -> None:
    body = share_policy(days=2)
    schedule = body["properties"]["schedulePolicy"]
    schedule |= {"scheduleRunFrequency": "Hourly", "scheduleRunTimes": None}
    schedule["hourlySchedule"] = {
        "interval": 4,
        "scheduleWindowStartTime": "2026-01-01T08:00:00Z",
        "scheduleWindowDuration": 12,
    }
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionTimes"] = None
    done(registered.put(SHARE_POLICY_ID, json=body))
    path = protect_share(registered)
    advance(registered, to="2026-01-10T23:00:00Z")
    kept = times(registered, f"{path}/recoveryPoints")
    assert [each[8:13] for each in kept] == [
        "10T20",
        "10T16",
        "10T12",
        "10T08",
        "09T20",
        "09T16",
        "09T12",
        "09T08",
    ]


def test_a_share_that_is_gone_fails_its_backups_until_it_is_back(
    protected: tuple[httpx.Client, str],
) -> None:
    arm, path = protected
    done(arm.delete(LOCK_ID))
    done(arm.delete(f"{ACCOUNT_ID}/fileServices/default/shares/share-1"))
    failed = job(arm, back_up_share(arm, path))
    assert failed["status"] == "Failed"
    assert failed["errorDetails"][0]["errorString"].startswith("Operation failed as the file share")
    advance(arm, by="P1D")
    [scheduled, *_] = listed(arm, JOBS, **{"$filter": "operation eq 'Backup'"})
    assert scheduled["properties"]["status"] == "Failed"
    assert item(arm, path)["protectionStatus"] == "Unhealthy"
    put_share(arm)
    advance(arm, by="P1D")
    assert len(times(arm, f"{path}/recoveryPoints")) == 1
    assert item(arm, path)["protectionStatus"] == "Healthy"


def test_an_account_that_goes_takes_its_shares_along(protected: tuple[httpx.Client, str]) -> None:
    arm, path = protected
    done(arm.delete(LOCK_ID))
    done(arm.delete(ACCOUNT_ID))
    assert job(arm, back_up_share(arm, path))["status"] == "Failed"


def test_a_backup_request_is_of_the_items_kind(protected: tuple[httpx.Client, str]) -> None:
    arm, path = protected
    wrong = {"properties": {"objectType": "IaasVMBackupRequest"}}
    assert refused(arm.post(f"{path}/backup", json=wrong)) == (400, "BMSUserErrorInvalidInput")


# --- stop, delete, bring back ------------------------------------------------------------


def test_protection_is_stopped_suspended_and_resumed(protected: tuple[httpx.Client, str]) -> None:
    arm, path = protected
    advance(arm, by="P3D")
    stopped = share_item_body(policyId="", protectionState="ProtectionStopped")
    finish(arm, arm.put(path, json=stopped))
    advance(arm, by="P30D")
    assert len(times(arm, f"{path}/recoveryPoints")) == 3
    assert item(arm, path)["policyId"] == ""
    suspended = SUSPEND["properties"]["protectionState"]
    finish(arm, arm.put(path, json=share_item_body(policyId="", protectionState=suspended)))
    advance(arm, by="PT2H")
    assert len(times(arm, f"{path}/recoveryPoints")) == 1, "the last one is never deleted"
    finish(arm, arm.put(path, json=share_item_body(policyId=SHARE_POLICY_ID)))
    advance(arm, by="P6D")
    assert len(times(arm, f"{path}/recoveryPoints")) == 5


def test_a_deleted_share_is_kept_brought_back_and_purged(
    protected: tuple[httpx.Client, str],
) -> None:
    arm, path = protected
    advance(arm, by="P3D")
    delete_item(arm, path)
    assert item(arm, path)["isScheduledForDeferredDelete"]
    assert item(arm, path)["extendedInfo"]["resourceState"] == "SoftDeleted"
    undelete = share_item_body(policyId="", protectionState="ProtectionStopped", isRehydrate=True)
    finish(arm, arm.put(path, json=undelete))
    assert item(arm, path)["extendedInfo"]["recoveryPointCount"] == 3
    delete_item(arm, path)
    advance(arm, by="P15D")
    assert arm.get(path).status_code == 404
    assert len(protectable(arm)) == 2


def test_an_account_goes_when_all_its_items_are_deleted(
    protected: tuple[httpx.Client, str],
) -> None:
    arm, path = protected
    assert refused(arm.delete(CONTAINER_ID)) == (409, "BMSUserErrorContainerHasDatasources")
    delete_item(arm, path)
    finish(arm, arm.delete(CONTAINER_ID))
    assert listed(arm, CONTAINERS) == []
    [left] = listed(arm, DELETED, **STORAGE)
    assert left["properties"]["registrationStatus"] == "SoftDeleted"
    assert listed(arm, DELETED, **{"$filter": "backupManagementType eq 'AzureIaasVM'"}) == []
    undelete = share_item_body(policyId="", protectionState="ProtectionStopped", isRehydrate=True)
    assert refused(arm.put(path, json=undelete)) == (409, "BMSUserErrorContainerNotRegistered")
    register(arm, operationType="Rehydrate")
    finish(arm, arm.put(path, json=undelete))
    assert item(arm, path)["protectionState"] == "ProtectionStopped"
    assert arm.delete(CONTAINER_ID).status_code == 409


def test_a_container_that_is_not_registered_is_unregistered_already(shares: httpx.Client) -> None:
    assert shares.delete(CONTAINER_ID).status_code == 204


def test_restores_of_shares_are_refused_by_name(protected: tuple[httpx.Client, str]) -> None:
    arm, path = protected
    advance(arm, by="P1D")
    [point] = listed(arm, f"{path}/recoveryPoints")
    body = {
        "properties": {
            "objectType": "AzureFileShareRestoreRequest",
            "recoveryType": "OriginalLocation",
            "sourceResourceId": ACCOUNT_ID,
            "copyOptions": "Overwrite",
            "restoreRequestType": "FullShareRestore",
        }
    }
    answer = arm.post(f"{path}/recoveryPoints/{point['name']}/restore", json=body)
    assert refused(answer) == (400, "NotSupported")
    assert "AzureFileShareRestoreRequest" in answer.json()["error"]["message"]
