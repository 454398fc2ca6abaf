"""Dates that a client works out by its own clock, which runs in real time.

Virtual time may be elsewhere. A server that was told ``--client-dates shifted`` moves such a date
by as much as virtual time is ahead of real time; what filters ask for is never moved, because
whoever asks has read it in this world (docs/decisions/0061).
"""

from __future__ import annotations

from datetime import timedelta

from ..domain.instants import SECOND, parse
from .calls import Call

OPT_IN = "'rsvault serve --client-dates shifted'"


def read(call: Call, sent: str) -> int:
    """Return the instant that a client's date means in this world. Raises ``ValueError``.

    One that is moved is moved by whole seconds.
    """
    instant = parse(sent)
    return instant + call.ahead // SECOND * SECOND if call.shifts_client_dates else instant


def why_past(call: Call, sent: str) -> str:
    """Return what to add to the refusal of a date where the two clocks are to blame, or nothing."""
    instant, ahead = parse(sent), timedelta(seconds=call.ahead // SECOND)
    if call.shifts_client_dates:
        return f" It was moved by {ahead}, as --client-dates asks."
    real = call.now - call.ahead
    if not real < instant <= call.now:
        return ""
    return (
        f" The virtual clock is {ahead} ahead of the real one: if the date was worked out by "
        f"the real one, {OPT_IN} moves it by as much."
    )
