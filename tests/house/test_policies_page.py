"""docs/policies.md lists every field of a policy, what it may be, and what a wrong one is told.

It is written by this file: ``python -m tests.house.test_policies_page`` after a change. Ranges
and words are read from the code, and every row's wrong values are tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.arm import bodies
from app.domain.errors import Refused
from app.domain.instants import parse
from app.domain.policy_documents import check_name, policy
from app.providers.recovery_services_backup.policy_bodies import (
    PolicyBody,
    PolicyProperties,
    RetentionPolicy,
    SchedulePolicy,
)
from tests.house import database_policy_rows, file_share_policy_rows, policy_rows
from tests.house.policy_rows import HUGE, LEAVE_OUT, TYPE, Row

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
NOW = parse("2026-05-06T07:08:09Z")
BASES = policy_rows.BASES | file_share_policy_rows.BASES | database_policy_rows.BASES
SECTIONS = (
    ("Policies of VMs", "", policy_rows.ROWS),
    ("Policies of file shares", file_share_policy_rows.TEXT, file_share_policy_rows.ROWS),
    ("Policies of databases", database_policy_rows.TEXT, database_policy_rows.ROWS),
)
ROWS = [row for _, _, rows in SECTIONS for row in rows]
NOT_READ = (
    "schedulePolicy.scheduleFrequencyInMins",
    "retentionPolicy.retentionDuration.",
    "vaultRetentionPolicy.vaultRetention.retentionDuration.",
    "subProtectionPolicy[].schedulePolicy.hourlySchedule.",
    "subProtectionPolicy[].schedulePolicy.dailySchedule.",
    "subProtectionPolicy[].schedulePolicy.weeklySchedule.",
)
"""Fields that the document has because a part is the same everywhere; here nothing reads them."""
INTRODUCTION = """# What a policy may say

Written by `python -m tests.house.test_policies_page`; do not edit. The ranges are those of the
code, and every wrong value of a row is sent to it.

A refusal is HTTP 400 and names the field, the value and what is allowed. `InvalidRequestContent`
is the answer to a wrong JSON type wherever it stands: a fraction or a boolean for a number, a
number for a text, an object for a list; a number may be written as a text. Nulls are as if left
out, unknown fields are ignored, and so are parts that the schedule's frequency or the format's
type does not use. Words are read in any casing and shown in Azure's. Lists keep their order; an
entry that is there twice is refused.

Of a time only the time of day counts, in the policy's `timeZone`: `2026-01-01T22:00:00Z` is 22:00
there. Seconds may have decimals, of which the first six must be zero. A time alone (`22:00`, as
azurerm sends it) is shown with the day of the request. An offset is taken off first, as .NET does:
`22:00:00+05:30` is 16:30, and `22:00:00+05:45` is 16:15 and refused.

Names of policies: 3 to 150 characters, a letter first, then letters, digits, `-`, `_` and `!`.

Sources: S is azure-backup-semantics of the project's references by its section, T what azurerm
checks or sends, P the checks of Microsoft's PowerShell, M a page of Microsoft's documentation, D a
page of docs/decisions.
"""


def page() -> str:
    """Return the page as it has to be."""
    return "\n".join([INTRODUCTION, *(section(*each) for each in SECTIONS)])


def section(title: str, text: str, rows: Sequence[Row]) -> str:
    lines = [
        f"| `{row.path}` | {row.allowed} | {row.left_out} | {row.code} | {row.source} |"
        for row in rows
    ]
    head = ["| field of `properties` | allowed | left out | when wrong | source |"]
    told = [text, ""] if text else []
    return "\n".join([f"## {title}", "", *told, *head, "|---|---|---|---|---|", *lines, ""])


def leaves(schema: dict[str, Any], definitions: dict[str, Any], path: str = "") -> Iterator[str]:
    """Return the paths of the fields of a model's schema that hold no objects."""
    for option in schema.get("anyOf", [schema]):
        if "$ref" in option:
            found = definitions[option["$ref"].rpartition("/")[2]]
            for name, part in found["properties"].items():
                yield from leaves(part, definitions, f"{path}.{name}" if path else name)
        elif option.get("type") == "array" and "$ref" in option["items"]:
            yield from leaves(option["items"], definitions, f"{path}[]")
        elif isinstance(option.get("additionalProperties"), dict):
            yield from leaves(option["additionalProperties"], definitions, f"{path}.ArchivedRP")
        elif option.get("type") != "null":
            yield path


def changed(base: str, path: str, value: Any) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(json.dumps(BASES[base]))
    *parents, name = path.split(".")
    place: Any = sent
    for parent in parents:
        place = place.setdefault(parent.removesuffix("[]"), {})
        place = place[0] if parent.endswith("[]") else place
    if value is LEAVE_OUT:
        place.pop(name)
    else:
        place[name] = value
    return sent


def judged(sent: dict[str, Any]) -> dict[str, Any]:
    """Do with properties what the endpoint does."""
    content = json.dumps({"properties": sent}).encode()
    read, _ = bodies.read(content, PolicyBody, optional=False)
    return policy("policy", read.properties.wire(), None, NOW)


TRIED = [
    (base, path, value, row.code)
    for row in ROWS
    for path in row.paths
    for base in row.bases
    for value in row.wrong
    if not (path.endswith("FormatType") and (base, value) == ("V1 daily", "Daily"))
]


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.read_text() == page(), "run python -m tests.house.test_policies_page"


def test_every_field_of_a_policy_has_its_row() -> None:
    schema = PolicyProperties.model_json_schema()
    definitions = schema["$defs"] | {"PolicyProperties": schema}
    fields = set(leaves({"$ref": "#/PolicyProperties"}, definitions))
    told = {path for row in ROWS for path in row.paths}
    assert told <= fields
    assert all(path.startswith(NOT_READ) for path in fields - told)
    assert not any(path.startswith(NOT_READ) for path in told)


@pytest.mark.parametrize("base", BASES)
def test_what_the_rows_begin_with_is_right(base: str) -> None:
    document = judged(BASES[base])
    assert document.get("policyType") == BASES[base].get("policyType")
    assert judged(document) == document


@pytest.mark.parametrize(("base", "path", "value", "code"), TRIED)
def test_a_wrong_value_is_refused_as_its_row_says(
    base: str, path: str, value: Any, code: str
) -> None:
    with pytest.raises(Refused) as raised:
        judged(changed(base, path, value))
    assert raised.value.code == code
    parent = path.replace("[]", "[0]").rpartition(".")[0]
    assert (raised.value.target or "").replace(".0.", "[0].").startswith(f"properties.{parent}")


WRONG_TYPES: Sequence[Any] = ("x", 1.5, True, [1], {}, "1.5")
NUMBERS = [
    (row.bases[0], path)
    for row in ROWS
    for path in row.paths
    if HUGE in row.wrong or path.endswith("Duration")
]


@pytest.mark.parametrize("value", WRONG_TYPES)
@pytest.mark.parametrize(("base", "path"), NUMBERS)
def test_a_number_of_another_type_is_refused(base: str, path: str, value: Any) -> None:
    with pytest.raises(Refused) as raised:
        judged(changed(base, path, value))
    assert raised.value.code == TYPE
    assert raised.value.target == f"properties.{path.replace('[]', '.0')}"


@pytest.mark.parametrize("base", BASES)
def test_nulls_are_as_if_left_out(base: str) -> None:
    sent = {name: part for name, part in BASES[base].items() if name != "tieringPolicy"}
    parts: dict[str, type[bodies.Body]] = {
        "schedulePolicy": SchedulePolicy,
        "retentionPolicy": RetentionPolicy,
    }
    nulls = without_values(PolicyProperties) | sent
    nulls |= {
        name: without_values(model) | sent[name] for name, model in parts.items() if name in sent
    }
    assert len(nulls) > len(sent)
    assert judged(nulls) == judged(sent)


STRANGE: Sequence[Any] = ({}, [], [{}], [[]], [None], "", "x", -1, 0, HUGE, 1.5, True, None)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the paths of all that is in a document, however deep."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts:
        yield (*path, key)
        if isinstance(part, dict | list):
            yield from places(part, (*path, key))


@pytest.mark.parametrize("base", BASES)
def test_whatever_stands_anywhere_is_taken_or_refused_by_name(base: str) -> None:
    refusals: list[Refused] = []
    for *parents, name in places(BASES[base]):
        for value in STRANGE:
            sent = json.loads(json.dumps(BASES[base]))
            place = sent
            for parent in parents:
                place = place[parent]
            place[name] = value
            try:
                document = judged(sent)
            except Refused as refused:
                refusals.append(refused)
            else:
                assert judged(document) == document
    assert all(refused.target and refused.target in refused.message for refused in refusals)


def without_values(model: type[bodies.Body]) -> dict[str, None]:
    return {field.alias or name: None for name, field in model.model_fields.items()}


def test_names_are_those_of_the_page() -> None:
    check_name("aZ9-_!")
    for name in ("ab", "9abc", "a.b", "a" * 151):
        with pytest.raises(Refused, match="3 to 150"):
            check_name(name)


if __name__ == "__main__":
    PAGE.write_text(page())
