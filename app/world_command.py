"""``rsvault world``: save and restore worlds, export the present one, import a real estate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .client import ControlPlane
from .client_command import client_command

_SUBSCRIPTION = click.option(
    "--subscription", metavar="ID", help="Only this subscription; the others stay as they are."
)


@click.group()
def world() -> None:
    """Save and restore worlds, write the present one down, or take over a real estate."""


@world.command()
@click.argument("name")
@_SUBSCRIPTION
@client_command
def save(control: ControlPlane, name: str, subscription: str | None) -> None:
    """Save the present world under a name, in place of an earlier one.

    \b
        rsvault world save protected
    """
    saved = control.worlds.save(name, subscription)
    click.echo(f"{saved.name} is saved as of {_wire(saved.saved_at)}")


@world.command()
@click.argument("name")
@_SUBSCRIPTION
@client_command
def restore(control: ControlPlane, name: str, subscription: str | None) -> None:
    """Put a saved world in place of the present one, with its clock.

    Of one subscription only the resources are replaced; they live through the time since.

    \b
        rsvault world restore protected
    """
    clock = control.worlds.restore(name, subscription)
    click.echo(f"{name} is restored; it is {_wire(clock.now)}, epoch {clock.epoch}")


@world.command("list")
@client_command
def list_worlds(control: ControlPlane) -> None:
    """List the saved worlds: name, instant, and whose they are if not everybody's.

    \b
        rsvault world list
    """
    for each in control.worlds.list():
        click.echo(f"{each.name:<24}{_wire(each.saved_at):<24}{each.subscription or ''}".rstrip())


@world.command()
@click.argument("name")
@client_command
def delete(control: ControlPlane, name: str) -> None:
    """Forget a saved world; the present one stays as it is.

    \b
        rsvault world delete protected
    """
    click.echo(f"{name} is deleted" if control.worlds.delete(name) else f"there is no {name}")


@world.command()
@_SUBSCRIPTION
@click.option("--json", "as_json", is_flag=True, help="JSON, not YAML.")
@client_command
def export(control: ControlPlane, subscription: str | None, as_json: bool) -> None:
    """Write the present world down, in the form that 'rsvault seed' reads.

    \b
        rsvault world export > world.yaml
    """
    found = control.worlds.export(subscription)
    for each in found.left_out:
        click.echo(f"left out: {each}", err=True)
    click.echo(_text(found.document, as_json=as_json), nl=False)


@world.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
)
@click.option("--json", "as_json", is_flag=True, help="JSON, not YAML.")
def import_estate(files: tuple[Path, ...], as_json: bool) -> None:
    """Make a world of what az prints of a real estate; say on stderr what is left out, and why.

    FILES hold what these print, in any order; needs no server:

    \b
        az backup vault list > vaults.json
        az backup policy list -g RG -v VAULT > policies.json
        az backup item list -g RG -v VAULT > items.json
        az backup container list -g RG -v VAULT \\
            --backup-management-type AzureStorage > containers.json
        rsvault world import *.json > world.yaml
    """
    from .worlds.importing import Import, WrongFile

    found = Import()
    try:
        for file in files:
            found.read(file.name, file.read_bytes())
        document = found.document()
    except WrongFile as problem:
        raise click.ClickException(str(problem)) from None
    for each in found.left_out:
        click.echo(f"left out: {each}", err=True)
    click.echo(_text(document, as_json=as_json), nl=False)


def _text(document: dict[str, Any], *, as_json: bool) -> str:
    if as_json:
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def _wire(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))
