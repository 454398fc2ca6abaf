"""The playbooks of docs/ansible.md, run by the real Ansible."""

from __future__ import annotations

import httpx
import pytest

from tests.ansible.conftest import Ansible

pytestmark = pytest.mark.ansible

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
VAULT = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/web"
    "/providers/Microsoft.RecoveryServices/vaults/safe"
)


def test_a_vm_is_protected_once_and_the_second_run_changes_nothing(ansible: Ansible) -> None:
    with httpx.Client(base_url=ansible.url, params={"api-version": "2025-04-01"}) as arm:
        first = ansible.play("protect.yml")
        assert first.failures == 0, first.told
        assert (first.changed, first.skipped) == (11, 0)
        (item,) = arm.get(f"{VAULT}/backupProtectedItems").json()["value"]
        assert item["properties"]["policyName"] == "daily"
        arm.post("/_emulator/clock/advance", json={"until": "idle"}).raise_for_status()
        assert len(points(arm, item["id"])) == 1

        second = ansible.play("protect.yml")
        assert second.failures == 0, second.told
        assert (second.changed, second.skipped) == (0, 2)
        assert len(points(arm, item["id"])) == 1

        taken_away = ansible.play("unprotect.yml")
        assert taken_away.failures == 0, taken_away.told
        groups = arm.get(f"/subscriptions/{SUBSCRIPTION}/resourceGroups").json()["value"]
        assert "web" not in [group["name"] for group in groups]


def points(arm: httpx.Client, item_id: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = arm.get(f"{item_id}/recoveryPoints").json()["value"]
    return found
