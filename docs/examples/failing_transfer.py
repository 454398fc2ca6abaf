import os

from azure.core.credentials import AccessToken
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient

from rsvault.client import ControlPlane

SUB = "11111111-1111-1111-1111-111111111111"
VAULT = ("safe", "web")
ITEM = (*VAULT, "Azure", "IaasVMContainer;iaasvmcontainerv2;web;web-1",
        "VM;iaasvmcontainerv2;web;web-1")


class Anyone:
    def get_token(self, *scopes, **options):
        return AccessToken("any token will do", 4_000_000_000)


def backup_report(backup):
    """The program under test: which backups need somebody's attention, and what to do."""
    for job in backup.backup_jobs.list(*VAULT, filter="operation eq 'Backup'"):
        for error in job.properties.error_details or []:
            print(job.properties.start_time.date(), job.properties.status, error.error_title)
            print("   ", *error.recommendations)


backup = RecoveryServicesBackupClient(
    Anyone(), SUB, base_url=os.environ["RSVAULT_HTTPS_URL"],
    connection_verify=os.environ["RSVAULT_CA_FILE"])
with ControlPlane(os.environ["RSVAULT_URL"]) as control:
    # Tomorrow's transfer fails; the day after, the agent does not answer; a third of all requests
    # are throttled, which the SDK sits out.
    control.faults.arm("transfer-fails", subject="web-1", after="P1D", count=1)
    control.faults.arm("agent-not-ready", subject="web-1", after="P2D", count=1)
    control.faults.arm("throttled", probability=0.33, duration="PT1S")
    control.advance(by="P4D")
    backup_report(backup)
    point = next(iter(backup.recovery_points.list(*ITEM))).properties
    print("newest point:", point.recovery_point_time.date(),
          [tier.type.value for tier in point.recovery_point_tier_details])
    for fault in control.faults.list():
        if fault["fault"] != "throttled":
            print(fault["fault"], "struck", fault["struck"], "left", fault["left"])
    control.faults.disarm_all()
