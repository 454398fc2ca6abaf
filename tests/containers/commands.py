"""What rsvault's own command line makes of a command that stands in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from app.cli import rsvault


def parsed(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return a command's name and its options; one that cannot be typed is click's error."""
    name, *arguments = words
    # A command keeps what it once looked up, so it is asked as a user's command line asks it.
    typed = click.Context(rsvault, info_name="rsvault", **rsvault.context_settings)
    return name, rsvault.commands[name].make_context(name, arguments, parent=typed).params
