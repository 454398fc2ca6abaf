"""What only restores of databases are asked for (SDK: ``AzureWorkloadRestoreRequest``)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ...arm.bodies import Body
from ...arm.words import Word

RECOVERY_MODES = (
    "FileRecovery",
    "WorkloadRecovery",
    "SnapshotAttach",
    "RecoveryUsingSnapshot",
    "SnapshotAttachAndRecover",
)
Id = Annotated[str | None, Field(max_length=600)]
Path = Annotated[str, Field(min_length=1, max_length=400)]


class TargetInfo(Body):
    """Where to restore to: a database of a registered server, or a folder of its VM."""

    overwrite_option: Annotated[
        Literal["FailOnConflict", "Overwrite"] | None, Word("FailOnConflict", "Overwrite")
    ] = None
    container_id: str | None = Field(None, max_length=1000)
    database_name: str | None = Field(None, max_length=200, examples=["MSSQLSERVER/restored"])
    target_directory_for_file_restore: str | None = Field(None, max_length=400)


class DirectoryMapping(Body):
    """Where a file of a SQL Server database is to go."""

    mapping_type: Annotated[Literal["Data", "Log"] | None, Word("Data", "Log")] = None
    source_logical_name: str | None = Field(None, max_length=200)
    source_path: str | None = Field(None, max_length=400)
    target_path: Path


class DatabaseRestore(Body):
    """What the requests that restore databases add to what all restores say."""

    target_info: TargetInfo | None = None
    point_in_time: str | None = Field(None, max_length=40, examples=["2026-03-01T00:00:00Z"])
    recovery_mode: Annotated[
        Literal[
            "FileRecovery",
            "WorkloadRecovery",
            "SnapshotAttach",
            "RecoveryUsingSnapshot",
            "SnapshotAttachAndRecover",
        ]
        | None,
        Word(*RECOVERY_MODES),
    ] = None
    should_use_alternate_target_location: bool | None = None
    is_non_recoverable: bool | None = None
    alternate_directory_paths: Annotated[list[DirectoryMapping], Field(max_length=1000)] | None = (
        None
    )
    snapshot_restore_parameters: dict[str, Any] | None = None
    user_assigned_managed_identity_details: dict[str, Any] | None = None
