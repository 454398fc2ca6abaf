"""Reading a world: its text, its form, and refusals that say where in the text something is wrong.

A refusal names all that is wrong with the form: the first in its message, each in ``details``,
with its line and column, its place as ``resourceGroups[0].name``, the reason, and what was probably
meant.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Sequence
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ..domain import marked_texts
from ..domain.errors import Kind, Refused, invalid
from ..domain.marked_texts import MarkedText, WrongText
from ..domain.spelling import nearest
from .documents import World

CODE = "InvalidWorld"
_REQUIRED = "is required"
MOST_TOLD = 50
"""So many faults are told at once."""


def read(text: str) -> tuple[World, MarkedText]:
    """Return the world that a text describes, and its places. Raises ``Refused``."""
    try:
        marked = marked_texts.read(text)
    except WrongText as problem:
        where = "" if problem.mark is None else f"{problem.mark}: "
        raise invalid(CODE, f"{where}{problem.reason}") from None
    if not isinstance(marked.document, dict):
        known = ", ".join(_names(World))
        raise invalid(CODE, f"a world is an object with {known}")
    try:
        return World.model_validate(marked.document), marked
    except ValidationError as problem:
        errors = problem.errors(include_url=False)
        faults = [_fault(each) for each in errors if _is_of_its_kind(each)]
        raise refusal(marked, faults) from None


def decoded(content: bytes) -> str:
    """Return the text of a file. Raises ``Refused``."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise invalid(CODE, "is no text in UTF-8") from None


Fault = tuple[str, str]
"""A place, and what is wrong there."""


def refusal(marked: MarkedText, faults: Iterable[Fault]) -> Refused:
    """Return the refusal of a world that tells all faults, in the order of the text."""

    def position(fault: Fault) -> tuple[int, bool, int]:
        mark = marked.mark(fault[0])
        line, column = (0, 0) if mark is None else (mark.line, mark.column)
        return line, fault[1] == _REQUIRED, column  # a wrong name is why the right one is missing

    found = sorted(dict.fromkeys(faults), key=position)
    told = [(place, _told(marked, place, reason)) for place, reason in found[:MOST_TOLD]]
    more = f" ({len(found) - 1} more in details)" if len(found) > 1 else ""
    details = [invalid(CODE, message, target=place) for place, message in told]
    place, message = told[0]
    return Refused(Kind.INVALID, CODE, message + more, target=place or None, details=details)


def _told(marked: MarkedText, place: str, reason: str) -> str:
    mark = marked.mark(place)
    return ": ".join(str(each) for each in (mark, place, reason) if each)


def _fault(error: Any) -> Fault:
    parts = _without_choices(error["loc"])
    return place_of(parts), _reason(error, parts)


def _reason(error: Any, parts: Sequence[str | int]) -> str:
    kind, told = error["type"], str(error["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return f"is not known{nearest(str(parts[-1]), _known_beside(parts))}"
    if kind == "missing":
        return _REQUIRED
    if kind == "literal_error":
        known = sorted(re.findall("'([^']*)'", error["ctx"]["expected"]))
        hint = nearest(str(error["input"]), known)
        hint = hint if "did you mean" in hint else ""
        return f"'{error['input']}' is not allowed; allowed: {', '.join(known)}{hint}"
    if kind.endswith("_type"):
        return f"{told[0].lower()}{told[1:]}; got {str(error['input'])[:80]!r}"
    return told


_ALTERNATIVES = frozenset({"constrained-int", "int", "Disk", "OnDemandBackup"})


def _is_alternative(part: str | int) -> bool:
    return part in _ALTERNATIVES or str(part).startswith("function-")


def _is_of_its_kind(error: Any) -> bool:
    """Tell whether an error is of the alternative that was meant: an object, or a plain value."""
    chosen = [
        each for each in error["loc"] if each in _ALTERNATIVES or str(each)[:9] == "function-"
    ]
    if not chosen:
        return True
    wants_object = chosen[-1] in ("Disk", "OnDemandBackup")
    if error["loc"][-1] != chosen[-1]:
        return wants_object  # something in the object is wrong
    return wants_object == isinstance(error["input"], dict)


def _without_choices(location: Sequence[str | int]) -> list[str | int]:
    """Leave out the names of alternatives, which pydantic puts between: none of them is a field."""
    return [each for each in location if not _is_alternative(each)]


def place_of(parts: Iterable[str | int]) -> str:
    """Write a place as ``groups[1].count``."""
    place = ""
    for part in parts:
        if isinstance(part, int):
            place += f"[{part}]"
        else:
            place += f".{part}" if place else part
    return place


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _known_beside(parts: Sequence[str | int]) -> list[str]:
    """Return the names that the object may have in which the last part is none."""
    model: type[BaseModel] = World
    for part in parts[:-1]:
        if isinstance(part, int):
            continue
        annotation = next(
            field.annotation for name, field in model.model_fields.items() if field.alias == part
        )
        inner = _model_in(annotation)
        if inner is None:
            return []
        model = inner
    return _names(model)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the part of the document that a field holds, or a list of which."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, Union, types.UnionType):
        found = (_model_in(each) for each in get_args(annotation))
        return next((each for each in found if each is not None), None)
    return None
