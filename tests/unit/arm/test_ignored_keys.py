"""The keys of a body that nobody reads, found from its model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from app.arm.bodies import Body
from app.arm.ignored_keys import ignored


class Part(Body):
    """A part of a body."""

    soft_delete_days: int | None = None


class Other(Body):
    """What may stand in its place."""

    kind: Literal["other"]


class Whole(Body):
    """A body with parts of every kind."""

    one: Part | None = Field(None, alias="theOne")
    either: Part | Other | None = None
    parts: list[Part] | None = None
    by_name: Annotated[dict[str, Part | None] | None, Field(description="by name")] = None
    free: dict[str, Any] | None = None
    text_or_part: str | Part | None = None


class Lenient(Body):
    """A body that keeps all it was sent."""

    LENIENT = True


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({}, []),
        ({"colour": 1, "Etag": "x", "free": {"any": 1}}, ["colour"]),
        ({"THEONE": {"softDeleteDays": 1, "days": 2}}, ["THEONE.days"]),
        ({"either": {"kind": "other", "softDeleteDays": 1, "x": 1}}, ["either.x"]),
        ({"parts": [{}, {"a": 1, "b": 2}, 7]}, ["parts[1].a", "parts[1].b"]),
        ({"byName": {"archive": {"a": 1}, "vault": None}}, ["byName.archive.a"]),
        ({"textOrPart": "text"}, []),
        ({"textOrPart": {"a": 1}}, ["textOrPart.a"]),
        (["no", "object"], []),
    ],
)
def test_a_key_that_no_part_knows_is_named_where_it_stands(document: Any, found: list[str]) -> None:
    assert ignored(Whole, document) == found


def test_a_body_that_takes_everything_ignores_nothing() -> None:
    assert ignored(Lenient, {"anything": 1}) == []
