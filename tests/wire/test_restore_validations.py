"""Whether a restore would be accepted: the answer is what the restore itself then says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    RESTORE,
    VAULT_ID,
    advance,
    delete_item,
    done,
    listed,
    put_storage,
    refused,
    set_clock,
    vm_id,
)

NOW = f"{VAULT_ID}/backupValidateOperation"
LATER = f"{VAULT_ID}/backupTriggerValidateOperation"
KIND = "ValidateIaasVMRestoreOperationRequest"


@pytest.fixture
def point(protected: httpx.Client) -> dict[str, Any]:
    """The recovery point of the protected VM's first backup."""
    put_storage(protected)
    advance(protected, by="P1D")
    found: dict[str, Any] = listed(protected, POINTS)[0]
    return found


def body(point: dict[str, Any], **change: Any) -> dict[str, Any]:
    request = RESTORE["properties"] | change
    return {"id": point["id"], "properties": {"objectType": KIND, "restoreRequest": request}}


def results(answer: httpx.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(answer).json()["validateOperationResponse"][
        "validationResults"
    ]
    return found


def test_a_restore_that_would_begin_has_nothing_against_it(
    protected: httpx.Client, point: dict[str, Any]
) -> None:
    assert results(protected.post(NOW, json=body(point))) == []
    jobs = listed(protected, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Restore'"})
    assert jobs == []
    assert protected.post(f"{point['id']}/restore", json=RESTORE).status_code == 202


def test_older_clients_name_the_vm_and_the_point(
    protected: httpx.Client, point: dict[str, Any]
) -> None:
    request = RESTORE["properties"] | {"recoveryPointId": point["name"]}
    assert results(protected.post(NOW, json={"objectType": KIND, "restoreRequest": request})) == []


@pytest.mark.parametrize(
    "change",
    [
        {"region": "eastus"},
        {"sourceResourceId": vm_id("vm-2")},
        {"targetResourceGroupId": f"{GROUP_ID}-none"},
        {"storageAccountId": GROUP_ID},
    ],
)
def test_what_a_restore_refuses_its_validation_tells(
    protected: httpx.Client, point: dict[str, Any], change: dict[str, Any]
) -> None:
    (result,) = results(protected.post(NOW, json=body(point, **change)))
    assert set(result) == {"code", "message", "recommendations"}
    restore = {"properties": RESTORE["properties"] | change}
    answer = protected.post(f"{point['id']}/restore", json=restore)
    assert answer.is_client_error
    assert answer.json()["error"]["code"] == result["code"]
    assert answer.json()["error"]["message"] == result["message"]


def test_a_point_or_an_item_that_is_gone_is_told(
    protected: httpx.Client, point: dict[str, Any]
) -> None:
    other = {"id": f"{ITEM_ID}/recoveryPoints/1"}
    (result,) = results(protected.post(NOW, json=body(other)))
    assert result["code"] == "BMSUserErrorRecoveryPointNotFound"
    delete_item(protected)
    (result,) = results(protected.post(NOW, json=body(point)))
    assert result["code"] == "BMSUserErrorItemSoftDeleted"


def test_a_validation_may_be_polled(protected: httpx.Client, point: dict[str, Any]) -> None:
    set_clock(protected, skipOnWait="off")
    answer = protected.post(LATER, json=body(point, region="eastus"))
    assert (answer.status_code, answer.content) == (202, b"")
    status, result = answer.headers["azure-asyncoperation"], answer.headers["location"]
    assert f"{VAULT_ID}/backupValidateOperationsStatuses/" in status
    assert f"{VAULT_ID}/backupValidateOperationResults/" in result
    assert protected.get(status).json()["status"] == "InProgress"
    assert "properties" not in protected.get(status).json()
    assert protected.get(result).status_code == 202
    advance(protected, until="idle")
    over = protected.get(status).json()
    assert over["status"] == "Succeeded"
    assert over["properties"]["objectType"] == "OperationStatusValidateOperationExtendedInfo"
    found = protected.get(result)
    assert found.status_code == 200
    assert (
        found.json()["validateOperationResponse"] == over["properties"]["validateOperationResponse"]
    )
    (only,) = results(found)
    assert only["code"] == "BMSUserErrorInvalidInput"


@pytest.mark.parametrize("path", [NOW, LATER])
@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "BMSUserErrorInvalidInput"),
        ({"objectType": KIND, "restoreRequest": {}}, "InvalidRequestContent"),
        ({"objectType": "Shoe", "restoreRequest": RESTORE["properties"]}, "NotSupported"),
        ({"objectType": KIND, "restoreRequest": RESTORE["properties"]}, "BMSUserErrorInvalidInput"),
        (
            {
                "id": f"{ITEM_ID.replace('vault-1', 'vault-2')}/recoveryPoints/1",
                "properties": {"objectType": KIND, "restoreRequest": RESTORE["properties"]},
            },
            "BMSUserErrorInvalidInput",
        ),
    ],
)
def test_a_wrong_validation_is_refused(
    vault: httpx.Client, path: str, sent: dict[str, Any], code: str
) -> None:
    assert refused(vault.post(path, json=sent)) == (400, code)


def test_what_is_not_emulated_is_no_result(protected: httpx.Client, point: dict[str, Any]) -> None:
    answer = protected.post(NOW, json=body(point, extendedLocation={"name": "edge"}))
    assert refused(answer) == (400, "NotSupported")


def test_only_a_vault_that_is_there_validates(vault: httpx.Client) -> None:
    missing = NOW.replace("vault-1", "vault-9")
    answer = vault.post(missing, json=body({"id": f"{ITEM_ID}/recoveryPoints/1"}))
    assert refused(answer) == (404, "ResourceNotFound")
