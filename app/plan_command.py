"""``rsvault plan``: what policies would do over the years, as a table, JSON or a picture.

Nothing heavy is imported before it is run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from .client import ControlPlane
from .client_command import client_command

_IN_A_PLAN = {"time_zone": "timeZone"}
"""How a plan calls what an option is called."""


@click.command()
@click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False
)
@click.option("--vault", metavar="ID", help="Plan a vault of a server from now on, not a file.")
@click.option("--horizon", metavar="DURATION", help="How far to look: P1Y if not told, to P30Y.")
@click.option("--start", metavar="DATE", help="When a file's plan begins: now if not told.")
@click.option("--peak", metavar="HOURS", help="The hours to keep free: 09:00-17:00 if not told.")
@click.option("--time-zone", metavar="NAME", help="A Windows name; the hours shown are its.")
@click.option("--sample", type=int, metavar="N", help="Live through N VMs of a group at most.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option(
    "--chart", type=click.Path(path_type=Path, dir_okay=False), help="Write a picture, as SVG."
)
@client_command
def plan(
    control: ControlPlane,
    file: Path | None,
    vault: str | None,
    as_json: bool,
    chart: Path | None,
    **given: Any,
) -> None:
    """Tell what policies would do over the years, and what to change.

    A FILE holds policies and VMs (docs/planning.md), and needs no server. Options win over what
    the file says:

    \b
        rsvault plan docs/examples/plan.yaml --horizon P10Y --chart plan.svg
        rsvault plan --vault /subscriptions/.../vaults/safe
    """
    if (file is None) == (vault is None):
        raise click.UsageError("give a plan file, or --vault with the id of a vault")
    asked = {
        _IN_A_PLAN.get(name, name): value for name, value in given.items() if value is not None
    }
    report = _live(file, asked) if file else control.plan({"vault": vault, **asked})
    if chart is not None:
        _draw(report, chart)
    if as_json:
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        from .planning import tables

        click.echo(tables.text(report), nl=False)


def _live(file: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Live through the plan of a file in this process. An error names file and line."""
    from .domain.errors import Refused
    from .engine import clock
    from .engine.rules import Rules
    from .main import read_policy
    from .planning import documents, files, reports

    try:
        found = files.read(file)
    except (OSError, ValueError) as problem:
        raise click.ClickException(str(problem)) from None
    document = found.document
    if isinstance(document, Mapping):
        document = {**document, **_merged(document, asked)}
    try:
        if isinstance(document, Mapping) and "vault" in document:
            raise documents.wrong("vault", "is known to a server only: use --vault")
        planned = documents.read(document, read_policy, clock.real_now())
    except Refused as refusal:
        told = f"{found.where(refusal.target)}: {refusal.message} ({refusal.code})"
        raise click.ClickException(told) from None
    return reports.of_plan(planned, Rules(), _progress(clock.stopwatch))


def _merged(document: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what options say in a plan's words; of the peak they say the hours alone."""
    peak = document.get("peak")
    if "peak" in asked and isinstance(peak, Mapping):
        return {**asked, "peak": {**peak, "hours": asked["peak"]}}
    return dict(asked)


def _progress(stopwatch: Callable[[], float]) -> Callable[[int, float], None]:
    """Return what writes the share of the way to stderr, once a second has passed."""
    told = stopwatch()
    on_screen = sys.stderr.isatty()

    def tell(instant: int, share: float) -> None:
        nonlocal told
        if stopwatch() - told < 1 and share < 1:
            return
        told = stopwatch()
        if on_screen:
            click.echo("\r\x1b[K" if share >= 1 else f"\r{share:4.0%} lived", err=True, nl=False)
        elif share < 1:
            click.echo(f"{share:4.0%} lived", err=True)

    return tell


def _draw(report: Mapping[str, Any], chart: Path) -> None:
    from .planning import charts

    try:
        chart.write_text(charts.svg(report), encoding="utf-8")
    except OSError as problem:
        raise click.ClickException(f"{chart}: {problem.strerror}") from None
