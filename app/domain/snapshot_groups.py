"""The resource groups that Azure Backup makes for snapshots, and how it names what is in them.

Sources: azure-backup-semantics 1.5, Microsoft's "Enable backup when you create an Azure VM" and
ids that users show (docs/decisions/0046).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .documents import Document
from .errors import invalid_policy_input
from .instants import SECOND, parse, to_datetime

PREFIX = "azureBackupRGNamePrefix"
SUFFIX = "azureBackupRGNameSuffix"
MOST_COLLECTIONS = 600
"""A group that holds so many collections is full."""
LONGEST = 74
"""Characters of prefix and suffix together: a group's name has 90, and the number needs some."""

_PART = re.compile(r"[-\w.()]*")
_POINT = re.compile(r"AzureBackup_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Names of groups that differ by a number, which counts from 1."""

    prefix: str
    suffix: str

    def name(self, number: int) -> str:
        """Return the name of one of the groups."""
        return f"{self.prefix}{number}{self.suffix}"

    def matches(self, name: str) -> bool:
        """Tell whether a group is one of these; names ignore case."""
        numbered = f"{re.escape(self.prefix)}[1-9][0-9]*{re.escape(self.suffix)}"
        return re.fullmatch(numbered, name, re.IGNORECASE) is not None


def pattern(policy: Mapping[str, Any] | None, region: str) -> Pattern:
    """Return how the groups of a stored policy document are named, for VMs in a region.

    An item that is under no policy any more has Azure Backup's own names.
    """
    details = policy.get("instantRPDetails") if policy else None
    if not details:
        return Pattern(f"AzureBackupRG_{region}_", "")
    return Pattern(details[PREFIX], details.get(SUFFIX, ""))


def checked(sent: Mapping[str, Any]) -> Document:
    """Return the ``instantRPDetails`` to store of a policy body. Raises ``Refused``."""
    details = sent.get("instantRPDetails") or {}
    found = {name: details[name] for name in (PREFIX, SUFFIX) if details.get(name)}
    for name, value in found.items():
        if _PART.fullmatch(value) is None:
            raise _refusal(
                name, f"'{value}' may only hold letters, digits, '-', '_', '.', '(' and ')'"
            )
    if found and PREFIX not in found:
        raise _refusal(PREFIX, f"is required, as {SUFFIX} '{found[SUFFIX]}' is given")
    if found.get(SUFFIX, "").endswith("."):
        raise _refusal(SUFFIX, f"'{found[SUFFIX]}' may not end with '.'")
    length = sum(map(len, found.values()))
    if length > LONGEST:
        raise _refusal(
            PREFIX,
            f"'{found[PREFIX]}' and {SUFFIX} '{found.get(SUFFIX, '')}' have {length} characters "
            f"together; allowed: 1 to {LONGEST}",
        )
    return found


def _refusal(name: str, fault: str) -> Exception:
    return invalid_policy_input(f"properties.instantRPDetails.{name}", fault)


def collection_name(vm: str, number: int) -> str:
    """Return the name of a VM's restore point collection."""
    return f"AzureBackup_{vm}_{number}"


def restore_point_name(taken_at: int) -> str:
    """Return the name of the restore point that was taken at an instant."""
    return f"AzureBackup_{to_datetime(taken_at):%Y%m%d_%H%M%S}"


def restore_point_second(name: str) -> int | None:
    """Return when the second began in which a restore point was taken; ``None`` if unreadable.

    A VM has at most one restore point of a second.
    """
    match = _POINT.fullmatch(name)
    if match is None:
        return None
    year, month, day, hour, minute, second = match.groups()
    try:
        return parse(f"{year}-{month}-{day}T{hour}:{minute}:{second}Z") // SECOND * SECOND
    except ValueError:
        return None
