"""Sizes of virtual machines that are well known, and what each has.

Any size that is spelled like one is accepted for a VM; these are the ones that lists show.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VmSize:
    """A size: its processors, memory and most data disks; ``family`` is its quota's."""

    name: str
    family: str
    cores: int
    memory_mb: int
    data_disks: int
    scratch_mb: int
    premium: bool


def _row(
    name: str, family: str, cores: int, gigabytes: float, data_disks: int, scratch_gb: int = 0
) -> VmSize:
    short = name.removeprefix("Standard_").lower()
    premium = short[0] in "bdef" and "s" in short
    memory, scratch = int(gigabytes * 1024), scratch_gb * 1024
    return VmSize(name, f"standard{family}Family", cores, memory, data_disks, scratch, premium)


VM_SIZES = (
    _row("Standard_A1_v2", "Av2", 1, 2, 2, 10),
    _row("Standard_A2_v2", "Av2", 2, 4, 4, 20),
    _row("Standard_B1s", "BS", 1, 1, 2, 4),
    _row("Standard_B1ms", "BS", 1, 2, 2, 4),
    _row("Standard_B2s", "BS", 2, 4, 4, 8),
    _row("Standard_B2ms", "BS", 2, 8, 4, 16),
    _row("Standard_B2ts_v2", "Bsv2", 2, 1, 4),
    _row("Standard_DS1_v2", "DSv2", 1, 3.5, 4, 7),
    _row("Standard_DS2_v2", "DSv2", 2, 7, 8, 14),
    _row("Standard_D2_v3", "Dv3", 2, 8, 4, 50),
    _row("Standard_D2s_v3", "DSv3", 2, 8, 4, 16),
    _row("Standard_D4s_v3", "DSv3", 4, 16, 8, 32),
    _row("Standard_D2s_v4", "DSv4", 2, 8, 4),
    _row("Standard_D2s_v5", "DSv5", 2, 8, 4),
    _row("Standard_D4s_v5", "DSv5", 4, 16, 8),
    _row("Standard_D8s_v5", "DSv5", 8, 32, 16),
    _row("Standard_E2s_v5", "ESv5", 2, 16, 4),
    _row("Standard_E4s_v5", "ESv5", 4, 32, 8),
    _row("Standard_F2", "F", 2, 4, 8, 32),
    _row("Standard_F2s_v2", "FSv2", 2, 4, 4, 16),
    _row("Standard_F4s_v2", "FSv2", 4, 8, 8, 32),
)
