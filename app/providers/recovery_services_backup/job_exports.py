"""Exports of jobs: the list that a filter asks for, written to files that anybody can fetch.

Azure writes them to a storage account of its own and answers their addresses with a key that is
good for fifteen minutes. Ours lie beside the blobs of the emulated accounts.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sqlalchemy import Row, insert, select

from ...arm import async_operations
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain import ids, workbooks
from ...domain.blob_paths import PREFIX
from ...domain.errors import Kind, Refused, invalid, not_found
from ...domain.instants import MINUTE, SECOND, parse, wire
from ...engine import operations
from ...store.tables import exports, jobs
from .job_documents import render
from .job_filters import NEWEST_FIRST, matching
from .paths import VAULT, vault_of, vault_scope

TAG = "Jobs"
ACCOUNT = "azurebackupexports"
FILES = f"{PREFIX}/{ACCOUNT}/jobs/{{operationId}}"
KIND = "jobs-export"
EXPORT_TAKES = 20 * SECOND
MOST_EXPORTED = 10_000
KEY_LASTS = 15 * MINUTE
"""How long a file can be read, as the SDK says it: the key expires in 15 minutes."""
SERVICE_VERSION = "2026-04-06"
COLUMNS = (
    ("Workload name", "entityFriendlyName"),
    ("Operation", "operation"),
    ("Status", "status"),
    ("Type", "backupManagementType"),
    ("Start time", "startTime"),
    ("End time", "endTime"),
    ("Duration", "duration"),
)


@endpoint(
    "POST", f"{VAULT}/backupJobsExport", "Jobs_Export", tag=TAG, statuses=(202,), query=("$filter",)
)
def export(call: Call) -> Answer:
    """Write the jobs that a filter asks for to files, as they are at this instant."""
    vault = vault_of(call)
    found = call.connection.execute(
        select(jobs)
        .where(*matching(call, vault))
        .order_by(*(column.desc() for column in NEWEST_FIRST))
        .limit(MOST_EXPORTED + 1)
    ).all()
    if len(found) > MOST_EXPORTED:
        raise invalid(
            "BMSUserErrorInvalidInput",
            f"$filter: more than {MOST_EXPORTED} jobs match; export a shorter span by startTime "
            "and endTime.",
            target="$filter",
        )
    operation = operations.begin(
        call.connection,
        call.rules,
        scope=vault.folded,
        kind=KIND,
        now=call.now,
        ends_at=call.now + EXPORT_TAKES,
    )
    document = [render(call, vault, job, extended=False) for job in found]
    call.connection.execute(
        insert(exports).values(
            operation_id=operation.operation_id, vault_key=vault.key, document=document
        )
    )
    return async_operations.accepted(
        call,
        operation,
        status_path=f"{vault.id}/backupOperations",
        result_path=f"{vault.id}/backupJobs/operationResults",
    )


@endpoint(
    "GET",
    f"{VAULT}/backupJobs/operationResults/{{operationId}}",
    "ExportJobsOperationResults_Get",
    tag=TAG,
    statuses=(200, 202),
    answers=Shape.OBJECT,
)
def result(call: Call) -> Answer:
    """Show where an export has been written, once it has, with keys that are good from now on."""
    operation = async_operations.find(call, vault_scope(call))
    if operation.kind != KIND:
        raise not_found(
            "OperationNotFound",
            f"operationId: '{call.path['operationId']}' is not an export of jobs.",
            target="operationId",
        )
    return async_operations.result(call, operation, lambda: _written(call, operation))


def _written(call: Call, operation: operations.Operation) -> dict[str, Any]:
    folder = FILES.replace("{operationId}", ids.guid(operation.operation_id))
    expires = wire((call.now + KEY_LASTS) // SECOND * SECOND)
    urls = {name: f"{folder}/{name}" for name in ("jobs.json", "jobs.xlsx")}
    return {
        "statusCode": "OK",
        "headers": {},
        "operation": {
            "objectType": "ExportJobsOperationResultInfo",
            "blobUrl": call.base_url + urls["jobs.json"],
            "blobSasKey": _key(call, urls["jobs.json"], expires),
            "excelFileBlobUrl": call.base_url + urls["jobs.xlsx"],
            "excelFileBlobSasKey": _key(call, urls["jobs.xlsx"], expires),
        },
    }


def _key(call: Call, path: str, expires: str) -> str:
    """Return what is put behind a file's address to read it: a SAS of a blob, as it looks."""
    signature = _signature(call, path, expires)
    return f"?sv={SERVICE_VERSION}&sr=b&sp=r&se={quote(expires, safe='')}&sig={signature}"


def _signature(call: Call, path: str, expires: str) -> str:
    return ids.md5_hex(ids.natural(call.rules.seed, "sas", path.lower(), expires))


@endpoint(
    "GET",
    f"{FILES}/jobs.json",
    "ExportedJobs_Get",
    tag=TAG,
    query=("se", "sig"),
    statuses=(200, 403),
    answers={"type": "array", "items": {"$ref": "#/components/schemas/Resource"}},
)
def read_list(call: Call) -> Answer:
    """Read an export: a JSON list of jobs, newest first, each as the list of jobs shows it."""
    return Answer(body=_exported(call, "jobs.json"))


@endpoint(
    "GET",
    f"{FILES}/jobs.xlsx",
    "ExportedJobs_GetWorkbook",
    tag=TAG,
    query=("se", "sig"),
    statuses=(200, 403),
    answers=Shape.FILE,
)
def read_workbook(call: Call) -> Answer:
    """Read an export as a spreadsheet: a line for each job."""
    names = [title for title, _ in COLUMNS]
    rows = [
        [*(str(job["properties"].get(key, "")) for _, key in COLUMNS), job["name"]]
        for job in _exported(call, "jobs.xlsx")
    ]
    content = workbooks.workbook("Jobs", [[*names, "Job ID"], *rows])
    return Answer(body=content, headers={"Content-Type": workbooks.MEDIA_TYPE})


def _exported(call: Call, name: str) -> list[dict[str, Any]]:
    """Return the jobs of the export in the path. Raises ``Refused``."""
    _check_key(call, f"{FILES.replace('{operationId}', call.path['operationId'])}/{name}")
    found = _find(call, ids.parse_guid(call.path["operationId"]) or "")
    if found is None:
        raise not_found("BlobNotFound", f"There is no export '{call.path['operationId']}'.")
    jobs_of_it: list[dict[str, Any]] = found.document
    return jobs_of_it


def _find(call: Call, operation_id: str) -> Row[Any] | None:
    operation = operations.find(call.connection, operation_id)
    if operation is None or not operation.is_over(call.now):
        return None
    return call.connection.execute(
        select(exports).where(exports.c.operation_id == operation_id)
    ).first()


def _check_key(call: Call, path: str) -> None:
    expires = call.query.get("se", "")
    try:
        in_time = call.now < parse(expires)
    except ValueError:
        in_time = False
    if not in_time or call.query.get("sig") != _signature(call, path, expires):
        raise Refused(
            Kind.FORBIDDEN,
            "AuthenticationFailed",
            "se, sig: the key is missing, wrong, or was good until "
            f"'{expires}' only; it is now {wire(call.now)} in this world. Ask for the result of "
            "the export once more to get a fresh one.",
        )


ENDPOINTS = (export, result, read_list, read_workbook)
