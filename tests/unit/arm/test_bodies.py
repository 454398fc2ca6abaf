"""Bodies are read as ARM reads JSON; what it would not take is refused and never a fault."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from app.arm import bodies
from app.arm.bodies import DEEPEST, LARGEST, Body
from app.domain.errors import Kind, Refused


class Inner(Body):
    """A part of a body."""

    soft_delete_days: int | None = None
    enabled: bool = True


class Outer(Body):
    """A body with parts of every kind."""

    display_name: str
    vm_details: Inner | None = Field(None, alias="vmDetails")
    parts: list[Inner] = Field(default_factory=list)
    free: dict[str, object] | None = None


class Optional(Body):
    """A body that may be left out."""

    name: str | None = None


def read(content: bytes | str) -> Outer:
    raw = content.encode() if isinstance(content, str) else content
    return bodies.read(raw, Outer, optional=False)[0]


def refusal(content: bytes | str) -> Refused:
    with pytest.raises(Refused) as raised:
        read(content)
    raised.value.message.encode()  # it must be possible to send it
    return raised.value


def nested(depth: int, opening: str = "[", leaf: str = "", closing: str = "]") -> str:
    inside = f"{opening * depth}{leaf}{closing * depth}"
    return f'{{"displayName": "x", "free": {{"a": {inside}}}}}'


def test_a_body_is_read_by_its_wire_names_and_written_with_them() -> None:
    body = read('{"displayName": "a", "vmDetails": {"softDeleteDays": 14}, "more": [1]}')
    assert body.display_name == "a"
    assert body.vm_details == Inner.model_validate({"softDeleteDays": 14})
    assert body.wire() == {
        "displayName": "a",
        "vmDetails": {"softDeleteDays": 14, "enabled": True},
        "parts": [],
    }


def test_names_count_in_any_casing_and_their_own_spelling_before_others() -> None:
    body = read('{"DISPLAYNAME": "a", "vmdetails": {"SoftDeleteDays": 14}, "free": {"B": 1}}')
    assert body.display_name == "a"
    assert body.wire()["vmDetails"] == {"softDeleteDays": 14, "enabled": True}
    assert body.free == {"B": 1}
    assert read('{"displayname": "b", "displayName": "a"}').display_name == "a"
    assert read('{"displayName": "a", "displayname": "b"}').display_name == "a"


def test_nulls_are_as_if_they_had_not_been_sent() -> None:
    body = read(
        '{"displayName": "a", "vmDetails": {"enabled": null}, "parts": null,'
        ' "free": {"a": null, "b": {"c": null}, "d": [{"e": null}]}}'
    )
    assert body.vm_details == Inner(enabled=True)
    assert body.parts == []
    assert body.free == {"b": {}, "d": [{}]}


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_passed_over(mark: bytes) -> None:
    assert read(mark + '{"displayName": "grün 😀"}'.encode()).display_name == "grün 😀"


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "}",
        '{"displayName": "x"',
        '{"displayName": "x",}',
        "{'displayName': 'x'}",
        '{"displayName": x}',
        '{"displayName": "x"} {}',
        '{"displayName": "line\nbreak"}',
        '{"displayName": "\\x41"}',
        '{"free": {"a": NaN}}',
        '{"free": {"a": Infinity}}',
        '{"free": {"a": -Infinity}}',
        '{"free": {"a": 1e999}}',
        '{"free": {"a": -1e999}}',
        f'{{"free": {{"a": {"9" * 5000}}}}}',
        "\ufeff\ufeff{}",
        b"\xff\xfe{\x00}\x00",
        '{"displayName": "x"}'.encode("utf-16"),
        '{"displayName": "x"}'.encode("utf-32-le"),
        b'{"displayName": "\xff"}',
        b'{"displayName": "\xed\xa0\x80"}',
        b"\x00",
    ],
)
def test_what_is_no_json_is_refused(content: bytes | str) -> None:
    refused = refusal(content)
    assert (refused.kind, refused.code) == (Kind.INVALID, "InvalidRequestContent")
    assert "could not be deserialized" in refused.message


@pytest.mark.parametrize(
    "content",
    [
        '{"displayName": "\\u0000"}',
        '{"displayName": "\\ud800"}',
        '{"displayName": "\\udc00\\ud800"}',
        '{"displayName": "x", "free": {"\\u0000": 1}}',
        '{"displayName": "x", "free": {"a": [["\\udfff"]]}}',
    ],
)
def test_characters_that_no_database_keeps_are_refused(content: str) -> None:
    assert "holds U+0000 or half a surrogate pair" in refusal(content).message


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("\\ud83d\\ude00", "😀"),
        ("\\\\u0000", "\\u0000"),
        ("C:\\\\users", "C:\\users"),
        ("\\u007f\\u0001", "\x7f\x01"),
    ],
)
def test_escapes_of_other_characters_are_read(written: str, text: str) -> None:
    assert read(f'{{"displayName": "{written}"}}').display_name == text


@pytest.mark.parametrize(
    ("opening", "leaf", "closing"),
    [("[", "", "]"), ('{"a":', "1", "}"), ('[{"a":', "1", "}]"), ("[null,", "1", "]")],
)
@pytest.mark.parametrize("depth", [DEEPEST, 400, 900, 100_000])
def test_deep_nesting_is_refused_at_any_depth(
    depth: int, opening: str, leaf: str, closing: str
) -> None:
    content = nested(depth, opening, leaf, closing)
    assert f"at most {DEEPEST} levels" in refusal(content).message


def test_nesting_that_is_not_deep_is_accepted() -> None:
    assert read(nested(DEEPEST - 2)).free is not None
    refusal(nested(DEEPEST - 1))


@pytest.mark.parametrize("content", ["[]", '"text"', "1", "1.5", "true", "null", '[{"a": 1}]'])
def test_a_body_is_always_an_object(content: str) -> None:
    assert refusal(content).message == "The request content must be a JSON object."


@pytest.mark.parametrize("content", ["", " ", "\r\n\t"])
def test_an_empty_body_is_only_right_where_none_is_needed(content: str) -> None:
    assert "a body is required" in refusal(content).message
    assert bodies.read(content.encode(), Optional, optional=True) == (Optional(), {})


def test_a_body_that_may_be_left_out_is_checked_if_it_is_there() -> None:
    with pytest.raises(Refused):
        bodies.read(b'{"name": 1}', Optional, optional=True)


def test_a_body_may_be_large_but_not_larger_than_arms() -> None:
    largest = json.dumps({"displayName": "x" * (LARGEST - len('{"displayName": ""}'))})
    assert len(largest) == LARGEST
    assert len(read(largest).display_name) > LARGEST - 100
    refused = refusal(largest + " ")
    assert (refused.kind, refused.code) == (Kind.TOO_LARGE, "RequestContentTooLarge")


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("{}", "displayName"),
        ('{"displayName": null}', "displayName"),
        ('{"displayName": 1}', "displayName"),
        ('{"display_name": "x"}', "displayName"),
        ('{"displayName": "x", "vmDetails": 1}', "vmDetails"),
        ('{"displayName": "x", "vmDetails": {"softDeleteDays": "x"}}', "vmDetails.softDeleteDays"),
        ('{"displayName": "x", "parts": [{}, {"enabled": "x"}]}', "parts.1.enabled"),
    ],
)
def test_a_wrong_field_is_refused_by_its_wire_name(content: str, field: str) -> None:
    refused = refusal(content)
    assert (refused.code, refused.target) == ("InvalidRequestContent", field)
    assert f"'{field}'" in refused.message


def test_every_wrong_field_has_a_detail_of_its_own() -> None:
    refused = refusal('{"displayName": 1, "parts": 2, "free": 3}')
    assert [detail.target for detail in refused.details] == ["displayName", "parts", "free"]
    assert "(2 more in details)" in refused.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["displayName", "vmDetails", "parts", "free"]), JSON))
def test_any_document_is_accepted_or_refused(document: dict[str, object]) -> None:
    content = json.dumps(document).encode()
    try:
        json.dumps(read(content).wire(), ensure_ascii=False, allow_nan=False).encode()
    except Refused as refused:
        refused.message.encode()


@given(st.binary(max_size=40))
def test_any_bytes_are_accepted_or_refused(content: bytes) -> None:
    try:
        read(content)
    except Refused as refused:
        refused.message.encode()


def test_the_limit_of_the_nesting_is_far_from_pythons() -> None:
    assert sys.getrecursionlimit() > DEEPEST * 4
