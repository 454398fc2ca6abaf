"""What a newcomer meets: the page at the root, the explorer and its document."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from app.main import endpoints
from tests.wire.builders import refused

METHODS = {"get", "put", "post", "patch", "delete", "head"}


@pytest.fixture
def document(arm: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = arm.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in METHODS
    ]


# --- the root ----------------------------------------------------------------------------


def test_the_root_leads_a_program_somewhere_useful(arm: httpx.Client) -> None:
    answer = arm.get("/").json()
    assert answer["name"] == "rsvault"
    assert answer["now"] == "2026-01-01T00:00:00Z"
    for url in answer["links"].values():
        assert url.startswith(str(arm.base_url).rstrip("/"))
        assert arm.get(url).status_code == 200, url


def test_the_root_leads_a_person_somewhere_useful(arm: httpx.Client) -> None:
    answer = arm.get("/", headers={"accept": "text/html,application/xhtml+xml"})
    assert answer.headers["content-type"].startswith("text/html")
    links = re.findall(r'href="([^"]+)"', answer.text)
    assert "/docs" in links
    for link in links:
        assert arm.get(link).status_code == 200, link


def test_a_name_that_a_client_made_up_does_no_harm_on_the_page(arm: httpx.Client) -> None:
    headers = {"accept": "text/html", "host": '"><script>alert(1)</script>'}
    answer = arm.get("/", headers=headers)
    assert "<script>" not in answer.text


# --- the explorer ------------------------------------------------------------------------


def test_the_explorer_needs_no_internet(arm: httpx.Client) -> None:
    page = arm.get("/docs").text
    references = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(references) >= 3
    for reference in references:
        assert reference.startswith("/assets/"), reference
        assert len(arm.get(reference).content) > 100, reference
    assert "http://" not in page.replace(str(arm.base_url), "")
    assert "https://" not in page


def test_the_explorer_reads_our_document(arm: httpx.Client) -> None:
    assert "/openapi.json" in arm.get("/docs").text


# --- the document ------------------------------------------------------------------------


def test_every_endpoint_is_in_the_document(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path, operation["operationId"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert described == {(each.method, each.template, each.operation_id) for each in endpoints()}


def test_operation_ids_are_unique_and_spelled_as_azures(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document)]
    assert len(set(names)) == len(names)
    azures = {
        "Vaults_CreateOrUpdate",
        "ProtectedItems_CreateOrUpdate",
        "ProtectionPolicies_CreateOrUpdate",
        "Backups_Trigger",
        "Restores_Trigger",
        "RecoveryPoints_List",
        "JobDetails_Get",
        "JobCancellations_Trigger",
        "BackupStatus_Get",
        "BackupOperationStatuses_Get",
        "VirtualMachines_CreateOrUpdate",
        "ResourceGroups_CreateOrUpdate",
    }
    assert azures <= set(names)


def test_every_operation_is_explained_and_grouped(document: dict[str, Any]) -> None:
    groups = {tag["name"] for tag in document["tags"]}
    for operation in operations(document):
        assert operation["summary"], operation["operationId"]
        assert len(operation["tags"]) == 1
        assert operation["tags"][0] in groups
        assert operation["responses"]


def test_every_reference_in_the_document_leads_somewhere(
    arm: httpx.Client, document: dict[str, Any]
) -> None:
    references = set(re.findall(r'"\$ref":\s*"([^"]+)"', arm.get("/openapi.json").text))
    assert references
    for reference in references:
        part: Any = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
        assert part


def test_every_body_has_its_schema(document: dict[str, Any]) -> None:
    for each in endpoints():
        operation = document["paths"][each.template][each.method.lower()]
        if each.body is None:
            assert ("requestBody" in operation) is bool(each.form)
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": f"#/components/schemas/{each.body.__name__}"}


def test_no_two_bodies_share_a_name(document: dict[str, Any]) -> None:
    models = {each.body for each in endpoints() if each.body is not None}
    assert len({model.__name__ for model in models}) == len(models)
    # The schema of a text that is read on its own is of what is in the text.
    for model in (each for each in models if not each.TEXT):
        described = document["components"]["schemas"][model.__name__]
        assert set(described["properties"]) == {
            field.alias or name for name, field in model.model_fields.items()
        }


def test_every_parameter_of_a_path_is_described(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            described = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path))
            queries = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
            has_none = path.startswith(("/_emulator", "/{tenant}/"))
            assert ("api-version" in queries) is not has_none


def test_a_missing_asset_gets_arms_envelope(arm: httpx.Client) -> None:
    assert refused(arm.get("/assets/nothing.js")) == (404, "NotFound")
