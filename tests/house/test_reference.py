"""docs/reference.md names every option, control verb and operation, and says nothing else.

It is written by this file: ``python -m tests.house.test_reference`` after a change.
"""

from __future__ import annotations

from pathlib import Path

import click

from app.arm.calls import Endpoint
from app.cli import rsvault
from app.domain.limits import LIMITS
from app.main import endpoints

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def reference() -> str:
    """Return the page as it has to be."""
    served = endpoints()
    control = [each for each in served if each.template.startswith("/_emulator")]
    azure = [each for each in served if each not in control]
    return "\n".join(
        [
            "# Reference",
            "",
            "Written by `python -m tests.house.test_reference`; do not edit.",
            "",
            "## The command line",
            "",
            *_commands(),
            "## The control plane",
            "",
            *_table(control),
            "## Limits",
            "",
            "`rsvault serve --limit NAME=N` sets one, `--limit NAME=off` switches one off and "
            "`--limits off` all; a day is the last 24 hours (docs/decisions/0045).",
            "",
            *_limits(),
            "## Azure's operations",
            "",
            "Paths ignore case, any well-formed `api-version` is accepted.",
            "",
            *_by_tag(azure),
        ]
    )


def _commands() -> list[str]:
    lines: list[str] = []
    for words, command in _leaves((), rsvault):
        context = click.Context(
            command, info_name=" ".join(("rsvault", *words)), **rsvault.context_settings
        )
        context.terminal_width = 80
        text = command.get_help(context)
        lines += [f"### rsvault {' '.join(words)}", "", "```", _portable(text), "```", ""]
    return lines


def _portable(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def _leaves(
    words: tuple[str, ...], command: click.Command
) -> list[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        return [(words, command)]
    return [
        leaf
        for name, each in sorted(command.commands.items())
        for leaf in _leaves((*words, name), each)
    ]


def _limits() -> list[str]:
    rows = [f"| {each.name} | {each.value} | {each.counts} |" for each in LIMITS.values()]
    return ["| limit | Azure's | how many |", "|---|---|---|", *rows, ""]


def _by_tag(served: list[Endpoint]) -> list[str]:
    lines: list[str] = []
    for tag in sorted({each.tag for each in served}):
        lines += [f"### {tag}", "", *_table([each for each in served if each.tag == tag])]
    return lines


def _table(served: list[Endpoint]) -> list[str]:
    rows = [
        f"| {each.operation_id} | {each.method} | `{_short(each.template)}` | {each.summary} |"
        for each in served
    ]
    return ["| operation | | path | |", "|---|---|---|---|", *rows, ""]


def _short(template: str) -> str:
    group = "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}"
    return template.replace(group, "{group}").replace("/providers/Microsoft.RecoveryServices", "…")


def test_the_reference_names_what_there_is() -> None:
    assert PAGE.read_text() == reference(), "run python -m tests.house.test_reference"


if __name__ == "__main__":
    PAGE.write_text(reference())
