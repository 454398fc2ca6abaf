"""The small part of Kusto's query language that backup's clients send to Resource Graph.

    table | where expr | extend name = expr | project name, name = expr | order by name desc
          | take 10 | count

An expression compares (== != =~ !~ contains startswith endswith, joined by and, or, and
parentheses), names a column or a part of one (``properties.state``, ``properties['state']``), or
calls tostring, tolower or strcat. Anything else is refused, never guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .documents import Document

Value = Callable[[Document], Any]
Step = Callable[[list[Document]], list[Document]]
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<word>[A-Za-z_][\w-]*)|(?P<number>\d+)"""
    r"""|(?P<sign>==|!=|=~|!~|[|=,().\[\]]))"""
)
DEEPEST = 50
"""How many parentheses may be inside one another."""


class QueryError(ValueError):
    """A query that is wrong, or that uses what is not known here."""


@dataclass(frozen=True, slots=True)
class Query:
    """A table's lower-case name, and what is done with its rows one after the other."""

    table: str
    steps: tuple[Step, ...]

    def run(self, rows: Iterable[Document]) -> list[Document]:
        """Return what is left of a table's rows."""
        found = list(rows)
        for step in self.steps:
            found = step(found)
        return found


def parse(text: str) -> Query:
    """Read a query. Raises ``QueryError``."""
    return _Parser(text).query()


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _folded(value: Any) -> str:
    return "" if value is None else _text(value).lower()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


_VERBS: dict[str, Callable[[Any, Any], bool]] = {
    "==": _same,
    "!=": lambda one, other: not _same(one, other),
    "=~": lambda one, other: _folded(one) == _folded(other),
    "!~": lambda one, other: _folded(one) != _folded(other),
    "contains": lambda one, other: _folded(other) in _folded(one),
    "startswith": lambda one, other: _folded(one).startswith(_folded(other)),
    "endswith": lambda one, other: _folded(one).endswith(_folded(other)),
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "tostring": lambda value: _text(value),
    "tolower": lambda value: _text(value).lower(),
    "strcat": lambda *values: "".join(_text(value) for value in values),
}
_ARGUMENTS = {"tostring": (1, 1), "tolower": (1, 1), "strcat": (1, 64)}


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    # --- tokens -----------------------------------------------------------------------

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _takes(self, token: str) -> bool:
        if self._peek().lower() != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._takes(token):
            raise QueryError(f"'{token}' is expected at {self._shown()}")

    def _shown(self) -> str:
        return f"'{self._peek()}'" if self._peek() else "the end"

    def _name(self) -> str:
        if not re.match(r"[A-Za-z_]", self._peek()):
            raise QueryError(f"a name is expected at {self._shown()}")
        return self._next()

    # --- operators --------------------------------------------------------------------

    def query(self) -> Query:
        table = self._name().lower()
        steps = []
        while self._peek():
            self._expect("|")
            steps.append(self._step())
        return Query(table, tuple(steps))

    def _step(self) -> Step:
        verb = self._name().lower()
        known: dict[str, Callable[[], Step]] = {
            "where": self._where,
            "extend": self._extend,
            "project": self._project,
            "order": self._order,
            "sort": self._order,
            "take": self._take,
            "limit": self._take,
            "count": lambda: _count,
        }
        if verb not in known:
            raise QueryError(f"the operator '{verb}' is not known; known: {', '.join(known)}")
        return known[verb]()

    def _where(self) -> Step:
        holds = self._either()
        return lambda rows: [row for row in rows if holds(row) is True]

    def _extend(self) -> Step:
        columns = self._columns(named=True)
        return lambda rows: [
            row | {name: value(row) for name, value in columns.items()} for row in rows
        ]

    def _project(self) -> Step:
        columns = self._columns(named=False)
        return lambda rows: [{name: value(row) for name, value in columns.items()} for row in rows]

    def _columns(self, *, named: bool) -> dict[str, Value]:
        columns: dict[str, Value] = {}
        while True:
            name = self._name()
            if self._takes("="):
                columns[name] = self._either()
            elif named:
                raise QueryError(f"'=' is expected at {self._shown()}")
            else:
                columns[name] = _column(name)
            if not self._takes(","):
                return columns

    def _order(self) -> Step:
        self._expect("by")
        keys: list[tuple[Value, bool]] = []
        while True:
            value = self._value()
            ascending = self._takes("asc")
            if not ascending:
                self._takes("desc")
            keys.append((value, not ascending))
            if not self._takes(","):
                return lambda rows: _sorted(rows, keys)

    def _take(self) -> Step:
        if not self._peek().isdecimal() or len(self._peek()) > 9:
            raise QueryError(f"a number is expected at {self._shown()}")
        most = int(self._next())
        return lambda rows: rows[:most]

    # --- expressions ------------------------------------------------------------------

    def _either(self) -> Value:
        first = self._both()
        while self._takes("or"):
            first = _or(first, self._both())
        return first

    def _both(self) -> Value:
        first = self._compared()
        while self._takes("and"):
            first = _and(first, self._compared())
        return first

    def _compared(self) -> Value:
        left = self._value()
        verb = self._peek().lower()
        if verb not in _VERBS:
            return left
        self._next()
        return _comparison(_VERBS[verb], left, self._value())

    def _value(self) -> Value:
        if self._takes("("):
            return self._nested(self._either)
        token = self._peek()
        if token[:1] in ("'", '"'):
            return _constant(self._next()[1:-1])
        if token.isdecimal():
            return _constant(int(self._next()))
        name = self._name()
        if self._takes("("):
            return self._call(name)
        return self._part_of(_column(name))

    def _nested(self, read: Callable[[], Value]) -> Value:
        self._depth += 1
        if self._depth > DEEPEST:
            raise QueryError(f"more than {DEEPEST} parentheses are inside one another")
        found = read()
        self._depth -= 1
        self._expect(")")
        return found

    def _call(self, name: str) -> Value:
        if name not in _FUNCTIONS:
            raise QueryError(
                f"the function '{name}' is not known; known: {', '.join(sorted(_FUNCTIONS))}"
            )
        arguments: list[Value] = []

        def read() -> Value:
            arguments.append(self._value())
            while self._takes(","):
                arguments.append(self._value())
            return arguments[0]

        self._nested(read)
        least, most = _ARGUMENTS[name]
        if not least <= len(arguments) <= most:
            raise QueryError(f"the function '{name}' has another number of arguments")
        return lambda row: _FUNCTIONS[name](*(each(row) for each in arguments))

    def _part_of(self, whole: Value) -> Value:
        while True:
            if self._takes("."):
                whole = _part(whole, self._name())
            elif self._takes("["):
                if self._peek()[:1] not in ("'", '"'):
                    raise QueryError(f"a text is expected at {self._shown()}")
                whole = _part(whole, self._next()[1:-1])
                self._expect("]")
            else:
                return whole


def _tokens(text: str) -> Iterable[str]:
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None:
            raise QueryError(f"'{text[position:].strip()[:20]}' is not understood")
        yield found[found.lastgroup or 0]
        position = found.end()


def _count(rows: list[Document]) -> list[Document]:
    return [{"Count": len(rows)}]


def _sorted(rows: list[Document], keys: list[tuple[Value, bool]]) -> list[Document]:
    def by(value: Value) -> Callable[[Document], str]:
        return lambda row: _text(value(row))

    for value, descending in reversed(keys):
        rows = sorted(rows, key=by(value), reverse=descending)
    return rows


def _column(name: str) -> Value:
    return lambda row: row.get(name)


def _part(whole: Value, name: str) -> Value:
    def read(row: Document) -> Any:
        value = whole(row)
        return value.get(name) if isinstance(value, dict) else None

    return read


def _constant(value: Any) -> Value:
    return lambda _row: value


def _comparison(verb: Callable[[Any, Any], bool], left: Value, right: Value) -> Value:
    return lambda row: verb(left(row), right(row))


def _and(one: Value, other: Value) -> Value:
    return lambda row: one(row) is True and other(row) is True


def _or(one: Value, other: Value) -> Value:
    return lambda row: one(row) is True or other(row) is True
