"""Locks on the wire: whom they stop, whom they let pass, and how they are listed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.wire.builders import GROUP_ID, ITEM_ID, ROOT, VAULT_ID, done, listed, put_group, refused

LOCKS = "providers/Microsoft.Authorization/locks"
DISK = f"{GROUP_ID}/providers/Microsoft.Compute/disks/disk-1"
EMPTY: dict[str, Any] = {
    "location": "westeurope",
    "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8},
}
LOCKED = (409, "ScopeLocked")


def lock(arm: httpx.Client, scope: str, level: str = "CanNotDelete") -> str:
    """Put a lock on a scope; return its id."""
    own = f"{scope}/{LOCKS}/keep"
    shown = done(arm.put(own, json={"properties": {"level": level}})).json()
    assert shown["id"] == own
    return own


@pytest.mark.parametrize("scope", [ROOT, GROUP_ID, DISK])
def test_what_is_locked_is_changed_but_not_deleted(arm: httpx.Client, scope: str) -> None:
    put_group(arm)
    done(arm.put(DISK, json=EMPTY))
    own = lock(arm, scope)
    for path in (DISK, GROUP_ID):
        answer = arm.delete(path)
        assert refused(answer) == LOCKED
        assert answer.json()["error"]["message"] == (
            f"The scope '{path}' cannot perform delete operation because following scope(s) are "
            f"locked: '{scope}'. Please remove the lock and try again."
        )
    done(arm.patch(DISK, json={"tags": {"a": "1"}}))
    assert [arm.delete(own).status_code for _ in range(2)] == [200, 204]
    done(arm.delete(DISK))


@pytest.mark.parametrize("scope", [ROOT, GROUP_ID])
def test_what_is_read_only_is_neither_changed_nor_asked_to_act(
    arm: httpx.Client, scope: str
) -> None:
    put_group(arm)
    account = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/staging"
    body = {"location": "westeurope", "sku": {"name": "Standard_LRS"}}
    done(arm.put(account, json=body))
    own = lock(arm, scope, "ReadOnly")
    assert refused(arm.put(DISK, json=EMPTY)) == LOCKED
    assert refused(arm.post(f"{account}/listKeys")) == LOCKED
    assert done(arm.get(account)).json()["name"] == "staging"
    name = {"name": "another1", "type": "Microsoft.Storage/storageAccounts"}
    done(arm.post(f"{ROOT}/providers/Microsoft.Storage/checkNameAvailability", json=name))
    done(arm.put(own, json={"properties": {"level": "CanNotDelete"}}))
    done(arm.put(DISK, json=EMPTY))


def test_a_lock_of_one_name_does_not_stop_another_of_a_longer_name(arm: httpx.Client) -> None:
    put_group(arm)
    for name in (DISK, f"{DISK}2"):
        done(arm.put(name, json=EMPTY))
    lock(arm, DISK)
    assert arm.delete(f"{DISK}2").status_code == 200


def test_a_locked_vault_keeps_its_items(protected: httpx.Client) -> None:
    lock(protected, VAULT_ID)
    assert refused(protected.delete(ITEM_ID)) == LOCKED
    done(protected.delete(f"{VAULT_ID}/{LOCKS}/keep"))
    done(protected.delete(ITEM_ID))


def test_locks_are_listed_with_those_above_and_those_below(arm: httpx.Client) -> None:
    put_group(arm)
    put_group(arm, f"{ROOT}/resourceGroups/group-2")
    done(arm.put(DISK, json=EMPTY))
    found = [lock(arm, scope) for scope in (ROOT, GROUP_ID, DISK)]
    other = lock(arm, f"{ROOT}/resourceGroups/group-2")

    def names(scope: str, **query: str) -> set[str]:
        return {
            each["id"] for each in done(arm.get(f"{scope}/{LOCKS}", params=query)).json()["value"]
        }

    assert names(ROOT) == {*found, other}
    assert names(GROUP_ID) == set(found)
    assert names(GROUP_ID, **{"$filter": "atScope()"}) == set(found[:2])
    assert names(DISK) == set(found)
    answer = arm.get(f"{ROOT}/{LOCKS}", params={"$filter": "level eq 'ReadOnly'"})
    assert refused(answer) == (400, "InvalidFilterInQueryString")


def test_a_lock_needs_a_scope_that_is_there_and_a_level(arm: httpx.Client) -> None:
    put_group(arm)
    body = {"properties": {"level": "CanNotDelete"}}
    assert refused(arm.put(f"{DISK}/{LOCKS}/keep", json=body)) == (404, "ResourceNotFound")
    elsewhere = f"{ROOT}/resourceGroups/group-2/{LOCKS}/keep"
    assert refused(arm.put(elsewhere, json=body)) == (404, "ResourceGroupNotFound")
    vague = arm.put(f"{GROUP_ID}/{LOCKS}/keep", json={"properties": {}})
    assert refused(vague) == (400, "LockLevelNotSpecified")
    wrong = arm.put(f"{GROUP_ID}/{LOCKS}/keep", json={"properties": {"level": "Nailed"}})
    assert refused(wrong) == (400, "InvalidRequestContent")
    assert refused(arm.get(f"{GROUP_ID}/{LOCKS}/keep")) == (404, "LockNotFound")
    assert listed(arm, f"{GROUP_ID}/{LOCKS}") == []
