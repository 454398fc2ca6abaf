"""``rsvault doctor``: what a client would meet, one line a check."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict

import click

from . import connections
from .connect_options import connect_options
from .connections import Place

_MARKS = {"ok": "ok", "wrong": "WRONG", "skipped": "-"}


@click.command()
@click.argument("client", type=click.Choice(tuple(connections.CLIENTS)), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON array.")
@connect_options
def doctor(place: Place, client: str | None, as_json: bool) -> None:
    """Try what a CLIENT will do, and tell what is wrong and what to do about it.

    Checked are the server's two ports and its certificate, the cloud's metadata, OpenID
    discovery, a token, a call of Resource Manager, the control plane, the variables of this
    shell, and the client itself if it is on PATH; without a CLIENT the server alone. The exit
    code is 1 if anything is wrong:

    \b
        rsvault doctor
        eval "$(rsvault env az)" && rsvault doctor az
    """
    from .doctor.course import examine
    from .doctor.findings import Finding

    found: list[Finding] = []
    for each in examine(client, place, os.environ, _progress()):
        found.append(each)
        if not as_json:
            _show(each.check, each.state, each.found, each.advice)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2, ensure_ascii=False))
    if any(each.state == "wrong" for each in found):
        raise click.exceptions.Exit(1)


def _progress() -> Callable[[str], None]:
    """Return what tells on stderr what is tried; where nobody watches, once a second at most."""
    from .engine.clock import stopwatch

    on_screen, told = sys.stderr.isatty(), stopwatch()

    def tell(what: str) -> None:
        nonlocal told
        if on_screen:
            click.echo(f"\r\x1b[K... {what}\r", err=True, nl=False)
        elif stopwatch() - told > 1:
            told = stopwatch()
            click.echo(f"... {what}", err=True)

    return tell


def _show(check: str, state: str, found: str, advice: str) -> None:
    if sys.stderr.isatty():
        click.echo("\x1b[K", err=True, nl=False)
    click.echo(f"{_MARKS[state]:<6}{check:<15}{found}{'; ' + advice if advice else ''}")
