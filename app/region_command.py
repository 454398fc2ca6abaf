"""``rsvault region``: which regions there are, take one down, bring it back."""

from __future__ import annotations

from typing import Any

import click

from .client import ControlPlane
from .client_command import client_command


@click.group()
def region() -> None:
    """Rehearse the outage of a region: take it down, restore in its pair, bring it back."""


@region.command("list")
@click.option("--down", "only_down", is_flag=True, help="Only those that are down.")
@client_command
def list_regions(control: ControlPlane, only_down: bool) -> None:
    """List the regions, each with its state and the region that backs it up.

    \b
        rsvault region list --down
    """
    for each in control.regions():
        if not only_down or each["state"] == "down":
            _show(each)


@region.command()
@click.argument("name", metavar="REGION")
@client_command
def down(control: ControlPlane, name: str) -> None:
    """Take a region down: nothing there answers or happens any more.

    Its vaults answer 503, backups wait, and the paired region keeps what was copied by now.

    \b
        rsvault region down westeurope
    """
    _show(control.take_down(name))


@region.command()
@click.argument("name", metavar="REGION")
@client_command
def up(control: ControlPlane, name: str) -> None:
    """Bring a region back: what ran there goes on, and of the backups missed the latest is made.

    \b
        rsvault region up westeurope
    """
    _show(control.bring_back(name))


def _show(region: dict[str, Any]) -> None:
    since = next((each["since"] for each in region["outages"] if each["until"] is None), "")
    line = f"{region['name']:<20}{region['state']:<6}{region['secondary'] or '-':<20}{since}"
    click.echo(line.rstrip())
