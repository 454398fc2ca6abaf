"""The OpenAPI document and the explorer at /docs: complete, and working with no internet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from . import examples
from .answers import CONTROL, is_preconditioned, is_versioned, shape_of, statuses_of
from .bodies import FORM, Body
from .calls import Endpoint
from .shapes import SCHEMAS, SERVER_SENT_EVENT, Shape

_REF = "#/components/schemas/{model}"
_MEANING = {
    200: "Done",
    201: "Created",
    202: "Accepted: poll the URL in the headers",
    204: "Done, nothing to show",
    400: "The request is wrong",
    401: "The token is missing or wrong",
    403: "Forbidden",
    404: "Not found",
    409: "The state of the resource forbids it",
    412: "The precondition failed",
    413: "The request content is too large",
    415: "The content type is not JSON",
    503: "The database, or the server, cannot serve this now",
    507: "The database has no space left on its disk",
}
_CONTROL_PLANE = "The emulator's own: the clock and what else Azure has not"
_FIRST = {_CONTROL_PLANE: 0, "Microsoft.RecoveryServices": 1}
_PRECONDITIONS = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": {"type": "string"},
    }
    for name, text in (
        ("If-Match", "Go on only if the resource has this eTag; * asks that it exists"),
        ("If-None-Match", "Go on only if it does not; * asks that the resource is new"),
    )
]
_REQUEST_IDS = ("x-ms-request-id", "x-ms-correlation-request-id")
_NAME = {"type": "string", "minLength": 1}
_NAMES = {"subscriptionId": {"type": "string", "format": "uuid"}}
_URL = {"type": "string", "format": "uri"}
_HEADERS: Mapping[str, tuple[str, bool, Mapping[str, Any]]] = {
    "x-ms-request-id": ("Names this answer", True, {"type": "string", "format": "uuid"}),
    "x-ms-correlation-request-id": (
        "Names what the client does; its own if it sent one",
        True,
        {"type": "string", "format": "uuid"},
    ),
    "Location": ("Where the result is polled", True, _URL),
    "Azure-AsyncOperation": ("Where the status is polled, if there is one", False, _URL),
    "ETag": ("Names what the resource holds, for If-Match", True, {"type": "string"}),
    "Retry-After": ("Seconds until the next poll", True, {"type": "integer", "minimum": 0}),
}


class _WithoutNulls(GenerateJsonSchema):
    """Schemas that say nothing of null: wherever it is sent, it counts as left out."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return the schema of the value that is not null."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema of a value, with its default unless that is null."""
        found = super().default_schema(schema)
        if found.get("default", ...) is None:
            del found["default"]
        return found


def describe(app: FastAPI, endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """Return the OpenAPI document of everything the front door serves."""
    listed = list(endpoints)
    models = sorted({each.body for each in listed if each.body}, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models],
        by_alias=True,
        ref_template=_REF,
        schema_generator=_WithoutNulls,
    )
    methods: dict[str, set[str]] = {}
    for each in listed:
        methods.setdefault(each.template, set()).add(each.method)
    paths: dict[str, dict[str, Any]] = {}
    for each in listed:
        operation = _operation(each, methods[each.template])
        paths.setdefault(each.template, {})[each.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": app.title, "version": version, "description": app.description},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), **SCHEMAS},
            "headers": _headers(),
            "responses": {
                _refusal_name(status, shape): _refusal(status, shape)
                for shape in (Shape.ERROR, Shape.SIGN_IN_ERROR)
                for status in _MEANING
                if status >= 400
            },
        },
        "tags": _tags(listed),
    }


def _tags(listed: Iterable[Endpoint]) -> list[dict[str, str]]:
    """Return the tags as a newcomer looks for them: control plane, vault, what is beside it."""
    places: dict[str, str] = {}
    for each in listed:
        places.setdefault(each.tag, _place(each.template))
    order = sorted(places, key=lambda tag: (_FIRST.get(places[tag], len(_FIRST)), places[tag], tag))
    return [{"name": tag, "description": places[tag]} for tag in order]


def _place(template: str) -> str:
    """Return where a path leads: a namespace of Azure, or what has none."""
    if template.startswith(CONTROL):
        return _CONTROL_PLANE
    namespaces = [part for part in template.split("/") if part.startswith("Microsoft.")]
    return namespaces[-1] if namespaces else "Azure itself"


def _operation(each: Endpoint, methods: Collection[str]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": each.operation_id,
        "tags": [each.tag],
        "summary": each.summary,
        "description": each.description,
        "parameters": _parameters(each, methods),
        "responses": {
            str(status): _response(each, status, methods) for status in statuses_of(each, methods)
        },
    }
    if each.body is not None:
        operation["requestBody"] = _request_body(each, each.body)
    if each.form:
        operation["requestBody"] = _form(each.form)
    return operation


def _form(fields: Mapping[str, str | None]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in fields}}
    example = {name: value for name, value in fields.items() if value is not None}
    return {"required": True, "content": {FORM: {"schema": schema, "example": example}}}


def _request_body(each: Endpoint, model: type[Body]) -> dict[str, Any]:
    return {
        "required": not each.optional_body,
        "content": {
            "application/json": {
                "schema": {"$ref": _REF.format(model=model.__name__)},
                "example": model.EXAMPLE,
            }
        },
    }


def _example(each: Endpoint, name: str) -> dict[str, str]:
    """Return what a path parameter is, with its example, or where its value is found."""
    if name in examples.FOUND:
        return {"description": examples.FOUND[name]}
    own = examples.PARAMETERS_OF.get(each.operation_id, {})
    example = own.get(name) or examples.PARAMETERS[name]
    return {"description": examples.meaning(name), "example": example}


def _parameters(each: Endpoint, methods: Collection[str]) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in each.template.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _NAMES.get(name, _NAME),
            **_example(each, name),
        }
        for name in names
    ]
    parameters += [_query(name) for name in each.query]
    parameters += [
        {"name": name, "in": "header", "required": True, "schema": _NAME, "example": value}
        for name, value in each.headers.items()
    ]
    if not each.template.startswith("/_emulator") and each.refuses is Shape.ERROR:
        parameters.append(
            {
                "name": "api-version",
                "in": "query",
                "required": True,
                "description": "Any well-formed version is accepted",
                "schema": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(-[A-Za-z0-9.-]+)?$"},
                "example": "2026-10-01",
            }
        )
    if is_preconditioned(each, methods):
        parameters += _PRECONDITIONS
    return parameters


def _query(name: str) -> dict[str, Any]:
    """Return a parameter of the query; one that has an example cannot be left out."""
    example = examples.QUERIES.get(name)
    told = {"description": examples.QUERY_MEANINGS.get(name, "")}
    if example is not None:
        told["example"] = example
    required = example is not None
    schema = examples.QUERY_SCHEMAS.get(name, {"type": "string"})
    return {"name": name, "in": "query", "required": required, "schema": schema} | told


def _response(each: Endpoint, status: int, methods: Collection[str]) -> dict[str, Any]:
    """Return what stands for one status: the refusals are all alike, unless there is no body."""
    if status >= 400 and each.method != "HEAD":
        return {"$ref": f"#/components/responses/{_refusal_name(status, each.refuses)}"}
    response = {
        "description": _MEANING[status],
        "headers": _header_refs(_own_headers(each, status, methods)),
    }
    shape = shape_of(each, methods)
    if status in (200, 201) and shape is not Shape.NOTHING:
        response["content"] = _content(shape)
    return response


def _content(shape: Shape | Mapping[str, Any]) -> dict[str, Any]:
    if shape is Shape.TEXT:
        return {"text/plain": {"schema": {"type": "string"}}}
    if shape is Shape.EVENTS:
        return {"text/event-stream": {"schema": SERVER_SENT_EVENT}}
    if shape is Shape.FILE:
        return {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    if isinstance(shape, Shape):
        return _json({"$ref": _REF.format(model=shape.value)})
    return _json(shape)


def _own_headers(each: Endpoint, status: int, methods: Collection[str]) -> list[str]:
    """Return the headers that an answer has besides those of every answer."""
    facts = {
        "Location": status == 202,
        "Retry-After": status == 202 or (status == 200 and each.answers is Shape.OPERATION),
        "Azure-AsyncOperation": status in (201, 202) and each.writes,
        "ETag": status in (200, 201) and is_versioned(each, methods),
    }
    return [name for name, fact in facts.items() if fact]


def _refusal_name(status: int, shape: Shape) -> str:
    return str(status) if shape is Shape.ERROR else f"{shape.value}{status}"


def _refusal(status: int, shape: Shape) -> dict[str, Any]:
    content = _json({"$ref": _REF.format(model=shape.value)})
    if shape is Shape.ERROR and status in examples.REFUSALS:
        code, message = examples.REFUSALS[status]
        content["application/json"]["example"] = {"error": {"code": code, "message": message}}
    return {"description": _MEANING[status], "headers": _header_refs(()), "content": content}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _header_refs(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*_REQUEST_IDS, *names)}


def _headers() -> dict[str, Any]:
    return {
        name: {"description": text, "required": required, "schema": schema}
        for name, (text, required, schema) in _HEADERS.items()
    }
