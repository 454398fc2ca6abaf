"""Tags are refused for what ARM refuses them for, and found whatever the casing of their name."""

from __future__ import annotations

import pytest

from app.domain import tags
from app.domain.errors import Refused


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({f"tag{number}": "" for number in range(51)}, "InvalidTags"),
        ({"": "x"}, "InvalidTagName"),
        ({"n" * 513: "x"}, "InvalidTagName"),
        ({"a/b": "x"}, "InvalidTagNameCharacters"),
        ({"a<b": "x"}, "InvalidTagNameCharacters"),
        ({"a": "v" * 257}, "TagValueTooLong"),
        ({"env": "1", "ENV": "2"}, "DuplicateTagName"),
    ],
)
def test_tags_that_arm_would_not_keep_are_refused(wanted: dict[str, str], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        tags.check(wanted)
    assert refusal.value.code == code


def test_the_most_and_longest_tags_are_kept() -> None:
    tags.check({f"tag{number}": "v" * 256 for number in range(49)} | {"n" * 512: ""})
