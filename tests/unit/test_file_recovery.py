"""The scripts of file recovery: what they are named, and that they run wherever they are taken."""

from __future__ import annotations

import subprocess
import sys
from base64 import b64decode
from typing import Any

import pytest

from app.domain.file_recovery import Mount, MountableDisk, client_scripts

REGISTRATION = "0123456789abcdef" * 2
PASSWORD = "p" * 15


def scripts(**changes: Any) -> list[dict[str, Any]]:
    known: dict[str, Any] = {
        "vm": "vm_1",
        "os": "Linux",
        "location": "westeurope",
        "point": "17",
        "taken_at": "2026-01-01T22:00:05Z",
        "disks": [MountableDisk(-1, "os", 30, "f-os"), MountableDisk(3, "data", 8, "f-data")],
        "registration": REGISTRATION,
        "password": PASSWORD,
    }
    return client_scripts(Mount(**known | changes))


def text(script: dict[str, Any]) -> str:
    return b64decode(script["scriptContent"]).decode()


def cut(suffix: str) -> tuple[str, str]:
    """Cut the password out as the az command does."""
    start = suffix.rfind("_") + 33
    return suffix[:start] + suffix[start + 15 :], suffix[start : start + 15]


@pytest.mark.parametrize("vm", ["vm-1", "vm_1", "a.b_c-d", "v" * 64])
@pytest.mark.parametrize(
    ("location", "geo_code"), [("westeurope", "we"), ("eastus", "eus"), ("atlantis", "atlantis")]
)
def test_az_finds_the_password_of_every_vm(vm: str, location: str, geo_code: str) -> None:
    (script,) = scripts(vm=vm, location=location)
    assert cut(script["scriptNameSuffix"]) == (f"{vm}_{geo_code}_{REGISTRATION}", PASSWORD)


def test_a_script_still_runs_when_a_client_has_replaced_its_password() -> None:
    (script,) = scripts()
    written = text(script).replace(
        f'TargetPassword="{PASSWORD}"', 'TargetPassword="UserInput012345"'
    )
    assert PASSWORD not in written
    ran = subprocess.run(
        [sys.executable, "-c", written], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[2:] == [
        "On Azure it would mount recovery point 17 of the virtual machine vm_1, "
        "taken at 2026-01-01T22:00:05Z:",
        "  os (the OS disk, 30 GB), contentFingerprint f-os",
        "  data (LUN 3, 8 GB), contentFingerprint f-data",
    ]


def test_names_cannot_break_out_of_a_script() -> None:
    nasty = "it's\nprint('x')"
    disks = [MountableDisk(0, nasty, 1, "f")]
    (python,) = scripts(disks=disks)
    ran = subprocess.run(
        [sys.executable, "-c", text(python)], capture_output=True, text=True, check=True
    )
    assert nasty in ran.stdout
    powershell = text(scripts(os="Windows", disks=disks)[0])
    assert "it''s" in powershell


def test_windows_has_two_scripts_of_one_content() -> None:
    first, second = scripts(os="Windows")
    assert {first["osType"], second["osType"]} == {"Windows"}
    assert second["url"].endswith(first["scriptContent"])
    assert first["scriptNameSuffix"] == second["scriptNameSuffix"]
    assert all(line.startswith("Write-Output '") for line in text(first).splitlines())
