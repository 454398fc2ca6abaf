"""Restores of databases: what is asked for, checked before anything begins.

Codes that no source tells are in docs/decisions/0095.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from ...arm import client_dates
from ...arm.calls import Call
from ...domain import guest_databases
from ...domain.documents import Document
from ...domain.errors import Refused, conflict, invalid, invalid_input, not_emulated
from ...domain.guest_databases import GuestDatabase
from ...domain.instants import wire
from ...domain.jobs import DATABASE_EXISTS, ERRORS, TARGET_SERVER_NOT_FOUND, VM_NOT_RUNNING
from ...domain.resource_ids import normal_location
from ...engine import database_sources
from ...engine.database_restores import DATABASE, FILES
from ...engine.log_chains import Range
from ...store import containers
from ...workloads import database
from ...workloads.table import WORKLOADS
from ...workloads.workload import Streaming
from . import database_contents, database_points
from .database_restore_bodies import DirectoryMapping
from .paths import container_name
from .recovery_points import point_of, refuse_soft_deleted
from .restore_bodies import RestoreRequest

ORIGINAL, ALTERNATE = "OriginalLocation", "AlternateLocation"
_AS_FILES = "FileRecovery"
CONTAINER_ID = re.compile(
    r"(?P<vault>/.+)/backupFabrics/Azure/protectionContainers/(?P<name>[^/]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Side:
    """The region that a restore is asked of: what data is there, and where its targets are.

    ``point`` finds the recovery point in the path, ``ranges`` tells what of the log is there,
    ``home`` returns the vault of an id if a target may be registered with it; all may raise
    ``Refused``. ``targets`` is how such a vault is called.
    """

    region: str
    point: Callable[[], Row[Any]]
    ranges: Callable[[], list[Range]]
    home: Callable[[str], Row[Any] | None]
    targets: str


def here(call: Call, vault: Row[Any], item: Row[Any]) -> Side:
    """Return the side of a vault's own region."""
    return Side(
        vault.location,
        lambda: point_of(call, item),
        lambda: database_points.ranges_of(call, item),
        lambda sent: vault if sent.lower() == vault.folded else None,
        "this vault",
    )


def check(call: Call, item: Row[Any], asked: RestoreRequest, side: Side) -> Document:
    """Return what the job of a restore must know. Raises ``Refused``."""
    _refuse_what_is_not_emulated(item, asked)
    _check_what_is_repeated(call, item, asked, side)
    refuse_soft_deleted(item)
    at, content = _content(call, item, asked, side)
    target = _files(call, asked, side) if asked.recovery_mode == _AS_FILES else None
    if target is None:
        target = _database(call, item, asked, side)
        content |= _moved_files(item, content, asked, target)
    return {**target, "content": content, "restored_at": at}


def _streaming(item: Row[Any]) -> Streaming:
    found = WORKLOADS[item.workload].streaming
    assert found is not None, "it is a database"
    return found


# --- what is asked for -------------------------------------------------------------------


def _refuse_what_is_not_emulated(item: Row[Any], asked: RestoreRequest) -> None:
    """Refuse by name what is of other workloads, or not emulated."""
    workload, streaming = WORKLOADS[item.workload], _streaming(item)
    wanted = (workload.restore_request, streaming.range_request)
    sent = asked.object_type
    if sent.lower() not in (each.lower() for each in wanted):
        if sent.lower().endswith("withrehydraterequest"):
            raise not_emulated("properties.objectType", f"'{sent}': there is no archive here")
        raise invalid_input(
            "properties.objectType", f"'{sent}' must be {' or '.join(wanted)} of this item"
        )
    if asked.recovery_point_rehydration_info is not None:
        raise not_emulated("properties.recoveryPointRehydrationInfo", "there is no archive here")
    if asked.recovery_mode not in (None, "WorkloadRecovery", _AS_FILES):
        raise not_emulated("properties.recoveryMode", asked.recovery_mode)
    if asked.recovery_type not in (ORIGINAL, ALTERNATE):
        raise invalid_input(
            "properties.recoveryType",
            f"'{asked.recovery_type}' must be {ORIGINAL} or {ALTERNATE} of a database",
        )
    if asked.alternate_directory_paths and not streaming.has_files:
        raise invalid_input(
            "properties.alternateDirectoryPaths", f"is not known of a {workload.title}"
        )


def _check_what_is_repeated(call: Call, item: Row[Any], asked: RestoreRequest, side: Side) -> None:
    """Refuse a request that says something else than its path, or another region."""
    sent = asked.recovery_point_id
    if sent is not None and sent.lower() != call.path["recoveryPointId"].lower():
        raise invalid_input("properties.recoveryPointId", f"'{sent}' is not the one in the path")
    if asked.source_resource_id and asked.source_resource_id.lower() != item.source_id.lower():
        raise invalid_input(
            "properties.sourceResourceId", f"must be '{item.source_id}', the VM of this item"
        )
    if asked.region is not None and normal_location(asked.region) != side.region:
        raise invalid_input(
            "properties.region",
            f"'{asked.region}' must be the region restored to, '{side.region}'",
        )


def _content(call: Call, item: Row[Any], asked: RestoreRequest, side: Side) -> tuple[int, Document]:
    """Return the instant that is restored, and what the database held then."""
    in_range = asked.object_type.lower() == _streaming(item).range_request.lower()
    if in_range or database_points.is_range(call, item):
        at = _point_in_time(call, item, asked, side, in_range=in_range)
        document = database_contents.before(call, item, at)
    else:
        point = side.point()
        at, document = point.taken_at, point.disks
    held = {"fingerprint": database.fingerprint(document, at), "usedBytes": document["usedBytes"]}
    return at, held | ({"files": document["files"]} if "files" in document else {})


def _point_in_time(
    call: Call, item: Row[Any], asked: RestoreRequest, side: Side, *, in_range: bool
) -> int:
    field = "properties.pointInTime"
    if not in_range:
        raise invalid_input(
            "properties.objectType",
            f"'{asked.object_type}' must be {_streaming(item).range_request} to restore from "
            f"{database.RANGE_POINT}, which is restored to a point in time",
        )
    if asked.point_in_time is None:
        raise invalid_input(field, "is required with this type of request")
    if not database_points.is_range(call, item):
        side.point()
    try:
        at = client_dates.read(call, asked.point_in_time)
    except ValueError as problem:
        raise invalid_input(field, str(problem)) from None
    ranges = side.ranges()
    if not any(each.start <= at <= each.end for each in ranges):
        known = ", ".join(f"{wire(each.start)} to {wire(each.end)}" for each in ranges)
        raise invalid(
            "UserErrorPointInTimeNotInRange",
            f"{field}: {asked.point_in_time} is in none of the ranges that can be restored: "
            f"{known or 'there are none yet'}.",
            target=field,
        )
    return at


# --- where it goes -----------------------------------------------------------------------


def _database(call: Call, item: Row[Any], asked: RestoreRequest, side: Side) -> Document:
    target = asked.target_info
    option = None if target is None else target.overwrite_option
    if asked.recovery_type == ORIGINAL:
        vm = _vm(call, item.source_id)
        overwrite = option != "FailOnConflict"
        guest = _original(call, vm, item)
    else:
        vm = _target_vm(call, asked, side)
        overwrite = option == "Overwrite"
        guest = _named(vm, item, asked)
    exists = any(each.key == guest.key for each in database_sources.of_vm(vm))
    if exists and not overwrite:
        raise _as_job_error(
            DATABASE_EXISTS,
            "properties.targetInfo.overwriteOption",
            f"'{guest.instance}/{guest.name}' exists in '{vm.name}'",
        )
    return {
        "kind": DATABASE,
        "job_type": asked.recovery_type,
        "target_vm": vm.id,
        "guest": [guest.workload, guest.instance, guest.name, guest.recovery_model],
        "overwrite": overwrite,
    }


def _files(call: Call, asked: RestoreRequest, side: Side) -> Document:
    """Return what a restore as files must know of its target."""
    if asked.recovery_type != ALTERNATE:
        raise invalid_input("properties.recoveryType", f"must be {ALTERNATE} to restore as files")
    folder = (
        None if asked.target_info is None else asked.target_info.target_directory_for_file_restore
    )
    if not folder:
        raise invalid_input(
            "properties.targetInfo.targetDirectoryForFileRestore",
            "is required to restore as files: name a folder of the target server",
        )
    vm = _target_vm(call, asked, side)
    return {"kind": FILES, "job_type": _AS_FILES, "target_vm": vm.id, "directory": folder}


def _target_vm(call: Call, asked: RestoreRequest, side: Side) -> Row[Any]:
    """Return the VM of the target's container, which is registered with a vault of that side."""
    field = "properties.targetInfo.containerId"
    sent = "" if asked.target_info is None else asked.target_info.container_id or ""
    match = CONTAINER_ID.fullmatch(sent)
    name = None if match is None else database.parse_container(match["name"])
    if match is None or name is None:
        raise invalid_input(
            field, f"'{sent}' is not the id of a {database.CONTAINER_FORM} container; one is needed"
        )
    home = side.home(match["vault"])
    container = None if home is None else containers.find(call.connection, home.key, name)
    if container is None:
        raise invalid(
            "UserErrorTargetServerNotRegistered",
            f"{field}: the server of '{sent}' is not registered with {side.targets}; register it "
            "first.",
            target=field,
        )
    said = asked.target_virtual_machine_id
    if said and said.lower() != container.source_folded:
        raise invalid_input(
            "properties.targetVirtualMachineId",
            f"must be '{container.source_id}', the VM of the target's container",
        )
    return _vm(call, container.source_id)


def _vm(call: Call, vm_id: str) -> Row[Any]:
    """Return a VM that runs."""
    field = "properties.targetInfo"
    vm = database_sources.vm_of(call.connection, vm_id)
    if vm is None:
        raise _as_job_error(TARGET_SERVER_NOT_FOUND, field, f"the VM '{vm_id}' does not exist")
    if not database_sources.is_running(vm):
        raise _as_job_error(VM_NOT_RUNNING, field, f"'{vm.name}' is not running")
    return vm


def _original(call: Call, vm: Row[Any], item: Row[Any]) -> GuestDatabase:
    """Return the item's own database, whether or not it is still there."""
    instance = database.instance_of(item.name)
    key = f"{item.workload}/{instance}/{item.friendly_name}".lower()
    there = (each for each in database_sources.of_vm(vm) if each.key == key)
    model = item.source_size or guest_databases.FULL_MODEL
    return next(there, GuestDatabase(item.workload, instance, item.friendly_name, model))


def _named(vm: Row[Any], item: Row[Any], asked: RestoreRequest) -> GuestDatabase:
    """Return the database that is to be restored to, in an instance that the VM has."""
    field = "properties.targetInfo.databaseName"
    sent = "" if asked.target_info is None else asked.target_info.database_name or ""
    instance, _, name = sent.partition("/")
    workload = WORKLOADS[item.workload]
    path = f"{_streaming(item).item_kind};{instance};{name}"
    if workload.parse_item(path, container_name(item).lower()) is None:
        raise invalid_input(
            field, f"'{sent}' must be <instance>/<database>, such as MSSQLSERVER/restored"
        )
    servers = guest_databases.servers(vm.document, vm.hidden)
    found = [
        each.instance
        for each in servers
        if each.workload == workload.name and each.instance.lower() == instance.lower()
    ]
    if not found:
        raise invalid(
            "UserErrorTargetInstanceNotFound",
            f"{field}: '{vm.name}' has no instance '{instance}' of this kind of server.",
            target=field,
        )
    return GuestDatabase(
        workload.name, found[0], name, item.source_size or guest_databases.FULL_MODEL
    )


def _moved_files(
    item: Row[Any], content: Document, asked: RestoreRequest, target: Document
) -> Document:
    """Return where the files of a restored SQL Server database are, as they were told to go."""
    if "files" not in content:
        return {}
    guest = GuestDatabase(*target["guest"])
    if not asked.alternate_directory_paths:
        if asked.recovery_type == ORIGINAL:
            return {}
        folder = database_sources.data_folder(guest.instance)
        return {"files": [_moved(each, folder, guest.name) for each in content["files"]]}
    by_name = {each["logicalName"].lower(): each for each in content["files"]}
    for number, each in enumerate(asked.alternate_directory_paths):
        file = by_name.get((each.source_logical_name or "").lower())
        if file is None or each.mapping_type not in (None, file["type"]):
            raise _unknown_file(number, each, content["files"])
        by_name[file["logicalName"].lower()] = file | {"path": each.target_path}
    return {"files": list(by_name.values())}


def _moved(file: Document, folder: str, name: str) -> Document:
    """Return a file in the folder of another instance, named by its database."""
    ending = "_log.ldf" if file["type"] == "Log" else ".mdf"
    return file | {"path": f"{folder}\\{name}{ending}"}


def _unknown_file(number: int, sent: DirectoryMapping, files: list[Document]) -> Refused:
    known = ", ".join(f"{each['logicalName']} ({each['type']})" for each in files)
    field = f"properties.alternateDirectoryPaths[{number}].sourceLogicalName"
    return invalid_input(
        field, f"'{sent.source_logical_name or ''}' is no such file of this point: {known}"
    )


def _as_job_error(code: str, field: str, because: str) -> Refused:
    """Refuse at once what would fail the job at its end."""
    error = ERRORS[code]
    advice = " ".join(error.recommendations)
    return conflict(code, f"{field}: {because}. {error.message} {advice}", target=field)
