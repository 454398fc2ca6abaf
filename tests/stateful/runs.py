"""What all the examples of one run of a stateful machine came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import currently_in_test_context, event

from tests.stateful.observed import Exchange, Place


@dataclass
class Run:
    """Where the examples run, what they did, and what was asked and answered."""

    place: Place
    did: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    scripts: list[list[Exchange]] = field(default_factory=list)
    steps: int = 0

    def note(self, kind: str) -> None:
        """Count something that happened."""
        self.did[kind] += 1
        if currently_in_test_context():
            event(kind)
