"""A template as it is sent: what it must have, and its parts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import ids
from .language import TemplateError, is_expression
from .parameters import MOST, failed
from .values import kind_of

_SCHEMA = re.compile(r"https?://schema\.management\.azure\.com/schemas/([\w-]+)/(\w+)\.json#?")
_SCHEMAS = {
    "deploymenttemplate": "resource group",
    "subscriptiondeploymenttemplate": "subscription",
}
_SYMBOLIC = re.compile(r"2\.\d+(-experimental)?")


@dataclass(frozen=True, slots=True)
class Template:
    """The parts of a template.

    ``resources`` are as they are written, each with its symbolic name if it has one;
    ``functions`` are the user's by their lower-case names.
    """

    parameters: Mapping[str, Mapping[str, Any]]
    variables: Mapping[str, Any]
    functions: Mapping[str, Mapping[str, Any]]
    resources: tuple[tuple[str | None, Mapping[str, Any]], ...]
    outputs: Mapping[str, Mapping[str, Any]]
    hash: str


def read(document: Mapping[str, Any], *, level: str) -> Template:
    """Return a template's parts; ``level`` is "resource group" or "subscription".

    Raises ``TemplateError``.
    """
    _check_head(document, level)
    parameters = _entries(document, "parameters")
    definitions = _entries(document, "definitions")
    variables = _object(document, "variables")
    outputs = _entries(document, "outputs")
    for name, part in (("parameters", parameters), ("variables", variables), ("outputs", outputs)):
        limit = 64 if name == "outputs" else MOST
        if len(part) > limit:
            raise failed(
                f"The number of template {name} limit exceeded. Limit: '{limit}' and actual: "
                f"'{len(part)}'. Please see https://aka.ms/arm-template-limits for usage details."
            )
    return Template(
        {name: _defined(each, definitions) for name, each in parameters.items()},
        variables,
        dict(_functions(document)),
        tuple(_resources(document)),
        {name: _defined(each, definitions) for name, each in outputs.items()},
        hash_of(document),
    )


def hash_of(document: Mapping[str, Any]) -> str:
    """Return digits that follow from what a template says; Azure's hash is another."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=True)
    return str(int(ids.md5_hex(text)[:16], 16)).zfill(20)


def parse_failed(message: str) -> TemplateError:
    """Return what ARM says of a template that it cannot read."""
    return TemplateError(f"Deployment template parse failed: '{message}'.")


def _check_head(document: Mapping[str, Any], level: str) -> None:
    for name in ("$schema", "contentVersion", "resources"):
        if name not in document:
            raise parse_failed(f"Required property '{name}' not found in JSON. Path ''")
    schema = document["$schema"]
    match = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if match is None or _SCHEMAS.get(match[2].lower()) != level:
        wanted = next(name for name, of in _SCHEMAS.items() if of == level)
        raise failed(
            f"Template schema '{schema}' is not supported at {level} scope. Supported is a schema "
            f"such as 'https://schema.management.azure.com/schemas/2019-04-01/{wanted}.json#'. "
            "Please see https://aka.ms/arm-template for usage details."
        )
    if not isinstance(document["contentVersion"], str):
        raise parse_failed("Property 'contentVersion' must be a string. Path 'contentVersion'")


def _wrong_kind(path: str, wanted: str, value: Any) -> TemplateError:
    return parse_failed(
        f"Error reading value: expected a JSON {wanted}, but it is of type '{kind_of(value)}'. "
        f"Path '{path}'"
    )


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong_kind(name, "object", value)
    folded = [each.lower() for each in value]
    if len(set(folded)) < len(folded):
        raise parse_failed(f"Two {name} have one name; casing does not matter. Path '{name}'")
    return value


def _entries(document: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, Any]]:
    found = _object(document, name)
    for key, value in found.items():
        if not isinstance(value, dict):
            raise _wrong_kind(f"{name}.{key}", "object", value)
    return found


def _defined(
    told: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return a parameter or output with what its type is a name for."""
    reference = told.get("$ref")
    if reference is None:
        return told
    name = str(reference).removeprefix("#/definitions/")
    if name not in definitions or "$ref" in definitions[name]:
        raise failed(f"The type definition '{str(reference)[:100]}' is not found, or names another")
    return {**definitions[name], **told}


def _functions(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    spaces = document.get("functions")
    if spaces is None:
        return
    if not isinstance(spaces, list):
        raise _wrong_kind("functions", "array", spaces)
    for at, space in enumerate(spaces):
        if not isinstance(space, dict) or not isinstance(space.get("namespace"), str):
            raise parse_failed(f"A function needs a namespace. Path 'functions[{at}]'")
        for name, told in _entries(space, "members").items():
            if not _is_function(told):
                raise parse_failed(
                    f"A function has a list of parameters and an output. Path "
                    f"'functions[{at}].members.{name}'"
                )
            yield f"{space['namespace']}.{name}".lower(), told


def _is_function(told: Mapping[str, Any]) -> bool:
    parameters = told.get("parameters", [])
    return (
        isinstance(told.get("output"), dict)
        and isinstance(parameters, list)
        and all(isinstance(each, dict) for each in parameters)
    )


def _resources(
    document: Mapping[str, Any],
) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    found = document["resources"]
    version = document.get("languageVersion")
    if isinstance(found, dict):
        if not isinstance(version, str) or _SYMBOLIC.fullmatch(version) is None:
            raise parse_failed(
                "The template's resources are an object, which needs a 'languageVersion' of 2.0. "
                "Path 'resources'"
            )
        listed: list[tuple[str | None, Any]] = list(found.items())
    elif isinstance(found, list):
        listed = [(None, each) for each in found]
    else:
        raise _wrong_kind("resources", "array", found)
    for at, (symbol, each) in enumerate(listed):
        place = f"resources.{symbol}" if symbol is not None else f"resources[{at}]"
        if not isinstance(each, dict):
            raise _wrong_kind(place, "object", each)
        check_resource(each, place)
        yield symbol, each


def check_resource(told: Mapping[str, Any], place: str) -> None:
    """Refuse a resource that lacks what every one has. Raises ``TemplateError``."""
    for name in ("type", "name", "apiVersion"):
        value = told.get(name)
        if value is None:
            raise parse_failed(f"Required property '{name}' not found in JSON. Path '{place}'")
        if not isinstance(value, str) or not value:
            raise parse_failed(f"Property '{name}' must be a string. Path '{place}.{name}'")
    if is_expression(told["type"]):
        raise failed(
            f"The template resource type '{told['type']}' is not valid: it must be a literal. "
            "Please see https://aka.ms/arm-syntax-resources for usage details."
        )
    copied = told.get("copy")
    if copied is not None and not (
        isinstance(copied, dict) and isinstance(copied.get("name"), str) and "count" in copied
    ):
        raise parse_failed(f"A copy loop needs a name and a count. Path '{place}.copy'")
    for name, kinds in (("dependsOn", list), ("resources", list)):
        if told.get(name) is not None and not isinstance(told[name], kinds):
            raise _wrong_kind(f"{place}.{name}", "array", told[name])
