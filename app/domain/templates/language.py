"""The language of template expressions: a text in, a tree out.

    [concat(parameters('prefix'), '-', copyIndex())]      an expression
    [[not one]                                            the text "[not one]"

A text is an expression if it begins with ``[`` and ends with ``]``. In it there are calls, texts
in single quotes (two of them are one), whole numbers, ``.name`` and ``[index]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

LONGEST = 24_576
"""ARM's limit: an expression has at most so many characters."""
DEEPEST = 60
"""How many calls may be inside one another."""
_TOKEN = re.compile(
    r"""\s*(?:(?P<StringLiteral>'(?:[^']|'')*')|(?P<Integer>-?\d{1,19}(?![\w]))"""
    r"""|(?P<Identifier>[A-Za-z_$][\w$]*)|(?P<LeftParenthesis>\()|(?P<RightParenthesis>\))"""
    r"""|(?P<LeftSquareBracket>\[)|(?P<RightSquareBracket>\])|(?P<Comma>,)|(?P<Dot>\.))""",
    re.ASCII,
)
_END = "EndOfData"


class TemplateError(ValueError):
    """A template or an expression that is wrong, or that uses what is not known here.

    ``code`` is ARM's where it has one of its own.
    """

    def __init__(self, message: str, code: str = "InvalidTemplate") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a whole number."""

    value: str | int


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments; a user's function has a dot in its name."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Access:
    """A part of a value: ``.name`` or ``[index]``."""

    of: Node
    key: Node


Node: TypeAlias = Literal | Call | Access


def is_expression(text: str) -> bool:
    """Tell whether a text of a template is an expression, or one that is escaped."""
    return text.startswith("[") and text.endswith("]") and len(text) > 1


@lru_cache(maxsize=4096)
def read(text: str) -> Node:
    """Return what a text of a template says. Raises ``TemplateError``."""
    if not is_expression(text):
        return Literal(text)
    if text.startswith("[["):
        return Literal(text[1:])
    if len(text) > LONGEST:
        raise TemplateError(
            f"The language expression length limit exceeded. Limit: '{LONGEST}' and actual: "
            f"'{len(text)}'. Please see https://aka.ms/arm-functions for usage details."
        )
    return _Parser(text).expression()


def escape(text: str) -> str:
    """Return what a text must be written as in a template, so that it is read as it stands."""
    return f"[{text}" if is_expression(text) else text


def walk(node: Node) -> Iterator[Node]:
    """Yield a tree's nodes, the outer before the inner."""
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from walk(argument)
    elif isinstance(node, Access):
        yield from walk(node.of)
        yield from walk(node.key)


def written(node: Node) -> str:
    """Return the text that a tree is read from, without the outer brackets."""
    if isinstance(node, Call):
        return f"{node.name}({', '.join(written(each) for each in node.arguments)})"
    if isinstance(node, Access):
        return f"{written(node.of)}[{written(node.key)}]"
    if isinstance(node.value, str):
        return "'" + node.value.replace("'", "''") + "'"
    return str(node.value)


class _Parser:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._inner = text[1:-1]
        self._at = 0
        self._depth = 0
        self._kind, self._word = _END, ""
        self._next()

    def _next(self) -> None:
        match = _TOKEN.match(self._inner, self._at)
        if match is not None:
            self._kind, self._word = str(match.lastgroup), match[str(match.lastgroup)]
            self._at = match.end()
            return
        rest = self._inner[self._at :].lstrip()
        if rest:
            at = len(self._inner) - len(rest) + 1
            raise self._wrong(f"the character '{rest[0]}' at position '{at}' is not expected")
        self._kind, self._word = _END, ""

    def _wrong(self, why: str) -> TemplateError:
        return TemplateError(
            f"Unable to parse language expression '{self._text[1:-1]}': {why}. "
            "Please see https://aka.ms/arm-functions for usage details."
        )

    def _take(self, kind: str) -> str:
        if self._kind != kind:
            raise self._wrong(f"expected token '{kind}' and actual '{self._kind}'")
        word = self._word
        self._next()
        return word

    def expression(self) -> Node:
        """Read all of it."""
        node = self._value()
        self._take(_END)
        return node

    def _value(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._wrong(f"calls are nested too deeply, at most {DEEPEST} levels are allowed")
        node = self._accessed(self._first())
        self._depth -= 1
        return node

    def _first(self) -> Node:
        if self._kind == "StringLiteral":
            return Literal(self._take("StringLiteral")[1:-1].replace("''", "'"))
        if self._kind == "Integer":
            return Literal(self._integer())
        name = self._take("Identifier")
        while self._kind == "Dot":
            self._next()
            name = f"{name}.{self._take('Identifier')}"
        return Call(name, self._arguments())

    def _integer(self) -> int:
        number = int(self._take("Integer"))
        if not -(1 << 63) <= number < 1 << 63:
            raise self._wrong(f"the number '{number}' does not fit in 64 bits")
        return number

    def _arguments(self) -> tuple[Node, ...]:
        self._take("LeftParenthesis")
        found: list[Node] = []
        while self._kind != "RightParenthesis":
            if found:
                self._take("Comma")
            found.append(self._value())
        self._next()
        return tuple(found)

    def _accessed(self, node: Node) -> Node:
        for _ in range(DEEPEST):
            if self._kind == "Dot":
                self._next()
                key: Any = Literal(self._take("Identifier"))
            elif self._kind == "LeftSquareBracket":
                self._next()
                key = self._value()
                self._take("RightSquareBracket")
            else:
                return node
            node = Access(node, key)
        raise self._wrong(f"a value has more than {DEEPEST - 1} parts after it")
