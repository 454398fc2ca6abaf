"""What became of azurerm's acceptance tests of Azure Backup: acceptance.txt, read."""

from __future__ import annotations

from pathlib import Path

FAMILIES = {
    "TestAccRecoveryServicesVault": "vaults",
    "TestAccDataSourceAzureRMRecoveryServicesVault": "vaults",
    "TestAccBackupProtectionPolicyVM": "policies for VMs",
    "TestAccBackupPolicyVm": "policies for VMs",
    "TestAccDataSourceBackupPolicyVm": "policies for VMs",
    "TestAccBackupProtectionPolicyFileShare": "policies for file shares",
    "TestAccDataSourceBackupPolicyFileShare": "policies for file shares",
    "TestAccBackupProtectionPolicyVMWorkload": "policies for databases",
    "TestAccBackupProtectedVm": "protected VMs",
    "TestAccBackupProtectionContainerStorageAccount": "storage accounts and file shares",
    "TestAccBackupProtectedFileShare": "storage accounts and file shares",
    "TestAccSiteRecoveryVaultResourceGuardAssociation": "mappings to resource guards",
}
"""What a test is about, by the first part of its name."""

PASSED, NOT_RUN = "passed", "not run"


def results() -> dict[str, str]:
    """Return each test with how it went, or why it cannot be run."""
    lines = (Path(__file__).parent / "acceptance.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def can_run() -> list[str]:
    """Return the tests that need nothing which is not there."""
    return [name for name, how in results().items() if how.startswith((PASSED, NOT_RUN))]


def counted() -> dict[str, tuple[int, int, int]]:
    """Return of each family its tests, those that have passed, and those that cannot be run."""
    found = dict.fromkeys(FAMILIES.values(), (0, 0, 0))
    for name, how in results().items():
        family = FAMILIES[name.split("_")[0]]
        tests, passed, impossible = found[family]
        cannot = not how.startswith((PASSED, NOT_RUN))
        found[family] = (tests + 1, passed + how.startswith(PASSED), impossible + cannot)
    return found
