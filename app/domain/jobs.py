"""Jobs: their operations, states and phases, and the errors that a failed one shows."""

from __future__ import annotations

from collections.abc import Mapping

from .documented_errors import DOCUMENTED, JobError


class Operation:
    """What a job does, in Azure's words."""

    BACKUP = "Backup"
    RESTORE = "Restore"
    RESTORE_WITH_REHYDRATE = "RestoreWithRehydrate"
    MOVE_RECOVERY_POINT = "MoveRecoveryPoint"
    CONFIGURE_BACKUP = "ConfigureBackup"
    DISABLE_BACKUP = "DisableBackup"
    DELETE_BACKUP_DATA = "DeleteBackupData"
    UNDELETE = "Undelete"
    REGISTER = "Register"
    UNREGISTER = "UnRegister"
    CROSS_REGION_RESTORE = "CrossRegionRestore"

    RESTORES_HERE = (RESTORE, RESTORE_WITH_REHYDRATE)
    """In the vault's own region. A point of the archive is rehydrated first; recordings have a word
    of its own for that."""
    RESTORES = (*RESTORES_HERE, CROSS_REGION_RESTORE)


OPERATIONS = tuple(
    each for name, each in vars(Operation).items() if name.isupper() and isinstance(each, str)
)


class Status:
    """How a job stands, in Azure's words."""

    IN_PROGRESS = "InProgress"
    CANCELLING = "Cancelling"
    CANCELLED = "Cancelled"
    COMPLETED = "Completed"
    COMPLETED_WITH_WARNINGS = "CompletedWithWarnings"
    FAILED = "Failed"


class Phase:
    """Where a job is in its table; only the engine moves it.

    backup:   snapshot -> transfer -> done, or snapshot -> skipped -> done
              streaming -> done, of what is streamed without a snapshot
    restore:  restore -> done, and of a whole VM copying -> building -> done;
              from the archive rehydrating comes before
    move:     moving -> done
    others:   configuring -> done
    any that was cancelled: cancelling -> done
    any that a fault strikes: failing -> done, within one transaction
    """

    SNAPSHOT = "snapshot"
    TRANSFER = "transfer"
    SKIPPED = "skipped"
    STREAMING = "streaming"
    RESTORE = "restore"
    COPYING = "copying"
    BUILDING = "building"
    REHYDRATING = "rehydrating"
    MOVING = "moving"
    CONFIGURING = "configuring"
    CANCELLING = "cancelling"
    FAILING = "failing"
    DONE = "done"


CANCELLABLE = frozenset(
    {Phase.SNAPSHOT, Phase.STREAMING, Phase.REHYDRATING, Phase.RESTORE, Phase.COPYING}
)
"""A backup may be cancelled while its snapshot is taken or it streams, a restore until its data is
there."""


BACKUP_IN_PROGRESS = "UserErrorBackupOperationInProgress"
VM_NOT_FOUND = "UserErrorVmNotFoundV2"
SHARE_NOT_FOUND = "FileShareNotFound"
SQL_DATABASE_NOT_FOUND = "UserErrorSQLPODoesNotExist"
HANA_DATABASE_NOT_FOUND = "UserErrorHANAPODoesNotExist"
VM_NOT_RUNNING = "VMNotInRunningStateUserError"
NO_PARENT_FULL = "UserErrorParentFullBackupMissing"
DATABASE_EXISTS = "UserErrorCannotRestoreExistingDBWithoutForceOverwrite"
TARGET_SERVER_NOT_FOUND = "UserErrorTargetServerNotFound"
NO_GUEST_AGENT = "UserErrorGuestAgentStatusUnavailable"
UNSUPPORTED_DISKS = "UserErrorUnsupportedDiskSize"
CANCELLED_BY_USER = "UserErrorJobSuccessfullyCancelled"
TARGET_GROUP_NOT_FOUND = "UserErrorTargetResourceGroupNotFound"
TARGET_VM_EXISTS = "UserErrorTargetVmAlreadyExists"
TARGET_SUBNET_NOT_FOUND = "UserErrorTargetSubnetNotFound"
STORAGE_NOT_FOUND = "UserErrorTargetStorageAccountNotFound"
VM_NOT_SHUT_DOWN = "UserErrorVmNotShutDown"
ENCRYPTION_SET_NOT_FOUND = "UserErrorDiskEncryptionSetNotFound"
POINT_NOT_FOUND = "UserErrorRecoveryPointNotFound"

ERRORS: Mapping[str, JobError] = {
    **DOCUMENTED,
    BACKUP_IN_PROGRESS: JobError(
        400020,
        BACKUP_IN_PROGRESS,
        "Another backup of this item is taking its snapshot.",
        ("Wait for the running backup to finish its snapshot, or cancel it, then try again.",),
    ),
    VM_NOT_FOUND: JobError(
        320001,
        VM_NOT_FOUND,
        "The virtual machine does not exist or was moved.",
        (
            "Create the VM again with the same name in the same resource group.",
            "Or stop the protection of this item.",
        ),
    ),
    SHARE_NOT_FOUND: JobError(
        320011,
        SHARE_NOT_FOUND,
        "Operation failed as the file share is not found.",
        ("Ensure that the file share you're trying to protect hasn't been deleted.",),
    ),
    SQL_DATABASE_NOT_FOUND: JobError(
        400610,
        SQL_DATABASE_NOT_FOUND,
        "Database configured for backup does not exist.",
        ("If the database was deleted, stop its protection; if it was renamed, protect it anew.",),
    ),
    HANA_DATABASE_NOT_FOUND: JobError(
        400611,
        HANA_DATABASE_NOT_FOUND,
        "Database configured for backup does not exist.",
        ("If the database was deleted, stop its protection; if it was renamed, protect it anew.",),
    ),
    VM_NOT_RUNNING: JobError(
        400612,
        VM_NOT_RUNNING,
        "The virtual machine that the database server runs in is not running.",
        ("Start the virtual machine; the next backup is made at its time.",),
    ),
    NO_PARENT_FULL: JobError(
        400613,
        NO_PARENT_FULL,
        "Log and differential backups need a full backup of the last 15 days, and there is none.",
        ("Take a full backup first.",),
    ),
    DATABASE_EXISTS: JobError(
        400614,
        DATABASE_EXISTS,
        "A database with that name exists already at the target of the restore.",
        ("Restore under another name, or trigger the restore with overwriteOption Overwrite.",),
    ),
    TARGET_SERVER_NOT_FOUND: JobError(
        400615,
        TARGET_SERVER_NOT_FOUND,
        "The server that the database was to be restored to is gone or not running.",
        ("Start the virtual machine of the server and trigger the restore once more.",),
    ),
    NO_GUEST_AGENT: JobError(
        400085,
        NO_GUEST_AGENT,
        "The VM agent cannot be reached, so that no snapshot of the running VM can be taken.",
        (
            "Install the VM agent and set provisionVMAgent of the VM's osProfile to true.",
            "Or stop the VM: of a stopped one a crash-consistent snapshot is taken.",
        ),
    ),
    UNSUPPORTED_DISKS: JobError(
        400087,
        UNSUPPORTED_DISKS,
        "The configured disk size(s) is currently not supported by Azure Backup.",
        (
            "Split the disks, or exclude some from the backup: it takes 32 data disks, 32 TB of a "
            "disk and 256 TB of a virtual machine, unless rsvault was told otherwise by its limits "
            "data-disks-per-vm, terabytes-per-disk and terabytes-per-vm ('rsvault limits').",
        ),
    ),
    CANCELLED_BY_USER: JobError(400158, CANCELLED_BY_USER, "The job was cancelled by a user.", ()),
    TARGET_GROUP_NOT_FOUND: JobError(
        400094,
        TARGET_GROUP_NOT_FOUND,
        "The resource group that the disks were to be restored to is gone.",
        ("Create the resource group again and trigger the restore once more.",),
    ),
    TARGET_VM_EXISTS: JobError(
        400095,
        TARGET_VM_EXISTS,
        "A virtual machine with the target's name exists in the target resource group.",
        ("Trigger the restore again with another name for the virtual machine.",),
    ),
    TARGET_SUBNET_NOT_FOUND: JobError(
        400096,
        TARGET_SUBNET_NOT_FOUND,
        "The target subnet is gone, or has no free address left.",
        ("Trigger the restore again with a subnet that has a free address.",),
    ),
    STORAGE_NOT_FOUND: JobError(
        400097,
        STORAGE_NOT_FOUND,
        "The storage account that the restore was to write to is gone.",
        ("Create the storage account again and trigger the restore once more.",),
    ),
    VM_NOT_SHUT_DOWN: JobError(
        400098,
        VM_NOT_SHUT_DOWN,
        "VM needs to be in deallocated state for performing replace disks operation",
        ("Please shut down the VM, and retry",),
    ),
    ENCRYPTION_SET_NOT_FOUND: JobError(
        400099,
        ENCRYPTION_SET_NOT_FOUND,
        "A disk encryption set that the disks were to be encrypted with is gone.",
        (
            "Create the disk encryption set again and trigger the restore once more.",
            "Or name another one by diskEncryptionSetId.",
        ),
    ),
    POINT_NOT_FOUND: JobError(
        400100,
        POINT_NOT_FOUND,
        "The recovery point was deleted before its data was in the other tier.",
        ("Choose another recovery point.",),
    ),
}


class ProtectionState:
    """How a protected item stands, in Azure's words."""

    IR_PENDING = "IRPending"
    PROTECTED = "Protected"
    STOPPED = "ProtectionStopped"
    SUSPENDED = "BackupsSuspended"

    RESUMABLE = (STOPPED, SUSPENDED)
    """No backups are taken, so another vault may take them; what is soft-deleted is stopped too."""
