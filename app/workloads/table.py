"""The table of workloads: what can be protected."""

from __future__ import annotations

from collections.abc import Mapping

from .azure_file_share import AZURE_FILE_SHARE
from .azure_vm import AZURE_VM
from .hana_in_vm import HANA_IN_VM
from .sql_in_vm import SQL_IN_VM
from .workload import Workload

WORKLOADS: Mapping[str, Workload] = {
    each.name: each for each in (AZURE_VM, AZURE_FILE_SHARE, SQL_IN_VM, HANA_IN_VM)
}
SOURCE_TYPES = {each.source_type.lower() for each in WORKLOADS.values()}
"""The lower-case resource types that are backed up."""


def of_management(management_type: str) -> Workload | None:
    """Return the workload that Azure manages by such a word, whatever its casing."""
    folded = management_type.lower()
    found = (each for each in WORKLOADS.values() if each.management_type.lower() == folded)
    return next(found, None)


def of_item_type(item_type: str) -> Workload | None:
    """Return the workload whose items are called so, whatever the casing."""
    folded = item_type.lower()
    return next(
        (
            each
            for each in WORKLOADS.values()
            if folded in (known.lower() for known in each.item_types)
        ),
        None,
    )


def of_container(text: str) -> tuple[Workload, str] | None:
    """Return the workload whose containers are named so, and the canonical, lower-case name."""
    for each in WORKLOADS.values():
        name = each.parse_container(text)
        if name is not None:
            return each, name
    return None


def of_item(container: str, item: str) -> tuple[Workload, str, str] | None:
    """Return the workload whose items and containers are named so, and both canonical names.

    Databases of several kinds of server share the container of their VM.
    """
    for each in WORKLOADS.values():
        in_container = each.parse_container(container)
        name = None if in_container is None else each.parse_item(item, in_container)
        if in_container is not None and name is not None:
            return each, in_container, name
    return None
