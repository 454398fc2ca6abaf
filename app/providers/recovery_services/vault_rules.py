"""What is allowed of a vault, and the refusals of what is not."""

from __future__ import annotations

import re
from typing import Any

from ...domain import private_links, vault_settings
from ...domain.errors import Refused, invalid, soft_delete_is_always_on
from ...domain.regions import REGIONS
from ...domain.resource_ids import VAULT_TYPE, normal_location

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,49}")


def checked_name(name: str) -> str:
    """Return a vault name that Azure would take. Raises ``Refused``."""
    if _NAME.fullmatch(name) is None:
        raise invalid(
            "InvalidResourceName",
            f"vaultName: '{name}' must have 2 to 50 characters, begin with a letter and hold "
            "only letters, digits and '-'.",
            target="vaultName",
        )
    return name


def checked_location(sent: str) -> str:
    """Return a region's short name. Raises ``Refused`` for what is none."""
    location = normal_location(sent)
    if location not in REGIONS:
        raise invalid(
            "LocationNotAvailableForResourceType",
            f"location: '{sent}' is not an Azure region for '{VAULT_TYPE}'; "
            "GET /subscriptions/{id}/locations lists those that are.",
            target="location",
        )
    return location


def keep_always_on(soft: dict[str, Any]) -> None:
    """Refuse a new vault without soft delete; one that only asks for it gets it for good."""
    if soft["softDeleteState"] == "Disabled":
        raise soft_delete_is_always_on("properties.securitySettings.softDeleteSettings")
    soft["softDeleteState"] = soft["enhancedSecurityState"] = "AlwaysON"


def check_change(properties: dict[str, Any], before: dict[str, Any], location: str) -> None:
    """Refuse changes that the service refuses."""
    vault_settings.check_redundancy(before, properties, location)
    vault_settings.check_immutability(before, properties)
    vault_settings.check_encryption(before, properties)
    private_links.check_public_access(before, properties)
    soft = properties["securitySettings"]["softDeleteSettings"]
    was = before["securitySettings"]["softDeleteSettings"]
    if was["softDeleteState"] == "AlwaysON" and soft["softDeleteState"] != "AlwaysON":
        raise soft_delete_is_always_on("properties.securitySettings.softDeleteSettings")
    restore = "crossSubscriptionRestoreSettings"
    state = properties["restoreSettings"][restore]["crossSubscriptionRestoreState"]
    old = before["restoreSettings"][restore]["crossSubscriptionRestoreState"]
    if old == "PermanentlyDisabled" and state != old:
        raise invalid(
            "BMSUserErrorInvalidInput",
            f"properties.restoreSettings.{restore}: PermanentlyDisabled cannot be undone.",
            target=f"properties.restoreSettings.{restore}",
        )


def check_first_key(properties: dict[str, Any], identity: dict[str, Any] | None) -> None:
    """Refuse a new vault whose key would be opened by an identity that it does not have.

    One that is assigned to it may follow: azurerm creates the vault without it and patches it in.
    """
    encryption = properties.get("encryption")
    if encryption is None or encryption["kekIdentity"]["userAssignedIdentity"] is None:
        vault_settings.check_key_identity(properties, identity)


def keep_enhanced_security(properties: dict[str, Any], before: dict[str, Any]) -> None:
    """Enhanced security that is always on stays so; the vault's configuration does the same."""
    if before["securitySettings"]["softDeleteSettings"]["enhancedSecurityState"] == "AlwaysON":
        properties["securitySettings"]["softDeleteSettings"]["enhancedSecurityState"] = "AlwaysON"


def not_empty(blocking: list[str]) -> Refused:
    """Refuse to delete a vault; ``az backup vault delete --force`` looks for these words."""
    return invalid(
        "ServiceResourceNotEmptyWithContainerDetails",
        "Vault cannot be deleted as there are existing resources within the vault. : "
        f"{', '.join(blocking)}. Stop protection of these items with deletion of their data, "
        "unregister the storage accounts, delete the private endpoints, then delete the vault "
        "again.",
    )


def not_purged(left: list[str]) -> Refused:
    """Refuse to delete a vault with soft-deleted items, in the words from before 2025.

    Source: errors that users have posted (docs/decisions/0063).
    """
    return invalid(
        "ServiceResourceNotEmptyWithBackendMessage",
        "Recovery Services vault cannot be deleted as there are backup items still present in soft "
        "delete state. Visit the following link for the steps to permanently delete soft deleted "
        f"items: https://aka.ms/undeletesoftdeleteditems. Soft-deleted: {', '.join(left)}.",
    )
