"""What the settings of a vault may become: redundancy, immutability, and the key of its data.

Two resource providers change them, each in its own words; the rules are here, once. Settings are
the vault's ``properties`` as the wire shows them (azure-cli-wire 4.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import invalid, invalid_input
from .regions import SECONDARY_REGION

Settings = Mapping[str, Any]

REDUNDANCY = "standardTierStorageRedundancy"
CROSS_REGION = "crossRegionRestore"
_KEY_URI = re.compile(r"https://[^/\s]+/keys/[0-9A-Za-z-]{1,127}(/[0-9A-Za-z]{1,64})?/?")
_NO_STATE = "Disabled"


def has_protected(settings: Settings) -> bool:
    """Tell whether the vault ever protected anything: its storage was laid out then, for good."""
    return settings.get("backupStorageVersion") == "V2"


def with_multi_user_authorization(settings: Settings, state: str) -> dict[str, Any]:
    """Return settings that say whether the vault is mapped to a resource guard."""
    security = {**settings["securitySettings"], "multiUserAuthorization": state}
    return {**settings, "securitySettings": security}


def check_redundancy(before: Settings, after: Settings, location: str) -> None:
    """Refuse a redundancy that the service refuses (azure-backup-semantics 3.6 and 5.3).

    It is fixed once something was protected, and Cross Region Restore then stays on. That needs
    GeoRedundant storage, a paired region, the platform's key and public access. Raises ``Refused``.
    """
    field = "properties.redundancySettings"
    was, now = before["redundancySettings"], after["redundancySettings"]
    if now[REDUNDANCY] != was[REDUNDANCY] and has_protected(before):
        raise invalid(
            "BMSUserErrorStorageTypeLocked",
            f"{field}.{REDUNDANCY}: '{was[REDUNDANCY]}' cannot be changed once the vault has "
            "had protected items.",
            target=f"{field}.{REDUNDANCY}",
        )
    if not is_cross_region(after):
        if is_cross_region(before) and has_protected(before):
            raise invalid_input(
                f"{field}.{CROSS_REGION}",
                "once Enabled it cannot be Disabled in a vault that has had protected items",
            )
        return
    wrong = _obstacle_to_cross_region(after, location)
    kept = is_cross_region(before) and wrong == _obstacle_to_cross_region(before, location)
    if wrong is not None and not kept:
        raise invalid_input(f"{field}.{CROSS_REGION}", wrong)


def is_cross_region(settings: Settings) -> bool:
    """Tell whether a vault has opted in to Cross Region Restore."""
    return bool(settings["redundancySettings"][CROSS_REGION] == "Enabled")


def _obstacle_to_cross_region(settings: Settings, location: str) -> str | None:
    """Return what keeps a vault from Cross Region Restore, however it came to be so."""
    kind = settings["redundancySettings"][REDUNDANCY]
    if kind != "GeoRedundant":
        return f"needs {REDUNDANCY} GeoRedundant; it is '{kind}'"
    if location not in SECONDARY_REGION:
        return f"'{location}' has no paired region"
    if "encryption" in settings:
        return "is not possible in a vault that is encrypted with a customer-managed key"
    if settings.get("publicNetworkAccess") == "Disabled":
        return "is not possible in a vault whose publicNetworkAccess is Disabled"
    if settings.get("privateEndpointStateForBackup", "None") != "None":
        return "is not possible in a vault with private endpoints"
    return None


def soft_delete_days(settings: Settings) -> int:
    """Return for how many days a vault keeps what is deleted; 0 if it does not."""
    soft = settings["securitySettings"]["softDeleteSettings"]
    if soft["softDeleteState"] == _NO_STATE:
        return 0
    days: int = soft["softDeleteRetentionPeriodInDays"]
    return days


def tells_of_jobs(settings: Settings) -> bool:
    """Tell whether failed jobs raise alerts: they do unless a vault was told otherwise."""
    alerts = settings.get("monitoringSettings", {}).get("azureMonitorAlertSettings", {})
    return bool(alerts.get("alertsForAllJobFailures") != _NO_STATE)


def check_immutability(before: Settings, after: Settings) -> None:
    """Refuse a step other than Disabled <-> Unlocked -> Locked. Raises ``Refused``.

    A new vault counts as Disabled, so none is born Locked (azure-cli issue 27785).
    """
    was, now = immutability(before), immutability(after)
    old, new = was.get("state", _NO_STATE), now.get("state", _NO_STATE)
    field = "properties.securitySettings.immutabilitySettings"
    if old != new and (old == "Locked" or (old, new) == (_NO_STATE, "Locked")):
        raise invalid(
            "UserErrorUnsupportedVaultImmutabilityStateChange",
            f"{field}.state: '{old}' cannot become '{new}'; it may go from Disabled to Unlocked "
            "and back, and from Unlocked to Locked, which is final.",
            target=f"{field}.state",
        )
    days, kept = immutable_days(now), immutable_days(was)
    if now.get("configuration", {}).get("type") == "TimeBased" and days is None:
        raise invalid_input(
            f"{field}.configuration.durationInDays", "is required where type is TimeBased"
        )
    if old == "Locked" and (days or 0) < (kept or 0):
        raise invalid_input(
            f"{field}.configuration.durationInDays",
            f"of a vault whose immutability is Locked may grow, not fall below {kept}",
        )


def immutability(settings: Settings) -> dict[str, Any]:
    """Return what a vault was told of its immutability; nothing is Disabled."""
    found: dict[str, Any] = settings["securitySettings"].get("immutabilitySettings", {})
    return found


def is_immutable(settings: Settings) -> bool:
    """Tell whether a vault's data is immutable, be it locked or not."""
    return bool(immutability(settings).get("state", _NO_STATE) != _NO_STATE)


def immutable_days(told: Mapping[str, Any]) -> int | None:
    """Return for how many days data is immutable, if not for as long as its policy says."""
    configuration = told.get("configuration", {})
    timed = configuration.get("type") == "TimeBased"
    return configuration.get("durationInDays") if timed else None


# --- the key of a vault's data -----------------------------------------------------------


def encryption(before: Settings, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return a vault's encryption after a change, as the wire shows it. Raises ``Refused``.

    ``sent`` may leave out what stays; the identity that opens the key is replaced as a whole.
    """
    old = before.get("encryption", {})
    key = sent.get("keyVaultProperties", old.get("keyVaultProperties", {})).get("keyUri")
    if key is None or _KEY_URI.fullmatch(key) is None:
        raise invalid(
            "InvalidRestApiParameter",
            f"properties.encryption.keyVaultProperties.keyUri: '{key}' is not a key's URI; "
            "keyVaultUri parameter is invalid. Please provide a valid keyVaultUri, "
            "such as https://vault-1.vault.azure.net/keys/key-1.",
            target="properties.encryption.keyVaultProperties.keyUri",
        )
    kek = sent.get("kekIdentity", old.get("kekIdentity", {}))
    user = kek.get("userAssignedIdentity") or None
    system = kek.get("useSystemAssignedIdentity", user is None and bool(kek))
    if system == (user is not None):
        raise _wrong_identity("name either useSystemAssignedIdentity true or userAssignedIdentity")
    return {
        "keyVaultProperties": {"keyUri": key},
        # The one null of a vault's document, as recorded.
        "kekIdentity": {"useSystemAssignedIdentity": system, "userAssignedIdentity": user},
        "infrastructureEncryption": sent.get(
            "infrastructureEncryption", old.get("infrastructureEncryption", "Disabled")
        ),
    }


def check_encryption(before: Settings, after: Settings) -> None:
    """Refuse a customer-managed key that comes too late, or a change of what is fixed.

    azure-backup-semantics 6.3: only for vaults that never protected anything; infrastructure
    encryption is chosen once. Raises ``Refused``.
    """
    was, now = before.get("encryption"), after.get("encryption")
    if now is None or was == now:
        return
    if was is None:
        if has_protected(before):
            raise invalid_input(
                "properties.encryption",
                "a customer-managed key can only be given to a vault that never had protected "
                "items; create a new vault",
            )
        return
    name = "infrastructureEncryption"
    if now[name] != was[name]:
        raise invalid_input(f"properties.encryption.{name}", f"'{was[name]}' cannot be changed")


def check_key_identity(after: Settings, identity: Mapping[str, Any] | None) -> None:
    """Refuse an encryption whose identity the vault does not have. Raises ``Refused``."""
    encrypted = after.get("encryption")
    if encrypted is None:
        return
    held = identity or {"type": "None"}
    user = encrypted["kekIdentity"]["userAssignedIdentity"]
    if user is None and "SystemAssigned" not in held["type"]:
        raise _wrong_identity("the vault has no system-assigned identity")
    users = {each.lower() for each in held.get("userAssignedIdentities", {})}
    if user is not None and user.lower() not in users:
        raise _wrong_identity(f"'{user}' is not among the vault's userAssignedIdentities")


def _wrong_identity(why: str) -> Exception:
    return invalid(
        "InvalidRestApiParameter",
        f"properties.encryption.kekIdentity: {why}; cmkIdentity parameter is invalid. "
        "Please provide a valid cmkIdentity.",
        target="properties.encryption.kekIdentity",
    )
