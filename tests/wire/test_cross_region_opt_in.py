"""What keeps a vault from Cross Region Restore, by whichever surface it is asked."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import finish, refused
from tests.wire.test_vault_settings import (
    ENCRYPTION,
    KEY,
    STORAGE,
    identity,
    key,
    patch,
    properties_of,
    redundancy,
    storage,
)

ON = storage(crossRegionRestoreFlag=True)
OFF = storage(crossRegionRestoreFlag=False)
REFUSED = (400, "BMSUserErrorInvalidInput")
CLOSED = {"publicNetworkAccess": "Disabled"}
OWN_KEY = {"encryption": key(useSystemAssignedIdentity=True)}


@pytest.mark.parametrize(
    ("settings", "why"),
    [(CLOSED, "publicNetworkAccess is Disabled"), (OWN_KEY, "customer-managed key")],
    ids=["no public access", "a key of its own"],
)
def test_neither_comes_after_the_other(
    vault: httpx.Client, settings: dict[str, Any], why: str
) -> None:
    finish(vault, patch(vault, **identity("SystemAssigned")))
    assert vault.patch(STORAGE, json=ON).status_code == 204
    answer = patch(vault, properties=settings)
    assert refused(answer) == REFUSED
    assert why in answer.json()["error"]["message"]
    assert answer.json()["error"]["target"].endswith("redundancySettings.crossRegionRestore")
    before = properties_of(vault)
    assert before["publicNetworkAccess"] == "Enabled"
    assert "encryption" not in before

    assert vault.patch(STORAGE, json=OFF).status_code == 204
    finish(vault, patch(vault, properties=settings))
    for answer in (vault.patch(STORAGE, json=ON), patch(vault, **redundancy(None, "Enabled"))):
        assert refused(answer) == REFUSED
        assert why in answer.json()["error"]["message"]
    assert properties_of(vault, STORAGE)["crossRegionRestoreFlag"] is False


def test_the_encryption_config_gives_no_key_to_a_vault_that_has_opted_in(
    vault: httpx.Client,
) -> None:
    finish(vault, patch(vault, **identity("SystemAssigned")))
    assert vault.patch(STORAGE, json=ON).status_code == 204
    sent = {
        "encryptionAtRestType": "CustomerManaged",
        "keyUri": KEY,
        "useSystemAssignedIdentity": True,
    }
    assert refused(vault.put(ENCRYPTION, json={"properties": sent})) == REFUSED
    assert properties_of(vault, ENCRYPTION)["encryptionAtRestType"] == "MicrosoftManaged"
