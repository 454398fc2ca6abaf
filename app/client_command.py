"""What all commands that talk to a server have in common."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from .client import DEFAULT_URL, ControlError, ControlPlane

_Command = TypeVar("_Command", bound=Callable[..., Any])


def client_command(command: _Command) -> Callable[..., Any]:
    """Give a command the options that say which server it talks to, and a client of it.

    A refusal becomes one line and exit code 1.
    """

    @click.option(
        "--url",
        envvar="RSVAULT_URL",
        default=DEFAULT_URL,
        show_default=True,
        show_envvar=True,
        help="The server.",
    )
    @click.option(
        "--ca-file",
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        envvar="RSVAULT_CA_FILE",
        show_envvar=True,
        help="The authority to trust, for a server on https; see 'rsvault ca'.",
    )
    @click.option(
        "--control-token",
        metavar="TOKEN",
        envvar="RSVAULT_CONTROL_TOKEN",
        show_envvar=True,
        help="The token that the server was started with, if it was.",
    )
    @wraps(command)
    def run(url: str, ca_file: Path | None, control_token: str | None, **given: Any) -> None:
        try:
            with ControlPlane(url, ca_file, control_token) as control:
                command(control, **given)
        except ControlError as problem:
            raise click.ClickException(f"{problem.message} ({problem.code})") from problem

    return run
