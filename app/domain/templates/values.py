"""The values of templates: JSON's, and how they are told apart, compared and written as text."""

from __future__ import annotations

import json
from typing import Any

from .language import TemplateError

LONGEST = 131_072
"""ARM's limit: what an expression comes to has at most so many characters."""
MOST = 4 * 1024 * 1024
"""A template, with all that it comes to, has at most 4 MB."""


def kind_of(value: Any) -> str:
    """Return the name that ARM's messages have for a value's type."""
    for kinds, name in (
        (bool, "Boolean"),
        (int, "Integer"),
        (float, "Float"),
        (str, "String"),
        (list, "Array"),
        (dict, "Object"),
    ):
        if isinstance(value, kinds):
            return name
    return "Null"


def is_integer(value: Any) -> bool:
    """Tell whether a value is a whole number; true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal: of one type, and alike in all their parts."""
    return kind_of(one) == kind_of(other) and key_of(one) == key_of(other)


def key_of(value: Any) -> str:
    """Return a text that is equal for equal values only."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def text_of(value: Any) -> str:
    """Return a value as ``string()`` and ``concat()`` write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def part_of(value: Any, key: Any) -> Any:
    """Return a part of an object, by a name of any casing, or of an array, by its place.

    Raises ``TemplateError``.
    """
    if isinstance(value, dict) and isinstance(key, str):
        return _member(value, key)
    if isinstance(value, list) and is_integer(key):
        if not 0 <= key < len(value):
            raise TemplateError(
                f"The language expression property array index '{key}' is out of bounds. "
                "Please see https://aka.ms/arm-functions for usage details."
            )
        return value[key]
    raise TemplateError(
        f"The language expression property '{text_of(key)[:100]}' can't be evaluated, the value "
        f"is of type '{kind_of(value)}'. Please see https://aka.ms/arm-functions for usage "
        "details."
    )


def _member(value: dict[str, Any], key: str) -> Any:
    if key in value:
        return value[key]
    for name, part in value.items():
        if name.lower() == key.lower():
            return part
    available = ", ".join(list(value)[:50])
    raise TemplateError(
        f"The language expression property '{key[:100]}' doesn't exist, available properties are "
        f"'{available}'. Please see https://aka.ms/arm-functions for usage details."
    )


def check_size(value: Any) -> Any:
    """Return a value if it is not too large to be written. Raises ``TemplateError``."""
    measure(value)
    return value


def measure(value: Any, most: int = MOST) -> int:
    """Return about how many characters a value is written with.

    Values share their parts, so a few lines of a template can name more than any memory holds.
    Raises ``TemplateError`` if it is too large.
    """
    left = most
    found = [value]
    while found:
        part = found.pop()
        left -= len(part) + 2 if isinstance(part, str) else 2
        if isinstance(part, dict):
            left -= sum(len(name) + 3 for name in part)
            found.extend(part.values())
        elif isinstance(part, list):
            found.extend(part)
        if left < 0 or len(found) > most:
            raise TemplateError(
                f"The template's limit is exceeded: what an expression comes to is larger than "
                f"'{most}' characters. Please see https://aka.ms/arm-functions for usage details."
            )
    return most - left
