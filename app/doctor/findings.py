"""What an examination finds: one line a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "wrong", "skipped"]
Tell = Callable[[str], None]
"""Told what is about to be tried, where it may take a while."""


@dataclass(frozen=True)
class Finding:
    """One check: what was found, and what to do if that is wrong."""

    check: str
    state: State
    found: str
    advice: str = ""


Findings = Iterator[Finding]


def ok(check: str, found: str) -> Finding:
    """Return a check that found what it should."""
    return Finding(check, "ok", found)


def wrong(check: str, found: str, advice: str) -> Finding:
    """Return a check that found something to mend."""
    return Finding(check, "wrong", found, advice)


def skipped(check: str, why: str) -> Finding:
    """Return a check that could not be tried, or has nothing to try."""
    return Finding(check, "skipped", why)
