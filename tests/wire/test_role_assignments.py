"""Roles and who has them: Microsoft.Authorization as az, azurerm and the SDK ask for it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.conftest import SUBSCRIPTION
from tests.wire.builders import GROUP_ID as GROUP
from tests.wire.builders import VAULT_ID, done, put_vm, refused, vm_id

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OPERATOR = "00c29273-979b-4161-815c-10b084fb9324"
ADA = "aaaaaaaa-0000-0000-0000-000000000001"
BOB = "bbbbbbbb-0000-0000-0000-000000000002"
ROOT = f"/subscriptions/{SUBSCRIPTION}"
ROLES = "/providers/Microsoft.Authorization/roleDefinitions"
ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"


def name_of(number: int) -> str:
    return f"99999999-0000-0000-0000-{number:012d}"


def assign(
    arm: httpx.Client, scope: str, principal: str = ADA, role: str = READER, number: int = 1
) -> httpx.Response:
    properties = {"roleDefinitionId": f"{ROOT}{ROLES}/{role}", "principalId": principal}
    sent = {"properties": {**properties, "principalType": "user", "description": "why"}}
    return arm.put(f"{scope}{ASSIGNMENTS}/{name_of(number)}", json=sent)


def listed(arm: httpx.Client, scope: str, **query: str) -> list[str]:
    params = {f"${key}": text for key, text in query.items()}
    answer = arm.get(f"{scope}{ASSIGNMENTS}", params=params)
    return [each["name"] for each in done(answer).json()["value"]]


def test_the_backup_roles_have_azures_names_and_ids(arm: httpx.Client) -> None:
    found = arm.get(f"{ROOT}{ROLES}").json()["value"]
    names = {each["properties"]["roleName"]: each["name"] for each in found}
    assert names["Backup Contributor"] == "5e467623-bb1f-42f4-a55d-6e525e11384b"
    assert names["Backup Operator"] == OPERATOR
    assert names["Backup Reader"] == "a795c7a0-d4a2-40c1-ae25-d81f01202912"
    assert {"Owner", "Contributor", "Reader", "Virtual Machine Contributor"} <= names.keys()
    actions = [each["properties"]["permissions"][0]["actions"] for each in found]
    assert all(actions)


def test_az_and_azurerm_find_a_role_by_its_name(arm: httpx.Client) -> None:
    query = {"$filter": "roleName eq 'backup operator'"}
    (role,) = arm.get(f"{GROUP}{ROLES}", params=query).json()["value"]
    assert role["id"] == f"{ROOT}{ROLES}/{OPERATOR}"
    assert arm.get(role["id"]).json() == role
    assert arm.get(f"{ROLES}/{OPERATOR}").json()["id"] == f"{ROLES}/{OPERATOR}"
    nobody = {"$filter": "roleName eq 'Emperor'"}
    assert arm.get(f"{GROUP}{ROLES}", params=nobody).json()["value"] == []
    custom = {"$filter": "type eq 'CustomRole'"}
    assert arm.get(f"{GROUP}{ROLES}", params=custom).json()["value"] == []
    assert refused(arm.get(f"{ROLES}/{ADA}")) == (404, "RoleDefinitionDoesNotExist")


def test_an_assignment_is_made_shown_and_taken_away(vault: httpx.Client) -> None:
    path = f"{VAULT_ID}{ASSIGNMENTS}/{name_of(1)}"
    made = assign(vault, VAULT_ID)
    assert made.status_code == 201
    shown = done(vault.get(path)).json()
    assert shown == made.json()
    assert shown["id"] == path
    properties = shown["properties"]
    assert properties["scope"] == VAULT_ID
    assert properties["roleDefinitionId"] == f"{ROOT}{ROLES}/{READER}"
    assert (properties["principalId"], properties["principalType"]) == (ADA, "User")
    assert assign(vault, VAULT_ID).status_code == 200, "the same again changes nothing"
    gone = vault.delete(path)
    assert (gone.status_code, gone.json()["name"]) == (200, name_of(1))
    assert vault.delete(path).status_code == 204
    assert refused(vault.get(path)) == (404, "RoleAssignmentNotFound")


def test_scopes_ignore_case_and_slashes(vault: httpx.Client) -> None:
    done(assign(vault, VAULT_ID.lower().replace("/providers", "//providers")))
    assert listed(vault, VAULT_ID) == [name_of(1)]


def test_a_list_shows_what_reaches_a_scope_and_what_lies_below(vault: httpx.Client) -> None:
    put_vm(vault)
    for number, scope in enumerate(("", ROOT, GROUP, VAULT_ID, vm_id()), 1):
        done(assign(vault, scope, number=number))
    # A group whose name begins as the other's does is no part of it.
    done(vault.put(f"{GROUP}x", json={"location": "westeurope"}))
    done(assign(vault, f"{GROUP}x", BOB, number=6))
    above = [name_of(number) for number in (1, 2, 3)]
    assert sorted(listed(vault, GROUP, filter="atScope()")) == above
    assert sorted(listed(vault, GROUP)) == [*above, name_of(4), name_of(5)]
    assert sorted(listed(vault, VAULT_ID)) == [*above, name_of(4)]
    assert listed(vault, ROOT, filter=f"principalId eq '{BOB}'") == [name_of(6)]
    both = f"atScope() and assignedTo('{ADA}')"
    assert sorted(listed(vault, ROOT, filter=both)) == [name_of(1), name_of(2)]
    assert len(listed(vault, "")) == 6


def test_a_long_list_comes_in_pages(arm: httpx.Client, group: str) -> None:
    for number in range(1, 6):
        done(assign(arm, group, name_of(number), number=number))
    seen, url = [], f"{group}{ASSIGNMENTS}?$top=5&$filter=atScope()"
    answer = done(arm.get(url)).json()
    seen = [each["name"] for each in answer["value"]]
    assert seen == [name_of(number) for number in range(1, 6)]


def test_assignments_end_with_what_they_are_about(vault: httpx.Client) -> None:
    put_vm(vault)
    for number, scope in enumerate((GROUP, VAULT_ID, vm_id(), ROOT), 1):
        done(assign(vault, scope, number=number))
    done(vault.delete(vm_id()))
    done(vault.delete(VAULT_ID))
    assert sorted(listed(vault, ROOT)) == [name_of(1), name_of(4)]
    done(vault.delete(GROUP))
    assert listed(vault, ROOT) == [name_of(4)]


BODY = {"roleDefinitionId": f"{ROLES}/{READER}", "principalId": ADA}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    (name_of(1), {**BODY, "roleDefinitionId": f"{ROLES}/{ADA}"}, "RoleDefinitionDoesNotExist"),
    (name_of(1), {**BODY, "roleDefinitionId": ""}, "RoleDefinitionDoesNotExist"),
    (name_of(1), {**BODY, "principalId": "ada"}, "InvalidPrincipalId"),
    (name_of(1), {**BODY, "principalType": "Dog"}, "UnmatchedPrincipalType"),
    (name_of(1), {"principalId": ADA}, "InvalidRequestContent"),
    ("my-name", BODY, "InvalidRoleAssignmentId"),
]


@pytest.mark.parametrize(("name", "properties", "code"), WRONG)
def test_a_wrong_assignment_is_refused_by_its_code(
    arm: httpx.Client, group: str, name: str, properties: dict[str, Any], code: str
) -> None:
    answer = arm.put(f"{group}{ASSIGNMENTS}/{name}", json={"properties": properties})
    assert refused(answer) == (400, code)
    assert listed(arm, ROOT) == []


def test_an_assignment_cannot_be_doubled_or_turned(arm: httpx.Client, group: str) -> None:
    done(assign(arm, group))
    assert refused(assign(arm, group, number=2)) == (409, "RoleAssignmentExists")
    turned = assign(arm, group, BOB)
    assert refused(turned) == (400, "RoleAssignmentUpdateNotPermitted")


@pytest.mark.parametrize(
    ("scope", "status", "code"),
    [
        ("/nothing", 400, "InvalidScope"),
        ("/subscriptions/me", 400, "InvalidScope"),
        (f"{ROOT}/resourceGroups/nowhere", 404, "ResourceGroupNotFound"),
        (f"{GROUP}/providers/Microsoft.Compute/disks/none", 404, "ResourceNotFound"),
        (f"{GROUP}/providers/Microsoft.Compute/disks", 400, "InvalidScope"),
    ],
)
def test_what_is_no_scope_gets_no_assignment(
    vault: httpx.Client, scope: str, status: int, code: str
) -> None:
    assert refused(assign(vault, scope)) == (status, code)


@pytest.mark.parametrize("text", ["principalId ne 'x'", "atScope", "atScope() or atScope()", "x"])
def test_a_filter_that_is_not_known_is_refused(arm: httpx.Client, text: str) -> None:
    answer = arm.get(f"{ROOT}{ASSIGNMENTS}", params={"$filter": text})
    assert refused(answer) == (400, "InvalidFilterInQueryString")


def test_whoever_needs_no_token_may_do_everything(arm: httpx.Client, group: str) -> None:
    found = arm.get(f"{group}/providers/Microsoft.Authorization/permissions").json()["value"]
    assert [each["actions"] for each in found] == [["*"]]
