"""The OpenAPI document and the explorer at /docs: complete, and working with no internet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from . import etags, examples
from .bodies import Body
from .calls import Endpoint

_REF = "#/components/schemas/{model}"
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "target": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
_MEANING = {
    200: "Done",
    201: "Created",
    202: "Accepted: poll the URL in the headers",
    204: "Done, nothing to show",
    400: "The request is wrong",
    401: "The control token is missing",
    403: "Forbidden",
    404: "Not found",
    405: "The path does not have this method",
    409: "The state of the resource forbids it",
    412: "The precondition failed",
    413: "The request content is too large",
    415: "The content type is not JSON",
    503: "The database, or the server, cannot serve this now",
    507: "The database has no space left on its disk",
}
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
_REFUSALS = (400, 403, 404, 405, 409, 412, 413, 415, 503, 507)


def describe(app: FastAPI, endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """Return the OpenAPI document of everything the front door serves."""
    listed = list(endpoints)
    models = sorted({each.body for each in listed if each.body}, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], by_alias=True, ref_template=_REF
    )
    paths: dict[str, dict[str, Any]] = {}
    readable = {
        each.template
        for each in listed
        if each.method == "GET" and not each.template.startswith("/_emulator")
    }
    for each in listed:
        operation = _operation(each)
        if each.template in readable and each.method in etags.WRITES:
            operation["parameters"] += _PRECONDITIONS
        paths.setdefault(each.template, {})[each.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": app.title, "version": version, "description": app.description},
        "paths": paths,
        "components": {"schemas": {**schemas.get("$defs", {}), "Error": _ERROR}},
        "tags": [{"name": tag} for tag in sorted({each.tag for each in listed})],
    }


def _operation(each: Endpoint) -> dict[str, Any]:
    text = (each.handler.__doc__ or "").strip()
    summary, _, rest = text.partition("\n")
    operation: dict[str, Any] = {
        "operationId": each.operation_id,
        "tags": [each.tag],
        "summary": summary.strip(),
        "description": " ".join(rest.split()),
        "parameters": _parameters(each),
        "responses": _responses(each),
    }
    if each.body is not None:
        operation["requestBody"] = _request_body(each, each.body)
    return operation


def _request_body(each: Endpoint, model: type[Body]) -> dict[str, Any]:
    return {
        "required": not each.optional_body,
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{model.__name__}"},
                "example": model.EXAMPLE,
            }
        },
    }


def _example(name: str) -> dict[str, str]:
    """Return a path parameter's example, or where its value is found."""
    if name in examples.FOUND:
        return {"description": examples.FOUND[name]}
    return {"example": examples.PARAMETERS[name]}


def _parameters(each: Endpoint) -> list[dict[str, Any]]:
    names = [part.strip("{}") for part in each.template.split("/") if part.startswith("{")]
    parameters: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
            **_example(name),
        }
        for name in names
    ]
    parameters += [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in each.query
    ]
    if not each.template.startswith("/_emulator"):
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
    return parameters


def _responses(each: Endpoint) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status in each.statuses:
        responses[str(status)] = {"description": _MEANING[status]}
        if status in (200, 201) and each.method != "HEAD":
            responses[str(status)]["content"] = {"application/json": {"schema": {}}}
    control = each.template.startswith("/_emulator")
    for status in (*_REFUSALS, 401) if control else _REFUSALS:
        responses.setdefault(
            str(status),
            {
                "description": _MEANING[status],
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        )
    return responses
