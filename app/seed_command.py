"""``rsvault seed``: make a document's world part of a server's, or tell what is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .client import ControlPlane, Seeding
from .client_command import client_command


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--check", is_flag=True, help="Only tell what is wrong; needs no server.")
@click.option("--subscription", metavar="ID", help="Whose it is to be; others stay as they are.")
@client_command
def seed(control: ControlPlane, file: Path, check: bool, subscription: str | None) -> None:
    """Make the world that a FILE describes part of a server's, all of it or nothing.

    docs/worlds.md has the format, GET /_emulator/schemas/world its JSON schema.

    \b
        rsvault seed docs/examples/world.yaml --check
        rsvault seed docs/examples/world.yaml
    """
    from .client import ControlError

    if check:
        click.echo(f"{file.name}: nothing is wrong, {_check(file, subscription)}")
        return
    try:
        now = control.worlds.seed(file, subscription, progress=_show)
    except ControlError as problem:
        if problem.code == "InvalidWorld":
            problem = ControlError(problem.code, f"{file.name}: {problem.message}")
        raise problem from None
    click.echo(f"{file.name} is seeded; it is {now.isoformat().replace('+00:00', 'Z')}")


def _check(file: Path, subscription: str | None) -> str:
    """Try a document in this process. An error names file, line and column."""
    from .domain.errors import Refused
    from .main import check_world

    try:
        steps = check_world(file.read_bytes(), subscription)
    except Refused as refusal:
        told = [each.message for each in refusal.details] or [refusal.message]
        lines = "\n".join(f"{file.name}: {each}" for each in told)
        raise click.ClickException(f"{lines} ({refusal.code})") from None
    return f"{steps} requests would make it"


def _show(seeding: Seeding) -> None:
    """Write how much of the history is lived through; a terminal's line is written over."""
    on_screen = sys.stderr.isatty()
    line = f"{seeding.share:4.0%} lived"
    click.echo(f"\r{line}" if on_screen else line, err=True, nl=not on_screen)
