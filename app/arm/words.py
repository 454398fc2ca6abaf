"""Enumerations as Azure reads them: any casing in, one spelling out."""

from __future__ import annotations

from typing import Any

from pydantic import BeforeValidator


def Word(*allowed: str) -> BeforeValidator:
    """Return a validator that folds a word to one of the allowed spellings."""
    by_folded = {word.lower(): word for word in allowed}

    def fold(value: Any) -> Any:
        return by_folded.get(value.lower(), value) if isinstance(value, str) else value

    return BeforeValidator(fold)
