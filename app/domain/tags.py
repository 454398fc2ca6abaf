"""Tags: what ARM lets resources and resource groups be labelled with."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .errors import invalid

MOST = 50
LONGEST_NAME = 512
LONGEST_VALUE = 256
_FORBIDDEN = re.compile(r"[<>%&\\?/]")


def check(tags: Mapping[str, str]) -> None:
    """Raise ``Refused`` for tags that ARM would not keep."""
    if len(tags) > MOST:
        raise invalid(
            "InvalidTags",
            f"tags: {len(tags)} were sent; at most {MOST} are allowed.",
            target="tags",
        )
    for name, value in tags.items():
        _check_name(name)
        if len(value) > LONGEST_VALUE:
            raise invalid(
                "TagValueTooLong",
                f"tags: the value of '{name}' has {len(value)} characters; at most "
                f"{LONGEST_VALUE} are allowed.",
                target="tags",
            )
    _check_casing(tags)


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > LONGEST_NAME:
        raise invalid(
            "InvalidTagName",
            f"tags: a name must have 1 to {LONGEST_NAME} characters; "
            f"'{name[:40]}' has {len(name)}.",
            target="tags",
        )
    if _FORBIDDEN.search(name):
        raise invalid(
            "InvalidTagNameCharacters",
            f"tags: the name '{name}' has one of the characters <, >, %, &, \\, ?, /, "
            "which are not allowed.",
            target="tags",
        )


def _check_casing(tags: Mapping[str, str]) -> None:
    folded = {name.lower() for name in tags}
    if len(folded) < len(tags):
        raise invalid(
            "DuplicateTagName", "tags: two names differ only in their casing.", target="tags"
        )
