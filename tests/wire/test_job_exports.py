"""Exports of jobs: exactly what the filter asks for, in files that can be read."""

from __future__ import annotations

import ssl
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import httpx
import pytest
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient

from app.server import RunningServer
from tests.clients.test_compute_sdk import AnyToken, options
from tests.wire.builders import (
    SUBSCRIPTION,
    VAULT_ID,
    advance,
    back_up,
    done,
    listed,
    refused,
    set_clock,
)

EXPORT = f"{VAULT_ID}/backupJobsExport"
RESULTS = f"{VAULT_ID}/backupJobs/operationResults"
BACKUPS = "operation eq 'Backup' and endTime eq '2026-01-03 12:00:00 AM'"


@pytest.fixture
def aged(protected: httpx.Client) -> httpx.Client:
    """A client of a world with four days of backups behind it."""
    advance(protected, by="P4D")
    return protected


def exported(arm: httpx.Client, text: str | None = None) -> dict[str, Any]:
    """Export, wait, and return where the files are."""
    answer = done(arm.post(EXPORT, params={"$filter": text} if text else {}))
    assert (answer.status_code, answer.content) == (202, b"")
    found = done(arm.get(answer.headers["location"])).json()
    assert found["statusCode"] == "OK"
    operation: dict[str, Any] = found["operation"]
    assert operation["objectType"] == "ExportJobsOperationResultInfo"
    return operation


def read(where: dict[str, Any]) -> list[dict[str, Any]]:
    """Fetch the file as anybody would: without a token, by its address and key alone."""
    answer = done(httpx.get(where["blobUrl"] + where["blobSasKey"]))
    found: list[dict[str, Any]] = answer.json()
    return found


def cells(where: dict[str, Any]) -> list[list[str]]:
    answer = done(httpx.get(where["excelFileBlobUrl"] + where["excelFileBlobSasKey"]))
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    with ZipFile(BytesIO(answer.content)) as package:
        assert package.testzip() is None
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))
    return [
        ["".join(cell.itertext()) for cell in row]
        for row in sheet.iter()
        if row.tag.endswith("row")
    ]


@pytest.mark.parametrize("text", [None, BACKUPS, "operation eq 'ConfigureBackup'"])
def test_an_export_holds_exactly_the_jobs_of_the_list(aged: httpx.Client, text: str | None) -> None:
    query = {"$filter": text} if text else {}
    wanted = listed(aged, f"{VAULT_ID}/backupJobs", **query)
    assert wanted
    assert read(exported(aged, text)) == wanted


def test_an_export_of_nothing_is_an_empty_list(aged: httpx.Client) -> None:
    where = exported(aged, "status eq 'Failed'")
    assert read(where) == []
    assert len(cells(where)) == 1


def test_the_workbook_has_a_line_for_each_job(aged: httpx.Client) -> None:
    where = exported(aged, BACKUPS)
    head, *lines = cells(where)
    assert head[:3] == ["Workload name", "Operation", "Status"]
    assert [line[-1] for line in lines] == [job["name"] for job in read(where)]
    assert {tuple(line[:4]) for line in lines} == {("vm-1", "Backup", "Completed", "AzureIaasVM")}


def test_an_export_keeps_what_it_saw(aged: httpx.Client) -> None:
    set_clock(aged, skipOnWait="off")
    job_id = back_up(aged)
    answer = aged.post(EXPORT, params={"$filter": f"jobId eq '{job_id}'"})
    assert done(aged.get(answer.headers["location"])).status_code == 202
    advance(aged, until={"job": job_id})
    where = done(aged.get(answer.headers["location"])).json()["operation"]
    assert [job["properties"]["status"] for job in read(where)] == ["InProgress"]


def test_the_operation_of_an_export_is_polled_where_others_are(aged: httpx.Client) -> None:
    answer = aged.post(EXPORT)
    assert aged.get(answer.headers["azure-asyncoperation"]).json()["status"] == "Succeeded"


def test_a_filter_that_is_not_understood_exports_nothing(aged: httpx.Client) -> None:
    answer = aged.post(EXPORT, params={"$filter": "status eq 'Lost'"})
    assert refused(answer) == (400, "BMSUserErrorInvalidInput")


def test_a_key_is_good_for_fifteen_minutes(aged: httpx.Client) -> None:
    answer = aged.post(EXPORT)
    where = aged.get(answer.headers["location"]).json()["operation"]
    advance(aged, by="PT14M59S")
    read(where)
    advance(aged, by="PT1S")
    late = httpx.get(where["blobUrl"] + where["blobSasKey"])
    assert refused(late) == (403, "AuthenticationFailed")
    read(aged.get(answer.headers["location"]).json()["operation"])


@pytest.mark.parametrize("key", ["", "?sig=x", "?se=soon&sig=x", "?se=2099-01-01T00:00:00Z&sig=x"])
def test_a_file_cannot_be_read_without_its_key(aged: httpx.Client, key: str) -> None:
    where = exported(aged)
    assert refused(httpx.get(where["blobUrl"] + key)) == (403, "AuthenticationFailed")
    swapped = where["excelFileBlobUrl"] + where["blobSasKey"]
    assert refused(httpx.get(swapped)) == (403, "AuthenticationFailed")


def test_only_exports_have_the_result_of_an_export(aged: httpx.Client) -> None:
    other = done(aged.post(f"{VAULT_ID}/backupFabrics/Azure/refreshContainers"))
    name = other.headers["location"].rpartition("/")[2].partition("?")[0]
    assert refused(aged.get(f"{RESULTS}/{name}")) == (404, "OperationNotFound")


def test_the_sdk_exports_and_finds_the_files(aged: httpx.Client, world: RunningServer) -> None:
    sent: list[str] = []
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        client.jobs.export(
            "vault-1",
            "group-1",
            filter=BACKUPS,
            raw_response_hook=lambda answer: sent.append(answer.http_response.headers["location"]),
        )
        name = sent[0].rpartition("/")[2].partition("?")[0]
        found = client.export_jobs_operation_results.get("vault-1", "group-1", name)
    info: Any = found.operation
    assert info.object_type == "ExportJobsOperationResultInfo"
    trusted = ssl.create_default_context(cafile=str(world.ca_file))
    answer = httpx.get(info.blob_url + info.blob_sas_key, verify=trusted)
    wanted = listed(aged, f"{VAULT_ID}/backupJobs", **{"$filter": BACKUPS})
    assert [job["name"] for job in answer.json()] == [job["name"] for job in wanted]
