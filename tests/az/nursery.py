"""Run by azure-cli's own Python: forks one process for each ``az`` command.

Of the second that a command takes, nine tenths go into starting Python and importing. Here that is
paid once: the child runs azure-cli's own main program, unmodified, and tells what it had to import;
the parent imports the same, so the next child finds it there. A request is one JSON line, and so
is the answer.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import sys
from collections.abc import Iterable
from typing import Any, NoReturn


def listen() -> None:
    """Serve requests until stdin is closed."""
    for line in sys.stdin:
        asked = json.loads(line)
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            live(asked, theirs)
        os.close(theirs)
        with os.fdopen(ours) as told:
            imported = told.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{json.dumps(code)}\n")
        sys.stdout.flush()
        learn(json.loads(imported or "[]"))


def live(asked: dict[str, Any], theirs: int) -> NoReturn:
    """Run one command, and never return."""
    os.chdir(asked["folder"])
    for descriptor, name in enumerate([os.devnull, asked["stdout"], asked["stderr"]]):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT, 0o600), descriptor)
    known = set(sys.modules)
    sys.argv = ["az", *asked["words"]]
    code = 1
    try:
        runpy.run_module("azure.cli", run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        with os.fdopen(theirs, "w") as told:
            json.dump([name for name in sys.modules if name not in known], told)
        os._exit(code)


def learn(modules: Iterable[str]) -> None:
    """Import what a child had to import; what only looks like a module there is left to it."""
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    listen()
