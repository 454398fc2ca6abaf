import os

import httpx
from azure.core.credentials import AccessToken
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.resource.resources import ResourceManagementClient

URL = os.environ.get("RSVAULT_HTTPS_URL", "https://127.0.0.1:8443")
CONTROL = os.environ.get("RSVAULT_URL", "http://127.0.0.1:8080")
CA = os.environ.get("RSVAULT_CA_FILE", os.path.expanduser("~/.rsvault/ca.pem"))
SUB = "11111111-1111-1111-1111-111111111111"  # any GUID is a subscription


class Anyone:
    def get_token(self, *scopes, **options):
        return AccessToken("any token will do", 4_000_000_000)


to = {"credential": Anyone(), "subscription_id": SUB, "base_url": URL, "connection_verify": CA}
arm = ResourceManagementClient(**to)
groups = arm.resource_groups
compute = ComputeManagementClient(**to)
vaults = RecoveryServicesClient(**to).vaults
backup = RecoveryServicesBackupClient(**to)
clock = httpx.Client(base_url=f"{CONTROL}/_emulator/clock", timeout=None)

# A resource group (and one to restore to), a VM with an OS and a data disk, a vault, and the
# storage account that every restore is staged in.
for group in ("web", "restored"):
    groups.create_or_update(group, {"location": "westeurope"})
vm = compute.virtual_machines.begin_create_or_update("web", "web-1", {
    "location": "westeurope", "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts",
                               "sku": "server", "version": "latest"},
            "osDisk": {"createOption": "FromImage", "diskSizeGB": 30},
            "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 64}]}}}).result()
vaults.begin_create_or_update("web", "safe", {
    "location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}).result()
staging = vm.id.replace("Compute/virtualMachines/web-1", "Storage/storageAccounts/staging")
arm.resources.begin_create_or_update_by_id(staging, api_version="2025-08-01", parameters={
    "location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}).result()

# Put the VM under the daily policy that every vault is born with: it keeps 30 days.
ITEM = ("safe", "web", "Azure",
        "IaasVMContainer;iaasvmcontainerv2;web;web-1", "VM;iaasvmcontainerv2;web;web-1")


def change(**properties):
    body = {"properties": {"protectedItemType": vm.type, "sourceResourceId": vm.id} | properties}
    return backup.protected_items.begin_create_or_update(*ITEM, body).result()


change(policyId=backup.protection_policies.get("safe", "web", "DefaultPolicy").id)

# Back up now. With skipOnWait "step" each look at the job moves the clock to its next phase.
clock.patch("", json={"skipOnWait": "step"})
backup.backups.trigger(*ITEM, {"properties": {"objectType": "IaasVMBackupRequest"}})
job = next(iter(backup.backup_jobs.list("safe", "web", filter="operation eq 'Backup'")))
while (job := backup.job_details.get("safe", "web", job.name)).properties.status == "InProgress":
    print([f"{t.task_id}: {t.status}" for t in job.properties.extended_info.tasks_list])
clock.patch("", json={"skipOnWait": "finish"})

# Its recovery point, the tiers it is in, and its disks restored into the other group.
point = next(iter(backup.recovery_points.list(*ITEM)))
details = point.properties
print(details.recovery_point_time, [t.type.value for t in details.recovery_point_tier_details])
backup.restores.begin_trigger(*ITEM, point.name, {"properties": {
    "objectType": "IaasVMRestoreRequest", "recoveryType": "RestoreDisks", "region": "westeurope",
    "sourceResourceId": vm.id, "targetResourceGroupId": groups.get("restored").id,
    "storageAccountId": staging}}).result()
clock.post("/advance", json={"until": "idle"}).raise_for_status()
backed_up = {disk["contentFingerprint"]
             for disk in details.recovery_point_disk_configuration["includedDiskList"]}
disks = list(compute.disks.list_by_resource_group("restored"))
content = {disk.properties["contentFingerprint"] for disk in disks}
print([disk.name for disk in disks], "same content:", content == backed_up)

# 120 days later there is exactly what the policy keeps.
clock.post("/advance", json={"by": "P120D"}).raise_for_status()
kept = [p.properties.recovery_point_time for p in backup.recovery_points.list(*ITEM)]
print(len(kept), "recovery points, from", kept[-1], "to", kept[0])

# Stop protection, delete the data, and bring it back.
change(policyId="", protectionState="ProtectionStopped")
backup.protected_items.delete(*ITEM)
clock.post("/advance", json={"until": "idle"}).raise_for_status()
print("deleted until", backup.protected_items.get(*ITEM).properties["deferredDeleteTimeRemaining"])
change(policyId="", protectionState="ProtectionStopped", isRehydrate=True)
item = backup.protected_items.get(*ITEM).properties
clock.close()
print(item["protectionState"], "with", item["extendedInfo"]["recoveryPointCount"], "points")
