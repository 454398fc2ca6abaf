"""What ``rsvault env`` prints, in the words of each shell; every line can be run again."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .connections import Line, Note, Run, Variable

_Words = Callable[[str], str]


@dataclass(frozen=True)
class Shell:
    """How a shell quotes, sets, unsets, and runs one command unless another succeeds."""

    quoted: _Words
    sets: str
    unsets: str
    runs: str
    unless: str
    usage: str

    def line(self, line: Line) -> str:
        """Write one line."""
        if isinstance(line, Note):
            return f"# {line.text}"
        if isinstance(line, Run):
            command = self._command(line.words)
            if not line.unless:
                return self.runs.format(command=command)
            return self.unless.format(command=command, check=self._command(line.unless))
        if line.value is None:
            return self.unsets.format(name=line.name)
        return self.sets.format(name=line.name, value=self.quoted(line.value))

    def _command(self, words: tuple[str, ...]) -> str:
        program, *rest = words
        return " ".join(
            (program, *(each if _is_plain(each) else self.quoted(each) for each in rest))
        )


def _is_plain(word: str) -> bool:
    return shlex.quote(word) == word


def _quoted_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted_powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted_dotenv(text: str) -> str:
    """Quote only what has to be: not every reader of such files takes quotes away."""
    return text if _is_plain(text) else f'"{text}"'


SHELLS: Mapping[str, Shell] = {
    "sh": Shell(
        shlex.quote,
        "export {name}={value}",
        "unset {name}",
        "{command}",
        "{check} >/dev/null 2>&1 || {command}",
        'eval "$({command})"',
    ),
    "fish": Shell(
        _quoted_fish,
        "set -gx {name} {value}",
        "set -e {name}",
        "{command}",
        "{check} >/dev/null 2>&1; or {command}",
        "{command} | source",
    ),
    "powershell": Shell(
        _quoted_powershell,
        "$env:{name} = {value}",
        "Remove-Item Env:{name} -ErrorAction SilentlyContinue",
        "{command}",
        "{check} *> $null; if ($LASTEXITCODE -ne 0) {{ {command} }}",
        "{command} | Out-String | Invoke-Expression",
    ),
    "dotenv": Shell(
        _quoted_dotenv,
        "{name}={value}",
        "# {name} must not be set",
        "# run: {command}",
        "# run: {command}",
        "docker run --env-file <({command})",
    ),
}


def written(lines: Iterable[Line], shell: str) -> str:
    """Return the script of a shell. Raises ``ValueError`` for what no shell can hold in a line."""
    lines = list(lines)
    for each in lines:
        if isinstance(each, Variable) and each.value and not each.value.isprintable():
            raise ValueError(f"{each.name} cannot hold {each.value!r}")
    return "".join(f"{SHELLS[shell].line(each)}\n" for each in lines)
