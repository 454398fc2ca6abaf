"""The command line as processes of their own, for what only several of them can show."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[1]


@contextmanager
def command(*arguments: str, log: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """Run the command line of this checkout; what still runs at the end is killed.

    A process that lives long writes to a ``log`` file: nobody reads its pipe.
    """
    with ExitStack() as house:
        errors = house.enter_context(log.open("a")) if log else subprocess.PIPE
        process = house.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "app", *arguments],
                cwd=PROJECT,
                env=dict(os.environ, PYTHONUNBUFFERED="1"),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        )
        house.callback(process.kill)
        yield process


def ready(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return the URLs of a server's ready line, once it answers."""
    assert process.stdout is not None
    line = process.stdout.readline()
    return dict(part.split("=", 1) for part in line.removeprefix("rsvault ready ").split())
