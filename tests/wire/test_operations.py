"""Operations on the wire: four surfaces, one truth, and what waiting does to the clock."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import (
    FABRIC_ID,
    ITEM_ID,
    LOCATION_ID,
    POLICY_ID,
    STOP,
    VAULT_ID,
    Served,
    advance,
    back_up,
    container_id,
    item_body,
    job_of,
    listed,
    now,
    put_vault,
    put_vm,
    refused,
    set_clock,
    vm_id,
)

GUID = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
JOB = f"{VAULT_ID}/backupJobs/{GUID}"
STATUSES = (
    f"{VAULT_ID}/backupOperations",
    f"{ITEM_ID}/operationsStatus",
    f"{container_id()}/operationsStatus",
    f"{FABRIC_ID}/operationsStatus",
    f"{JOB}/operationsStatus",
)
RESULTS = (
    f"{VAULT_ID}/backupOperationResults",
    f"{ITEM_ID}/operationResults",
    f"{container_id()}/operationResults",
    f"{FABRIC_ID}/operationResults",
    f"{JOB}/operationResults",
)
BEGAN = "2026-01-01T00:00:05Z"


@pytest.fixture
def ready(vault: httpx.Client) -> httpx.Client:
    """A client of a world with a VM that could be protected, and a clock that no poll moves."""
    put_vm(vault)
    set_clock(vault, skipOnWait="off")
    return vault


def enable(arm: httpx.Client) -> httpx.Response:
    return arm.put(ITEM_ID, json=item_body(policyId=POLICY_ID, sourceResourceId=vm_id()))


def id_of(answer: httpx.Response) -> str:
    return httpx.URL(answer.headers["azure-asyncoperation"]).path.rpartition("/")[2]


# --- one truth on every surface ----------------------------------------------------------


def test_every_status_surface_tells_the_same_of_a_running_operation(ready: httpx.Client) -> None:
    name = id_of(enable(ready))
    for path in STATUSES:
        answer = ready.get(f"{path}/{name}")
        assert answer.status_code == 200
        assert answer.json() == {
            "id": name,
            "name": name,
            "status": "InProgress",
            "startTime": BEGAN,
            "endTime": "0001-01-01T00:00:00",
        }
        assert int(answer.headers["retry-after"]) >= 1


def test_every_status_surface_tells_the_same_of_a_finished_operation(ready: httpx.Client) -> None:
    name = id_of(enable(ready))
    advance(ready, until="idle")
    (job,) = listed(ready, f"{VAULT_ID}/backupJobs")
    for path in STATUSES:
        answer = ready.get(f"{path}/{name.upper()}")
        assert answer.json() == {
            "id": name,
            "name": name,
            "status": "Succeeded",
            "startTime": BEGAN,
            "endTime": BEGAN,
            "properties": {"objectType": "OperationStatusJobExtendedInfo", "jobId": job["name"]},
        }
        assert answer.headers["retry-after"] == "0"


def test_every_result_surface_is_202_while_an_operation_runs(ready: httpx.Client) -> None:
    name = id_of(enable(ready))
    for path in RESULTS:
        answer = ready.get(f"{path}/{name}")
        assert answer.status_code == 202
        assert answer.headers["location"].partition("?")[0].endswith(f"{path}/{name}")
        assert int(answer.headers["retry-after"]) >= 1
        body = b"{}" if path.startswith(f"{container_id()}/operation") else b""
        assert answer.content == body


def test_a_result_surface_answers_200_with_the_item_or_204(ready: httpx.Client) -> None:
    name = id_of(enable(ready))
    advance(ready, until="idle")
    for path in RESULTS:
        answer = ready.get(f"{path}/{name}")
        if path.startswith(f"{ITEM_ID}/"):
            assert answer.json() == ready.get(ITEM_ID).json()
        else:
            assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers.get("retry-after", "0") == "0"


def test_an_operation_without_a_job_has_no_properties(ready: httpx.Client) -> None:
    answer = ready.post(f"{FABRIC_ID}/refreshContainers")
    advance(ready, until="idle")
    status = ready.get(answer.headers["azure-asyncoperation"]).json()
    assert set(status) == {"id", "name", "status", "startTime", "endTime"}


def test_the_polling_urls_name_the_version_of_the_request(ready: httpx.Client) -> None:
    answer = ready.post(
        f"{FABRIC_ID}/refreshContainers", params={"api-version": "2019-05-13-preview"}
    )
    for name in ("azure-asyncoperation", "location"):
        assert answer.headers[name].endswith("?api-version=2019-05-13-preview")


@pytest.mark.parametrize(
    ("action", "kind"),
    [("stop", "protectedItems"), ("delete", "vaults/vault-1/backupOperations"), ("backup", "/")],
)
def test_each_change_of_an_item_is_polled_where_azure_has_it(
    ready: httpx.Client, action: str, kind: str
) -> None:
    enable(ready)
    advance(ready, until="idle")
    answer = {
        "stop": lambda: ready.put(ITEM_ID, json=STOP),
        "delete": lambda: ready.delete(ITEM_ID),
        "backup": lambda: ready.post(f"{ITEM_ID}/backup"),
    }[action]()
    assert answer.status_code == 202
    assert kind in answer.headers["azure-asyncoperation"]
    assert answer.content == b""


# --- where an operation is not -----------------------------------------------------------


@pytest.mark.parametrize("name", [GUID, "7", "x", "%20", GUID.replace("-", ""), "MjA0NztndWlk"])
def test_an_operation_that_is_not_there_is_not_found(ready: httpx.Client, name: str) -> None:
    surfaces = [*STATUSES, *RESULTS]
    surfaces += [f"{VAULT_ID}/operationStatus", f"{VAULT_ID}/operationResults"]
    surfaces += [f"{LOCATION_ID}/operationStatus", f"{LOCATION_ID}/operationResults"]
    for path in surfaces:
        assert refused(ready.get(f"{path}/{name}")) == (404, "OperationNotFound")


def test_an_operation_of_another_vault_is_not_found(ready: httpx.Client) -> None:
    name = id_of(enable(ready))
    other = VAULT_ID.replace("vault-1", "vault-11")
    put_vault(ready, other)
    path = f"{other}/backupOperations/{name}"
    assert refused(ready.get(path)) == (404, "OperationNotFound")


# --- waiting -----------------------------------------------------------------------------


def test_with_finish_the_first_poll_ends_an_operation(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="finish")
    answer = enable(ready)
    before = now(ready)
    assert ready.get(answer.headers["azure-asyncoperation"]).json()["status"] == "Succeeded"
    assert now(ready) > before
    after = now(ready)
    assert ready.get(answer.headers["location"]).status_code == 200
    assert now(ready) == after


def test_with_finish_a_poll_of_the_result_ends_an_operation_too(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="finish")
    assert ready.get(enable(ready).headers["location"]).json()["id"] == ITEM_ID


def test_with_step_the_first_poll_sees_an_operation_run(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="step")
    url = enable(ready).headers["azure-asyncoperation"]
    looks = [ready.get(url).json()["status"] for _ in range(3)]
    assert looks == ["InProgress", "Succeeded", "Succeeded"]


def test_with_off_no_poll_moves_the_clock(ready: httpx.Client) -> None:
    url = enable(ready).headers["azure-asyncoperation"]
    before = now(ready)
    assert [ready.get(url).json()["status"] for _ in range(3)] == ["InProgress"] * 3
    assert now(ready) == before
    advance(ready, by="PT31S")
    assert ready.get(url).json()["status"] == "Succeeded"


@pytest.mark.parametrize("mode", ["off", "step", "finish"])
def test_a_poll_that_is_refused_moves_no_clock(ready: httpx.Client, mode: str) -> None:
    set_clock(ready, skipOnWait=mode)
    enable(ready)
    before = now(ready)
    assert ready.get(f"{VAULT_ID}/backupOperations/{GUID}").status_code == 404
    assert ready.get(f"{VAULT_ID}/backupJobs/{GUID}").status_code == 404
    assert now(ready) == before


def test_two_who_wait_for_one_job_are_both_served(ready: httpx.Client) -> None:
    enable(ready)
    advance(ready, until="idle")
    job_id = back_up(ready)
    set_clock(ready, skipOnWait="finish")
    path = f"{VAULT_ID}/backupJobs/{job_id}"
    first, second = ready.get(path).json(), ready.get(path).json()
    assert first == second
    assert first["properties"]["status"] == "Completed"


def test_a_leap_does_what_is_due_on_the_way(ready: httpx.Client) -> None:
    set_clock(ready, skipOnWait="finish")
    job_of(ready, enable(ready))
    advance(ready, to="2026-01-01T21:59:50Z")
    ready.get(ready.put(ITEM_ID, json=item_body(policyId=POLICY_ID)).headers["location"])
    assert now(ready) > "2026-01-01T22:00:00Z"
    found = listed(ready, f"{VAULT_ID}/backupJobs", **{"$filter": "operation eq 'Backup'"})
    assert [each["properties"]["startTime"] for each in found] == ["2026-01-01T22:00:00Z"]


# --- Retry-After -------------------------------------------------------------------------


def test_retry_after_is_zero_only_when_an_operation_is_over(ready: httpx.Client) -> None:
    answer = enable(ready)
    urls = [answer.headers[name] for name in ("azure-asyncoperation", "location")]
    running: list[Any] = [answer, *(ready.get(url) for url in urls)]
    assert [each.headers["retry-after"] for each in running] == ["1", "1", "1"]
    advance(ready, until="idle")
    assert ready.get(urls[0]).headers["retry-after"] == "0"


def test_retry_after_is_what_the_server_was_told(serve: Served) -> None:
    arm = serve(retry_after=60, skip_on_wait="off")
    group = VAULT_ID.partition("/providers/")[0]
    arm.put(group, json={"location": "westeurope"})
    assert arm.put(VAULT_ID, json={"location": "westeurope"}).headers["retry-after"] == "60"
