"""What ends a process that serves: Ctrl+C, and SIGTERM as a container sends it.

The event loop takes the signal between two steps. Raised as an exception it would hit whatever
runs at that moment, and leave a transaction open that the process then waits for itself.
"""

from __future__ import annotations

import asyncio
import signal
import sys


def told_to_stop() -> asyncio.Event:
    """Return the event that a signal sets; call it inside the event loop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Windows has no such handlers; there the runner turns Ctrl+C into a cancellation.
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopping.set)
    return stopping
