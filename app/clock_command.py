"""``rsvault clock``: what time it is, how time runs, and moving it on."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import click

from .client import Clock, ControlPlane
from .client_command import client_command
from .option_values import ClockOption, Instant, SkipOnWait


@click.group()
def clock() -> None:
    """Read the virtual clock, change how it runs, or move it on."""


@clock.command()
@client_command
def show(control: ControlPlane) -> None:
    """Show what time it is in the emulated world.

    \b
        rsvault clock show
    """
    show_clock(control.clock())


@clock.command("set")
@click.argument("clock", type=ClockOption(), metavar="[live|scaled:RATE|frozen]", required=False)
@click.option(
    "--skip-on-wait",
    type=SkipOnWait(),
    help="What a client's poll does to the clock: see 'rsvault serve'.",
)
@client_command
def set_clock(control: ControlPlane, clock: tuple[str, int] | None, skip_on_wait: Any) -> None:
    """Change how time passes from now on; what is not given stays as it is.

    \b
        rsvault clock set frozen
        rsvault clock set scaled:3600 --skip-on-wait off
        rsvault clock set --skip-on-wait polls=3
    """
    if clock is None and skip_on_wait is None:
        raise click.UsageError("say what to change: live, scaled:RATE, frozen, or --skip-on-wait")
    mode: Any = clock and clock[0]
    rate = clock[1] if clock and mode == "scaled" else None
    show_clock(control.set_clock(mode=mode, rate=rate, skip_on_wait=skip_on_wait))


@clock.command()
@click.option("--by", metavar="DURATION", help="A length of time as in ISO 8601, such as P120D.")
@click.option("--to", type=Instant(), help="An instant, such as 2030-01-01T00:00:00Z.")
@click.option("--until", type=click.Choice(["idle"]), help="The end of everything that runs now.")
@click.option("--job", metavar="ID", help="The end of this backup or restore job.")
@client_command
def advance(control: ControlPlane, **target: Any) -> None:
    """Move time on; return once everything that was due by then has happened.

    \b
        rsvault clock advance --by P120D
        rsvault clock advance --to 2030-01-01T00:00:00Z
        rsvault clock advance --until idle
    """
    if sum(value is not None for value in target.values()) != 1:
        raise click.UsageError("say how far, with one of --by, --to, --until and --job")
    try:
        show_clock(control.advance(**target, progress=_show_progress))
    except KeyboardInterrupt:
        click.echo("the server goes on advancing; 'rsvault reset' ends it", err=True)
        raise


def _show_progress(clock: Clock) -> None:
    """Write the instant reached and the share of the way; a terminal's line is written over."""
    share = clock.advancing and clock.advancing.share(clock.now)
    line = _wire(clock.now) if share is None else f"{_wire(clock.now)} {share:4.0%}"
    on_screen = sys.stderr.isatty()
    click.echo(f"{line}\r" if on_screen else line, err=True, nl=not on_screen)


def show_clock(clock: Clock) -> None:
    """Print what a clock shows, a line for each thing."""
    speed = f"scaled:{clock.rate}" if clock.mode == "scaled" else clock.mode
    for name, value in (
        ("now", _wire(clock.now)),
        ("clock", speed),
        ("skip-on-wait", clock.skip_on_wait),
        ("epoch", clock.epoch),
    ):
        click.echo(f"{name:<14}{value}")


def _wire(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
