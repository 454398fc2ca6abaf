"""Azure's documented errors of jobs that nothing in a world brings about by itself.

Faults show them (``domain/faults.py``). Codes and causes are those of azure-backup-semantics 2.6
and 7.4, whose sources are Microsoft's troubleshooting pages; the words are ours, and so are the
numbers but for 320001, 380008 and 400094, as no source tells others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobError:
    """What ``errorDetails`` shows for a code (azure-backup-semantics 2.6)."""

    number: int
    title: str
    message: str
    recommendations: tuple[str, ...]


def _errors(*rows: tuple[int, str, str, tuple[str, ...]]) -> Mapping[str, JobError]:
    return {code: JobError(number, code, message, advice) for number, code, message, advice in rows}


AGENT_SNAPSHOT_STATUS = "GuestAgentSnapshotTaskStatusError"
PROVISIONING_FAILED = "UserErrorVmProvisioningStateFailed"
NOT_IN_DESIRABLE_STATE = "UserErrorVmNotInDesirableState"
MOVED_OR_DELETED = "BCMV2VMNotFound"
OFFLINE = "AzureVmOffline"
COLLECTION_LIMIT = "UserErrorRpCollectionLimitReached"
KEY_VAULT_DENIED = "UserErrorKeyvaultPermissionsNotConfigured"
NO_NETWORK = "ExtensionSnapshotFailedNoNetwork"
NO_SECURE_NETWORK = "ExtensionSnapshotFailedNoSecureNetwork"
EXTENSION_FAILED = "ExtensionOperationFailedForManagedDisks"
COM_FAILED = "ExtensionSnapshotFailedCOM"
COM_INSTALLATION = "ExtensionInstallationFailedCOM"
MSDTC_INSTALLATION = "ExtensionInstallationFailedMDTC"
VSS_WRITER = "ExtensionFailedVssWriterInBadState"
VSS_SERVICE = "ExtensionFailedVssServiceInBadState"
SNAPSHOT_LIMIT = "ExtensionFailedSnapshotLimitReachedError"
VM_UNRESPONSIVE = "ExtensionFailedTimeoutVMNetworkUnresponsive"
EXTENSION_STUCK = "ExtensionStuckInDeletionState"
EXTENSION_CONFIG = "ExtensionConfigParsingFailure"
VC_REDIST = "ExtensionVCRedistInstallationFailure"
BITLOCKER = "ExtensionSnapshotBitlockerError"
FREEZE_FAILED = "UserErrorFsFreezeFailed"
RESTORE_POINT_INTERNAL = "VMRestorePointInternalError"
DISALLOWED_BY_POLICY = "UserErrorRequestDisallowedByPolicy"
STAGING_FULL = "UserErrorBCMPremiumStorageQuotaError"
INTERNAL = "BackUpOperationFailed"
INTERNAL_V2 = "BackUpOperationFailedV2"
COPY_TAKES_LONG = "CopyingVHDsFromBackUpVaultTakingLongTime"
NO_INTERNET = "UserErrorVMInternetConnectivityIssue"
EXTENSION_NOT_REACHABLE = "WorkloadExtensionNotReachable"
BACKUP_PREFERENCE = "FabricSvcBackupPreferenceCheckFailedUserError"
LSN_VALIDATION = "UserErrorSQLLSNValidationFailure"
INSTANT_POINT_GONE = "UserErrorInstantRpNotFound"
SKU_NOT_AVAILABLE = "UserErrorSkuNotAvailable"
MARKETPLACE_VM = "UserErrorMarketPlaceVMNotSupported"
TRUSTED_LAUNCH = "UserErrorMigrationFromTrustedLaunchVMToNonTrustedVMNotAllowed"
VAULT_KEY_DENIED = "UserErrorCMKMissingMangedIdentityPermissionOnKeyVault"

DOCUMENTED: Mapping[str, JobError] = _errors(
    (
        400701,
        AGENT_SNAPSHOT_STATUS,
        "The VM agent did not tell how the snapshot went.",
        (
            "See that the VM agent runs and has its latest version; restart it if need be.",
            "See that the VM reaches 168.63.129.16, then back up again.",
        ),
    ),
    (
        400702,
        PROVISIONING_FAILED,
        "The virtual machine's provisioning has failed, so that no extension runs in it.",
        (
            "Look for an extension whose provisioning failed, remove it, and let it be installed "
            "again.",
            "The VM must show provisioningState Succeeded; then back up again.",
        ),
    ),
    (
        400703,
        NOT_IN_DESIRABLE_STATE,
        "The virtual machine is in a state in which no backup can be taken.",
        (
            "If it is in transition between two states, wait until it is Running or Stopped.",
            "If it is Failed, apply its present configuration again, then back up again.",
        ),
    ),
    (
        400094,
        MOVED_OR_DELETED,
        "The virtual machine was deleted, or moved to another resource group or subscription.",
        (
            "Create it again with the same name in the same resource group.",
            "Or stop the protection of this item, with or without its data.",
        ),
    ),
    (
        380008,
        OFFLINE,
        "The extension of the backup can only be installed while the virtual machine runs.",
        ("Start the virtual machine, and back up again.",),
    ),
    (
        400704,
        COLLECTION_LIMIT,
        "No further restore point can be made: old ones could not be removed, most often because "
        "their resource group is locked.",
        (
            "Remove the lock from the resource group that Azure Backup keeps restore points in.",
            "Delete the collection of restore points there, and back up again.",
        ),
    ),
    (
        400705,
        KEY_VAULT_DENIED,
        "Azure Backup may not read the keys of the encrypted virtual machine.",
        ("Give the Backup Management Service access to the key vault, then back up again.",),
    ),
    (
        400706,
        NO_NETWORK,
        "The snapshot failed as the virtual machine has no network.",
        ("See that the VM has network connectivity and that its disks' endpoints are reachable.",),
    ),
    (
        400707,
        NO_SECURE_NETWORK,
        "The snapshot failed as no secure channel could be opened.",
        ("See that TLS 1.2 is enabled in the guest, and that its certificates are current.",),
    ),
    (
        400708,
        EXTENSION_FAILED,
        "The snapshot extension failed.",
        (
            "See that the VM agent is installed, current and running.",
            "Remove the VMSnapshot extension; the next backup installs it again.",
        ),
    ),
    (
        400709,
        COM_FAILED,
        "The snapshot failed because of COM+ in the guest.",
        ("Restart the services 'COM+ System Application' and 'MSDTC', then back up again.",),
    ),
    (
        400710,
        COM_INSTALLATION,
        "The extension could not be installed or started because of COM+ in the guest.",
        ("Start the service 'COM+ System Application'; if it does not start, start MSDTC first.",),
    ),
    (
        400711,
        MSDTC_INSTALLATION,
        "The extension could not be installed because of MSDTC in the guest.",
        ("Take MSDTC away and install it again (msdtc -uninstall, msdtc -install), then retry.",),
    ),
    (
        400712,
        VSS_WRITER,
        "A VSS writer in the guest is in a bad state.",
        ("List the writers (vssadmin list writers), restart those that failed, then back up.",),
    ),
    (
        400713,
        VSS_SERVICE,
        "The Volume Shadow Copy service in the guest is in a bad state.",
        ("Restart the service 'Volume Shadow Copy'; if that does not help, restart the VM.",),
    ),
    (
        400714,
        SNAPSHOT_LIMIT,
        "A disk has as many snapshots as it may have.",
        ("Delete snapshots of the disk that nobody needs, and wait until they are gone.",),
    ),
    (
        400715,
        VM_UNRESPONSIVE,
        "The virtual machine was too busy to answer in time.",
        (
            "Back up at an hour in which the VM has less to do.",
            "Or give it a larger size, so that CPU and memory are to spare.",
        ),
    ),
    (
        400716,
        EXTENSION_STUCK,
        "The snapshot extension is being deleted and does not come to an end.",
        ("Uninstall the VMSnapshot extension by hand and back up again.",),
    ),
    (
        400717,
        EXTENSION_CONFIG,
        "The extension could not read its configuration.",
        ("Reset the rights on the machine keys folder of the guest, then back up again.",),
    ),
    (
        400718,
        VC_REDIST,
        "The runtime that the extension needs could not be installed in the guest.",
        ("Install the Visual C++ redistributable by hand, then back up again.",),
    ),
    (
        400719,
        BITLOCKER,
        "The snapshot failed as a drive is locked by BitLocker.",
        ("Turn BitLocker off on the drives of the VM, and see whether VSS works again.",),
    ),
    (
        400720,
        FREEZE_FAILED,
        "A file system of the Linux guest could not be frozen for the snapshot.",
        (
            "Unmount the devices whose file systems are damaged and check them with fsck.",
            "Or name what is not to be frozen as MountsToSkip in vmbackup.conf.",
        ),
    ),
    (
        400721,
        RESTORE_POINT_INTERNAL,
        "The extension was kept from its work, most often by an antivirus in the guest.",
        ("Exclude the folders of the VM agent and of its extensions from the antivirus.",),
    ),
    (
        400722,
        DISALLOWED_BY_POLICY,
        "An Azure Policy forbids what the backup has to make.",
        ("Change the policy, or exempt the resource group that snapshots are kept in.",),
    ),
    (
        400723,
        STAGING_FULL,
        "The storage account has not enough free space to stage the snapshot.",
        ("Free as much space in the premium storage account as is used on the disks.",),
    ),
    (
        400724,
        INTERNAL,
        "The operation failed because of an internal error of the service.",
        ("Try again in a few minutes; if it fails again, ask Microsoft's support.",),
    ),
    (
        400725,
        INTERNAL_V2,
        "The operation failed because of an internal error of the service.",
        ("Try again in a few minutes; if it fails again, ask Microsoft's support.",),
    ),
    (
        400726,
        COPY_TAKES_LONG,
        "Copying the data took too long and was given up.",
        ("See that the storage accounts have IOPS to spare, then try again.",),
    ),
    (
        400727,
        NO_INTERNET,
        "The virtual machine does not reach the service: it has no way out to the internet.",
        (
            "Allow the addresses of Azure Backup, Storage and Microsoft Entra ID.",
            "Or use service tags or a private endpoint; then back up again.",
        ),
    ),
    (
        400728,
        EXTENSION_NOT_REACHABLE,
        "The workload extension in the virtual machine does not answer.",
        ("See that the VM runs and reaches the service, then register it again.",),
    ),
    (
        400729,
        BACKUP_PREFERENCE,
        "The availability group's backup preference does not let this node be backed up.",
        ("Register all nodes of the group, and look at its backup preference.",),
    ),
    (
        400730,
        LSN_VALIDATION,
        "The chain of log backups is broken: another tool has backed up the log.",
        ("Take a full backup, and let no other tool back up this database.",),
    ),
    (
        400731,
        INSTANT_POINT_GONE,
        "The snapshot of the recovery point is gone, and its data is not in the vault.",
        ("Choose another recovery point.",),
    ),
    (
        400732,
        SKU_NOT_AVAILABLE,
        "The size of the virtual machine cannot be had in the target region or zone.",
        ("Restore the disks, and create a VM of another size from them.",),
    ),
    (
        400733,
        MARKETPLACE_VM,
        "The virtual machine was made from an image whose plan can no longer be bought.",
        ("Restore the disks, and create a VM from them.",),
    ),
    (
        400734,
        TRUSTED_LAUNCH,
        "A virtual machine with Trusted Launch cannot become one without it.",
        ("Restore to a new virtual machine.",),
    ),
    (
        400735,
        VAULT_KEY_DENIED,
        "The vault's managed identity may not use the key that the vault is encrypted with.",
        (
            "Give the identity the permissions Get, Wrap Key and Unwrap Key on the key vault.",
            "See that the identity is still the vault's, and that the key is there and enabled.",
        ),
    ),
)  # fmt: skip
