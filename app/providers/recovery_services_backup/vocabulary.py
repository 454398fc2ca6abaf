"""The words that lists of Azure Backup can be asked for, as its query objects have them.

A word for a workload that is not in the table of workloads is known, and matches nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...arm import filters
from ...workloads import table
from ...workloads.workload import Workload

MANAGEMENT_TYPES = (
    "AzureIaasVM",
    "AzureWorkload",
    "AzureStorage",
    "MAB",
    "DPM",
    "AzureBackupServer",
    "AzureSql",
    "DefaultBackup",
    "Invalid",
)
WORKLOADS = (
    "VM",
    "FileFolder",
    "AzureSqlDb",
    "SQLDB",
    "SQL",
    "Exchange",
    "Sharepoint",
    "VMwareVM",
    "SystemState",
    "Client",
    "GenericDataSource",
    "SQLDataBase",
    "SQLInstance",
    "AzureFileShare",
    "SAPHanaDatabase",
    "SAPHanaDBInstance",
    "SAPAseDatabase",
    "Invalid",
)
OLDER_WORKLOADS = {"SQL": "SQLDataBase"}
"""Words that stand for others."""
HEALTH_STATUSES = ("Passed", "ActionRequired", "ActionSuggested", "Invalid")
CONTAINER_TYPES = (
    "IaasVMContainer",
    "Microsoft.Compute/virtualMachines",
    "Microsoft.ClassicCompute/virtualMachines",
    "IaasVMServiceContainer",
    "VMAppContainer",
    "SQLAGWorkLoadContainer",
    "StorageContainer",
    "GenericContainer",
    "AzureWorkloadContainer",
    "AzureSqlContainer",
    "AzureBackupServerContainer",
    "DPMContainer",
    "MABContainer",
    "Cluster",
    "Windows",
    "VCenter",
    "Unknown",
    "Invalid",
)
WORKLOAD_ITEMS = (
    "SQLInstance",
    "SQLDataBase",
    "SAPHanaSystem",
    "SAPHanaDatabase",
    "SAPAseSystem",
    "SAPAseDatabase",
    "SAPHanaDBInstance",
    "Invalid",
)
REGISTRATION_STATUSES = ("Registered", "NotRegistered", "Registering", "SoftDeleted")
PROTECTION_STATUSES = ("NotProtected", "Protecting", "Protected", "ProtectionFailed", "Invalid")
FABRICS = ("Azure",)
JOB_OPERATIONS = (
    "Register",
    "UnRegister",
    "ConfigureBackup",
    "Backup",
    "Restore",
    "RestoreWithRehydrate",
    "MoveRecoveryPoint",
    "DisableBackup",
    "DeleteBackupData",
    "CrossRegionRestore",
    "Undelete",
    "UpdateCustomerManagedKey",
    "Invalid",
)
JOB_STATUSES = (
    "InProgress",
    "Completed",
    "Failed",
    "CompletedWithWarnings",
    "Cancelled",
    "Cancelling",
    "Invalid",
)
POINT_QUERY_TYPES = (
    "Full",
    "Log",
    "Differential",
    "Incremental",
    "FullAndDifferential",
    "All",
    "SnapshotFull",
    "SnapshotCopyOnlyFull",
    "Invalid",
)


def wanted(terms: Mapping[str, str], workload_key: str = "workloadType") -> list[Workload]:
    """Return the workloads that a filter lets through, by kind of management and of workload.

    Raises ``Refused`` for words that Azure Backup does not have.
    """
    kind = filters.one_of(terms, "backupManagementType", MANAGEMENT_TYPES)
    workload = filters.one_of(terms, workload_key, WORKLOADS)
    workload = OLDER_WORKLOADS.get(workload or "", workload)
    filters.one_of(terms, "fabricName", FABRICS)
    return [
        each
        for each in table.WORKLOADS.values()
        if kind in (None, each.management_type) and workload in (None, each.name)
    ]
