"""Processes that tests start and kill: the real command line, forked from a nursery."""

from __future__ import annotations

import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.kills.dial import Dial, Slot

CHECKOUT = Path(__file__).parents[2]


class Nursery:
    """Starts processes; each call is answered before the next is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kills.nursery", str(theirs.fileno())],
            cwd=CHECKOUT,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        theirs.close()

    def start(self, *argv: str, later: float = 0, fuse: tuple[Slot, int] | None = None) -> Mortal:
        """Start ``rsvault`` with these arguments; ``later`` puts its wall clock ahead."""
        number = next(self._numbers)
        dial = Dial.new(self._folder / f"{number}.dial")
        if fuse is not None:
            dial[fuse[0]] = fuse[1]
        log = self._folder / f"{number}.log"
        log.touch()
        ours, theirs = os.pipe()
        asked = {"argv": argv, "later": later, "dial": str(dial.path), "log": str(log)}
        pid = self._ask(asked, [theirs])
        os.close(theirs)
        return Mortal(self, pid, ours, dial, log)

    def bury(self, pid: int) -> int:
        """Return what a child that has ended died of: an exit code, or minus a signal."""
        return self._ask({"bury": pid}, [])

    def _ask(self, asked: dict[str, object], files: list[int]) -> int:
        with self._lock:
            socket.send_fds(self._line, [json.dumps(asked).encode()], files)
            answer: int = json.loads(self._line.recv(64))
        return answer

    def close(self) -> None:
        """End the nursery; its children are ended by those who started them."""
        self._line.close()
        self._process.wait()


class Mortal:
    """One process; leaving its ``with`` block kills it if it still lives."""

    def __init__(self, nursery: Nursery, pid: int, stdout: int, dial: Dial, log: Path) -> None:
        self.pid = pid
        self.dial = dial
        self.log = log
        self._nursery = nursery
        self._stdout = stdout
        self._died_of: int | None = None

    def url(self) -> str | None:
        """Return where a server answers once it does, or ``None`` if it died before that."""
        told = b""
        while not told.endswith(b"\n"):
            more = os.read(self._stdout, 1024)
            if not more:
                return None
            told += more
        return told.decode().split("http=")[1].split()[0]

    def dies_within(self, seconds: float) -> bool:
        """Wait until the process has ended, at most this long; tell whether it has."""
        if self._died_of is None and select.select([self._stdout], [], [], seconds)[0]:
            assert not os.read(self._stdout, 1024), "it has said something instead"
            self._died_of = self._nursery.bury(self.pid)
            os.close(self._stdout)
        return self._died_of is not None

    def end(self, number: int = signal.SIGKILL) -> int:
        """Send a signal, wait for the end, and return what it died of."""
        if self._died_of is None:
            os.kill(self.pid, number)
            assert self.dies_within(30), f"process {self.pid} outlives signal {number}"
        assert self._died_of is not None
        return self._died_of

    def __enter__(self) -> Mortal:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
