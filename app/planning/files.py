"""Plan files: YAML or JSON, read with the line of every place so that an error can name it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DEEPEST = 60
"""How many objects and lists may be inside one another; also what ends a YAML anchor in itself."""


@dataclass(frozen=True)
class PlanFile:
    """A plan's document, and the line on which each place of it stands."""

    name: str
    document: Any
    lines: dict[str, int] = field(default_factory=dict)

    def where(self, place: str | None) -> str:
        """Return the file, and the line of a place or of the nearest one around it."""
        while place and place not in self.lines:
            place = place.rpartition("[" if place.endswith("]") else ".")[0]
        return f"{self.name}:{self.lines[place]}" if place else self.name


def read(path: Path) -> PlanFile:
    """Read a plan file. Raises ``ValueError`` that says where the text is no YAML or JSON.

    A name that ends in .json is JSON, every other one YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name}: is not a text in UTF-8") from None
    if path.suffix.lower() == ".json":
        return PlanFile(path.name, _json(path.name, text))
    return _yaml(path.name, text)


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        line = getattr(problem, "lineno", None)
        where = name if line is None else f"{name}:{line}"
        raise ValueError(f"{where}: is not JSON: {getattr(problem, 'msg', problem)}") from None


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


def _yaml(name: str, text: str) -> PlanFile:
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            lines: dict[str, int] = {}
            if node is not None:
                _note(node, "", lines, name, DEEPEST)
            document = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = name if mark is None else f"{name}:{mark.line + 1}"
        raise ValueError(f"{where}: is not YAML: {problem.problem or problem.context}") from None
    except yaml.YAMLError as problem:
        raise ValueError(f"{name}: is not YAML: {' '.join(str(problem).split())}") from None
    return PlanFile(name, document, lines)


def _note(node: yaml.Node, place: str, lines: dict[str, int], name: str, levels: int) -> None:
    """Note the line of every place below a node; a key that stands twice is refused."""
    if not levels:
        raise ValueError(f"{name}:{node.start_mark.line + 1}: is nested too deeply")
    if isinstance(node, yaml.SequenceNode):
        for number, each in enumerate(node.value):
            lines[f"{place}[{number}]"] = each.start_mark.line + 1
            _note(each, f"{place}[{number}]", lines, name, levels - 1)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            text, line = str(key.value), key.start_mark.line + 1
            if text in seen:
                raise ValueError(f"{name}:{line}: '{text}' stands twice in one object")
            seen.add(text)
            inner = f"{place}.{text}" if place else text
            lines[inner] = line
            _note(value, inner, lines, name, levels - 1)
