"""``rsvault deliveries``: see whom alerts were told, wait for it, and what it is signed with."""

from __future__ import annotations

from typing import Any

import click

from .client import ControlPlane
from .client_command import client_command

_SUBSCRIPTION = click.option("--subscription", metavar="GUID", help="Only what is in it.")


@click.group()
def deliveries() -> None:
    """See what action groups were told of alerts.

    \b
        rsvault deliveries list --action-group oncall
        rsvault deliveries wait
    """


@deliveries.command("list")
@click.option("--alert", metavar="ID", help="Only of an alert: its id or its GUID.")
@click.option("--action-group", metavar="ID|NAME", help="Only to an action group.")
@click.option(
    "--state",
    metavar="STATE",
    help="Only those that are Waiting, Sending, Delivered, Failed or NotSent.",
)
@_SUBSCRIPTION
@client_command
def list_deliveries(control: ControlPlane, **wanted: str | None) -> None:
    """List what was told and is to be told, the oldest first.

    \b
        rsvault deliveries list --state Failed
    """
    for each in control.deliveries.list(**wanted):
        click.echo(_line(each))


@deliveries.command()
@click.option(
    "--timeout", default=30, show_default=True, metavar="SECONDS", help="After how long to give up."
)
@click.option(
    "--hurry/--no-hurry",
    default=True,
    show_default=True,
    help="Whether what waits for its next attempt gets it at once, or is left waiting.",
)
@_SUBSCRIPTION
@client_command
def wait(control: ControlPlane, timeout: int, hurry: bool, subscription: str | None) -> None:
    """Wait until nothing is left to tell: all is delivered, or has failed for good.

    \b
        rsvault deliveries wait
    """
    try:
        states = control.deliveries.wait(timeout, hurry=hurry, subscription=subscription)
    except TimeoutError as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo("  ".join(f"{state} {count}" for state, count in states.items()))


@deliveries.command()
@client_command
def key(control: ControlPlane) -> None:
    """Show what webhooks are signed with, as libraries of Standard Webhooks take it.

    \b
        rsvault deliveries key
    """
    click.echo(control.deliveries.key())


def _line(each: dict[str, Any]) -> str:
    essentials = each["payload"]["data"]["essentials"]
    group = each["actionGroupId"].rpartition("/")[2]
    told = f"{essentials['alertRule']} {each['monitorCondition']}"
    line = f"{each['createdAt']}  {each['state']:<10}{told:<32}{group}/{each['receiver']}"
    attempts = f"  attempts {each['attempts']}" if each["attempts"] else ""
    return line + attempts + (f"  {each['problem']}" if each["problem"] else "")
