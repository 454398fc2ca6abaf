"""Resources of types that are not emulated: refused by name, or kept as plain documents."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.providers.companions.generic_resources import ENDPOINTS
from tests.wire.builders import GROUP_ID, ROOT, Served, done, listed, put_group, refused

THING = f"{GROUP_ID}/providers/Contoso.Things/things/thing-1"
BODY: dict[str, Any] = {"location": "West Europe", "tags": {"a": "1"}, "properties": {"size": 3}}


@pytest.fixture
def lenient(serve: Served) -> httpx.Client:
    """A client of a server that keeps generic resources, with a group."""
    client = serve(generic_resources=True)
    client.params = client.params.set("api-version", "2026-10-01")
    put_group(client)
    return client


def test_a_type_outside_of_the_table_is_refused_by_its_name(arm: httpx.Client) -> None:
    put_group(arm)
    answer = arm.put(THING, json=BODY)
    assert refused(answer) == (404, "InvalidResourceType")
    message = answer.json()["error"]["message"]
    assert "'things'" in message
    assert "'Contoso.Things'" in message


def test_a_plain_document_lives_and_dies(lenient: httpx.Client) -> None:
    created = lenient.put(THING, json=BODY)
    assert created.status_code == 201
    shown = created.json()
    assert shown["location"] == "westeurope"
    assert shown["properties"] == {"size": 3, "provisioningState": "Succeeded"}
    assert shown["type"] == "Contoso.Things/things"
    assert (
        done(lenient.get(THING.upper().replace("SUBSCRIPTIONS", "subscriptions"))).json() == shown
    )
    changed = done(lenient.patch(THING, json={"properties": {"color": "red"}})).json()
    assert changed["properties"] == {
        "size": 3,
        "color": "red",
        "provisioningState": "Succeeded",
    }
    assert listed(lenient, THING.rpartition("/")[0]) == [changed]
    assert listed(lenient, f"{ROOT}/providers/Contoso.Things/things") == [changed]
    [found] = listed(lenient, f"{GROUP_ID}/resources")
    assert (found["id"], found["tags"]) == (THING, {"a": "1"})
    assert [lenient.delete(THING).status_code for _ in range(2)] == [200, 204]
    assert refused(lenient.get(THING)) == (404, "ResourceNotFound")


def test_what_lies_in_a_plain_document_goes_with_it(lenient: httpx.Client) -> None:
    part = f"{THING}/parts/part-1"
    assert refused(lenient.put(part, json={})) == (404, "ParentResourceNotFound")
    done(lenient.put(THING, json=BODY))
    assert done(lenient.put(part, json={})).json()["type"] == "Contoso.Things/things/parts"
    done(lenient.delete(THING))
    done(lenient.put(THING, json=BODY))
    assert refused(lenient.get(part)) == (404, "ResourceNotFound")


def test_types_that_are_emulated_stay_checked(lenient: httpx.Client) -> None:
    disk = f"{GROUP_ID}/providers/Microsoft.Compute/disks/disk-1"
    assert refused(lenient.put(disk, json=BODY)) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("Microsoft.ClassicStorage/storageAccounts/a", {}, (404, "InvalidResourceNamespace")),
        ("nothing/things/a", {}, (404, "InvalidResourceType")),
        ("Contoso.Things/th$ngs/a", {}, (404, "InvalidResourceType")),
        ("Contoso.Things/things/a?b", {}, (400, "InvalidResourceName")),
        (
            "Contoso.Things/things/a",
            {"location": "moon"},
            (400, "LocationNotAvailableForResourceType"),
        ),
        ("Contoso.Things/things/a", {"properties": 3}, (400, "InvalidRequestContent")),
        ("Contoso.Things/things/a", {"tags": {"<": "1"}}, (400, "InvalidTagNameCharacters")),
    ],
)
def test_an_envelope_that_is_wrong_is_refused(
    lenient: httpx.Client, path: str, body: dict[str, Any], code: tuple[int, str]
) -> None:
    address = f"{GROUP_ID}/providers/{path.replace('?', '%3F')}"
    assert refused(lenient.put(address, json=body)) == code


def test_a_group_must_be_there(lenient: httpx.Client) -> None:
    elsewhere = THING.replace("group-1", "group-2")
    assert refused(lenient.put(elsewhere, json=BODY)) == (404, "ResourceGroupNotFound")


def test_the_document_describes_them_only_where_they_are_served(
    lenient: httpx.Client, arm: httpx.Client
) -> None:
    names = {each.operation_id for each in ENDPOINTS}

    def described(client: httpx.Client) -> set[str]:
        paths = client.get("/openapi.json").json()["paths"]
        return {one["operationId"] for methods in paths.values() for one in methods.values()}

    assert names <= described(lenient)
    assert not names & described(arm)
