"""az backup vault identity and encryption: every way to give, to take away, and a key."""

from __future__ import annotations

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import put_group, put_vault

pytestmark = pytest.mark.az

VAULT = "-g group-1 -n vault-1"


@pytest.fixture
def identities(az: Az, arm: httpx.Client) -> list[str]:
    """Two identities beside a vault."""
    put_group(arm)
    put_vault(arm)
    return [az(f"identity create -g group-1 -n identity-{each}")["id"] for each in (1, 2)]


def held(identity: dict[str, object]) -> tuple[object, list[str]]:
    assigned = identity["userAssignedIdentities"] or {}
    assert isinstance(assigned, dict)
    return identity["type"], sorted(one.rpartition("/")[2] for one in assigned)


def test_identities_are_given_and_taken_away_in_every_order(az: Az, identities: list[str]) -> None:
    assign, remove = (f"backup vault identity {verb} {VAULT}" for verb in ("assign", "remove"))
    both = "SystemAssigned, UserAssigned"
    first, second = identities
    given = az(f"{assign} --system-assigned")["identity"]
    assert held(given) == ("SystemAssigned", [])
    assert given["principalId"]
    assert given["tenantId"]
    assert held(az(f"{assign} --user-assigned", first)["identity"]) == (both, ["identity-1"])
    left = az(f"{remove} --system-assigned")["identity"]
    assert held(left) == ("UserAssigned", ["identity-1"])
    assert held(az(f"{assign} --user-assigned", second)["identity"]) == (
        "UserAssigned",
        ["identity-1", "identity-2"],
    )
    assert held(az(f"{assign} --system-assigned")["identity"])[0] == both
    assert held(az(f"{remove} --user-assigned", first)["identity"]) == (both, ["identity-2"])
    shown = az(f"backup vault identity show {VAULT}")
    assert held(shown) == (both, ["identity-2"])
    (keys,) = shown["userAssignedIdentities"].values()
    assert keys["clientId"]
    assert keys["principalId"]
    none = az(f"{remove} --system-assigned --user-assigned")["identity"]
    assert none["type"] == "None"
    assert not none["userAssignedIdentities"]
    said = az.refused(f"{remove} --user-assigned", first)
    assert "no user assigned identities" in said


def test_a_key_of_ones_own_is_opened_by_either_identity(az: Az, identities: list[str]) -> None:
    update = f"backup vault encryption update {VAULT} --encryption-key-id"
    keys = [f"https://keys-1.vault.azure.net/keys/key-{each}" for each in (1, 2)]
    show = f"backup vault encryption show {VAULT}"
    born = az(show)["properties"]
    assert born["encryptionAtRestType"] == "MicrosoftManaged"
    assert born["infrastructureEncryptionState"] == "Disabled"
    said = az.refused(update, keys[0], "--mi-system-assigned")
    assert "enable identities" in said
    az(f"backup vault identity assign {VAULT} --system-assigned --user-assigned", identities[0])
    said = az.refused(update, keys[0])
    assert "Please provide user assigned identity id" in said
    az(
        update,
        keys[0],
        "--mi-user-assigned",
        identities[0],
        "--infrastructure-encryption",
        "Enabled",
    )
    by_user = az(show)["properties"]
    assert by_user["encryptionAtRestType"] == "CustomerManaged"
    assert by_user["infrastructureEncryptionState"] == "Enabled"
    assert by_user["keyUri"] == keys[0]
    assert by_user["userAssignedIdentity"] == identities[0]
    assert by_user["useSystemAssignedIdentity"] is False
    assert by_user["lastUpdateStatus"] == "Succeeded"
    az(update, keys[1], "--mi-system-assigned")
    by_system = az(show)["properties"]
    assert by_system["keyUri"] == keys[1]
    assert by_system["useSystemAssignedIdentity"] is True
    assert by_system["userAssignedIdentity"] is None
    assert by_system["infrastructureEncryptionState"] == "Enabled"
    said = az.refused(update, keys[1], "--mi-user-assigned", identities[1])
    assert "not available" in said
