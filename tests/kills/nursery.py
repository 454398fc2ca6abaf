"""A process that has imported the whole service and forks one child for each that is to be killed.

Starting Python and importing takes a second, a fork some milliseconds; what the child then runs is
the command line itself. A request is one JSON line with the child's stdout beside it; the answer to
``{"argv": ...}`` is the child's pid, the answer to ``{"bury": pid}`` what it died of.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import alembic.command
import apscheduler.triggers.date
import apscheduler.triggers.interval
import httptools
import uvicorn.protocols.http.httptools_impl
import uvloop
from psycopg import pq

from app import cli, main, server
from app.engine import driver
from tests.kills import drivers
from tests.kills.dial import Dial

_LOADED = (alembic.command, apscheduler.triggers.date, apscheduler.triggers.interval, httptools,
           uvicorn.protocols.http.httptools_impl, uvloop, pq, main, server, driver)  # fmt: skip


def listen(requests: socket.socket) -> None:
    """Serve requests until the other end is closed."""
    gc.collect()
    gc.freeze()
    while True:
        sent, files, _, _ = socket.recv_fds(requests, 65_536, 1)
        if not sent:
            return
        asked = json.loads(sent)
        if "bury" in asked:
            _, status = os.waitpid(asked["bury"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                requests.close()
                _live(asked, files[0])
            os.close(files[0])
        requests.sendall(json.dumps(answer).encode())


def _live(asked: dict[str, Any], stdout: int) -> None:
    """Run one command of the command line, and never return."""
    code = 1
    try:
        os.dup2(stdout, 1)
        os.close(stdout)
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        os.close(log)
        _set_wall_clock(asked["later"])
        drivers.count(Dial(Path(asked["dial"])))
        sys.argv = ["rsvault", *asked["argv"]]
        cli.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _set_wall_clock(later: float) -> None:
    """Let this process begin some seconds after the one before it, without the wait."""
    if later:
        read = time.time_ns  # noqa: TID251
        time.time_ns = lambda: read() + int(later * 1e9)  # noqa: TID251


if __name__ == "__main__":
    listen(socket.socket(fileno=int(sys.argv[1])))
