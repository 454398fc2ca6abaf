"""Texts in YAML or JSON, read with the line and column of every place in them.

What is wrong with a document can then be told with where it stands. JSON is YAML too, but for
what only JSON allows; so both have their places from YAML's reader.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

DEEPEST = 60
"""How many objects and lists may be inside one another; also what ends a YAML anchor in itself."""


class WrongText(ValueError):
    """A text that is no YAML or JSON: why, and the mark (from 1) if there is one."""

    def __init__(self, reason: str, mark: Mark | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Mark:
    """A line and a column, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}"


@dataclass(frozen=True)
class MarkedText:
    """What a text says; a place in it is written as ``groups[1].count``."""

    text: str
    document: Any
    found: dict[str, Mark] = field(default_factory=dict)

    def mark(self, place: str | None) -> Mark | None:
        """Return where a place stands, or the nearest one around it."""
        marks = self._marks
        while place and place not in marks:
            place = place.rpartition("[" if place.endswith("]") else ".")[0]
        return marks[place] if place else None

    @cached_property
    def _marks(self) -> dict[str, Mark]:
        """JSON is read for its places only once something is wrong in it."""
        if self.found or not self.text:
            return self.found
        try:
            # JSON has tabs between its tokens only, where YAML would have none.
            return yaml_of(self.text.replace("\t", " ")).found
        except WrongText:
            return {}


def read(text: str) -> MarkedText:
    """Read YAML, or JSON if it begins as JSON does. Raises ``WrongText``."""
    return json_of(text) if text.lstrip()[:1] in ("{", "[") and _is_json(text) else yaml_of(text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def json_of(text: str) -> MarkedText:
    """Read JSON. Raises ``WrongText``."""
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except WrongText:
        raise
    except (ValueError, RecursionError) as problem:
        line, column = getattr(problem, "lineno", None), getattr(problem, "colno", 1)
        mark = None if line is None else Mark(line, column)
        raise WrongText(f"is not JSON: {getattr(problem, 'msg', problem)}", mark) from None
    return MarkedText(text, document)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise WrongText(f"'{twice}' stands twice in one object")
    return found


class _Loader(yaml.SafeLoader):
    """YAML as 1.2 reads it: 22:00 is a text, not 1,320; so are dates, yes and no."""

    yaml_implicit_resolvers: dict[str, Any] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("merge", "<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(f"(?:{_pattern})$"),
        [*_first] + [""] * (_tag == "null"),
    )


def yaml_of(text: str) -> MarkedText:
    """Read YAML. Raises ``WrongText``."""
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            found: dict[str, Mark] = {}
            if node is not None:
                _note(node, "", found, DEEPEST)
            document = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = None if mark is None else _mark(mark)
        raise WrongText(f"is not YAML: {problem.problem or problem.context}", where) from None
    except WrongText:
        raise
    except (yaml.YAMLError, ValueError) as problem:
        raise WrongText(f"is not YAML: {' '.join(str(problem).split())}") from None
    return MarkedText(text, document, found)


def _note(node: yaml.Node, place: str, found: dict[str, Mark], levels: int) -> None:
    """Note the mark of every place below a node; a key that stands twice is refused."""
    if not levels:
        raise WrongText("is nested too deeply", _mark(node.start_mark))
    if isinstance(node, yaml.SequenceNode):
        for number, each in enumerate(node.value):
            found[f"{place}[{number}]"] = _mark(each.start_mark)
            _note(each, f"{place}[{number}]", found, levels - 1)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            text, mark = str(key.value), _mark(key.start_mark)
            if text in seen:
                raise WrongText(f"'{text}' stands twice in one object", mark)
            seen.add(text)
            inner = f"{place}.{text}" if place else text
            found[inner] = mark
            _note(value, inner, found, levels - 1)


def _mark(mark: yaml.Mark) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)
