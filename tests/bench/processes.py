"""Servers and tasks as processes of their own: started, watched through /proc, ended by id."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

CHECKOUT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_ADDRESS = re.compile(r"http=http://127\.0\.0\.1:(\d+)(?: https=https://127\.0\.0\.1:(\d+))?")
_CA = re.compile(r"ca=(\S+)")


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    process: subprocess.Popen[str]
    port: int
    https_port: int | None = None
    ca_file: str | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def cpu(self) -> float:
        """Return the seconds of processor time it has used so far."""
        return cpu_seconds(self.process.pid)


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this checkout."""
    return [sys.executable, "-m", module, *arguments]


def rsvault(*options: str, database: str = "memory", https: bool = False) -> list[str]:
    """Return the command that serves a frozen world."""
    return python(
        *("app", "serve", "--database", database, "--port", "0"),
        *("--https-port", "0" if https else "off"),
        *("--clock", "frozen", "--start-time", "2026-01-01T12:00:00Z"),
        *("--log-level", "warning", *options),
    )


def ceiling(name: str, *arguments: str) -> list[str]:
    """Return the command that serves one of ``ceilings.py``."""
    return python("tests.bench.ceilings", name, *arguments)


def spawn(command: Sequence[str], *, quiet: bool = False) -> subprocess.Popen[str]:
    """Start a process whose standard output can be read; a quiet one's errors are not shown.

    Python may keep what it compiles, or each start would be a first one.
    """
    return subprocess.Popen(
        command,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if quiet else None,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        text=True,
    )


def free_port() -> int:
    """Return a port that nobody listens on, for a server that cannot pick one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def await_port(process: subprocess.Popen[str], port: int) -> Server:
    """Wait for a server that does not say when it is ready, a millisecond at a time."""
    pause = Event()
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            pause.wait(0.001)
        else:
            return Server(process, port)
    raise RuntimeError(f"{process.args!r} ended before it answered")


def await_ready(process: subprocess.Popen[str]) -> Server:
    """Wait for the line in which a server says where it answers."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = _ADDRESS.search(line)
    if found is None:
        end(process)
        raise RuntimeError(f"{process.args!r} did not start: {line!r}")
    ca = _CA.search(line)
    https_port = int(found[2]) if found[2] else None
    return Server(process, int(found[1]), https_port, ca and ca[1])


def end(process: subprocess.Popen[str]) -> None:
    """End a process and wait until it is gone."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


@contextmanager
def serving(command: Sequence[str]) -> Iterator[Server]:
    """Run a server for as long as the block lasts."""
    process = spawn(command)
    try:
        yield await_ready(process)
    finally:
        end(process)


def run_task(module: str, task: dict[str, Any]) -> dict[str, Any]:
    """Hand a task to a module of this folder in a fresh process; return its result."""
    done = subprocess.run(
        python(module),
        input=json.dumps(task),
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def cpu_seconds(pid: int) -> float:
    """Return a process's user and system time; utime and stime are fields 14 and 15."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mib(pid: int | str = "self") -> tuple[float, float]:
    """Return the resident and the proportional set size of a process in MiB."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    sizes = dict(re.findall(r"^(\w+):\s+(\d+) kB", rollup, re.MULTILINE))
    return int(sizes["Rss"]) / 1024, int(sizes["Pss"]) / 1024
