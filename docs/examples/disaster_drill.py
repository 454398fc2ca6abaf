import os
from datetime import datetime

import httpx
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.recoveryservicesbackup.passivestamp import RecoveryServicesBackupPassiveClient
from azure.mgmt.recoveryservicesbackup.passivestamp.models import (
    CrossRegionRestoreRequest,
    CrrJobRequest,
    IaasVMRestoreRequest,
)
from azure.mgmt.resource.resources import ResourceManagementClient

URL = os.environ.get("RSVAULT_HTTPS_URL", "https://127.0.0.1:8443")
CONTROL = os.environ.get("RSVAULT_URL", "http://127.0.0.1:8080")
CA = os.environ.get("RSVAULT_CA_FILE", os.path.expanduser("~/.rsvault/ca.pem"))
SUB = "11111111-1111-1111-1111-111111111111"
HOME, PAIR = "westeurope", "northeurope"


class Anyone:
    def get_token(self, *scopes, **options):
        return AccessToken("any token will do", 4_000_000_000)


to = {"credential": Anyone(), "subscription_id": SUB, "base_url": URL, "connection_verify": CA}
arm = ResourceManagementClient(**to)
compute = ComputeManagementClient(**to)
vaults = RecoveryServicesClient(**to).vaults
backup = RecoveryServicesBackupClient(**to)
passive = RecoveryServicesBackupPassiveClient(**to)
control = httpx.Client(base_url=f"{CONTROL}/_emulator", timeout=None)


def when(text):
    return datetime.fromisoformat(text)


def now():
    return when(control.get("/clock").raise_for_status().json()["now"])


def wait(span):
    control.post("/clock/advance", json={"by": span}).raise_for_status()


def switch(region, state):
    answer = control.patch("/regions", json={"region": region, "state": state})
    return answer.raise_for_status().json()["outages"][-1]


def say(what, at=None):
    print(f"{at or now():%d %b %H:%M:%S}  {what}")


# --- before: a VM, a vault that has opted in, and what a restore in the pair needs ---------------

for group, region in (("web", HOME), ("web-dr", PAIR)):
    arm.resource_groups.create_or_update(group, {"location": region})
vm = compute.virtual_machines.begin_create_or_update("web", "web-1", {
    "location": HOME, "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts",
                               "sku": "server", "version": "latest"},
            "osDisk": {"createOption": "FromImage", "diskSizeGB": 30},
            "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 256}]}}}).result()
vault = vaults.begin_create_or_update("web", "safe", {
    "location": HOME, "sku": {"name": "Standard"}, "properties": {"redundancySettings": {
        "standardTierStorageRedundancy": "GeoRedundant",
        "crossRegionRestore": "Enabled"}}}).result()
far = arm.resource_groups.get("web-dr").id
NETWORK = f"{far}/providers/Microsoft.Network/virtualNetworks/net"
STAGING = f"{far}/providers/Microsoft.Storage/storageAccounts/staging"
for resource, body in (
    (STAGING, {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}),
    (NETWORK, {"properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "default", "properties": {"addressPrefix": "10.0.0.0/24"}}]}}),
):
    arm.resources.begin_create_or_update_by_id(
        resource, api_version="2025-01-01", parameters={"location": PAIR} | body).result()

ITEM = ("safe", "web", "Azure",
        "IaasVMContainer;iaasvmcontainerv2;web;web-1", "VM;iaasvmcontainerv2;web;web-1")
policy = backup.protection_policies.get("safe", "web", "DefaultPolicy")
backup.protected_items.begin_create_or_update(*ITEM, {"properties": {
    "protectedItemType": vm.type, "sourceResourceId": vm.id, "policyId": policy.id}}).result()
control.patch("/clock", json={"skipOnWait": "finish"}).raise_for_status()
say("web-1 is protected, and Cross Region Restore is on")


def points(client):
    found = [each.properties.recovery_point_time for each in client.list(*ITEM)]
    return f"{len(found)} points" + (f", the newest of {found[0]:%d %b %H:%M}" if found else "")


# --- some days of an ordinary life, and a morning that is none ------------------------------------

wait("P9DT20H")
say(f"{HOME} has {points(backup.recovery_points)}")
say(f"{PAIR} has {points(passive.recovery_points_crr)}")
outage = switch(HOME, "down")
outage_began = when(outage["since"])
say(f"{HOME} is down")
try:
    backup.protected_items.get(*ITEM, retry_total=0)
except HttpResponseError as refusal:
    say(f"{HOME} answers {refusal.status_code} {refusal.error.code}")
wait("PT2H")
say("the decision is made: restore in the pair")

# --- the restore: what is there, leave to restore it, a new VM -----------------------------------

say(f"{PAIR} still has {points(passive.recovery_points_crr)}")
newest = next(iter(passive.recovery_points_crr.list(*ITEM)))
(item,) = passive.backup_protected_items_crr.list("safe", "web")
region = passive.aad_properties.get(PAIR)
leave = passive.recovery_points.get_access_token(*ITEM, newest.name, region).properties
leave.object_type = "CrrAccessToken"
passive.cross_region_restore.begin_trigger(PAIR, CrossRegionRestoreRequest(
    cross_region_restore_access_details=leave,
    restore_request=IaasVMRestoreRequest(
        recovery_point_id=newest.name, recovery_type="AlternateLocation", region=PAIR,
        source_resource_id=item.properties.source_resource_id, storage_account_id=STAGING,
        target_resource_group_id=far, virtual_network_id=NETWORK,
        subnet_id=f"{NETWORK}/subnets/default",
        target_virtual_machine_id=f"{far}/providers/Microsoft.Compute/virtualMachines/web-1",
    ))).wait()
(job,) = passive.backup_crr_jobs.list(PAIR, CrrJobRequest(resource_id=vault.id))
named = CrrJobRequest(resource_id=vault.id, job_name=job.name)
while (job := passive.backup_crr_job_details.get(PAIR, named).properties).status == "InProgress":
    pass  # With skipOnWait, asking moves the clock on.
say(f"{job.operation}: {job.status}", job.end_time)

# --- what the drill has measured: all of it is in the answers ------------------------------------

taken = newest.properties.recovery_point_disk_configuration.included_disk_list
expected = {each.additional_properties["contentFingerprint"] for each in taken}
disks = compute.disks.list_by_resource_group("web-dr")
found = {each.properties["contentFingerprint"] for each in disks}
copy = compute.virtual_machines.get("web-dr", "web-1")
say(f"{copy.name} is in {copy.location}, the content of its disks is the point's: "
    f"{found == expected}")
print(f"RPO {outage_began - newest.properties.recovery_point_time}  (lost: what web-1 wrote in it)")
print(f"RTO {job.end_time - outage_began}  (of it {job.end_time - job.start_time} the restore)")

# --- the region is back, and the world catches up ------------------------------------------------

wait("P2D")
outage = switch(HOME, "up")
say(f"{HOME} is back, after {when(outage['until']) - when(outage['since'])}")
say(f"{HOME} has {points(backup.recovery_points)}")
say(f"{PAIR} has {points(passive.recovery_points_crr)}")
for _ in range(3):
    wait("PT12H")
    say(f"{HOME} has {points(backup.recovery_points)}")
    say(f"{PAIR} has {points(passive.recovery_points_crr)}")
for client in (arm, compute, backup, passive, control):
    client.close()
