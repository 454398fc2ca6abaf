"""What template functions give for their arguments alone; ``scopes.py`` has those that ask more.

A row of the table says what a function takes: ``text``, ``int``, ``bool``, ``list``, ``object`` or
``any``, or several joined by ``|``; ``?`` after it is one that may be left out, ``...`` any number
of more. Each is as Microsoft documents it under "ARM template functions".
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, unquote, urljoin

from .. import ids, instants
from .language import TemplateError
from .values import LONGEST, is_integer, key_of, kind_of, same, text_of

_GUIDS = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""The namespace of ``guid()``, by Microsoft's documentation of it."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PLACE = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}|[{}]")
MOST_IN_RANGE = 10_000
_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "text": lambda value: isinstance(value, str),
    "int": is_integer,
    "number": lambda value: is_integer(value) or isinstance(value, float),
    "bool": lambda value: isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
    "any": lambda value: True,
}


class Wrong(ValueError):
    """Why a function cannot be evaluated."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes: how many at least and at most, and of which types."""

    least: int
    most: int | None
    kinds: tuple[str, ...]

    def check(self, arguments: Sequence[Any]) -> None:
        """Refuse arguments that are too few, too many or of a wrong type. Raises ``Wrong``."""
        count = len(arguments)
        if count < self.least or (self.most is not None and count > self.most):
            raise Wrong(f"the function requires {self._wanted()} argument(s) while '{count}' given")
        for at, value in enumerate(arguments):
            kind = self.kinds[min(at, len(self.kinds) - 1)]
            if not any(_TYPES[each](value) for each in kind.split("|")):
                raise Wrong(
                    f"argument {at + 1} must be of type '{kind.replace('|', ' or ')}', it is of "
                    f"type '{kind_of(value)}'"
                )

    def _wanted(self) -> str:
        if self.most is None:
            return f"'{self.least}' or more"
        return f"'{self.least}'" if self.least == self.most else f"'{self.least}' to '{self.most}'"


@cache
def signature(told: str) -> Signature:
    """Read what a function takes."""
    words = told.split()
    needed = [word for word in words if word[-1] not in "?."]
    kinds = tuple(word.rstrip("?.") for word in words)
    return Signature(
        len(needed), None if words and words[-1].endswith("...") else len(words), kinds
    )


def is_known(name: str) -> bool:
    """Tell whether there is a function of this name, whatever its casing."""
    return name.lower() in _FUNCTIONS


def call(name: str, arguments: Sequence[Any]) -> Any:
    """Return what a function gives. Raises ``TemplateError``."""
    told, does = _FUNCTIONS[name.lower()]
    try:
        signature(told).check(arguments)
        found = does(*arguments)
    except (Wrong, RecursionError) as problem:
        raise unable(name, str(problem)) from None
    if isinstance(found, str) and len(found) > LONGEST:
        raise TemplateError(
            f"The language expression literal limit exceeded. Limit: '{LONGEST}' and actual: "
            f"'{len(found)}'. Please see https://aka.ms/arm-functions for usage details."
        )
    return found


def unable(name: str, why: str) -> TemplateError:
    """Return what is said of a function that cannot be evaluated."""
    return TemplateError(
        f"Unable to evaluate template language function '{name}': {why}. "
        f"Please see https://aka.ms/arm-functions for usage details."
    )


# --- texts -------------------------------------------------------------------------------


def _concat(*parts: Any) -> Any:
    if isinstance(parts[0], list):
        if not all(isinstance(each, list) for each in parts):
            raise Wrong("all arguments must be arrays if one is")
        return [one for each in parts for one in each]
    if any(isinstance(each, list | dict) for each in parts):
        raise Wrong("all arguments must be string, integer or boolean values, or all arrays")
    return "".join(text_of(each) for each in parts)


def _format(pattern: str, *values: Any) -> str:
    def put(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if match[1] is None:
            raise Wrong(
                "the format string is malformed, or has an alignment or format component, which "
                "rsvault does not emulate"
            )
        if int(match[1]) >= len(values):
            raise Wrong(f"the format string names argument {match[1]}, which is not given")
        return text_of(values[int(match[1])])

    return _PLACE.sub(put, pattern)


def _substring(text: str, start: int, length: int | None = None) -> str:
    if not 0 <= start <= len(text):
        raise Wrong(
            f"the index parameter '{start}' must be a non-negative number within the string, "
            f"whose length is '{len(text)}'"
        )
    if length is None:
        return text[start:]
    if length < 0 or start + length > len(text):
        raise Wrong(
            "the index and length parameters must refer to a location within the string. "
            f"The index parameter: '{start}', the length parameter: '{length}', the length of "
            f"the string parameter: '{len(text)}'"
        )
    return text[start : start + length]


def _pad_left(text: Any, width: int, filler: str = " ") -> str:
    if len(filler) != 1:
        raise Wrong("the padding must be one character")
    if width > LONGEST:
        raise Wrong(f"the total length '{width}' is more than '{LONGEST}'")
    return text_of(text).rjust(width, filler)


def _replace(text: str, old: str, new: str) -> str:
    if not old:
        raise Wrong("the string to replace must not be empty")
    if text.count(old) * len(new) > LONGEST:
        raise Wrong(f"the result is longer than '{LONGEST}' characters")
    return text.replace(old, new)


def _split(text: str, by: str | list[Any]) -> list[str]:
    marks = [by] if isinstance(by, str) else by
    if not marks or not all(isinstance(each, str) and each for each in marks):
        raise Wrong("the delimiters must be strings that are not empty")
    return re.split("|".join(re.escape(each) for each in marks), text)


def _join(parts: list[Any], mark: str) -> str:
    if len(parts) * len(mark) > LONGEST:
        raise Wrong(f"the result is longer than '{LONGEST}' characters")
    return mark.join(text_of(each) for each in parts)


def _unique_string(*parts: Any) -> str:
    """Return 13 letters and digits that follow from the arguments; Azure's hash is another."""
    number = int(ids.md5_hex("uniqueString-" + "-".join(text_of(each) for each in parts)), 16)
    return "".join(_LETTERS[number >> (5 * place) & 31] for place in range(13))


def _guid(*parts: Any) -> str:
    return str(uuid.uuid5(_GUIDS, "-".join(text_of(each) for each in parts)))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Wrong("the argument is not a base64 string of UTF-8 text") from None


def _uri(first: str, second: str) -> str:
    try:
        return urljoin(first, second)
    except ValueError:
        raise Wrong("the arguments are no URI and no part of one") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except ValueError:
        raise Wrong("the argument is not valid JSON") from None


def _no_constant(text: str) -> Any:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _instant(text: str) -> int:
    try:
        return instants.parse(text)
    except ValueError:
        raise Wrong(f"'{text[:60]}' is not a date and time") from None


def _add_to_date(base: str, duration: str, pattern: str | None = None) -> str:
    if pattern is not None:
        raise Wrong("a format is given, which rsvault does not emulate; leave it out")
    start = _instant(base)
    try:
        moved = instants.after(start, instants.parse_duration(duration))
    except ValueError:
        raise Wrong(f"'{duration[:60]}' is not an ISO 8601 duration") from None
    return instants.wire(_on_the_calendar(moved))


def _on_the_calendar(instant: int) -> int:
    if not instants.EARLIEST <= instant <= instants.LATEST:
        raise Wrong("the result is not in the years 1 to 9999")
    return instant


def _from_epoch(seconds: int) -> str:
    return instants.wire(_on_the_calendar(seconds * instants.SECOND))


# --- lists and objects -------------------------------------------------------------------


def _create_object(*parts: Any) -> dict[str, Any]:
    names = parts[::2]
    if len(parts) % 2 or not all(isinstance(each, str) for each in names):
        raise Wrong("the arguments must be pairs of a name, which is a string, and a value")
    return dict(zip(names, parts[1::2], strict=True))


def _contains(holder: Any, wanted: Any) -> bool:
    if isinstance(holder, str):
        return text_of(wanted) in holder
    if isinstance(holder, dict):
        return text_of(wanted).lower() in {name.lower() for name in holder}
    return any(same(each, wanted) for each in holder)


def _first(value: Any) -> Any:
    if isinstance(value, str):
        return value[:1]
    return value[0] if value else None


def _last(value: Any) -> Any:
    if isinstance(value, str):
        return value[-1:]
    return value[-1] if value else None


def _most(*values: Any, pick: Callable[[Any], Any]) -> Any:
    found = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    if not found or not all(is_integer(each) for each in found):
        raise Wrong("the arguments must be integers, or one array of them that is not empty")
    return pick(found)


def _range(start: int, count: int) -> list[int]:
    if not 0 <= count <= MOST_IN_RANGE or start + count > 2_147_483_647:
        raise Wrong(
            f"the count must be from 0 to {MOST_IN_RANGE}, and the sum of both at most 2147483647"
        )
    return list(range(start, start + count))


def _alike(values: tuple[Any, ...]) -> bool:
    if all(isinstance(each, list) for each in values):
        return True
    if all(isinstance(each, dict) for each in values):
        return False
    raise Wrong("the arguments must be all arrays or all objects")


def _union(*values: Any) -> Any:
    if _alike(values):
        return list({key_of(one): one for each in values for one in each}.values())
    merged: dict[str, Any] = {}
    for each in values:
        merged = _merged(merged, each)
    return merged


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for name, value in other.items():
        old = found.get(name)
        both = isinstance(old, dict) and isinstance(value, dict)
        found[name] = _merged(old, value) if both and isinstance(old, dict) else value
    return found


def _intersection(*values: Any) -> Any:
    if _alike(values):
        shared = set.intersection(*({key_of(one) for one in each} for each in values))
        return list({key_of(one): one for one in values[0] if key_of(one) in shared}.values())
    return {
        name: value
        for name, value in values[0].items()
        if all(name in each and same(each[name], value) for each in values[1:])
    }


def _items(value: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value[name]} for name in sorted(value, key=str.lower)]


def _flatten(value: list[Any]) -> list[Any]:
    if not all(isinstance(each, list) for each in value):
        raise Wrong("the argument must be an array of arrays")
    return [one for each in value for one in each]


def _shallow_merge(values: list[Any]) -> dict[str, Any]:
    if not all(isinstance(each, dict) for each in values):
        raise Wrong("the argument must be an array of objects")
    return {name: part for each in values for name, part in each.items()}


def _index_of(holder: Any, wanted: Any) -> int:
    if isinstance(holder, str):
        return holder.lower().find(text_of(wanted).lower())
    return next((at for at, each in enumerate(holder) if same(each, wanted)), -1)


def _last_index_of(holder: Any, wanted: Any) -> int:
    if isinstance(holder, str):
        return holder.lower().rfind(text_of(wanted).lower())
    return next((at for at in range(len(holder) - 1, -1, -1) if same(holder[at], wanted)), -1)


# --- truths and numbers ------------------------------------------------------------------


def _int(value: Any) -> int:
    try:
        return _fits(int(value))
    except (ValueError, OverflowError):
        raise Wrong("the argument cannot be converted to an integer") from None


def _bool(value: Any) -> bool:
    if isinstance(value, str):
        truths = {"true": True, "1": True, "false": False, "0": False}
        if value.lower() not in truths:
            raise Wrong("the argument cannot be converted to a boolean")
        return truths[value.lower()]
    return bool(value)


def _fits(number: int) -> int:
    if not -(1 << 63) <= number < 1 << 63:
        raise Wrong("the result does not fit in 64 bits")
    return number


def _compared(one: Any, other: Any, holds: Callable[[Any, Any], bool]) -> bool:
    if kind_of(one) != kind_of(other):
        raise Wrong(
            f"both arguments must be of one type, they are of '{kind_of(one)}' and "
            f"'{kind_of(other)}'"
        )
    return holds(one, other)


def _divide(one: int, other: int) -> int:
    if other == 0:
        raise Wrong("the divisor is zero")
    whole = abs(one) // abs(other)
    return _fits(whole if (one < 0) == (other < 0) else -whole)


def _modulo(one: int, other: int) -> int:
    return one - other * _divide(one, other)


def _skip(value: Any, count: int) -> Any:
    return value[max(count, 0) :]


def _take(value: Any, count: int) -> Any:
    return value[: max(count, 0)]


_SCALAR = "text|int|number|bool"
_FUNCTIONS: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "concat": ("any any...", _concat),
    "format": ("text any...", _format),
    "tolower": ("text", str.lower),
    "toupper": ("text", str.upper),
    "trim": ("text", str.strip),
    "substring": ("text int int?", _substring),
    "startswith": ("text text", lambda text, head: text.lower().startswith(head.lower())),
    "endswith": ("text text", lambda text, tail: text.lower().endswith(tail.lower())),
    "padleft": ("text|int int text?", _pad_left),
    "replace": ("text text text", _replace),
    "split": ("text text|list", _split),
    "join": ("list text", _join),
    "string": ("any", text_of),
    "uniquestring": (f"{_SCALAR} {_SCALAR}...", _unique_string),
    "guid": (f"{_SCALAR} {_SCALAR}...", _guid),
    "base64": ("text", _base64),
    "base64tostring": ("text", _from_base64),
    "base64tojson": ("text", lambda text: _json(_from_base64(text))),
    "uri": ("text text", _uri),
    "uricomponent": ("text", lambda text: quote(text, safe="")),
    "uricomponenttostring": ("text", unquote),
    "datauri": ("text", lambda text: f"data:text/plain;charset=utf8;base64,{_base64(text)}"),
    "datetimeadd": ("text text text?", _add_to_date),
    "datetimefromepoch": ("int", _from_epoch),
    "datetimetoepoch": ("text", lambda text: _instant(text) // instants.SECOND),
    "json": ("text", _json),
    "null": ("", lambda: None),
    "true": ("", lambda: True),
    "false": ("", lambda: False),
    "array": ("any", lambda value: value if isinstance(value, list) else [value]),
    "createarray": ("any...", lambda *values: list(values)),
    "createobject": ("any...", _create_object),
    "empty": ("text|list|object|null", lambda value: not value),
    "length": ("text|list|object", len),
    "contains": (f"text|list|object {_SCALAR}|list|object", _contains),
    "first": ("text|list", _first),
    "last": ("text|list", _last),
    "skip": ("text|list int", _skip),
    "take": ("text|list int", _take),
    "min": ("int|list int...", lambda *values: _most(*values, pick=min)),
    "max": ("int|list int...", lambda *values: _most(*values, pick=max)),
    "range": ("int int", _range),
    "union": ("list|object list|object...", _union),
    "intersection": ("list|object list|object...", _intersection),
    "items": ("object", _items),
    "objectkeys": ("object", lambda value: sorted(value, key=str.lower)),
    "flatten": ("list", _flatten),
    "shallowmerge": ("list", _shallow_merge),
    "indexof": ("text|list any", _index_of),
    "lastindexof": ("text|list any", _last_index_of),
    "int": ("text|number|int", _int),
    "float": ("text|number|int", lambda value: _json(text_of(value)) * 1.0),
    "bool": ("text|int|bool", _bool),
    "equals": ("any any", same),
    "not": ("bool", lambda value: not value),
    "less": ("text|number text|number", lambda a, b: _compared(a, b, lambda x, y: x < y)),
    "lessorequals": ("text|number text|number", lambda a, b: _compared(a, b, lambda x, y: x <= y)),
    "greater": ("text|number text|number", lambda a, b: _compared(a, b, lambda x, y: x > y)),
    "greaterorequals": (
        "text|number text|number",
        lambda a, b: _compared(a, b, lambda x, y: x >= y),
    ),
    "add": ("int int", lambda a, b: _fits(a + b)),
    "sub": ("int int", lambda a, b: _fits(a - b)),
    "mul": ("int int", lambda a, b: _fits(a * b)),
    "div": ("int int", _divide),
    "mod": ("int int", _modulo),
}
"""The functions by their lower-case names."""
