"""Options in Python's words, written as they are typed behind ``rsvault serve``.

There is one parser of options, the command line's, and so one spelling, one set of checks and one
set of messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def words(options: Mapping[str, Any]) -> list[str]:
    """Return options as words: ``{"seed": 7}`` as ``["--seed", "7"]``.

    ``None`` and ``False`` are written ``off``, ``True`` is the option alone, a datetime is ISO
    8601, a mapping is the option once for each ``NAME=VALUE``, a list once for each element.
    """
    return [word for name, value in options.items() for word in _option(name, value)]


def _option(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    if value is True:
        return [option]
    if isinstance(value, Mapping):
        return [word for key, each in value.items() for word in (option, f"{key}={_text(each)}")]
    if isinstance(value, list | tuple | set | frozenset):
        return [word for each in value for word in (option, _text(each))]
    return [option, _text(value)]


def _text(value: Any) -> str:
    if value is None or value is False:
        return "off"
    return value.isoformat() if isinstance(value, datetime) else str(value)
