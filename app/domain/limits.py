"""Azure Backup's limits: how many of a thing there may be, how often in a day it may be done.

The values are Microsoft's (docs/decisions/0045). A world may go by others: what it keeps are those
that differ, by name, ``None`` where a limit is off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import Refused, conflict, invalid
from .instants import wire
from .policies import VM

Changes = Mapping[str, int | None]
"""The limits of a world that are not Azure's."""

HIGHEST = 10**9


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by its name, with Azure's value and what it counts, in the plural."""

    name: str
    value: int
    counts: str


VAULTS = Limit("vaults-per-region", 500, "vaults in this region of the subscription")
VMS = Limit("vms-per-vault", 1000, "virtual machines protected in this vault")
DATASOURCES = Limit("datasources-per-vault", 2000, "datasources protected in this vault")
POLICIES = Limit("policies-per-vault", 200, "policies in this vault")
VMS_OF_POLICY = Limit("vms-per-policy", 1000, "virtual machines under this policy")
POLICY_CHANGES = Limit("policy-changes-per-day", 50, "policies created or edited in this vault")
CONFIGURATIONS = Limit(
    "configurations-per-day", 1000, "protections configured or modified in this vault"
)
BACKUPS = Limit("backups-per-day", 9, "on-demand backups of this item")
RESTORES = Limit("restores-per-day", 10, "restores of this virtual machine")
DATA_DISKS = Limit("data-disks-per-vm", 32, "data disks of a virtual machine in its backup")
DISK_SIZE = Limit("terabytes-per-disk", 32, "terabytes of a disk in a backup")
VM_SIZE = Limit("terabytes-per-vm", 256, "terabytes of a virtual machine in its backup")

OF_WORKLOAD: Mapping[str, tuple[Limit, ...]] = {VM: (VMS,)}
"""The limits of a vault that only one kind of datasource has, by its name in the table."""
UNDER_A_POLICY: Mapping[str, tuple[Limit, ...]] = {VM: (VMS_OF_POLICY,)}
"""Those of a policy."""
_GIGABYTES = 1024
"""In a terabyte, as Azure counts the sizes of disks."""

LIMITS = {
    limit.name: limit
    for limit in (
        VAULTS,
        VMS,
        DATASOURCES,
        POLICIES,
        VMS_OF_POLICY,
        POLICY_CHANGES,
        CONFIGURATIONS,
        BACKUPS,
        RESTORES,
        DATA_DISKS,
        DISK_SIZE,
        VM_SIZE,
    )
}


def changes(asked: Changes, *, on: bool) -> dict[str, int | None]:
    """Return what a world keeps: the limits asked for, among Azure's or (not ``on``) none."""
    wanted = {name: limit.value if on else None for name, limit in LIMITS.items()}
    wanted.update(asked)
    return {name: most for name, most in wanted.items() if most != LIMITS[name].value}


def allowed(kept: Changes, limit: Limit) -> int | None:
    """Return how many a world allows; ``None`` is any number."""
    return kept.get(limit.name, limit.value)


def fits(kept: Changes, data_disks: int, sizes: Sequence[int]) -> bool:
    """Tell whether a backup takes so many data disks, and the sizes (GB) of all its disks."""
    used = (
        (DATA_DISKS, 1, data_disks),
        (DISK_SIZE, _GIGABYTES, max(sizes, default=0)),
        (VM_SIZE, _GIGABYTES, sum(sizes)),
    )
    bounds = ((allowed(kept, limit), unit, amount) for limit, unit, amount in used)
    return all(most is None or amount <= most * unit for most, unit, amount in bounds)


def shown(most: int | None) -> str:
    """Write a limit as it is given to an option."""
    return "off" if most is None else str(most)


def full(limit: Limit, most: int) -> Refused:
    """There is no room for one more until one is gone (``QuotaExceeded``)."""
    return conflict(
        "QuotaExceeded",
        f"There are {most} {limit.counts}, which is as many as are allowed; one more is possible "
        f"when one of them is gone. ({_option(limit)})",
    )


def blocked(limit: Limit, most: int, frees_at: int) -> Refused:
    """It was done too often in the last 24 hours, and is possible again from an instant on."""
    return invalid(
        "CloudDosAbsoluteLimitReached",
        "Operation is blocked as you have reached the limit on number of operations permitted in "
        f"24 hours: {most} {limit.counts}. The next one is possible from {wire(frees_at)} on. "
        f"({_option(limit)})",
    )


def _option(limit: Limit) -> str:
    return f"rsvault's limit {limit.name}; 'rsvault serve --limit {limit.name}=N' sets it"
