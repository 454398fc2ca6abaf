"""``rsvault events``: what happens in the world, as it happens."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from .client import ControlPlane
from .client_command import client_command


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what happens; Ctrl+C ends it.")
@click.option("--kind", metavar="GLOB", help="Such as 'job.*', or several with commas between.")
@click.option("--subscription", metavar="GUID", help="Only what is in it.")
@click.option("--vault", metavar="NAME|ID", help="Only what is in this vault.")
@click.option("--item", metavar="NAME|ID", help="Only what is about this protected item.")
@click.option("--job", metavar="ID", help="Only what is about this job.")
@click.option("--operation", metavar="NAME", help="Only of jobs that do this, such as Backup.")
@click.option("--after", metavar="N|latest", help="After this number, or only what comes.")
@click.option("--limit", type=int, metavar="N", help="End after so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--keep", type=int, metavar="N", help="Keep so many of the latest from now on.")
@click.option("--stop", is_flag=True, help="Record nothing any more, and forget what was.")
@client_command
def events(
    control: ControlPlane,
    follow: bool,
    as_json: bool,
    keep: int | None,
    stop: bool,
    **filters: Any,
) -> None:
    """Show what has happened: jobs, recovery points, their tiers, their end.

    A server records nothing until somebody asks, or it was started with --events: the first use
    of this begins it, and shows what happens from then on.

    \b
        rsvault events --follow
        rsvault events --kind 'job.*' --item web-1 --json
        rsvault events --stop
    """
    if stop:
        control.events.stop()
        return
    if not control.events.recording().recording or keep is not None:
        begun = control.events.record(keep)
        click.echo(f"recording, the latest {begun.keep} events are kept", err=True)
    found = control.events.follow(**filters) if follow else control.events.list(**filters)
    try:
        for number, each in enumerate(found, start=1):
            data = {"id": each.number, **each.data}
            click.echo(json.dumps(data, ensure_ascii=False) if as_json else str(each))
            sys.stdout.flush()
            if number == filters["limit"]:
                return
    except KeyboardInterrupt:
        return
