"""Carrying out a Dockerfile without Docker: its steps in folders, its Python in virtual ones.

Every stage gets a folder of its own that stands for its root, and a fresh virtual environment at
``usr/local`` in it, where the image of Docker's ``python`` has its own. An absolute path in an
instruction is a path in that folder. What cannot be done so is this: the operating system is this
machine's, and its Python's version may be another; who is not root gives no file away, so ``chown``
does nothing there; and ``USER`` is noted, but nothing runs as it.

Only what our Dockerfile uses is understood; anything else is an error, not ignored.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FLAG = re.compile(r"--([a-z-]+)=(\S+)\s+")
ABSOLUTE = re.compile(r"(?<![\w./:-])/(?=[a-z])")
NEVER_INHERITED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "RSVAULT_HOME", "RSVAULT_URL")


@dataclass(frozen=True)
class Step:
    """One instruction: its keyword, its flags and the rest of its line."""

    keyword: str
    flags: dict[str, str]
    rest: str

    def words(self) -> list[str]:
        """Return the rest as a list: JSON where it is JSON, or what a shell would make of it."""
        found = json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)
        return [str(each) for each in found]


def read(text: str) -> Iterator[Step]:
    """Yield the instructions of a Dockerfile."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        keyword, rest = line.split(maxsplit=1)
        flags: dict[str, str] = {}
        while (flag := FLAG.match(rest)) is not None:
            flags[flag[1]] = flag[2]
            rest = rest[flag.end() :]
        yield Step(keyword, flags, rest)


class Ignored:
    """The paths that a ``.dockerignore`` keeps out; the last pattern that fits decides."""

    def __init__(self, text: str) -> None:
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        self._rules = [(_pattern(line.lstrip("!")), line.startswith("!")) for line in lines]

    def __contains__(self, path: str) -> bool:
        taken = [keeps for pattern, keeps in self._rules if pattern.fullmatch(path)]
        return bool(taken) and not taken[-1]


def _pattern(line: str) -> re.Pattern[str]:
    """Return what a line stands for; what is in a folder that fits, fits too."""
    words = {"**/": r"(?:.*/)?", "*": r"[^/]*"}
    parts = [words.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*)", line)]
    return re.compile("".join(parts) + r"(?:/.*)?")


@dataclass
class Stage:
    """One stage as it has become: a folder, and what the image says of how to start."""

    root: Path
    name: str
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0"
    ports: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)

    def at(self, path: str) -> Path:
        """Return where a path of the stage is on this machine."""
        return self.root / Path(self.workdir, path).relative_to("/")

    def environment(self) -> dict[str, str]:
        """Return what a process in a container of this image finds in its environment."""
        here = {name: ABSOLUTE.sub(f"{self.root}/", value) for name, value in self.env.items()}
        return {"PATH": f"{self.at('/usr/local/bin')}:/usr/bin:/bin", "HOME": str(self.root)} | here


class Builder:
    """Builds the stages of a Dockerfile, one after the other."""

    def __init__(self, context: Path, folder: Path) -> None:
        self.context = context
        self.folder = folder
        self.stages: list[Stage] = []
        self._ignored = Ignored((context / ".dockerignore").read_text(encoding="utf-8"))

    def build(self) -> Stage:
        """Carry out every instruction and return the last stage."""
        for step in read((self.context / "Dockerfile").read_text(encoding="utf-8")):
            getattr(self, f"_{step.keyword.lower()}")(step)
        return self.stages[-1]

    @property
    def _stage(self) -> Stage:
        return self.stages[-1]

    def _from(self, step: Step) -> None:
        base, _, name = step.rest.partition(" AS ")
        assert base.startswith("python:"), base
        root = self.folder / f"stage-{len(self.stages)}"
        self.stages.append(Stage(root, name))
        make = [sys.executable, "-m", "venv", str(root / "usr/local")]
        subprocess.run(make, check=True, capture_output=True)

    def _workdir(self, step: Step) -> None:
        self._stage.workdir = step.rest
        self._stage.at(step.rest).mkdir(parents=True, exist_ok=True)

    def _copy(self, step: Step) -> None:
        assert not step.flags, step
        *sources, target = step.words()
        into = self._stage.at(target)
        for source in sources:
            assert source not in self._ignored, f".dockerignore keeps {source} out"
            path = self.context / source
            if path.is_dir():
                shutil.copytree(path, into, ignore=self._kept_out)
            else:
                shutil.copy2(path, into)

    def _kept_out(self, folder: str, names: list[str]) -> set[str]:
        here = Path(folder).relative_to(self.context)
        return {name for name in names if (here / name).as_posix() in self._ignored}

    def _run(self, step: Step) -> None:
        stage = self._stage
        assert stage.user == "0", "nothing is run as another user"
        mounted = self._mount(step.flags)
        inherited = {k: v for k, v in os.environ.items() if k not in NEVER_INHERITED}
        environment = inherited | stage.environment()
        environment["HOME"] = str(Path.home())  # how this machine reaches an index, and its cache
        if os.geteuid() != 0:
            environment["PATH"] = f"{self._harmless()}:{environment['PATH']}"
        done = subprocess.run(
            ["/bin/sh", "-euc", ABSOLUTE.sub(f"{stage.root}/", step.rest)],
            cwd=stage.at("."),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{step.rest}\n{done.stdout}"
        for path in mounted:
            path.unlink()

    def _mount(self, flags: dict[str, str]) -> list[Path]:
        """Show a folder of another stage in this one, until the command has run."""
        if not flags:
            return []
        ((name, value),) = flags.items()
        mount = dict(part.split("=") for part in value.split(","))
        assert (name, mount.pop("type")) == ("mount", "bind"), value
        (origin,) = (stage for stage in self.stages if stage.name == mount["from"])
        target = self._stage.at(mount["target"])
        target.symlink_to(origin.at(mount["source"]))
        return [target]

    def _harmless(self) -> Path:
        """Return a folder whose ``chown`` does nothing."""
        folder = self.folder / "harmless"
        folder.mkdir(exist_ok=True)
        (folder / "chown").write_text("#!/bin/sh\n")
        (folder / "chown").chmod(0o755)
        return folder

    def _env(self, step: Step) -> None:
        self._stage.env |= dict(word.split("=", 1) for word in step.words())

    def _user(self, step: Step) -> None:
        self._stage.user = step.rest

    def _expose(self, step: Step) -> None:
        self._stage.ports += step.words()

    def _volume(self, step: Step) -> None:
        self._stage.volumes += step.words()

    def _entrypoint(self, step: Step) -> None:
        self._stage.entrypoint = self._exec(step.rest)

    def _cmd(self, step: Step) -> None:
        self._stage.command = self._exec(step.rest)

    def _healthcheck(self, step: Step) -> None:
        assert set(step.flags) <= {"interval", "timeout", "start-period", "retries"}, step.flags
        self._stage.healthcheck = self._exec(step.rest.removeprefix("CMD "))

    def _exec(self, rest: str) -> list[str]:
        """Return a command in its JSON form: without a shell, which would keep signals away."""
        found: Any = json.loads(rest)
        return [str(word) for word in found]
