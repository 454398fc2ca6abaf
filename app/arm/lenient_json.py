"""JSON as Resource Manager reads a deployment: with comments, names without quotes, trailing
commas and line breaks inside texts.

``az deployment group create`` pastes the template's file as it is into a body whose ``template``
has no quotes (azure-cli, ``JsonCTemplatePolicy``).
"""

from __future__ import annotations

import math
import re
from typing import Any

_TEXT_OR_COMMENT = re.compile(
    r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|//[^\r\n]*|/\*.*?\*/""", re.DOTALL
)
_LINE_BREAKS = {"\n": "\\n", "\r": "\\r"}


def loads(text: str, deepest: int) -> Any:
    """Return what a text holds.

    Raises ``ValueError``, or ``RecursionError`` if it is nested deeper than ``deepest`` levels.
    """
    import pyjson5  # only deployments need it

    try:
        found = pyjson5.decode(_TEXT_OR_COMMENT.sub(_on_one_line, text), deepest + 1)
    except pyjson5.Json5NestingTooDeep:
        raise RecursionError from None
    except pyjson5.Json5Exception as problem:
        raise ValueError(problem.args[0]) from None
    _check_numbers(found)
    return found


def _on_one_line(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] not in "\"'" or not ("\n" in found or "\r" in found):
        return found
    return re.sub("[\r\n]", lambda each: _LINE_BREAKS[each[0]], found)


def _check_numbers(value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"the number {value} is not JSON, or out of range")
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_numbers(part)
