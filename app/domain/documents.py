"""JSON documents as values."""

from __future__ import annotations

from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]


def merge(into: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a document with what a partial one says about it."""
    merged = dict(into)
    for name, value in changes.items():
        old = merged.get(name)
        both = isinstance(old, dict) and isinstance(value, dict)
        merged[name] = merge(old, value) if both else value  # type: ignore[arg-type]
    return merged
