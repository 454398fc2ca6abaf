"""What a client's poll does to the clock: the words of ``skip-on-wait``, each in one spelling."""

from __future__ import annotations

import re
from dataclasses import dataclass

OFF = "off"
STEP = "step"
FINISH = "finish"
MOST_POLLS = 99
WORDS = f"off (or clock), step, finish (or instant), polls=N with N from 1 to {MOST_POLLS}"
PATTERN = r"^(off|clock|step|finish|instant|polls=[1-9][0-9]?)$"
"""What may be asked for, as a JSON schema says it."""
KEPT = r"^(off|step|finish|polls=([2-9]|[1-9][0-9]))$"
"""What of that is kept and shown."""

_SPELLINGS = {"clock": OFF, "instant": FINISH, "polls=1": FINISH}


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last instant of something that takes time."""

    start: int
    end: int


def spelled(sent: str) -> str:
    """Return the one spelling of a word for what polls do. Raises ``ValueError``."""
    if re.fullmatch(PATTERN, sent) is None:
        raise ValueError(f"'{sent}' is none of {WORDS}")
    return _SPELLINGS.get(sent, sent)


def polls_of(mode: str) -> int:
    """Return at which poll a wait is over; not for ``off`` and ``step``, which do not count."""
    return 1 if mode == FINISH else int(mode.removeprefix("polls="))


def after_poll(span: Span, now: int, polls: int) -> int:
    """Return where one more poll takes the clock: the next of ``polls`` equal parts of the way.

    The parts are rounded up, so that the last one always reaches the end. Nothing is counted:
    where the clock stands tells how many parts are behind it.
    """
    part = max(-((span.start - span.end) // polls), 1)
    reached = max(now - span.start, 0) // part
    return min(span.start + (reached + 1) * part, span.end)
