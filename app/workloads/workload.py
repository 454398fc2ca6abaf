"""What a workload is: everything in which one kind of datasource differs from the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..domain.documents import Document


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a snapshot takes, in microseconds: a minimum, and what is drawn on top."""

    snapshot_min: int
    snapshot_spread: int


@dataclass(frozen=True, slots=True)
class CrossRegion:
    """How the points of a workload are restored in the secondary region.

    ``token`` is the objectType of an access token for one, ``audience`` and ``coordinator`` are how
    the service is called that takes it, in Azure AD and in its address. ``details`` makes what only
    such a token says: of an item, its point (``None`` for a log), what tokens of all workloads say
    and the name of its policy. ``point`` is what points show there besides.
    """

    token: str
    audience: str
    coordinator: str
    details: Callable[[Any, Any, Document, str], Document]
    point: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Streaming:
    """How a workload is backed up that streams its data to the vault and has a log.

    ``item_kind`` is how the names of its items begin, ``on_demand`` are the types of backup that
    users may ask for, ``unreachable`` is the error of one whose VM does not run. Its log shows as
    one ``range_point``, which a ``range_request`` restores; where it ``has_files``, points and
    restores name them.
    """

    item_kind: str
    on_demand: tuple[str, ...]
    unreachable: str
    range_point: str
    range_request: str
    has_files: bool


@dataclass(frozen=True, slots=True)
class Workload:
    """One row of the table of workloads; ``name`` is Azure's workloadType.

    ``item_type`` is what items are shown as, ``item_types`` what clients may send for it.
    ``parse_container`` and ``parse_item`` (in a container that was parsed) return canonical names
    in lower case, or ``None``; the two forms tell in refusals what they take. The first of
    ``container_types`` is what containers are named by; those of a ``registered`` workload are
    registered, others come and go with their item. Backups that are not ``always_vaulted``
    go to the vault where their policy says so; snapshots ``in_collections`` lie in restore point
    collections. The points of an ``archived`` one may be moved to the archive, those of a
    ``restored`` one are restored here as disks or files of them. ``cancellable`` are the
    operations whose jobs can be cancelled, ``gone`` is the error of a backup whose source is not
    there. The functions make what only this workload shows: of an item (given its health), of its
    extended information (at an instant), of a recovery point (given what the engine knows of those
    of VMs), of a job, and in the property bag of a job; ``backup_info`` gives the extended
    information of a backup's job its own form. One without ``cross_region`` is not in the
    secondary region; without ``streaming`` a backup begins with a snapshot.
    """

    name: str
    title: str
    management_type: str
    item_type: str
    item_types: tuple[str, ...]
    job_type: str
    backup_request: str
    restore_request: str
    source_type: str
    container_types: tuple[str, ...]
    container_form: str
    item_form: str
    parse_container: Callable[[str], str | None]
    parse_item: Callable[[str, str], str | None]
    registered: bool
    always_vaulted: bool
    in_collections: bool
    archived: bool
    restored: bool
    cancellable: frozenset[str]
    gone: str
    timing: Timing
    item: Callable[[Any, Document], Document]
    item_info: Callable[[Any, int], Document]
    point: Callable[[Any, Any, Document], Document]
    job: Callable[[Any], Document]
    job_bag: Callable[[Any], Document]
    backup_info: Callable[[Document], Document]
    cross_region: CrossRegion | None = None
    streaming: Streaming | None = None
