"""The subjects of faults: what of a world an id, its beginning or a pattern stands for.

A subject that begins with a slash is the id of a resource, and stands for all below it; any other
is a name. A star is any number of characters. Subjects are lower case.
"""

from __future__ import annotations

import re
from functools import lru_cache


def like(subject: str) -> str:
    r"""Return a subject as SQL's LIKE reads it, with ``\`` before what is to be taken as it is."""
    return re.sub(r"([\\%_])", r"\\\1", subject).replace("*", "%")


@lru_cache(maxsize=256)
def _pattern(subject: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in subject.split("*"))
    return re.compile(f"{'.*'.join(parts)}(?:/.*)?", re.DOTALL)


def stands_for(subject: str | None, *names: str) -> bool:
    """Tell whether a subject stands for something, by any of its names; none stands for all."""
    if subject is None:
        return True
    pattern = _pattern(subject)
    return any(pattern.fullmatch(name.lower()) for name in names)
