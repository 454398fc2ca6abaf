"""The command line as processes of their own, for what only several of them can show."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]


@contextmanager
def command(
    *arguments: str, log: Path | None = None, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run the command line of this checkout; what still runs at the end is killed.

    A process that lives long writes to a ``log`` file: nobody reads its pipe.
    """
    with ExitStack() as house:
        errors = house.enter_context(log.open("a")) if log else subprocess.PIPE
        process = house.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "app", *arguments],
                cwd=PROJECT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(variables or {})},
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
    return dict(part.split("=", 1) for part in line.split() if "=" in part)


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end, with environment variables of its own."""
    with command(*arguments, variables=variables) as process:
        out, errors = process.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, process.returncode, out, errors)


@dataclass
class Serving:
    """A server in a process, and where it answers."""

    process: subprocess.Popen[str]
    url: str

    def end(self) -> str:
        """Stop it as a container does, and return what it logged."""
        self.process.terminate()
        return self.process.communicate(timeout=30)[1]


@contextmanager
def serving(home: Path, *options: str, **variables: str) -> Iterator[Serving]:
    """Run ``rsvault serve`` on a free port, over HTTP alone; it may log what fits a pipe."""
    arguments = ("serve", "--port", "0", "--https-port", "off", "--home", str(home), *options)
    with command(*arguments, variables=variables) as process:
        yield Serving(process, ready(process)["http"])
