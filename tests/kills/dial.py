"""A dial that a test and a process under test share: what was counted, and where it is to die.

It is a file mapped into both, so that the test can set a fuse while the process runs. A fuse of
n burns down with each statement or commit; at the n-th the process sends itself a signal.
"""

from __future__ import annotations

import mmap
import signal
from enum import IntEnum
from pathlib import Path
from typing import Self


class Slot(IntEnum):
    """What the dial holds; the fuses begin with ``BEFORE_STATEMENT``."""

    STATEMENTS = 0
    COMMITS = 1
    SIGNAL = 2
    BEFORE_STATEMENT = 3
    BEFORE_COMMIT = 4
    IN_COMMIT = 5
    AFTER_COMMIT = 6


FUSES = (Slot.BEFORE_STATEMENT, Slot.BEFORE_COMMIT, Slot.IN_COMMIT, Slot.AFTER_COMMIT)
_SIZE = 8 * len(Slot)


class Dial:
    """The counters and fuses of one process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self._slots = memoryview(self._map).cast("q")

    @classmethod
    def new(cls, path: Path) -> Self:
        """Make a dial that stands at zero, with no fuse set."""
        path.write_bytes(bytes(_SIZE))
        dial = cls(path)
        dial[Slot.SIGNAL] = signal.SIGKILL
        return dial

    def __getitem__(self, slot: Slot) -> int:
        return self._slots[slot]

    def __setitem__(self, slot: Slot, value: int) -> None:
        self._slots[slot] = value

    def burn(self, fuse: Slot) -> bool:
        """Let a fuse burn down by one; tell whether that was its end."""
        left = self._slots[fuse]
        if left > 0:
            self._slots[fuse] = left - 1
        return left == 1
