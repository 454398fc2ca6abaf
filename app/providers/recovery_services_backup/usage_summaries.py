"""Usage summaries: how many items a vault protects, and in how many containers, by kind."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...arm import filters
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...engine import replication
from ...store import usages
from ...workloads.table import WORKLOADS
from .cross_region import replicated_until
from .paths import VAULT, vault_of

TAG = "Usages"
ITEMS, CONTAINERS = "BackupProtectedItemCountSummary", "BackupProtectionContainerCountSummary"

_ITEM_KINDS = {
    "AzureIaasVM": "Azure Virtual Machine",
    "MAB": "Azure Backup Agent",
    "AzureBackupServer": "Azure Backup Server",
    "AzureStorage": "Azure Storage (Azure Files)",
    "AzureWorkload": "SQL in Azure VM",
}
_CONTAINER_KINDS = {
    "AzureBackupServer": "Azure Backup Server",
    "MAB": "Azure Backup Agent",
    "AzureStorage": "Azure Storage (Azure Files)",
    "AzureWorkload": "SQL in Azure VM",
}
"""Containers that are registered; a VM's comes and goes with its item and is not counted."""


@endpoint(
    "GET",
    f"{VAULT}/backupUsageSummaries",
    "BackupUsageSummaries_List",
    tag=TAG,
    answers=Shape.VALUES,
    query=("$filter", "$skipToken"),
)
def list_(call: Call) -> Answer:
    """List how many items a vault protects, or how many containers are registered with it.

    With api-version 2021-11-15 those in the secondary region are counted.
    """
    vault = vault_of(call)
    terms = filters.read(call.query.get("$filter"), ("type",))
    if filters.one_of(terms, "type", (ITEMS, CONTAINERS)) == CONTAINERS:
        registered = usages.count_containers(call.connection, vault.key)
        return Answer(body={"value": _summaries(_CONTAINER_KINDS, registered)})
    there = []
    if replication.is_asked_of_secondary(vault, call.api_version):
        there = [replication.has_copy(replicated_until(call, vault), call.now)]
    protected = usages.count_by_workload(call.connection, vault.key, *there)
    return Answer(body={"value": _summaries(_ITEM_KINDS, protected)})


def _summaries(kinds: dict[str, str], by_workload: dict[str, int]) -> list[dict[str, Any]]:
    """Return the counts by the kinds of management, of which some have several workloads."""
    counts: Counter[str] = Counter()
    for name, count in by_workload.items():
        counts[WORKLOADS[name].management_type] += count
    return [
        {
            "unit": "Count",
            "currentValue": counts[kind],
            "limit": -1,
            "name": {"value": kind, "localizedValue": title},
        }
        for kind, title in kinds.items()
    ]


ENDPOINTS = (list_,)
