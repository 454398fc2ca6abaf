"""The fuzz: schemathesis reads the OpenAPI document and sends what it makes of it.

Nothing here knows an endpoint. What the document has no example for (the id of a job that ran) is
looked up in a world, and put in its copy of the document.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import schemathesis
from hypothesis import strategies as st
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from tests.fuzz.worlds import OF_DATABASES

Document = dict[str, Any]

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
HARMLESS_HEADERS = {"If-Match": "*", "If-None-Match": '"other"'}
"""Preconditions that hold, so that what they guard is reached."""


@dataclass(frozen=True)
class Depth:
    """How much is sent.

    ``drawn`` cases an operation in the phase "fuzzing"; in the phase "coverage", which sends each
    limit of each field, no bodies of more than ``largest_body`` fields, and these ``methods``
    besides those that a path has.
    """

    phases: tuple[str, ...]
    drawn: int
    largest_body: int | None = None
    methods: tuple[str, ...] = ("get", "put", "post", "delete", "patch", "options", "trace")


@dataclass
class Report:
    """What came of it; ``found`` has a line for each kind of failure of each operation."""

    cases: int = 0
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    found: dict[tuple[str, str], str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def add(self, event: events.EngineEvent) -> None:
        """Take note of what an event of the engine tells."""
        if isinstance(event, events.NonFatalError):
            self.errors.append(f"{event.label}: {event.value!r}")
        if isinstance(event, events.FatalError):
            raise event.exception
        if isinstance(event, events.ScenarioFinished):
            self._add_scenario(event)

    def _add_scenario(self, event: events.ScenarioFinished) -> None:
        recorder = event.recorder
        self.cases += len(recorder.interactions)
        for case_id, interaction in recorder.interactions.items():
            operation = _name(recorder.cases[case_id].value)
            if interaction.response is not None:
                answered = self.answers.setdefault(operation, Counter())
                answered[interaction.response.status_code] += 1
            for check in recorder.checks.get(case_id, ()):
                failed = check.failure_info
                if failed is not None:
                    line = f"{failed.failure.message}\n{failed.code_sample}"
                    self.found.setdefault((operation, check.name), line)

    def never(self, *statuses: int) -> set[str]:
        """Return the operations that never answered any of these statuses."""
        return {
            operation
            for operation, answered in self.answers.items()
            if not any(answered[status] for status in statuses)
        }

    def __str__(self) -> str:
        statuses = sum(self.answers.values(), Counter())
        told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
        lines = [f"{self.cases} cases for {len(self.answers)} operations: {told}"]
        lines += [f"{' '.join(where)}: {line}" for where, line in self.found.items()]
        return "\n".join([*lines, *self.errors])


class World(Protocol):
    """What a server holds while it is fuzzed."""

    def begin(self, operation: str) -> None:
        """Make anew what an operation needs, named by its id."""

    def known(self, operation: str) -> dict[str, str]:
        """Tell an operation's path parameters that the document has no example for."""


def fuzz(url: str, document: Document, world: World, depth: Depth) -> Report:
    """Send a server what its OpenAPI document allows and forbids, and judge the answers."""
    document = with_examples(document, world)
    schema = schemathesis.openapi.from_dict(document, config=_config(url, document, depth))
    _draw_what_exists(schema, document)
    report = Report()
    with _begun_anew(world):
        for event in engine.from_schema(schema).execute():
            report.add(event)
    return report


def _config(url: str, document: Document, depth: Depth) -> SchemathesisConfig:
    phases = ("examples", "coverage", "fuzzing", "stateful")
    enabled: dict[str, Any] = {name: {"enabled": name in depth.phases} for name in phases}
    enabled["coverage"]["unexpected-methods"] = list(depth.methods)
    too_large = [] if depth.largest_body is None else list(_larger(document, depth.largest_body))
    config: dict[str, Any] = {
        "base-url": url,
        "seed": 1,
        "max-failures": 100,
        "generation": {
            "deterministic": True,
            "database": "none",
            "max-examples": depth.drawn,
            "no-shrink": True,
        },
        "phases": enabled,
        "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
    }
    if too_large:
        left_out = {"include-operation-id": too_large, "phases": {"coverage": {"enabled": False}}}
        config["operations"] = [left_out]
    return SchemathesisConfig.from_dict(config)


def with_examples(document: Document, world: World) -> Document:
    """Return a copy whose path parameters all have an example that the world holds."""
    document = copy.deepcopy(document)
    for _, operation in operations(document):
        known = world.known(operation["operationId"])
        for parameter in operation["parameters"]:
            name = parameter["name"]
            if parameter["in"] == "path":
                parameter.setdefault("example", known.get(name, "name-1"))
            if name in HARMLESS_HEADERS:
                parameter["example"] = HARMLESS_HEADERS[name]
    return document


def operations(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation with its method."""
    for methods in document["paths"].values():
        yield from methods.items()


def _larger(document: Document, fields: int) -> Iterator[str]:
    """Yield the operations whose bodies have more fields than so many: they have most cases."""
    schemas = document["components"]["schemas"]

    def count(schema: Any) -> int:
        if isinstance(schema, list):
            return sum(count(each) for each in schema)
        if not isinstance(schema, dict):
            return 0
        if "$ref" in schema:
            return count(schemas[schema["$ref"].rpartition("/")[2]])
        own = len(schema.get("properties", ()))
        return own + sum(count(each) for each in schema.values())

    for _, operation in operations(document):
        if count(operation.get("requestBody", {})) > fields:
            yield operation["operationId"]


def _draw_what_exists(schema: Any, document: Document) -> None:
    """Let drawn cases mostly name what exists, and now and then send the body that works."""
    real = {
        operation["operationId"]: {
            each["name"]: each["example"]
            for each in operation["parameters"]
            if each["in"] == "path"
        }
        for _, operation in operations(document)
    }

    @schema.hook  # type: ignore[untyped-decorator]
    def flatmap_path_parameters(context: Any, drawn: dict[str, Any] | None) -> Any:
        if drawn is None:
            return st.none()
        existing = real.get(_id_of(context.operation), {})
        keeps = {name: st.sampled_from((True,) * 9 + (False,)) for name in existing}
        return st.fixed_dictionaries(keeps).map(
            lambda kept: drawn | {name: existing[name] for name, keep in kept.items() if keep}
        )

    @schema.hook  # type: ignore[untyped-decorator]
    def flatmap_body(context: Any, drawn: Any) -> Any:
        body = context.operation.definition.raw.get("requestBody", {})
        working = body.get("content", {}).get("application/json", {}).get("example")
        if not isinstance(working, dict) or not isinstance(drawn, dict):
            return st.just(drawn)
        return st.sampled_from((drawn, drawn, working, {**working, **drawn}))


@contextmanager
def _begun_anew(world: World) -> Iterator[None]:
    """Begin the world anew for each operation that finds it changed for good."""
    spoilt, last = True, ""

    def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
        nonlocal spoilt, last
        operation = _name(case)
        if operation != last and (spoilt or _spoils(case)):
            world.begin(operation)
            spoilt = False
        last = operation

    def after_call(context: Any, case: Any, response: Any) -> None:
        nonlocal spoilt
        spoilt = spoilt or (response.status_code < 300 and _spoils(case))

    schemathesis.hook(before_call)
    schemathesis.hook(after_call)
    try:
        yield
    finally:
        schemathesis.hooks.unregister(before_call)
        schemathesis.hooks.unregister(after_call)


def _spoils(case: schemathesis.Case[Any]) -> bool:
    """Tell whether an accepted request leaves a world that others find nothing in, or locked."""
    path = case.operation.path
    by_hand = path.startswith("/_emulator")
    locks = "/locks/" in path
    registers = _name(case).startswith(OF_DATABASES)
    return bool(case.method == "DELETE" or (by_hand and case.method != "GET") or locks or registers)


def _name(case: schemathesis.Case[Any]) -> str:
    return _id_of(case.operation)


def _id_of(operation: Any) -> str:
    return str(operation.definition.raw.get("operationId"))
