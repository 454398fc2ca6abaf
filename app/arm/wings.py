"""Wings of the house: rooms that are imported when a path first leads into one of them.

To import all rooms takes longer than all the rest of a start, and few clients ask for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .calls import Endpoint


@dataclass(frozen=True, slots=True)
class Wing:
    """What opens it, in lower case, and how its endpoints are had.

    Every template of a wing has a segment of its own that begins with one of ``words``, and that is
    no parameter; so a path without such a segment leads elsewhere.
    """

    words: tuple[str, ...]
    endpoints: Callable[[], Iterable[Endpoint]]

    def is_asked(self, segments: Sequence[str]) -> bool:
        """Whether a path may lead into this wing; one that does not may, such as a name's."""
        return any(each.lower().startswith(self.words) for each in segments)
