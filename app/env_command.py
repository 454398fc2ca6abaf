"""``rsvault env``: the lines that connect a client, to be run by a shell."""

from __future__ import annotations

import os

import click

from . import connections, shells
from .connect_options import connect_options
from .connections import Line, Note, Place, Variable


@click.command()
@click.argument("client", type=click.Choice(tuple(connections.CLIENTS)))
@click.option(
    "--shell",
    type=click.Choice(tuple(shells.SHELLS)),
    default="sh",
    show_default=True,
    help="Whose words to print; dotenv has the variables alone.",
)
@connect_options
def env(place: Place, client: str, shell: str) -> None:
    """Print what connects a CLIENT to a server: variables, commands, and why each is needed.

    It can be run as often as you like, and changes nothing outside this shell but az's profile
    in a folder of its own:

    \b
        eval "$(rsvault env az)"
        eval "$(rsvault env terraform)"
        rsvault env python --shell fish | source
        rsvault env node --shell powershell | Out-String | Invoke-Expression

    'rsvault doctor CLIENT' then tells whether it worked.
    """
    from . import certificates

    try:
        certificates.ensure_authority(place.ca_file.parent)
        text = shells.written(
            [*connections.lines(client, place), *_past_proxies(client, place)], shell
        )
    except (OSError, ValueError) as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(text, nl=False)


def _past_proxies(client: str, place: Place) -> list[Line]:
    """Return what keeps a proxy of this shell away from the server, if there is one."""
    urls = (place.https_url, place.http_url)
    found = {} if place.proxy else connections.past_proxies(os.environ, urls)
    if not found:
        return []
    return [
        Note("this shell has a proxy: the server is a neighbour and needs none"),
        *(Variable(name, value) for name, value in found.items()),
    ]
