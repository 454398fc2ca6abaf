"""az vm create --assign-identity and az vm identity: every way to give and to take away."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.az.runner import Az
from tests.wire.builders import GROUP_ID, put_group

pytestmark = pytest.mark.az

BOTH = "SystemAssigned, UserAssigned"
CREATE = (
    "vm create -g group-1 --image Ubuntu2204 --size Standard_D2s_v5 --admin-username azureuser "
    "--admin-password Pa55word-of-tests --public-ip-address '' --nsg '' -n"
)


@pytest.fixture
def identities(az: Az, arm: httpx.Client) -> list[dict[str, Any]]:
    """Two identities in a group."""
    put_group(arm)
    return [az(f"identity create -g group-1 -n identity-{each}") for each in (1, 2)]


def names(assigned: dict[str, Any] | None) -> list[str]:
    return sorted(one.rpartition("/")[2] for one in assigned or {})


def held(identity: dict[str, Any]) -> tuple[str, list[str]]:
    return identity["type"], names(identity.get("userAssignedIdentities"))


def test_a_vm_is_made_with_identities_and_a_role(az: Az, identities: list[dict[str, Any]]) -> None:
    first = identities[0]
    made = az(
        f"{CREATE} vm-1 --role Reader --scope {GROUP_ID} --assign-identity [system]", first["id"]
    )["identity"]
    assert made["role"] == "Reader"
    assert made["scope"] == GROUP_ID
    (keys,) = made["userAssignedIdentities"].values()
    assert (keys["clientId"], keys["principalId"]) == (first["clientId"], first["principalId"])
    shown = az("vm identity show -g group-1 -n vm-1")
    assert held(shown) == (BOTH, ["identity-1"])
    assert shown["principalId"] == made["systemAssignedIdentity"]
    roles = az(f"role assignment list --scope {GROUP_ID} --fill-principal-name false")
    given = {each["principalId"]: each["roleDefinitionName"] for each in roles}
    assert given[made["systemAssignedIdentity"]] == "Reader"
    own = az(f"{CREATE} vm-2 --assign-identity", first["id"])["identity"]
    assert own["systemAssignedIdentity"] == ""
    assert names(own["userAssignedIdentities"]) == ["identity-1"]


def test_identities_are_given_and_taken_away_in_every_order(
    az: Az, identities: list[dict[str, Any]]
) -> None:
    first, second = (each["id"] for each in identities)
    az(f"{CREATE} vm-1")
    assign, remove, show = (
        f"vm identity {verb} -g group-1 -n vm-1" for verb in ("assign", "remove", "show")
    )
    assert az(show) is None
    given = az(f"{assign} --role Contributor --scope", GROUP_ID)
    assert given["systemAssignedIdentity"]
    assert given["userAssignedIdentities"] == {}
    assert names(az(f"{assign} --identities", first)["userAssignedIdentities"]) == ["identity-1"]
    az(f"{assign} --identities", first, second)
    both = az(show)
    assert held(both) == (BOTH, ["identity-1", "identity-2"])
    assert both["principalId"] == given["systemAssignedIdentity"]
    assert held(az(f"{remove} --identities", first)) == (BOTH, ["identity-2"])
    assert held(az(remove)) == ("UserAssigned", ["identity-2"])
    az(f"{assign} --identities [system]")
    again = az(show)
    assert held(again) == (BOTH, ["identity-2"])
    assert again["principalId"] != both["principalId"]
    assert held(az(f"{remove} --identities", second)) == ("SystemAssigned", [])
    az(remove)
    assert az(show) is None
    az(f"{assign} --identities", second)
    assert az(f"{remove} --identities", second) is None
    said = az.refused(f"{assign} --identities", first.replace("identity-1", "nobody"))
    assert "FailedIdentityOperation" in said


def test_a_disk_encryption_set_is_given_identities_as_well(
    az: Az, identities: list[dict[str, Any]]
) -> None:
    first, second = (each["id"] for each in identities)
    az(
        "disk-encryption-set create -g group-1 -n set-1 --enable-auto-key-rotation true --key-url",
        "https://vault-1.vault.azure.net/keys/key-1/0123456789abcdef",
    )
    assign, remove = (
        f"disk-encryption-set identity {verb} -g group-1 -n set-1" for verb in ("assign", "remove")
    )
    assert held(az(f"{assign} --user-assigned", first)) == (BOTH, ["identity-1"])
    assert held(az(f"{assign} --user-assigned", second)) == (BOTH, ["identity-1", "identity-2"])
    both = ["identity-1", "identity-2"]
    assert held(az(f"{remove} --yes --system-assigned")) == ("UserAssigned", both)
    assert held(az(f"{remove} --yes --user-assigned")) == ("None", [])
