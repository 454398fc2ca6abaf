"""Which disks of a VM are backed up, as ``diskExclusionProperties`` says it.

The OS disk always is: it cannot be left out (Microsoft: selective disk backup and restore).
Disks are known by their LUN; the OS disk, which has none, is -1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

OS_LUN = -1
HIGHEST_LUN = 63


def is_included(lun: int, exclusion: dict[str, Any] | None) -> bool:
    """Tell whether a disk is backed up; ``exclusion`` is ``None`` if nothing was chosen."""
    if exclusion is None or lun == OS_LUN:
        return True
    return (lun in exclusion["diskLunList"]) == bool(exclusion["isInclusionList"])


def included(disks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the disks of a set of disks that are in the backup."""
    return [disk for disk in disks if not disk.get("excluded")]


def excluded(disks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the disks of a set of disks that were left out."""
    return [disk for disk in disks if disk.get("excluded")]


def restored(disks: Iterable[dict[str, Any]], luns: list[int] | None) -> list[dict[str, Any]]:
    """Return the disks that a restore brings back; ``luns`` is ``None`` for all of them.

    The OS disk comes with every restore (recorded: ``[]`` restores it alone, ``[0]`` it and
    the disk at LUN 0).
    """
    found = included(disks)
    return found if luns is None else [d for d in found if d["lun"] in (OS_LUN, *luns)]


def is_any_private(disks: Iterable[dict[str, Any]]) -> bool:
    """Tell whether a disk of a set of disks could only be reached through private links."""
    policies = (disk.get("network", {}).get("networkAccessPolicy") for disk in disks)
    return "AllowPrivate" in policies
