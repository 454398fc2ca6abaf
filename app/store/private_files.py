"""Files that their owner alone may read: keys, and what lies beside them."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder, for its owner only; one that exists keeps the mode it was given."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write(path: Path, content: bytes) -> None:
    """Replace a file in one step, readable by its owner only."""
    # mkstemp makes the file with mode 0600.
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let one process or thread at a time read and write a folder.

    The operating system lets go of the lock when a process dies. Windows has no such lock in
    the standard library's ``fcntl``; there, two first starts at once are not guarded.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with open(folder / ".lock", "a", opener=_private) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
