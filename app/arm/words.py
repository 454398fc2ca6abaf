"""Words and numbers as Azure reads them: any casing in, one spelling out; true is not 1."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def Word(*allowed: str) -> BeforeValidator:
    """Return a validator that folds a word to one of the allowed spellings."""
    by_folded = {word.lower(): word for word in allowed}

    def fold(value: Any) -> Any:
        return by_folded.get(value.lower(), value) if isinstance(value, str) else value

    return BeforeValidator(fold)


Blank = BeforeValidator(lambda value: None if value == "" else value)
"""Takes an empty word for none: azurerm writes one for what its configuration leaves out."""


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is not a number")
    return value


Whole = Annotated[int, BeforeValidator(_no_boolean)]
"""A whole number; pydantic alone takes true for 1, .NET does not."""
