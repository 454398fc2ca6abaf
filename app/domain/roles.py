"""Azure's built-in roles that concern what is here, with Azure's names, GUIDs and actions.

Source: learn.microsoft.com/azure/role-based-access-control/built-in-roles (July 2026). What the
roles say of backup vaults (Microsoft.DataProtection) and of data actions is left out: neither is
here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from . import ids


@dataclass(frozen=True, slots=True)
class Role:
    """A role definition: what it allows, less what it takes away; ``*`` stands for anything."""

    id: str
    name: str
    description: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()


def find(text: str) -> Role | None:
    """Return the role that a GUID, or an id that ends in one, names; ``None`` if there is none."""
    return ROLES.get(text.rstrip("/").rpartition("/")[2].lower())


@lru_cache(maxsize=4096)
def allows(role_id: str, action: str) -> bool:
    """Tell whether a role allows an action; roles and actions ignore case."""
    role = ROLES.get(role_id)
    return (
        role is not None
        and any(_matches(each, action) for each in role.actions)
        and not any(_matches(each, action) for each in role.not_actions)
    )


def _matches(pattern: str, action: str) -> bool:
    wanted = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(wanted, action, re.IGNORECASE) is not None


def _role(role_id: str, name: str, description: str, actions: str, taken: str = "") -> Role:
    assert ids.parse_guid(role_id)
    return Role(role_id, name, description, _lines(actions), _lines(taken))


def _lines(text: str) -> tuple[str, ...]:
    found = (line.replace("RS/", "Microsoft.RecoveryServices/", 1) for line in text.split())
    return tuple(found)


_BACKUP_CONTRIBUTOR = """
Microsoft.Authorization/*/read
Microsoft.Network/virtualNetworks/read
RS/locations/*
RS/Vaults/backupFabrics/operationResults/*
RS/Vaults/backupFabrics/protectionContainers/*
RS/Vaults/backupFabrics/refreshContainers/action
RS/Vaults/backupJobs/*
RS/Vaults/backupJobsExport/action
RS/Vaults/backupOperationResults/*
RS/Vaults/backupPolicies/*
RS/Vaults/backupProtectableItems/*
RS/Vaults/backupProtectedItems/*
RS/Vaults/backupProtectionContainers/*
RS/Vaults/backupSecurityPIN/*
RS/Vaults/backupUsageSummaries/read
RS/Vaults/certificates/*
RS/Vaults/extendedInformation/*
RS/Vaults/monitoringAlerts/read
RS/Vaults/monitoringConfigurations/*
RS/Vaults/read
RS/Vaults/registeredIdentities/*
RS/Vaults/usages/*
Microsoft.Resources/deployments/*
Microsoft.Resources/subscriptions/resourceGroups/read
Microsoft.Storage/storageAccounts/read
RS/Vaults/backupstorageconfig/*
RS/Vaults/backupconfig/*
RS/Vaults/backupValidateOperation/action
RS/Vaults/write
RS/Vaults/backupOperations/read
RS/Vaults/backupEngines/read
RS/Vaults/backupFabrics/backupProtectionIntent/*
RS/Vaults/backupFabrics/protectableContainers/read
RS/vaults/operationStatus/read
RS/vaults/operationResults/read
RS/locations/backupStatus/action
RS/locations/backupPreValidateProtection/action
RS/locations/backupValidateFeatures/action
RS/Vaults/monitoringAlerts/write
RS/operations/read
RS/locations/operationStatus/read
RS/Vaults/backupProtectionIntents/read
Microsoft.Support/*
RS/Vaults/backupResourceGuardProxies/delete
RS/Vaults/backupResourceGuardProxies/read
RS/Vaults/backupResourceGuardProxies/unlockDelete/action
RS/Vaults/backupResourceGuardProxies/write
"""
_BACKUP_OPERATOR = """
Microsoft.Authorization/*/read
Microsoft.Network/virtualNetworks/read
RS/Vaults/backupFabrics/operationResults/read
RS/Vaults/backupFabrics/protectionContainers/operationResults/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/backup/action
RS/Vaults/backupFabrics/protectionContainers/protectedItems/operationResults/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/operationsStatus/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/provisionInstantItemRecovery/action
RS/Vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/accessToken/action
RS/Vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/restore/action
RS/Vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/revokeInstantItemRecovery/action
RS/Vaults/backupFabrics/protectionContainers/protectedItems/write
RS/Vaults/backupFabrics/protectionContainers/read
RS/Vaults/backupFabrics/refreshContainers/action
RS/Vaults/backupJobs/*
RS/Vaults/backupJobsExport/action
RS/Vaults/backupOperationResults/*
RS/Vaults/backupPolicies/operationResults/read
RS/Vaults/backupPolicies/read
RS/Vaults/backupProtectableItems/*
RS/Vaults/backupProtectedItems/read
RS/Vaults/backupProtectionContainers/read
RS/Vaults/backupUsageSummaries/read
RS/Vaults/certificates/write
RS/Vaults/extendedInformation/read
RS/Vaults/extendedInformation/write
RS/Vaults/monitoringAlerts/read
RS/Vaults/monitoringConfigurations/*
RS/Vaults/read
RS/Vaults/registeredIdentities/operationResults/read
RS/Vaults/registeredIdentities/read
RS/Vaults/registeredIdentities/write
RS/Vaults/usages/read
Microsoft.Resources/deployments/*
Microsoft.Resources/subscriptions/resourceGroups/read
Microsoft.Storage/storageAccounts/read
RS/Vaults/backupstorageconfig/*
RS/Vaults/backupValidateOperation/action
RS/Vaults/backupTriggerValidateOperation/action
RS/Vaults/backupValidateOperationResults/read
RS/Vaults/backupValidateOperationsStatuses/read
RS/Vaults/backupOperations/read
RS/Vaults/backupPolicies/operations/read
RS/Vaults/backupFabrics/protectionContainers/write
RS/Vaults/backupFabrics/protectionContainers/inquire/action
RS/Vaults/backupEngines/read
RS/Vaults/backupFabrics/backupProtectionIntent/write
RS/Vaults/backupFabrics/backupProtectionIntent/read
RS/Vaults/backupFabrics/protectableContainers/read
RS/Vaults/backupFabrics/protectionContainers/items/read
RS/locations/backupStatus/action
RS/locations/backupPreValidateProtection/action
RS/locations/backupValidateFeatures/action
RS/locations/backupAadProperties/read
RS/locations/backupCrrJobs/action
RS/locations/backupCrrJob/action
RS/locations/backupCrossRegionRestore/action
RS/locations/backupCrrOperationResults/read
RS/locations/backupCrrOperationsStatus/read
RS/Vaults/monitoringAlerts/write
RS/operations/read
RS/locations/operationStatus/read
RS/Vaults/backupProtectionIntents/read
Microsoft.Support/*
RS/Vaults/backupResourceGuardProxies/delete
RS/Vaults/backupResourceGuardProxies/read
RS/Vaults/backupResourceGuardProxies/unlockDelete/action
RS/Vaults/backupResourceGuardProxies/write
"""
_BACKUP_READER = """
Microsoft.Authorization/*/read
RS/locations/allocatedStamp/read
RS/Vaults/backupFabrics/operationResults/read
RS/Vaults/backupFabrics/operationsStatus/read
RS/Vaults/backupFabrics/protectionContainers/operationResults/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/operationResults/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/operationsStatus/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/read
RS/Vaults/backupFabrics/protectionContainers/read
RS/Vaults/backupJobs/operationResults/read
RS/Vaults/backupJobs/read
RS/Vaults/backupJobsExport/action
RS/Vaults/backupOperationResults/read
RS/Vaults/backupPolicies/operationResults/read
RS/Vaults/backupPolicies/read
RS/Vaults/backupProtectedItems/read
RS/Vaults/backupProtectionContainers/read
RS/Vaults/backupUsageSummaries/read
RS/Vaults/extendedInformation/read
RS/Vaults/monitoringAlerts/read
RS/Vaults/read
RS/Vaults/registeredIdentities/operationResults/read
RS/Vaults/registeredIdentities/read
RS/Vaults/backupstorageconfig/read
RS/Vaults/backupconfig/read
RS/Vaults/backupOperations/read
RS/Vaults/backupPolicies/operations/read
RS/Vaults/backupEngines/read
RS/Vaults/backupFabrics/backupProtectionIntent/read
RS/Vaults/backupFabrics/protectionContainers/items/read
RS/locations/backupStatus/action
RS/Vaults/monitoringConfigurations/*
RS/Vaults/monitoringAlerts/write
RS/operations/read
RS/locations/operationStatus/read
RS/Vaults/backupProtectionIntents/read
RS/Vaults/usages/read
RS/locations/backupValidateFeatures/action
RS/locations/backupCrrJobs/action
RS/locations/backupCrrJob/action
RS/locations/backupCrrOperationResults/read
RS/locations/backupCrrOperationsStatus/read
"""
_VM_CONTRIBUTOR = """
Microsoft.Authorization/*/read
Microsoft.Compute/availabilitySets/*
Microsoft.Compute/locations/*
Microsoft.Compute/virtualMachines/*
Microsoft.Compute/virtualMachineScaleSets/*
Microsoft.Compute/cloudServices/*
Microsoft.Compute/disks/write
Microsoft.Compute/disks/read
Microsoft.Compute/disks/delete
Microsoft.Compute/hostgroups/write
Microsoft.Compute/hostgroups/hosts/write
Microsoft.DevTestLab/schedules/*
Microsoft.Insights/alertRules/*
Microsoft.Network/applicationGateways/backendAddressPools/join/action
Microsoft.Network/loadBalancers/backendAddressPools/join/action
Microsoft.Network/loadBalancers/inboundNatPools/join/action
Microsoft.Network/loadBalancers/inboundNatRules/join/action
Microsoft.Network/loadBalancers/probes/join/action
Microsoft.Network/loadBalancers/read
Microsoft.Network/locations/*
Microsoft.Network/networkInterfaces/*
Microsoft.Network/networkSecurityGroups/join/action
Microsoft.Network/networkSecurityGroups/read
Microsoft.Network/publicIPAddresses/join/action
Microsoft.Network/publicIPAddresses/read
Microsoft.Network/virtualNetworks/read
Microsoft.Network/virtualNetworks/subnets/join/action
RS/locations/*
RS/Vaults/backupFabrics/backupProtectionIntent/write
RS/Vaults/backupFabrics/protectionContainers/protectedItems/*/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/read
RS/Vaults/backupFabrics/protectionContainers/protectedItems/write
RS/Vaults/backupPolicies/read
RS/Vaults/backupPolicies/write
RS/Vaults/read
RS/Vaults/usages/read
RS/Vaults/write
Microsoft.ResourceHealth/availabilityStatuses/read
Microsoft.Resources/deployments/*
Microsoft.Resources/subscriptions/resourceGroups/read
Microsoft.SerialConsole/serialPorts/connect/action
Microsoft.SqlVirtualMachine/*
Microsoft.Storage/storageAccounts/listKeys/action
Microsoft.Storage/storageAccounts/read
Microsoft.Support/*
"""
_MANAGEMENT = """
Microsoft.Authorization/*/read
Microsoft.Insights/alertRules/*
Microsoft.ResourceHealth/availabilityStatuses/read
Microsoft.Resources/deployments/*
Microsoft.Resources/subscriptions/resourceGroups/read
Microsoft.Support/*
"""
_MONITORING = """
*/read
Microsoft.AlertsManagement/actionRules/*
Microsoft.AlertsManagement/alerts/*
Microsoft.AlertsManagement/alertsSummary/*
Microsoft.AlertsManagement/smartDetectorAlertRules/*
Microsoft.AlertsManagement/smartGroups/*
Microsoft.Insights/actiongroups/*
Microsoft.Insights/activityLogAlerts/*
Microsoft.Insights/AlertRules/*
Microsoft.Insights/DiagnosticSettings/*
Microsoft.Insights/metricalerts/*
Microsoft.Insights/Metrics/*
Microsoft.Insights/notificationStatus/*
Microsoft.Insights/Register/Action
Microsoft.Insights/scheduledqueryrules/*
Microsoft.Support/*
"""

ROLES: Mapping[str, Role] = MappingProxyType(
    {
        role.id: role
        for role in (
            _role(
                "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
                "Owner",
                "Grants full access to manage all resources, including the ability to "
                "assign roles in Azure RBAC.",
                "*",
            ),
            _role(
                "b24988ac-6180-42a0-ab88-20f7382dd24c",
                "Contributor",
                "Grants full access to manage all resources, but does not allow you to "
                "assign roles in Azure RBAC, manage assignments in Azure Blueprints, or "
                "share image galleries.",
                "*",
                "Microsoft.Authorization/*/Delete "
                "Microsoft.Authorization/*/Write "
                "Microsoft.Authorization/elevateAccess/Action "
                "Microsoft.Blueprint/blueprintAssignments/write "
                "Microsoft.Blueprint/blueprintAssignments/delete "
                "Microsoft.Compute/galleries/share/action "
                "Microsoft.Purview/consents/write "
                "Microsoft.Purview/consents/delete",
            ),
            _role(
                "acdd72a7-3385-48ef-bd42-f606fba81ae7",
                "Reader",
                "View all resources, but does not allow you to make any changes.",
                "*/read",
            ),
            _role(
                "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
                "User Access Administrator",
                "Lets you manage user access to Azure resources.",
                "*/read Microsoft.Authorization/* Microsoft.Support/*",
            ),
            _role(
                "5e467623-bb1f-42f4-a55d-6e525e11384b",
                "Backup Contributor",
                "Lets you manage backup service, but can't create vaults and give access to others",
                _BACKUP_CONTRIBUTOR,
            ),
            _role(
                "00c29273-979b-4161-815c-10b084fb9324",
                "Backup Operator",
                "Lets you manage backup services, except removal of backup, vault "
                "creation and giving access to others",
                _BACKUP_OPERATOR,
            ),
            _role(
                "a795c7a0-d4a2-40c1-ae25-d81f01202912",
                "Backup Reader",
                "Can view backup services, but can't make changes",
                _BACKUP_READER,
            ),
            _role(
                "f54b6d04-23c6-443e-b462-9c16ab7b4a52",
                "Backup MUA Operator",
                "Backup MultiUser-Authorization. Allows user to perform critical operation "
                "protected by resourceguard",
                "Microsoft.Authorization/*/read "
                "Microsoft.DataProtection/*/action "
                "Microsoft.DataProtection/*/read",
            ),
            _role(
                "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
                "Monitoring Reader",
                "Can read all monitoring data.",
                "*/read Microsoft.OperationalInsights/workspaces/search/action Microsoft.Support/*",
            ),
            _role(
                "749f88d5-cbae-40b8-bcfc-e573ddc772fa",
                "Monitoring Contributor",
                "Can read all monitoring data and update monitoring settings.",
                _MONITORING,
            ),
            _role(
                "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
                "Virtual Machine Contributor",
                "Lets you manage virtual machines, but not access to them, and not the "
                "virtual network or storage account they're connected to.",
                _VM_CONTRIBUTOR,
            ),
            _role(
                "17d1049b-9a84-46fb-8f53-869881c3d3ab",
                "Storage Account Contributor",
                "Lets you manage storage accounts, including accessing storage account "
                "keys which provide full access to storage account data.",
                _MANAGEMENT
                + (
                    " Microsoft.Insights/diagnosticSettings/*"
                    " Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action"
                    " Microsoft.Storage/storageAccounts/*"
                ),
            ),
            _role(
                "4d97b98b-1d4f-4787-a291-c67834d212e7",
                "Network Contributor",
                "Lets you manage networks, but not access to them.",
                _MANAGEMENT + (" Microsoft.Network/*"),
            ),
        )
    }
)
"""The roles by GUID."""
