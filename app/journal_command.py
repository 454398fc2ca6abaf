"""``rsvault journal``: what clients asked a server and what they got; save it, and ask it again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .client import ControlPlane
from .client_command import client_command

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def journal() -> None:
    """Read what clients asked and what they got, save it, and replay it in a fresh world.

    Secrets are placeholders in all that is shown and saved. Each server process has a journal
    of its own, in memory.
    """


def _filters(command: _Command) -> _Command:
    """Give a command the filters of the journal."""
    for option in reversed(
        (
            click.option("--operation-id", metavar="GLOB", help="Such as 'ProtectedItems_*'."),
            click.option("--method", help="Such as PUT."),
            click.option("--path", metavar="GLOB", help="Such as '*/vaults/safe/*'."),
            click.option("--status", metavar="N|Nxx", help="A status, or a class such as 4xx."),
            click.option("--error-code", metavar="GLOB", help="The code of a refusal."),
            click.option("--correlation-id", metavar="ID"),
            click.option("--subscription", metavar="ID"),
            click.option(
                "--plane", type=click.Choice(["azure", "control"]), help="Which side was asked."
            ),
        )
    ):
        command = option(command)
    return command


@journal.command("list")
@_filters
@click.option("--since", metavar="N|reset", help="After this number, or after the last reset.")
@click.option("--limit", default=50, show_default=True, help="The latest so many.")
@client_command
def list_journal(control: ControlPlane, **filters: Any) -> None:
    """List exchanges, the latest last: number, method, status, operation, path.

    Keys of a body that nobody reads are named behind the path.

    \b
        rsvault journal list --status 4xx --limit 10
        rsvault journal list --operation-id 'ProtectedItems_*' --path '*/vm-1*'
    """
    for each in control.journal.exchanges(bodies=False, **_given(filters)):
        click.echo(str(each))


@journal.command()
@click.argument("number", type=int)
@client_command
def show(control: ControlPlane, number: int) -> None:
    """Show one exchange, headers and bodies included, as JSON.

    \b
        rsvault journal show 17
    """
    click.echo(_json(control.journal.exchange(number)))


@journal.command()
@_filters
@client_command
def follow(control: ControlPlane, **filters: Any) -> None:
    """Print what is asked from now on, as it is asked; Ctrl+C ends it.

    \b
        rsvault journal follow --status 4xx
    """
    try:
        for each in control.journal.follow(**_given(filters)):
            click.echo(str(each))
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


@journal.command()
@click.option("--subscription", metavar="ID", help="Only what is about this one.")
@client_command
def clear(control: ControlPlane, subscription: str | None) -> None:
    """Forget what was noted; the world stays as it is.

    \b
        rsvault journal clear
    """
    click.echo(f"{control.journal.clear(subscription)} exchanges forgotten")


@journal.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@client_command
def save(control: ControlPlane, file: Path) -> None:
    """Save what was asked since the world began, or was last reset, for a replay.

    Secrets are placeholders in the file, which can be kept beside your tests.

    \b
        rsvault journal save session.json
    """
    document = control.journal.document(since="reset")
    try:
        file.write_text(_json(document) + "\n", encoding="utf-8")
    except OSError as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"{len(document['value'])} exchanges in {file}")
    if not document["world"]["complete"]:
        click.echo(
            "they cannot be replayed: what came before them is not in this journal; begin with "
            "'rsvault reset'",
            err=True,
        )


@journal.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--reset", is_flag=True, help="Empty the server's world first, whatever is in it.")
@client_command
def replay(control: ControlPlane, file: Path, reset: bool) -> None:
    """Ask a fresh world what a saved journal holds; the exit code is 1 if an answer differs.

    The server needs the journal's seed and start time, and a world that nobody has used yet.
    Told is the first answer that is not the same to the byte, ids of requests aside.

    \b
        rsvault serve --port 8090 --clock frozen --start-time 2026-01-01T00:00:00Z &
        rsvault journal replay session.json --url http://127.0.0.1:8090
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise click.ClickException(f"{file}: {problem}") from problem
    found = control.journal.replay(document, reset=reset)
    for each in found.worlds:
        click.echo(each, err=True)
    if found.difference is None:
        others = found.asked - found.equal
        click.echo(f"{found.equal} answers are equal to the byte; {others} were not compared")
        return
    where = found.difference
    name = where.operation_id or "-"
    click.echo(f"answer {where.sequence} differs: {where.method} {name} {where.path}")
    click.echo(where.diff)
    sys.exit(1)


def _given(filters: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value is not None}


def _json(document: Any) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False)
