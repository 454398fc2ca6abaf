"""File recovery from a recovery point: the scripts that Azure has a user run, by their names.

On Azure a script mounts the disks of the point; here it says which they are. Its name has the
form of Microsoft's documentation, ``<vm>_<geo code>_<32 hex digits>``, and behind it the password,
which the az command cuts out of it (``password_offset`` and ``password_length`` of its code).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .disk_selection import OS_LUN
from .regions import GEO_CODE

PASSWORD_LENGTH = 15


@dataclass(frozen=True, slots=True)
class MountableDisk:
    """A disk of a recovery point; ``fingerprint`` names its content at that instant."""

    lun: int
    name: str
    gigabytes: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A recovery point that is made ready to be mounted.

    ``registration`` is 32 hex digits and stands in the script's name, ``taken_at`` is wire text.
    """

    vm: str
    os: str
    location: str
    point: str
    taken_at: str
    disks: Sequence[MountableDisk]
    registration: str
    password: str


def client_scripts(mount: Mount) -> list[dict[str, Any]]:
    """Return the scripts for the operating system of a VM (SDK: ``ClientScriptForConnect``).

    For Windows there are two, the second one to be downloaded: the az command takes that. Its
    address holds its content, so that it can be read without a server and a certificate.
    """
    geo_code = GEO_CODE.get(mount.location, mount.location)
    suffix = f"{mount.vm}_{geo_code}_{mount.registration}{mount.password}"
    if mount.os == "Windows":
        content = _encoded(_powershell(mount))
        script = {"osType": "Windows", "scriptExtension": ".ps1", "scriptNameSuffix": suffix}
        return [
            script | {"scriptContent": content},
            script | {"url": f"data:text/plain;charset=utf-8;base64,{content}"},
        ]
    return [
        {
            "osType": "Linux",
            "scriptExtension": ".py",
            "scriptNameSuffix": suffix,
            "scriptContent": _encoded(_python(mount)),
        }
    ]


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _python(mount: Mount) -> str:
    # Clients put another value in place of the password before they write the file.
    head = ["#!/usr/bin/env python3", f'TargetPassword="{mount.password}"']
    return "\n".join([*head, *(f"print({line!r})" for line in _lines(mount)), ""])


def _powershell(mount: Mount) -> str:
    quoted = (line.replace("'", "''") for line in _lines(mount))
    return "\r\n".join([*(f"Write-Output '{line}'" for line in quoted), ""])


def _lines(mount: Mount) -> list[str]:
    """Return what a script says when it is run."""
    return [
        "This script was written by rsvault, a test double of Azure Backup. It mounts nothing:",
        "rsvault keeps no content of disks, only the fingerprint that names it.",
        f"On Azure it would mount recovery point {mount.point} of the virtual machine "
        f"{mount.vm}, taken at {mount.taken_at}:",
        *(_line(disk) for disk in mount.disks),
    ]


def _line(disk: MountableDisk) -> str:
    place = "the OS disk" if disk.lun == OS_LUN else f"LUN {disk.lun}"
    return f"  {disk.name} ({place}, {disk.gigabytes} GB), contentFingerprint {disk.fingerprint}"
