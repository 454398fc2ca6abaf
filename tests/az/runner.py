"""The real ``az``, as the tests call it: words in, what it printed out."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from tests.az.figures import Ran

NURSERY = Path(__file__).with_name("nursery.py")


class AzError(AssertionError):
    """A command did not end as it should; the text holds the command and what it printed."""


class Az:
    """Runs commands one after the other, with the environment variables of one user.

    A command is one string, split as a shell does, and words behind it that are taken as they
    are: ``az("backup policy set -n daily --policy", document)``.
    """

    def __init__(self, programs: Path, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        """Where commands run; a relative file name is a file in it."""
        self.ran: list[Ran] = []
        """What has run, for the figures."""
        self._numbers = itertools.count(1)
        self._nursery = subprocess.Popen(
            [programs / "python", NURSERY],
            env={"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(folder), **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, command: str, *words: str) -> Any:
        """Run a command that has to succeed; return the JSON that it printed, if it did."""
        printed = self.text(command, *words)
        return json.loads(printed) if printed.strip() else None

    def text(self, command: str, *words: str) -> str:
        """Run a command that has to succeed, and return what it printed."""
        return self._run([*shlex.split(command), *words], 0)[0]

    def table(self, command: str, *words: str) -> list[dict[str, str]]:
        """Run a command with ``-o table``; return the rows, each by the columns' names."""
        printed = self.text(command, *words, "--output", "table")
        if not printed:
            return []
        head, rule, *rows = printed.splitlines()
        spans = [slice(*dashes.span()) for dashes in re.finditer(r"-+", rule)]
        return [{head[at].strip(): row[at].strip() for at in spans} for row in rows]

    def said(self, command: str, *words: str) -> str:
        """Run a command that has to succeed, and return what it said to stderr."""
        return self._run([*shlex.split(command), *words], 0)[1]

    def refused(self, command: str, *words: str, code: int = 1) -> str:
        """Run a command that has to end with an exit code; return what it said to stderr."""
        return self._run([*shlex.split(command), *words], code)[1]

    def _run(self, words: list[str], expected: int) -> tuple[str, str]:
        number = next(self._numbers)
        stdout, stderr = (self.folder / f"{number}.{name}" for name in ("out", "err"))
        began = perf_counter()
        code = self._ask(
            {
                "words": words,
                "folder": str(self.folder),
                "stdout": str(stdout),
                "stderr": str(stderr),
            }
        )
        name = " ".join(itertools.takewhile(lambda word: not word.startswith("-"), words))
        if "--help" not in words:
            self.ran.append(Ran(name, perf_counter() - began, code == expected, expected != 0))
        printed, said = (file.read_text(encoding="utf-8") for file in (stdout, stderr))
        if code != expected:
            raise AzError(f"az {shlex.join(words)}\nended with {code}:\n{printed}{said}")
        return printed, said

    def _ask(self, asked: dict[str, Any]) -> int:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(asked) + "\n")
        self._nursery.stdin.flush()
        answer: int = json.loads(self._nursery.stdout.readline())
        return answer

    def close(self) -> None:
        """End the nursery: it ends when nobody can ask it any more."""
        self._nursery.communicate()
