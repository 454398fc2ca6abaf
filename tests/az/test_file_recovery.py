"""az backup restore files: mount a recovery point, renew it, unmount it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import (
    advance,
    back_up,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
)

pytestmark = pytest.mark.az

OF_VMS = "--backup-management-type AzureIaasVM --workload-type VM"
ITEM = "-g group-1 -v vault-1 -c vm-1 -i vm-1"


def point(az: Az, arm: httpx.Client, os: str) -> str:
    """Return the recovery point of a VM with an operating system."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm, os=os)
    protect(arm)
    back_up(arm)
    advance(arm, until="idle")
    (found,) = az(f"backup recoverypoint list {ITEM} {OF_VMS} --query [].name")
    return str(found)


def is_open(az: Az, point: str) -> bool:
    shown = az(f"backup recoverypoint show {ITEM} {OF_VMS} -n {point}")
    return bool(shown["properties"]["isInstantIlrSessionActive"])


def mounted(az: Az, point: str) -> tuple[Path, str]:
    """Mount a point; return the script that az has written, and the password that it tells."""
    before = set(az.folder.iterdir())
    said = az.said(f"backup restore files mount-rp {ITEM} -r {point}")
    (script,) = (
        file for file in set(az.folder.iterdir()) - before if file.suffix not in (".out", ".err")
    )
    assert f"File downloaded: {script.name}." in said
    return script, said.rpartition("Use password ")[2].strip()


def test_a_linux_machines_point_is_mounted_by_a_script_and_unmounted(
    az: Az, arm: httpx.Client
) -> None:
    newest = point(az, arm, "Linux")
    assert not is_open(az, newest)
    script, password = mounted(az, newest)
    assert len(password) == 15
    assert password not in script.name
    assert is_open(az, newest)
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert newest in ran.stdout
    script.unlink()
    az(f"backup restore files unmount-rp {ITEM} -r {newest}")
    assert not is_open(az, newest)
    az(f"backup restore files unmount-rp {ITEM} -r {newest}")


def test_a_windows_machines_program_is_downloaded(az: Az, arm: httpx.Client) -> None:
    script, password = mounted(az, point(az, arm, "Windows"))
    assert script.stat().st_size
    assert len(password) == 15
    script.unlink()
    said = az.refused(f"backup restore files mount-rp {ITEM} -r 1")
    assert "BMSUserErrorRecoveryPointNotFound" in said
