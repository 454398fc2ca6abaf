"""SQL Server databases in Azure VMs as a workload (azure-cli-wire 7)."""

from __future__ import annotations

from typing import Any

from ..domain.documents import Document
from ..domain.jobs import SQL_DATABASE_NOT_FOUND, VM_NOT_RUNNING
from ..domain.policies import COPY_ONLY_FULL, DIFFERENTIAL, FULL, LOG, SQL_DATABASE
from ..domain.resource_ids import VM_TYPE
from . import database
from .workload import Streaming, Timing, Workload

ITEM_KIND = "SQLDataBase"
SYSTEM_DATABASES = frozenset({"master", "model", "msdb"})
"""They are in the simple recovery model or cannot be backed up in part."""


def _item_info(item: Any, _now: int) -> Document:
    return {"policyState": "Consistent", "recoveryModel": item.source_size}


SQL_IN_VM = Workload(
    name=SQL_DATABASE,
    title="SQL Server database",
    management_type=database.MANAGEMENT_TYPE,
    item_type="AzureVmWorkloadSQLDatabase",
    item_types=("AzureVmWorkloadSQLDatabase", "AzureVmWorkloadSQLDatabaseProtectedItem"),
    job_type="AzureWorkloadJob",
    backup_request="AzureWorkloadBackupRequest",
    restore_request="AzureWorkloadSQLRestoreRequest",
    source_type=VM_TYPE,
    container_types=(database.CONTAINER_TYPE,),
    container_form=database.CONTAINER_FORM,
    item_form=f"{ITEM_KIND};<instance>;<database>",
    parse_container=database.parse_container,
    parse_item=database.item_parser(ITEM_KIND),
    registered=True,
    always_vaulted=False,
    in_collections=False,
    archived=True,
    restored=False,
    cancellable=database.CANCELLABLE,
    gone=SQL_DATABASE_NOT_FOUND,
    timing=Timing(database.SET_UP_MIN, database.SET_UP_SPREAD),
    item=database.item("AzureVmWorkloadSQLInstance"),
    item_info=_item_info,
    point=database.point("AzureWorkloadSQLRecoveryPoint"),
    job=database.job,
    job_bag=database.job_bag,
    backup_info=database.backup_info,
    cross_region=database.cross_region("SQL"),
    streaming=Streaming(
        item_kind=ITEM_KIND,
        on_demand=(FULL, COPY_ONLY_FULL, DIFFERENTIAL, LOG),
        unreachable=VM_NOT_RUNNING,
        range_point="AzureWorkloadSQLPointInTimeRecoveryPoint",
        range_request="AzureWorkloadSQLPointInTimeRestoreRequest",
        has_files=True,
    ),
)
