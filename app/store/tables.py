"""The tables. Instants (``*_at``, ``*_until``) are integer microseconds, keys are row hashes.

Nothing here counts up: a row's key is derived from the seed and its natural key
(``domain/ids.py``), so equal worlds have equal rows however they came about.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypedColumns,
    false,
    or_,
    text,
    true,
)
from sqlalchemy.types import JSON

from .metadata import POSTGRESQL_WHERE, Document, metadata, text_of
from .resource_tables import resource_groups, resources


class WorldColumns(TypedColumns):
    """The one row of a world: what time it is, its seed, and the options that shape it.

    A scaled clock may show instants up to ``reserved_until``. An advance that was asked for goes
    from ``advance_from`` to ``advance_to``, which is null where only its end will tell. ``limits``
    are those that are not Azure's, ``outages`` those of regions (``domain/outages.py``), ``faults``
    the points at which any is armed (``domain/faults.py``). ``events_kept`` is how many of the
    latest events are kept, null where none are recorded; ``events_told`` is the latest number.
    """

    id = Column(Integer, primary_key=True, autoincrement=False)
    seed = Column(BigInteger, nullable=False)
    epoch = Column(Integer, nullable=False)
    mode = Column(text_of(8), nullable=False)
    rate = Column(Integer, nullable=False)
    skip_on_wait = Column(text_of(8), nullable=False)
    started_at = Column(BigInteger, nullable=False)
    base_virtual_at = Column(BigInteger, nullable=False)
    base_real_at = Column(BigInteger, nullable=False)
    settled_at = Column(BigInteger, nullable=False)
    soft_delete_state = Column(text_of(10), nullable=False)
    hide_unvaulted_points = Column(Boolean, nullable=False)
    sweep_every = Column(BigInteger, nullable=False)
    start_jitter = Column(BigInteger, nullable=False)
    reserved_until: Column[int | None] = Column(BigInteger, nullable=True)
    advance_from: Column[int | None] = Column(BigInteger, nullable=True)
    advance_to: Column[int | None] = Column(BigInteger, nullable=True)
    limits: Column[Document] = Column(JSON, nullable=False, server_default="{}")
    vault_soft_delete = Column(Boolean, nullable=False, server_default=true())
    outages = Column(Text, nullable=False, server_default=text("'[]'"))
    replication_lag = Column(BigInteger, nullable=False, server_default=text("43200000000"))
    cross_region_delay = Column(BigInteger, nullable=False, server_default=text("172800000000"))
    faults = Column(Text, nullable=False, server_default=text("''"))
    events_kept: Column[int | None] = Column(Integer, nullable=True)
    events_told = Column(BigInteger, nullable=False, server_default=text("0"))


world = Table("world", metadata, WorldColumns)


class VaultColumns(TypedColumns):
    """Vaults; a deleted vault that holds soft-deleted items stays until they are purged.

    That there was a deleted one is remembered among the resources of its subscription.

    ``hidden`` is what other surfaces keep with it: its extended information, Site Recovery's
    setting, whether its redundancy was set through the vault itself, and when it opted in to
    Cross Region Restore.
    """

    key = Column(BigInteger, primary_key=True, autoincrement=False)
    folded = Column(text_of(400), nullable=False)
    id = Column(text_of(400), nullable=False)
    subscription = Column(text_of(36), nullable=False)
    group_folded = Column(text_of(400), nullable=False)
    name = Column(text_of(50), nullable=False)
    location = Column(text_of(90), nullable=False)
    tags: Column[Document] = Column(JSON, nullable=False)
    sku: Column[Document] = Column(JSON, nullable=False)
    identity: Column[Document | None] = Column(JSON(none_as_null=True), nullable=True)
    properties: Column[Document] = Column(JSON, nullable=False)
    created_at = Column(BigInteger, nullable=False)
    changed_at = Column(BigInteger, nullable=False)
    provisioned_at = Column(BigInteger, nullable=False)
    deleted_at: Column[int | None] = Column(BigInteger, nullable=True)
    hidden: Column[Document] = Column(JSON, nullable=False, server_default="{}")


vaults = Table("vaults", metadata, VaultColumns)
Index(
    "uq_vaults_folded_live",
    vaults.c.folded,
    unique=True,
    sqlite_where=vaults.c.deleted_at.is_(None),
)
Index("ix_vaults_subscription_group_folded", vaults.c.subscription, vaults.c.group_folded)


class ResourceGuardProxyColumns(TypedColumns):
    """Which resource guard a vault is mapped to, by the guard's lower-case id."""

    vault_key = Column(
        BigInteger,
        ForeignKey(vaults.c.key, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    guard_folded = Column(text_of(600), nullable=False, index=True)
    description = Column(String(400), nullable=False)
    changed_at = Column(BigInteger, nullable=False)


resource_guard_proxies = Table("resource_guard_proxies", metadata, ResourceGuardProxyColumns)


class UnlockedDeletionColumns(TypedColumns):
    """What may be deleted for a while, though a guard protects it, by its lower-case id."""

    vault_key = Column(
        BigInteger,
        ForeignKey(resource_guard_proxies.c.vault_key, ondelete="CASCADE"),
        nullable=False,
    )
    resource_folded = Column(text_of(800), nullable=False)
    expires_at = Column(BigInteger, nullable=False)


unlocked_deletions = Table(
    "unlocked_deletions",
    metadata,
    UnlockedDeletionColumns,
    PrimaryKeyConstraint("vault_key", "resource_folded"),
)


class PolicyColumns(TypedColumns):
    """Backup policies, as the normalised document that clients read back."""

    key = Column(BigInteger, primary_key=True, autoincrement=False)
    vault_key = Column(BigInteger, ForeignKey(vaults.c.key, ondelete="CASCADE"), nullable=False)
    folded_name = Column(text_of(150), nullable=False)
    name = Column(text_of(150), nullable=False)
    document: Column[Document] = Column(JSON, nullable=False)
    changed_at = Column(BigInteger, nullable=False)


policies = Table("policies", metadata, PolicyColumns)
Index(
    "uq_policies_vault_key_folded_name",
    policies.c.vault_key,
    policies.c.folded_name,
    unique=True,
)


class PolicyChangeColumns(TypedColumns):
    """How many times policies of a vault were created or edited at an instant."""

    vault_key = Column(BigInteger, ForeignKey(vaults.c.key, ondelete="CASCADE"), nullable=False)
    changed_at = Column(BigInteger, nullable=False)
    times = Column(Integer, nullable=False)


policy_changes = Table(
    "policy_changes",
    metadata,
    PolicyChangeColumns,
    PrimaryKeyConstraint("vault_key", "changed_at"),
)


class ItemColumns(TypedColumns):
    """Protected items, with all that the engine needs to start a backup without a join.

    ``snapshot_until`` and ``transfer_until`` are the ends of the latest phases started, so that
    a start knows what still runs. The ``source_*`` columns repeat what the VM is at present:
    ``source_agent`` is false while its guest cannot be asked for a snapshot, ``source_scripts``
    true while a Linux guest has scripts that make its snapshots application-consistent.
    ``source_fits`` is false while its disks are more or larger than what is backed up.
    ``full_next`` is true of a VM that was built anew: nothing of its disks was transferred yet.
    ``exclusion`` is which disks are backed up, as the wire says it; null is all of them.
    ``crowded_at`` is since when the item's points are counted, as there may be too many.
    ``owed_day`` is the date of the last backup that was to be vaulted, while that has failed.
    ``policy_type`` is V1 or V2, of the policy that the item is or was last under.
    ``unplaced_at`` is since when it must be asked where the next snapshot belongs.
    ``source_scan`` is NULL where the vault says whether the source is scanned for threats.
    ``purge_notice_at`` is when an alert is to announce the purge, until it does.
    ``workload`` is a name of the table of workloads. A share's ``source_id`` is its storage
    account, as it was spelled at the registration, its ``source_folded`` the share itself, and
    its ``source_vm_id`` tells one share from the next of its name.
    A database's ``source_id`` is its VM, its ``source_size`` its recovery model; one that is
    ``full_only`` has no other backups. Its log is backed up every ``log_every_micros``, while that
    is not null and the VM runs, and is kept for ``log_keep_micros``. Its ``latest_snapshot_at`` is
    of its newest point, its ``latest_vaulted_at`` of the newest full one that others are based on.
    """

    key = Column(BigInteger, primary_key=True, autoincrement=False)
    vault_key = Column(BigInteger, ForeignKey(vaults.c.key, ondelete="CASCADE"), nullable=False)
    name = Column(text_of(260), nullable=False)
    folded_name = Column(text_of(260), nullable=False)
    friendly_name = Column(text_of(90), nullable=False)
    entropy = Column(BigInteger, nullable=False)
    state = Column(text_of(20), nullable=False)
    policy_key: Column[int | None] = Column(BigInteger, nullable=True, index=True)
    source_id = Column(text_of(400), nullable=False)
    source_folded = Column(text_of(400), nullable=False, index=True)
    source_exists = Column(Boolean, nullable=False)
    source_running = Column(Boolean, nullable=False)
    source_os = Column(text_of(10), nullable=False)
    source_size = Column(text_of(60), nullable=False)
    disk_set_key = Column(BigInteger, nullable=False)
    used_bytes = Column(BigInteger, nullable=False)
    churn_bytes_per_second = Column(BigInteger, nullable=False)
    created_at = Column(BigInteger, nullable=False)
    slot_at: Column[int | None] = Column(BigInteger, nullable=True)
    next_backup_at: Column[int | None] = Column(BigInteger, nullable=True)
    snapshot_until = Column(BigInteger, nullable=False)
    transfer_until = Column(BigInteger, nullable=False)
    last_backup_at: Column[int | None] = Column(BigInteger, nullable=True)
    last_backup_status = Column(text_of(30), nullable=False)
    last_error: Column[str | None] = Column(text_of(80), nullable=True)
    latest_snapshot_at: Column[int | None] = Column(BigInteger, nullable=True)
    latest_vaulted_at: Column[int | None] = Column(BigInteger, nullable=True)
    expiring = Column(Boolean, nullable=False)
    deleted_at: Column[int | None] = Column(BigInteger, nullable=True)
    purge_at: Column[int | None] = Column(BigInteger, nullable=True)
    soft_delete_days: Column[int | None] = Column(Integer, nullable=True)
    source_vm_id: Column[str | None] = Column(String(36), nullable=True)
    source_agent = Column(Boolean, nullable=False, server_default=true())
    source_scripts = Column(Boolean, nullable=False, server_default=false())
    full_next = Column(Boolean, nullable=False, server_default=false())
    exclusion: Column[Document | None] = Column(JSON(none_as_null=True), nullable=True)
    crowded_at: Column[int | None] = Column(BigInteger, nullable=True)
    owed_day: Column[int | None] = Column(Integer, nullable=True)
    policy_type = Column(text_of(2), nullable=False, server_default="V1")
    unplaced_at: Column[int | None] = Column(BigInteger, nullable=True)
    source_fits = Column(Boolean, nullable=False, server_default=true())
    source_scan: Column[bool | None] = Column(Boolean, nullable=True)
    workload = Column(text_of(30), nullable=False, server_default="VM")
    container_name = Column(text_of(260), nullable=False, server_default=text("''"))
    full_only = Column(Boolean, nullable=False, server_default=false())
    log_every_micros: Column[int | None] = Column(BigInteger, nullable=True)
    log_keep_micros: Column[int | None] = Column(BigInteger, nullable=True)
    purge_notice_at: Column[int | None] = Column(BigInteger, nullable=True)


items = Table("items", metadata, ItemColumns)
Index("uq_items_vault_key_folded_name", items.c.vault_key, items.c.folded_name, unique=True)
for _column in (
    items.c.next_backup_at,
    items.c.purge_at,
    items.c.crowded_at,
    items.c.unplaced_at,
    items.c.purge_notice_at,
):
    Index(
        f"ix_items_{_column.name}",
        _column,
        sqlite_where=_column.is_not(None),
    )


class LogChainColumns(TypedColumns):
    """Unbroken backups of the log of a database: not a row for each, as there are thousands.

    Any instant from ``started_at`` on can be restored, up to the latest backup: that of
    ``covered_until``, or the latest multiple of the item's ``log_every_micros`` after
    ``resumed_at``. An item has one open chain at most, which goes on.
    """

    item_key = Column(BigInteger, ForeignKey(items.c.key, ondelete="CASCADE"), nullable=False)
    started_at = Column(BigInteger, nullable=False)
    covered_until = Column(BigInteger, nullable=False)
    resumed_at = Column(BigInteger, nullable=False)
    is_open = Column(Boolean, nullable=False)


log_chains = Table(
    "log_chains", metadata, LogChainColumns, PrimaryKeyConstraint("item_key", "started_at")
)


class RestorePointCollectionColumns(TypedColumns):
    """Where the snapshots of items are: a collection for each place that an item's went to.

    It holds the snapshots from ``since_at`` on, until the item's next one begins; they are rows
    of ``recovery_points``.
    """

    item_key = Column(BigInteger, ForeignKey(items.c.key, ondelete="CASCADE"), nullable=False)
    since_at = Column(BigInteger, nullable=False)
    folded = Column(text_of(600), nullable=False)
    id = Column(text_of(600), nullable=False)
    group_folded = Column(
        text_of(400), ForeignKey(resource_groups.c.folded), nullable=False, index=True
    )
    name = Column(text_of(140), nullable=False)
    location = Column(text_of(90), nullable=False)
    created_at = Column(BigInteger, nullable=False)


restore_point_collections = Table(
    "restore_point_collections",
    metadata,
    RestorePointCollectionColumns,
    PrimaryKeyConstraint("item_key", "since_at"),
)
Index("uq_restore_point_collections_folded", restore_point_collections.c.folded, unique=True)


class DiskSetColumns(TypedColumns):
    """The disks of a VM, or the share, as a backup saw it; many recovery points share one row."""

    key = Column(BigInteger, primary_key=True, autoincrement=False)
    document: Column[Document] = Column(JSON, nullable=False)


disk_sets = Table("disk_sets", metadata, DiskSetColumns)


class JobColumns(TypedColumns):
    """Jobs. ``phase`` and ``status`` are the state machine; ``due_at`` is its next transition.

    ``ordinal`` counts the jobs that users trigger in a vault at one instant.
    ``keep_micros``, ``rule``, ``instant_micros``, ``tags``, ``slot_day``, ``policy_type``,
    ``crash_consistent`` and ``tier_micros`` are what the policy said when a backup started;
    ``detail`` holds what the wire shows of other operations. A backup without ``instant_micros``
    stays in its snapshot. ``backup_type`` is Azure's, of databases only.
    """

    job_id = Column(text_of(32), primary_key=True)
    vault_key = Column(BigInteger, ForeignKey(vaults.c.key, ondelete="CASCADE"), nullable=False)
    item_key = Column(BigInteger, nullable=False)
    operation = Column(text_of(30), nullable=False)
    phase = Column(text_of(12), nullable=False)
    status = Column(text_of(24), nullable=False)
    started_at = Column(BigInteger, nullable=False)
    snapshot_ended_at: Column[int | None] = Column(BigInteger, nullable=True)
    ended_at: Column[int | None] = Column(BigInteger, nullable=True)
    due_at: Column[int | None] = Column(BigInteger, nullable=True)
    user_triggered = Column(Boolean, nullable=False)
    ordinal = Column(Integer, nullable=False)
    activity_id: Column[str | None] = Column(text_of(36), nullable=True)
    entity_name = Column(text_of(90), nullable=False)
    container_name = Column(text_of(260), nullable=False)
    jitter = Column(BigInteger, nullable=False)
    keep_micros: Column[int | None] = Column(BigInteger, nullable=True)
    rule: Column[str | None] = Column(text_of(10), nullable=True)
    instant_micros: Column[int | None] = Column(BigInteger, nullable=True)
    retain_until: Column[int | None] = Column(BigInteger, nullable=True)
    backup_bytes: Column[int | None] = Column(BigInteger, nullable=True)
    transfer_skipped = Column(Boolean, nullable=False)
    error_code: Column[str | None] = Column(text_of(80), nullable=True)
    detail: Column[Document | None] = Column(JSON(none_as_null=True), nullable=True)
    tags: Column[str | None] = Column(text_of(4), nullable=True)
    slot_day: Column[int | None] = Column(Integer, nullable=True)
    policy_type: Column[str | None] = Column(text_of(2), nullable=True)
    crash_consistent = Column(Boolean, nullable=False, server_default=false())
    workload = Column(text_of(30), nullable=False, server_default="VM")
    tier_micros: Column[int | None] = Column(BigInteger, nullable=True)
    backup_type: Column[str | None] = Column(text_of(16), nullable=True)


jobs = Table("jobs", metadata, JobColumns)
Index(
    "ix_jobs_vault_key_started_at_ordinal_job_id",
    jobs.c.vault_key,
    jobs.c.started_at,
    jobs.c.ordinal,
    jobs.c.job_id,
)
Index(
    "ix_jobs_due_at",
    jobs.c.due_at,
    sqlite_where=jobs.c.due_at.is_not(None),
)
# The jobs that are few: what is under way or went wrong, and what is no backup.
Index(
    "ix_jobs_not_completed",
    jobs.c.vault_key,
    jobs.c.status,
    jobs.c.started_at,
    jobs.c.ordinal,
    jobs.c.job_id,
    sqlite_where=jobs.c.status != "Completed",
)
Index(
    "ix_jobs_no_backups",
    jobs.c.vault_key,
    jobs.c.operation,
    jobs.c.started_at,
    jobs.c.ordinal,
    jobs.c.job_id,
    sqlite_where=jobs.c.operation != "Backup",
)
Index(
    "ix_jobs_not_of_vms",
    jobs.c.vault_key,
    jobs.c.workload,
    jobs.c.started_at,
    jobs.c.ordinal,
    jobs.c.job_id,
    sqlite_where=jobs.c.workload != "VM",
)
Index(
    "ix_jobs_restores",
    jobs.c.item_key,
    jobs.c.ended_at,
    sqlite_where=jobs.c.operation.in_(("Restore", "RestoreWithRehydrate")),
)
# What users trigger of one item: the limits of a day count it.
Index(
    "ix_jobs_triggered",
    jobs.c.item_key,
    jobs.c.started_at,
    sqlite_where=text("user_triggered = 1"),
    info={POSTGRESQL_WHERE: text("user_triggered")},
)


# What ends a window of time: it changes VMs, or points that a window may delete. In pairs, as
# SQLite would build a table for an IN of more than two, each time a job changes; with the phase,
# as it would take the index of all jobs that are due otherwise.
_ends_a_window = or_(
    *(jobs.c.phase.in_(pair) for pair in (("copying", "building"), ("rehydrating", "moving")))
)
Index(
    "ix_jobs_ending_windows",
    jobs.c.due_at,
    jobs.c.phase,
    sqlite_where=_ends_a_window,
)


class RecoveryPointColumns(TypedColumns):
    """Recovery points, one for each snapshot; the vault tier is there once ``vaulted_at`` is.

    ``sweep_at`` is when the expiry sweep must look at the row next: the end of the snapshot,
    then the end of the point; null while the item's points do not expire. ``tags`` and
    ``slot_day`` are what retention is judged by (docs/decisions/0042): on-demand points have none,
    those that an hourly schedule does not vault have no tag, only the day. ``tier_at`` is when
    the engine must look whether the point goes to the archive; it is there since ``archived_at``,
    and in the standard tier as well until ``rehydrated_until``. A ``soft_deleted`` one was lost by
    a shorter retention; its ``expires_at`` is when it is purged.
    Points of databases have a ``backup_type``; what is not full is based on the full one of
    ``base_at``. Whatever its own expiry, a point stays until ``needed_until``: other points and
    the log, up to its backup of ``logs_until``, are of no use without it.
    """

    item_key = Column(BigInteger, nullable=False)
    taken_at = Column(BigInteger, nullable=False)
    visible_at = Column(BigInteger, nullable=False)
    vaulted_at: Column[int | None] = Column(BigInteger, nullable=True)
    snapshot_valid = Column(Boolean, nullable=False)
    instant_until = Column(BigInteger, nullable=False)
    expires_at = Column(BigInteger, nullable=False)
    sweep_at: Column[int | None] = Column(BigInteger, nullable=True)
    rule: Column[str | None] = Column(text_of(10), nullable=True)
    consistency = Column(text_of(24), nullable=False)
    disk_set_key = Column(BigInteger, nullable=False)
    vm_size = Column(text_of(60), nullable=False)
    tags: Column[str | None] = Column(text_of(4), nullable=True)
    slot_day: Column[int | None] = Column(Integer, nullable=True)
    policy_type = Column(text_of(2), nullable=False, server_default="V1")
    tier_at: Column[int | None] = Column(BigInteger, nullable=True)
    archived_at: Column[int | None] = Column(BigInteger, nullable=True)
    rehydrated_until: Column[int | None] = Column(BigInteger, nullable=True)
    soft_deleted = Column(Boolean, nullable=False, server_default=false())
    backup_type: Column[str | None] = Column(text_of(16), nullable=True)
    base_at: Column[int | None] = Column(BigInteger, nullable=True)
    logs_until: Column[int | None] = Column(BigInteger, nullable=True)
    needed_until: Column[int | None] = Column(BigInteger, nullable=True)


recovery_points = Table(
    "recovery_points",
    metadata,
    RecoveryPointColumns,
    PrimaryKeyConstraint("item_key", "taken_at"),
    sqlite_with_rowid=False,
)
for _column in (recovery_points.c.sweep_at, recovery_points.c.tier_at):
    Index(
        f"ix_recovery_points_{_column.name}",
        _column,
        sqlite_where=_column.is_not(None),
    )


class FileRecoveryColumns(TypedColumns):
    """Recovery points that were made ready to recover files from, one row for the latest time.

    It is open from ``opened_at`` until ``closes_at``. The ``operation_id`` is of the latest that
    made it ready, the ``registration`` of the one that gave its script name and password.
    """

    item_key = Column(BigInteger, ForeignKey(items.c.key, ondelete="CASCADE"), nullable=False)
    taken_at = Column(BigInteger, nullable=False)
    opened_at = Column(BigInteger, nullable=False)
    closes_at = Column(BigInteger, nullable=False)
    operation_id = Column(text_of(32), nullable=False)
    registration = Column(text_of(32), nullable=False)


file_recoveries = Table(
    "file_recoveries",
    metadata,
    FileRecoveryColumns,
    PrimaryKeyConstraint("item_key", "taken_at"),
)


class BlobColumns(TypedColumns):
    """Blobs that restores have written; those of a storage account go when it goes.

    ``document`` holds a ``text`` or a ``vhd``, which is what its bytes are made of: nobody
    stores its zeros.
    """

    account_folded = Column(text_of(600), nullable=False)
    container = Column(text_of(63), nullable=False)
    name = Column(text_of(200), nullable=False)
    kind = Column(text_of(12), nullable=False)
    content_type = Column(text_of(60), nullable=False)
    document: Column[Document] = Column(JSON, nullable=False)
    created_at = Column(BigInteger, nullable=False)


blobs = Table(
    "blobs",
    metadata,
    BlobColumns,
    PrimaryKeyConstraint("account_folded", "container", "name"),
    ForeignKeyConstraint(["account_folded"], [resources.c.folded], ondelete="CASCADE"),
)


class ExportColumns(TypedColumns):
    """What exports of jobs have written: the jobs as lists show them, at that instant."""

    operation_id = Column(text_of(32), primary_key=True)
    vault_key = Column(
        BigInteger, ForeignKey(vaults.c.key, ondelete="CASCADE"), nullable=False, index=True
    )
    document: Column[list[Document]] = Column(JSON, nullable=False)


exports = Table("exports", metadata, ExportColumns)
