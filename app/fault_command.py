"""``rsvault fault``: make things go wrong, see how often they did, and stop it."""

from __future__ import annotations

from typing import Any

import click

from .client import ControlPlane
from .client_command import client_command

_SUBSCRIPTION = click.option("--subscription", metavar="GUID", help="Only what is in it.")


@click.group()
def fault() -> None:
    """Make things go wrong: backups, restores, requests, regions.

    \b
        rsvault fault arm transfer-fails --subject web-1 --count 1
        rsvault fault list
        rsvault fault disarm --all
    """


@fault.command()
@click.argument("name", metavar="FAULT")
@click.option(
    "--subject",
    metavar="ID",
    help="What it strikes: an ARM id and all below it, the name of an item, an operationId, a "
    "region; * is any number of characters.  [default: everything]",
)
@click.option("--count", type=int, metavar="N", help="How often at most.  [default: no end]")
@click.option("--probability", type=float, metavar="P", help="How likely, up to 1.  [default: 1]")
@click.option(
    "--after", metavar="WHEN", help="From when on: an instant or a duration from now, virtual time."
)
@click.option("--until", metavar="WHEN", help="Up to when.  [default: until it is disarmed]")
@click.option("--duration", metavar="DURATION", help="How long what it does takes, if it does.")
@click.option("--code", metavar="CODE", help="Another of Azure's error codes for a job.")
@_SUBSCRIPTION
@client_command
def arm(control: ControlPlane, name: str, **how: Any) -> None:
    """Arm a fault of 'rsvault fault catalogue'.

    One backup of web-1 from tomorrow on finds no agent, and one request in five is throttled:

    \b
        rsvault fault arm agent-not-ready --subject web-1 --after P1D --count 1
        rsvault fault arm throttled --probability 0.2 --until PT1H
    """
    _show(control.faults.arm(name, **how))


@fault.command("list")
@_SUBSCRIPTION
@client_command
def list_faults(control: ControlPlane, subscription: str | None) -> None:
    """List what is armed: how often each struck, and how often it still may.

    \b
        rsvault fault list
    """
    for each in control.faults.list(subscription):
        _show(each)


@fault.command()
@click.argument("name", metavar="FAULT|ID", required=False)
@click.option("--all", "everything", is_flag=True, help="Everything that is armed.")
@_SUBSCRIPTION
@client_command
def disarm(
    control: ControlPlane, name: str | None, everything: bool, subscription: str | None
) -> None:
    """Disarm a fault by its id, all of one name, or everything.

    \b
        rsvault fault disarm transfer-fails
        rsvault fault disarm --all
    """
    if (name is None) != everything:
        raise click.UsageError("give a FAULT or its ID, or --all")
    if name is None:
        gone = control.faults.disarm_all(subscription)
    else:
        gone = control.faults.disarm(name, subscription)
    for each in gone:
        _show(each)


@fault.command()
@client_command
def catalogue(control: ControlPlane) -> None:
    """Show the table of faults: name, where it strikes, Azure's code, what it does.

    \b
        rsvault fault catalogue
    """
    for each in control.faults.catalogue():
        points, code = ",".join(each["points"]), each["code"] or "-"
        click.echo(f"{each['name']:<30}{points:<20}{code:<46}{each['effect']}")


def _show(fault: dict[str, Any]) -> None:
    left = "no end" if fault["left"] is None else f"{fault['left']} left"
    line = f"{fault['id']}  {fault['fault']:<28}struck {fault['struck']}, {left}"
    likely = "" if fault["probability"] == 1 else f"  p {fault['probability']:g}"
    until = "" if fault["until"] is None else f"  until {fault['until']}"
    subject = f"  {fault['subject']}" if fault["subject"] else ""
    click.echo(f"{line}{likely}  after {fault['after']}{until}{subject}")
