"""The options that say where a server is and who its client shall be: of ``env`` and ``doctor``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from . import connections
from .client import DEFAULT_URL
from .connections import Place
from .settings import default_home

_Command = TypeVar("_Command", bound=Callable[..., Any])

HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    envvar="RSVAULT_HOME",
    show_envvar=True,
    default=default_home,
    show_default="~/.rsvault",
    help="The folder of the certificate authority and the server's certificate.",
)


class Address(click.ParamType[str]):
    """The address of a server: a scheme, a host, perhaps a port, and nothing behind it."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.name = "URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).rstrip("/")
        try:
            found = urlsplit(text)
            port = f":{found.port}" if found.port else ""
            host = f"[{found.hostname}]" if ":" in (found.hostname or "") else found.hostname
            fits = bool(host) and text.lower() == f"{self.scheme}://{host}{port}".lower()
        except ValueError:
            fits = False
        if not fits:
            port = "8080" if self.scheme == "http" else "8443"
            self.fail(f"{value!r} must be like {self.scheme}://localhost:{port}")
        return text.lower()


def connect_options(command: _Command) -> Callable[..., Any]:
    """Give a command the options of a connection, and the place that they describe."""

    @click.option(
        "--url",
        type=Address("http"),
        envvar="RSVAULT_URL",
        default=DEFAULT_URL,
        show_default=True,
        show_envvar=True,
        help="The server's HTTP address.",
    )
    @click.option(
        "--https-url",
        type=Address("https"),
        envvar="RSVAULT_HTTPS_URL",
        default="https://localhost:8443",
        show_default=True,
        show_envvar=True,
        help="The server's HTTPS address, by a name that its certificate has.",
    )
    @HOME
    @click.option(
        "--subscription", default=connections.SUBSCRIPTION, metavar="ID", help="Any GUID is one."
    )
    @click.option(
        "--tenant", default=connections.TENANT, metavar="ID", help="A tenant: any GUID or domain."
    )
    @click.option(
        "--client-id",
        default=connections.CLIENT_ID,
        metavar="ID",
        help="Who signs in where a client does; matters with 'rsvault serve --auth rbac'.",
    )
    @click.option(
        "--config-dir",
        type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
        help="The folder that az keeps its profile in: 'az' in --home if not told.",
    )
    @click.option(
        "--proxy",
        type=Address("http"),
        help="With ansible: go to Azure's own addresses through this 'rsvault proxy'.",
    )
    @wraps(command)
    def run(url: str, https_url: str, home: Path, config_dir: Path | None, **given: Any) -> None:
        names = ("subscription", "tenant", "client_id", "proxy")
        place = Place(
            url,
            https_url,
            home / "ca.pem",
            config_dir or home / "az",
            **{name: given.pop(name) for name in names},
        )
        if place.proxy and given.get("client") != "ansible":
            raise click.UsageError("--proxy is for ansible: the others can be told an address")
        command(place, **given)

    return run
