"""The OpenAPI document promises no more and no less than what is served.

A new endpoint that fails here tells too little: the message says what to add, and where.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI

from app.arm.answers import shape_of
from app.arm.bodies import Body
from app.arm.calls import Endpoint
from app.arm.explorer import describe
from app.arm.shapes import SCHEMAS, Shape
from app.main import endpoints

SERVED = endpoints()
DOCUMENT = describe(FastAPI(title="rsvault"), SERVED, version="0")
MODELS = {each.body for each in SERVED if each.body is not None}


def operation(each: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][each.template][each.method.lower()]
    return found


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference into the document."""
    while "$ref" in part:
        found: Any = DOCUMENT
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def test_no_two_operations_have_one_name() -> None:
    names = [each.operation_id for each in SERVED]
    assert sorted(names) == sorted(set(names)), "a route is found by its operation's name"


@contextmanager
def naming(each: Endpoint) -> Iterator[None]:
    """Say which operation a check failed for."""
    try:
        yield
    except AssertionError as problem:
        problem.add_note(f"of {each.operation_id}, {each.method} {each.template}")
        raise


BODILESS = {"Emulator_SaveWorld"}
"""What it puts is the world as it is."""


def test_what_is_put_or_patched_has_a_schema() -> None:
    for each in SERVED:
        with naming(each):
            puts = each.method in ("PUT", "PATCH") and each.operation_id not in BODILESS
            if puts or each.body is not None:
                check_body(each)


def check_body(each: Endpoint) -> None:
    assert each.body is not None, "give @endpoint a body= derived from app/arm/bodies.Body"
    content = operation(each)["requestBody"]["content"]["application/json"]
    assert resolved(content["schema"])["properties"], f"{each.body.__name__} has no fields"
    assert content["example"], f"{each.body.__name__} needs an EXAMPLE that works"


def test_every_field_of_a_body_says_what_it_holds() -> None:
    says = ("type", "$ref", "enum", "const", "anyOf", "oneOf", "allOf")
    vague = [
        f"{name}.{field}"
        for name, model in DOCUMENT["components"]["schemas"].items()
        for field, schema in model.get("properties", {}).items()
        if not any(word in schema for word in says)
    ]
    assert vague == [], "give these fields a type that is not Any"


def test_no_body_takes_the_name_of_a_shape() -> None:
    assert not {model.__name__ for model in MODELS} & SCHEMAS.keys()


def test_no_two_bodies_have_one_name() -> None:
    names = sorted(model.__name__ for model in MODELS)
    assert names == sorted(set(names)), "a schema is found by its model's name"


def test_the_statuses_of_an_operation_are_named_one_by_one() -> None:
    for each in SERVED:
        with naming(each):
            responses = operation(each)["responses"]
            assert all(status.isdecimal() for status in responses), "no default and no 4XX"
            assert any(status.startswith("2") for status in responses), "statuses= lacks a success"
            assert "500" not in responses, "a fault of ours is never promised"
            assert "405" not in responses, "no method that a path has is answered 405"


def test_every_refusal_has_its_envelope() -> None:
    for each in SERVED:
        for status, response in operation(each)["responses"].items():
            if int(status) >= 400 and each.method != "HEAD":
                with naming(each):
                    schema = resolved(response)["content"]["application/json"]["schema"]
                    assert schema == {"$ref": f"#/components/schemas/{each.refuses.value}"}


def test_every_success_says_what_it_looks_like() -> None:
    for each in SERVED:
        for status, response in operation(each)["responses"].items():
            with naming(each):
                check_success(each, status, response)


def check_success(each: Endpoint, status: str, response: dict[str, Any]) -> None:
    methods = [method.upper() for method in DOCUMENT["paths"][each.template]]
    shape = shape_of(each, methods)
    shows = status in ("200", "201") and shape is not Shape.NOTHING
    assert ("content" in response) is shows, "say answers= on the @endpoint (app/arm/shapes.py)"
    if shows and shape not in (Shape.TEXT, Shape.FILE, Shape.EVENTS):
        schema = resolved(response["content"]["application/json"]["schema"])
        types = schema.get("type")
        named = [types] if isinstance(types, str) else types
        assert named, "answers= needs a schema with a type"
        assert set(named) <= {"object", "array"}


def test_what_is_accepted_says_where_to_poll() -> None:
    for each in SERVED:
        accepted = operation(each)["responses"].get("202")
        with naming(each):
            assert accepted is None or {"Location", "Retry-After"} <= accepted["headers"].keys()


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        assert resolved({"$ref": reference})


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for each in part.values():
            yield from references(each)
    elif isinstance(part, list):
        for each in part:
            yield from references(each)


def test_names_that_only_handlers_demand_are_fields() -> None:
    for model in bodies(Body):
        demanded = model.model_config.get("json_schema_extra")
        if isinstance(demanded, dict):
            fields = {field.alias or name for name, field in model.model_fields.items()}
            assert set(demanded["required"]) <= fields, model.__name__  # type: ignore[arg-type]


def bodies(model: type[Body]) -> Iterator[type[Body]]:
    for each in model.__subclasses__():
        yield each
        yield from bodies(each)
