"""What somebody probably meant who spelled a name that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


def nearest(word: str, known: Sequence[str]) -> str:
    """Return the end of a message that names what was probably meant."""
    folded = {each.lower(): each for each in known}
    found = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    if found:
        return f"; did you mean '{folded[found[0]]}'?"
    return f"; known: {', '.join(known)}" if 0 < len(known) <= 12 else ""
