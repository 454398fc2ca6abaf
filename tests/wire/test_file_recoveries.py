"""Recovery of files on the wire: a point is mounted for twelve hours, renewed and unmounted."""

from __future__ import annotations

import logging
import subprocess
import sys
from base64 import b64decode
from typing import Any
from urllib.request import urlopen

import httpx
import pytest

from tests.wire.builders import (
    ITEM_ID,
    POINTS,
    UNDELETE,
    VAULT_ID,
    Served,
    advance,
    back_up,
    delete_item,
    done,
    finish,
    job_of,
    listed,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
    set_clock,
    vm_body,
    vm_id,
)

ACTIVE = "isInstantIlrSessionActive"


@pytest.fixture
def point(protected: httpx.Client) -> str:
    """The id of the one recovery point of a VM; the clock stands still from then on."""
    advance(protected, until={"job": back_up(protected)})
    set_clock(protected, skipOnWait="off")
    return newest(protected)


def newest(arm: httpx.Client) -> str:
    return str(listed(arm, POINTS)[0]["id"])


def provision(arm: httpx.Client, point: str, **properties: Any) -> httpx.Response:
    sent = {
        "objectType": "IaasVMILRRegistrationRequest",
        "recoveryPointId": point.rpartition("/")[2],
        "virtualMachineId": vm_id(),
    }
    body = {"properties": sent | properties}
    return arm.post(f"{point}/provisionInstantItemRecovery", json=body)


def operation_of(answer: httpx.Response) -> str:
    url: str = done(answer).headers["azure-asyncoperation"]
    return url.partition("?")[0].rpartition("/")[2]


def scripts(arm: httpx.Client, point: str, operation: str) -> httpx.Response:
    body = {"provisionInstantItemRecoveryOperationId": operation}
    return arm.post(f"{point}/listInstantItemRecoveryOperationResult", json=body)


def mounted(arm: httpx.Client, point: str, **properties: Any) -> str:
    """Mount a point, wait until it is ready, and return the operation."""
    operation = operation_of(provision(arm, point, **properties))
    advance(arm, by="PT2M")
    return operation


def revoke(arm: httpx.Client, point: str) -> httpx.Response:
    return arm.post(f"{point}/revokeInstantItemRecovery")


def is_active(arm: httpx.Client, point: str) -> bool:
    (listed_one,) = (each for each in listed(arm, POINTS) if each["id"] == point)
    shown = done(arm.get(point)).json()
    assert shown == listed_one
    return bool(shown["properties"][ACTIVE])


# --- mounting ----------------------------------------------------------------------------


def test_a_provisioned_point_is_active_once_its_operation_succeeded(
    protected: httpx.Client, point: str
) -> None:
    answer = provision(protected, point)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["location"].partition("?")[0].endswith(operation_of(answer))
    status = protected.get(answer.headers["azure-asyncoperation"]).json()
    assert (status["status"], status.get("properties")) == ("InProgress", None)
    assert not is_active(protected, point)
    advance(protected, by="PT2M")
    status = protected.get(f"{VAULT_ID}/backupOperations/{operation_of(answer)}").json()
    assert status["status"] == "Succeeded"
    assert status["properties"]["objectType"] == "OperationStatusProvisionILRExtendedInfo"
    (script,) = status["properties"]["recoveryTarget"]["clientScripts"]
    assert set(script) == {"osType", "scriptContent", "scriptExtension", "scriptNameSuffix"}
    assert is_active(protected, point)


def test_the_list_of_scripts_shows_what_the_operation_shows(
    protected: httpx.Client, point: str
) -> None:
    operation = operation_of(provision(protected, point))
    assert refused(scripts(protected, point, operation)) == (409, "OperationInProgress")
    advance(protected, by="PT2M")
    status = done(protected.get(f"{ITEM_ID}/operationsStatus/{operation}")).json()
    target = done(scripts(protected, point, operation)).json()
    assert target == status["properties"]["recoveryTarget"]


def test_there_is_no_job_of_a_mount(protected: httpx.Client, point: str) -> None:
    before = listed(protected, f"{VAULT_ID}/backupJobs")
    mounted(protected, point)
    revoke(protected, point)
    assert listed(protected, f"{VAULT_ID}/backupJobs") == before


# --- the script --------------------------------------------------------------------------


def test_a_script_says_which_disks_it_stands_for_and_that_it_mounts_nothing(
    protected: httpx.Client, point: str
) -> None:
    operation = mounted(protected, point)
    (script,) = done(scripts(protected, point, operation)).json()["clientScripts"]
    assert (script["osType"], script["scriptExtension"]) == ("Linux", ".py")
    text = b64decode(script["scriptContent"]).decode()
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert "rsvault" in ran.stdout
    assert "It mounts nothing" in ran.stdout
    assert point.rpartition("/")[2] in ran.stdout
    shown = done(protected.get(point)).json()["properties"]
    for disk in shown["recoveryPointDiskConfiguration"]["includedDiskList"]:
        assert f"{disk['name']} (" in ran.stdout
        assert disk["contentFingerprint"] in ran.stdout


def test_a_script_is_named_as_az_cuts_its_password_out(protected: httpx.Client, point: str) -> None:
    operation = mounted(protected, point)
    (script,) = done(scripts(protected, point, operation)).json()["clientScripts"]
    suffix = script["scriptNameSuffix"]
    start = suffix.rfind("_") + 33
    password = suffix[start : start + 15]
    assert suffix == f"vm-1_we_{operation.replace('-', '')}{password}"
    assert len(password) == 15
    text = b64decode(script["scriptContent"]).decode()
    assert f'TargetPassword="{password}"' in text


def test_a_windows_vm_has_a_second_script_that_is_downloaded(serve: Served) -> None:
    arm = serve()
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm, os="Windows")
    protect(arm)
    advance(arm, until={"job": back_up(arm)})
    operation = mounted(arm, newest(arm))
    first, second = done(scripts(arm, newest(arm), operation)).json()["clientScripts"]
    assert {first["osType"], second["osType"]} == {"Windows"}
    assert "scriptContent" not in second
    with urlopen(second["url"]) as downloaded:
        text = downloaded.read()
    assert text == b64decode(first["scriptContent"])
    assert b"It mounts nothing" in text


# --- twelve hours ------------------------------------------------------------------------


def test_a_mount_is_over_after_twelve_hours(protected: httpx.Client, point: str) -> None:
    operation = mounted(protected, point)
    advance(protected, by="PT11H59M59S")
    assert is_active(protected, point)
    assert scripts(protected, point, operation).status_code == 200
    advance(protected, by="PT1S")
    assert not is_active(protected, point)
    assert refused(scripts(protected, point, operation)) == (
        409,
        "UserErrorFileRecoverySessionExpired",
    )


def test_a_renewal_keeps_the_script_and_begins_twelve_hours_anew(
    protected: httpx.Client, point: str
) -> None:
    first = mounted(protected, point)
    before = done(scripts(protected, point, first)).json()
    advance(protected, by="PT6H")
    operation_of(provision(protected, point, renewExistingRegistration=True))
    assert is_active(protected, point)
    advance(protected, by="PT11H")
    assert is_active(protected, point)
    second = operation_of(provision(protected, point, renewExistingRegistration=True))
    advance(protected, by="PT2M")
    assert done(scripts(protected, point, second)).json() == before
    assert refused(scripts(protected, point, first)) == (404, "OperationNotFound")


@pytest.mark.parametrize("renew", [None, False])
def test_a_second_mount_replaces_the_script_of_the_first(
    protected: httpx.Client, point: str, renew: bool | None
) -> None:
    first = mounted(protected, point)
    before = done(scripts(protected, point, first)).json()
    second = mounted(protected, point, renewExistingRegistration=renew)
    assert done(scripts(protected, point, second)).json() != before


def test_a_renewal_of_what_is_over_is_a_new_mount(protected: httpx.Client, point: str) -> None:
    first = mounted(protected, point)
    before = done(scripts(protected, point, first)).json()
    advance(protected, by="PT12H")
    second = mounted(protected, point, renewExistingRegistration=True)
    assert is_active(protected, point)
    assert done(scripts(protected, point, second)).json() != before


def test_two_points_may_be_mounted_at_once(protected: httpx.Client, point: str) -> None:
    set_clock(protected, skipOnWait="finish")
    advance(protected, until={"job": back_up(protected)})
    set_clock(protected, skipOnWait="off")
    other = newest(protected)
    assert other != point
    operation = mounted(protected, point)
    assert (is_active(protected, point), is_active(protected, other)) == (True, False)
    mounted(protected, other)
    revoke(protected, other)
    assert (is_active(protected, point), is_active(protected, other)) == (True, False)
    assert refused(scripts(protected, other, operation)) == (404, "OperationNotFound")


# --- unmounting --------------------------------------------------------------------------


def test_an_unmounted_point_is_inactive_at_once(protected: httpx.Client, point: str) -> None:
    operation = mounted(protected, point)
    answer = revoke(protected, point)
    assert (answer.status_code, answer.content) == (202, b"")
    assert not is_active(protected, point)
    assert refused(scripts(protected, point, operation)) == (404, "OperationNotFound")
    set_clock(protected, skipOnWait="finish")
    finish(protected, answer)


def test_a_point_that_is_not_mounted_can_be_unmounted(protected: httpx.Client, point: str) -> None:
    assert revoke(protected, point).status_code == 202
    assert not is_active(protected, point)


def test_a_mount_that_is_revoked_before_it_is_ready_never_is(
    protected: httpx.Client, point: str
) -> None:
    provision(protected, point)
    revoke(protected, point)
    advance(protected, by="PT2M")
    assert not is_active(protected, point)


def test_the_mounts_of_an_item_end_with_its_data(protected: httpx.Client, point: str) -> None:
    mounted(protected, point)
    set_clock(protected, skipOnWait="finish")
    delete_item(protected)
    assert not is_active(protected, point)
    assert refused(provision(protected, point)) == (409, "BMSUserErrorItemSoftDeleted")
    job_of(protected, protected.put(ITEM_ID, json=UNDELETE))
    assert not is_active(protected, point)


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("properties", "code", "target"),
    [
        ({"recoveryPointId": "7"}, "BMSUserErrorInvalidInput", "properties.recoveryPointId"),
        (
            {"virtualMachineId": vm_id("vm-2")},
            "BMSUserErrorInvalidInput",
            "properties.virtualMachineId",
        ),
        (
            {"objectType": "AzureFileShareProvisionILRRequest"},
            "BMSUserErrorInvalidInput",
            "properties.objectType",
        ),
        (
            {"renewExistingRegistration": "perhaps"},
            "InvalidRequestContent",
            "properties.renewExistingRegistration",
        ),
        ({"initiatorName": "i" * 224}, "InvalidRequestContent", "properties.initiatorName"),
    ],
)
def test_a_wrong_mount_is_refused_and_nothing_begins(
    protected: httpx.Client, point: str, properties: dict[str, Any], code: str, target: str
) -> None:
    answer = provision(protected, point, **properties)
    assert refused(answer) == (400, code)
    assert answer.json()["error"]["target"] == target
    advance(protected, by="PT2M")
    assert not is_active(protected, point)


def test_what_repeats_the_path_may_be_left_out(protected: httpx.Client, point: str) -> None:
    answer = protected.post(f"{point}/provisionInstantItemRecovery", json={"properties": {}})
    assert answer.status_code == 202


def test_a_point_that_is_not_there_cannot_be_mounted(protected: httpx.Client) -> None:
    nowhere = f"{POINTS}/1"
    found = (404, "BMSUserErrorRecoveryPointNotFound")
    assert refused(provision(protected, nowhere)) == found
    assert refused(scripts(protected, nowhere, "x")) == found
    assert refused(revoke(protected, nowhere)) == found


def test_files_of_a_trusted_launch_vm_cannot_be_recovered(vault: httpx.Client) -> None:
    body = vm_body()
    body["properties"]["securityProfile"] = {"securityType": "TrustedLaunch"}
    done(vault.put(vm_id(), json=body))
    policy = f"{VAULT_ID}/backupPolicies/EnhancedPolicy"
    protect(vault, policy=policy)
    advance(vault, until={"job": back_up(vault)})
    answer = provision(vault, newest(vault))
    assert refused(answer) == (400, "UserErrorFileRecoveryNotSupportedForSecurityType")


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ("nothing", 404, "OperationNotFound"),
        ("11111111-2222-3333-4444-555555555555", 404, "OperationNotFound"),
        (None, 400, "BMSUserErrorInvalidInput"),
        ("", 400, "BMSUserErrorInvalidInput"),
        (7, 400, "InvalidRequestContent"),
    ],
)
def test_scripts_are_only_listed_for_the_operation_that_made_them(
    protected: httpx.Client, point: str, operation: Any, status: int, code: str
) -> None:
    mounted(protected, point)
    assert refused(scripts(protected, point, operation)) == (status, code)


def test_the_scripts_of_another_operation_are_no_scripts(
    protected: httpx.Client, point: str
) -> None:
    backup = operation_of(
        protected.post(
            f"{ITEM_ID}/backup", json={"properties": {"objectType": "IaasVMBackupRequest"}}
        )
    )
    assert refused(scripts(protected, point, backup)) == (404, "OperationNotFound")


def test_no_log_has_the_password(
    protected: httpx.Client, point: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    operation = mounted(protected, point)
    (script,) = done(scripts(protected, point, operation)).json()["clientScripts"]
    assert "ItemLevelRecoveryConnections_Provision" in caplog.text
    assert script["scriptNameSuffix"][-15:] not in caplog.text
