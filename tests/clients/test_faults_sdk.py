"""What Microsoft's SDK makes of faults; docs/faults.md: its program prints what the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from click.testing import CliRunner

from app.cli import rsvault
from app.client import ControlError, ControlPlane
from app.server import RunningServer
from tests.clients.test_compute_sdk import SUBSCRIPTION, AnyToken, options
from tests.processes import PROJECT
from tests.wire.builders import (
    advance,
    back_up,
    done,
    item_body,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    vm_body,
)

WHERE = ("vault-1", "group-1")
PAGE = PROJECT / "docs" / "faults.md"
PROGRAM = PROJECT / "docs" / "examples" / "failing_transfer.py"
AS_INSTALLED = "import runpy, sys, app; sys.modules['rsvault'] = app; runpy.run_path(sys.argv[1])"
"""The package is called ``app`` in the checkout, and ``rsvault`` once it is installed."""


@pytest.fixture
def control(world: RunningServer) -> Iterator[ControlPlane]:
    """The control plane of an empty world."""
    with ControlPlane(world.http_url) as control:
        yield control


def test_a_failed_job_has_azures_recommendations(
    arm: httpx.Client, world: RunningServer, control: ControlPlane
) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    armed = control.faults.arm(
        "agent-not-ready", subject="vm-1", count=1, after=timedelta(0), until=timedelta(days=1)
    )
    job_id = back_up(arm)
    advance(arm, until="idle")
    with RecoveryServicesBackupClient(AnyToken(), SUBSCRIPTION, **options(world)) as client:
        job: Any = client.job_details.get(*WHERE, job_id).properties
    assert job.status == "Failed"
    (error,) = job.error_details
    assert error.error_title == "UserErrorGuestAgentStatusUnavailable"
    assert any("VM agent" in each for each in error.recommendations)
    assert [task.status for task in job.extended_info.tasks_list] == ["Failed", "NotStarted"]
    (shown,) = control.faults.list()
    assert shown == armed | {"left": 0, "struck": 1}
    assert control.faults.disarm(armed["id"]) == [shown]
    with pytest.raises(ControlError, match="did you mean 'agent-not-ready'"):
        control.faults.arm("agent-not-redy", until=datetime(2030, 1, 1, tzinfo=UTC))
    assert control.faults.disarm_all() == []


def test_the_sdk_sits_out_what_passes_and_tells_of_what_does_not(
    arm: httpx.Client, world: RunningServer, control: ControlPlane
) -> None:
    put_group(arm)
    put_vault(arm)
    with RecoveryServicesClient(
        AnyToken(), SUBSCRIPTION, **options(world), retry_backoff_factor=0.01
    ) as client:

        def get() -> Any:
            return client.vaults.get("group-1", "vault-1").name

        for fault in ("throttled", "service-unavailable", "gateway-timeout", "connection-dropped"):
            waits = "PT1S" if fault in ("throttled", "service-unavailable") else None
            control.faults.arm(fault, subject="Vaults_Get", count=1, duration=waits)
            assert get() == "vault-1"
            assert control.faults.disarm(fault)[0]["struck"] == 1
        control.faults.arm("server-error", subject="Vaults_Get")
        with pytest.raises(HttpResponseError) as refused:
            get()
        assert "InternalServerError" in str(refused.value)
        assert control.faults.disarm_all()[0]["struck"] > 1
        control.faults.arm("connection-dropped", subject="Vaults_Get")
        with pytest.raises((ServiceRequestError, ServiceResponseError)):
            get()


def test_faults_are_armed_and_listed_from_the_command_line(world: RunningServer) -> None:
    def run(*words: str) -> str:
        done = CliRunner().invoke(rsvault, ["fault", *words, "--url", world.http_url])
        assert done.exit_code == 0, done.output
        return done.output

    assert "transfer-fails " in run("catalogue")
    run("arm", "transfer-fails", "--subject", "web-*", "--count", "2", "--probability", "0.5")
    assert "struck 0, 2 left  p 0.5" in run("list")
    assert "web-*" in run("disarm", "transfer-fails")
    assert run("list") == ""
    wrong = CliRunner().invoke(rsvault, ["fault", "arm", "transfer", "--url", world.http_url])
    assert wrong.exit_code == 1
    assert "did you mean 'transfer-fails'?" in wrong.output
    both = CliRunner().invoke(rsvault, ["fault", "disarm", "--url", world.http_url])
    assert "give a FAULT or its ID, or --all" in both.output


def _build_the_pages_world(arm: httpx.Client) -> None:
    group = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/web"
    vault = f"{group}/providers/Microsoft.RecoveryServices/vaults/safe"
    vm = f"{group}/providers/Microsoft.Compute/virtualMachines/web-1"
    short = "iaasvmcontainerv2;web;web-1"
    container = f"{vault}/backupFabrics/Azure/protectionContainers/IaasVMContainer;{short}"
    policy = f"{vault}/backupPolicies/evening"
    for path in (group, vault):
        done(arm.put(path, json={"location": "westeurope"}))
    done(arm.put(vm, json=vm_body()))
    done(arm.put(policy, json=policy_body()))
    body = item_body(policyId=policy, sourceResourceId=vm)
    done(arm.put(f"{container}/protectedItems/VM;{short}", json=body))


def test_the_program_is_the_pages_and_prints_what_the_page_says(
    arm: httpx.Client, world: RunningServer
) -> None:
    _build_the_pages_world(arm)
    where = {
        "RSVAULT_URL": world.http_url,
        "RSVAULT_HTTPS_URL": str(world.https_url),
        "RSVAULT_CA_FILE": str(world.ca_file),
    }
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", AS_INSTALLED, str(PROGRAM)],
        env=os.environ | where,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.stderr == ""
    page = PAGE.read_text()
    assert f"```python\n{PROGRAM.read_text()}```" in page
    found = re.search(r"It prints:\n\n```\n(.*?)^```", page, re.M | re.S)
    assert found is not None
    assert ran.stdout == found[1]
