"""From an empty machine to restored disks and back, with Microsoft's own SDKs.

Start the service first: rsvault serve --clock frozen --start-time 2026-01-01T12:00:00Z
"""

import os

import httpx
from azure.core.credentials import AccessToken
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.resource.resources import ResourceManagementClient

HTTPS = os.environ.get("RSVAULT_HTTPS_URL", "https://127.0.0.1:8443")
CA = os.environ.get("RSVAULT_CA", os.path.expanduser("~/.rsvault/ca.pem"))
SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"  # any GUID is one


class AnyCredential:
    def get_token(self, *scopes, **options):
        return AccessToken("anything", 4_000_000_000)


to_emulator = {"base_url": HTTPS, "connection_verify": CA, "credential": AnyCredential()}
groups = ResourceManagementClient(subscription_id=SUBSCRIPTION, **to_emulator).resource_groups
compute = ComputeManagementClient(subscription_id=SUBSCRIPTION, **to_emulator)
vaults = RecoveryServicesClient(subscription_id=SUBSCRIPTION, **to_emulator).vaults
backup = RecoveryServicesBackupClient(subscription_id=SUBSCRIPTION, **to_emulator)
clock = httpx.Client(base_url=f"{HTTPS}/_emulator/clock", verify=CA, timeout=None)

# A resource group, a VM with an OS and a data disk, and a vault.
groups.create_or_update("web", {"location": "westeurope"})
groups.create_or_update("restored", {"location": "westeurope"})
vm = compute.virtual_machines.begin_create_or_update("web", "web-1", {
    "location": "westeurope",
    "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts",
                               "sku": "server", "version": "latest"},
            "osDisk": {"createOption": "FromImage", "diskSizeGB": 30},
            "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 64}],
        },
        "networkProfile": {"networkInterfaces": []},
    },
}).result()
vaults.begin_create_or_update("web", "safe", {
    "location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}).result()

# A daily policy at 22:00 UTC that keeps 30 days, and the VM under it.
at = ["2026-01-01T22:00:00Z"]
policy = backup.protection_policies.create_or_update("safe", "web", "daily", {"properties": {
    "backupManagementType": "AzureIaasVM",
    "schedulePolicy": {"schedulePolicyType": "SimpleSchedulePolicy",
                       "scheduleRunFrequency": "Daily", "scheduleRunTimes": at},
    "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy",
                        "dailySchedule": {"retentionTimes": at, "retentionDuration": {
                            "count": 30, "durationType": "Days"}}},
}})
ITEM = ("safe", "web", "Azure",
        "IaasVMContainer;iaasvmcontainerv2;web;web-1", "VM;iaasvmcontainerv2;web;web-1")
item = backup.protected_items.begin_create_or_update(*ITEM, {"properties": {
    "protectedItemType": "Microsoft.Compute/virtualMachines",
    "policyId": policy.id, "sourceResourceId": vm.id}}).result()
print("protected:", item.properties["protectionState"])

# A backup now; with skipOnWait "step" each look at the job moves the clock to its next phase.
clock.patch("", json={"skipOnWait": "step"})
backup.backups.trigger(*ITEM, {"properties": {"objectType": "IaasVMBackupRequest"}})
job = next(iter(backup.backup_jobs.list("safe", "web", filter="operation eq 'Backup'")))
while (job := backup.job_details.get("safe", "web", job.name)).properties.status == "InProgress":
    tasks = job.properties.extended_info.tasks_list
    print("backup:", ", ".join(f"{task.task_id} {task.status}" for task in tasks))
clock.patch("", json={"skipOnWait": "finish"})

# The recovery point, its tiers, and its disks restored into another group.
point = next(iter(backup.recovery_points.list(*ITEM)))
tiers = [f"{tier.type} {tier.status}" for tier in point.properties.recovery_point_tier_details]
print("recovery point:", point.properties.recovery_point_time, tiers)
backup.restores.begin_trigger(*ITEM, point.name, {"properties": {
    "objectType": "IaasVMRestoreRequest", "recoveryType": "RestoreDisks",
    "region": "westeurope", "sourceResourceId": vm.id,
    "targetResourceGroupId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/restored",
    "storageAccountId": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/web"
                        "/providers/Microsoft.Storage/storageAccounts/staging"}}).result()
clock.post("/advance", json={"until": "idle"})
backed_up = [d["contentFingerprint"]
             for d in point.properties.recovery_point_disk_configuration["includedDiskList"]]
for disk in compute.disks.list_by_resource_group("restored"):
    same = disk.properties["contentFingerprint"] in backed_up
    print("restored:", disk.name, "with that instant's content" if same else "with OTHER content")

# 120 days on: exactly what the policy keeps.
clock.post("/advance", json={"by": "P120D"})
kept = [p.properties.recovery_point_time for p in backup.recovery_points.list(*ITEM)]
print("kept:", len(kept), "from", kept[-1], "to", kept[0])

# Stop protection and keep the data, delete the data, and think better of it.
keep = {"policyId": "", "protectionState": "ProtectionStopped", "sourceResourceId": vm.id}
for change in ({}, None, {"isRehydrate": True}):
    if change is None:
        backup.protected_items.delete(*ITEM)
        clock.post("/advance", json={"until": "idle"})
    else:
        backup.protected_items.begin_create_or_update(*ITEM, {"properties": {
            "protectedItemType": "Microsoft.Compute/virtualMachines"} | keep | change}).result()
    state = backup.protected_items.get(*ITEM).properties
    print("state:", state["protectionState"],
          "(soft-deleted)" if "isScheduledForDeferredDelete" in state else "",
          len(list(backup.recovery_points.list(*ITEM))), "recovery points")
