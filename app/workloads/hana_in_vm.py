"""SAP HANA databases in Azure VMs as a workload (azure-cli-wire 8)."""

from __future__ import annotations

from typing import Any

from ..domain.documents import Document
from ..domain.jobs import HANA_DATABASE_NOT_FOUND, VM_NOT_RUNNING
from ..domain.policies import DIFFERENTIAL, FULL, HANA_DATABASE, INCREMENTAL
from ..domain.resource_ids import VM_TYPE
from . import database
from .workload import Streaming, Timing, Workload

ITEM_KIND = "SAPHanaDatabase"


def _item_info(_item: Any, _now: int) -> Document:
    return {"policyState": "Consistent"}


HANA_IN_VM = Workload(
    name=HANA_DATABASE,
    title="SAP HANA database",
    management_type=database.MANAGEMENT_TYPE,
    item_type="AzureVmWorkloadSAPHanaDatabase",
    item_types=("AzureVmWorkloadSAPHanaDatabase", "AzureVmWorkloadSAPHanaDatabaseProtectedItem"),
    job_type="AzureWorkloadJob",
    backup_request="AzureWorkloadBackupRequest",
    restore_request="AzureWorkloadSAPHanaRestoreRequest",
    source_type=VM_TYPE,
    container_types=(database.CONTAINER_TYPE,),
    container_form=database.CONTAINER_FORM,
    item_form=f"{ITEM_KIND};<system id>;<database>",
    parse_container=database.parse_container,
    parse_item=database.item_parser(ITEM_KIND),
    registered=True,
    always_vaulted=False,
    in_collections=False,
    archived=True,
    restored=False,
    cancellable=database.CANCELLABLE,
    gone=HANA_DATABASE_NOT_FOUND,
    timing=Timing(database.SET_UP_MIN, database.SET_UP_SPREAD),
    item=database.item("AzureVmWorkloadSAPHanaSystem"),
    item_info=_item_info,
    point=database.point("AzureWorkloadSAPHanaRecoveryPoint"),
    job=database.job,
    job_bag=database.job_bag,
    backup_info=database.backup_info,
    cross_region=database.cross_region("SAPHana"),
    streaming=Streaming(
        item_kind=ITEM_KIND,
        on_demand=(FULL, DIFFERENTIAL, INCREMENTAL),
        unreachable=VM_NOT_RUNNING,
        range_point="AzureWorkloadSAPHanaPointInTimeRecoveryPoint",
        range_request="AzureWorkloadSAPHanaPointInTimeRestoreRequest",
        has_files=False,
    ),
)
