"""Images of virtual machines that are well known: what ``az vm create`` and others look up.

Any image may be named for a VM; these are the ones that lists show.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VmImage:
    """A sku of an offer with its one version."""

    publisher: str
    offer: str
    sku: str
    version: str
    os: str
    generation: str


def _linux(publisher: str, offer: str, *skus: str, version: str = "1.0.202601010") -> list[VmImage]:
    return [VmImage(publisher, offer, sku, version, "Linux", _generation(sku)) for sku in skus]


def _windows(*skus: str) -> list[VmImage]:
    publisher, offer = "MicrosoftWindowsServer", "WindowsServer"
    return [
        VmImage(publisher, offer, sku, f"{sku[:4]}.1.260101", "Windows", _generation(sku))
        for sku in skus
    ]


def _generation(sku: str) -> str:
    marks = ("gen2", "gensecond", "g2", "azure-edition")
    return "V2" if sku == "server" or any(mark in sku for mark in marks) else "V1"


VM_IMAGES = (
    *_linux("Canonical", "0001-com-ubuntu-server-focal", "20_04-lts", "20_04-lts-gen2"),
    *_linux("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "22_04-lts-gen2"),
    *_linux("Canonical", "ubuntu-24_04-lts", "server", "server-gen1"),
    *_linux("Canonical", "UbuntuServer", "16.04-LTS", "18.04-LTS", "18_04-lts-gen2"),
    *_linux("Debian", "debian-11", "11-backports-gen2", "11", "11-gen2"),
    *_linux("Debian", "debian-12", "12", "12-gen2"),
    *_linux("OpenLogic", "CentOS", "7.5", "8_5-gen2"),
    *_linux("RedHat", "RHEL", "8-lvm-gen2", "9-lvm-gen2", "9_4"),
    *_linux("SUSE", "opensuse-leap-15-4", "gen2"),
    *_linux("SUSE", "sles-15-sp5", "gen2"),
    *_linux("kinvolk", "flatcar-container-linux-free", "stable-gen2"),
    *_windows("2012-R2-Datacenter", "2016-Datacenter", "2016-datacenter-gensecond"),
    *_windows("2019-Datacenter", "2019-datacenter-gensecond"),
    *_windows("2022-Datacenter", "2022-datacenter-g2", "2022-datacenter-azure-edition"),
    *_windows("2022-datacenter-azure-edition-core", "2025-datacenter-g2"),
)
