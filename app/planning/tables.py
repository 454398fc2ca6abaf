"""The report as text for a terminal of 88 columns: made of the report's document alone."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..domain.instants import DAY, parse
from .plans import clock_time, days_in_words, local_date, to_local
from .wording import gigabytes, number, several

WIDTH = 88
_MOST_ROWS = 14
_BAR = 12
_LONGEST_NAME = 20
_COLUMNS = (
    "date",
    "points",
    "snapshots",
    "in vault",
    "snapshot GB",
    "vault GB",
    "loses",
    "gap",
    "oldest",
)
_MARKS = {"high": "!!", "medium": " !", "low": "  "}

Report = Mapping[str, Any]


def text(report: Report) -> str:
    """Return the whole report, as it is printed."""
    parts = (_head, _policies, _day, _series, _edits, _advice)
    written = ["\n".join(part(report)) for part in parts]
    return "\n\n".join(each for each in written if each) + "\n"


# --- parts -------------------------------------------------------------------------------------


def _head(report: Report) -> Iterator[str]:
    vms, peak, day = report["vms"], report["peak"], report["day"]
    used = sum(1 for policy in report["policies"] if policy["vms"])
    under = (
        f"{several(vms['protected'], 'VM')} under {used} {'policy' if used == 1 else 'policies'}"
    )
    last = report["series"][-1]
    yield f"{report['start'][:10]} to {report['end'][:10]}, {under}"
    yield ""
    yield _line("backups", f"{number(peak['backups'])}, {number(_a_day(report))} a day")
    hours = f"{peak['hours']} {days_in_words(peak['days'])}"
    yield _line(
        "peak hours", f"{hours}: {number(peak['starts'])} start, {number(peak['running'])} run"
    )
    transfers = several(day["mostTransfers"]["number"], "transfer")
    yield _line(
        "at one moment", f"{several(day['mostSnapshots']['number'], 'snapshot')}, {transfers}"
    )
    yield _line("first backups", _first(day["firstBackups"], report["timeZone"]))
    yield _line("at the end", f"{several(last['points'], 'point')}, {_stored(last)}")
    yield _line("times", f"{report['timeZone']}, as clocks on the wall show it")
    if vms["sample"] is not None and vms["simulated"] < vms["protected"]:
        yield ""
        yield from _wrapped(_sampled(vms), "  ")


def _sampled(vms: Mapping[str, Any]) -> str:
    return (
        f"SAMPLED: {number(vms['simulated'])} of {number(vms['protected'])} VMs were lived "
        f"through, at most {number(vms['sample'])} of a group. Counts, GB and what runs at once "
        "are multiplied up to all VMs of each group."
    )


def _first(first: Mapping[str, Any], time_zone: str) -> str:
    if not first["number"]:
        return "none"
    until = parse(first["until"])
    end = f"{local_date(until, time_zone)} {clock_time(to_local(until, time_zone) % DAY)}"
    return f"{number(first['number'])} copy {gigabytes(first['GB'])} in full, until {end}"


def _stored(sample: Mapping[str, Any]) -> str:
    snapshots, vault = gigabytes(sample["snapshotGB"]), gigabytes(sample["vaultGB"])
    return f"{snapshots} of snapshots, {vault} in the vault"


def _a_day(report: Report) -> float:
    return float(sum(hour["startsADay"] for hour in report["day"]["hours"]))


def _line(name: str, value: str) -> str:
    return f"  {name:<15}{value}"


def _advice(report: Report) -> Iterator[str]:
    yield "ADVICE"
    for each in report["advice"]:
        yield from _wrapped(each["text"], f"{_MARKS[each['importance']]} ")
    if not report["advice"]:
        yield "  Nothing to change."


def _policies(report: Report) -> Iterator[str]:
    yield "POLICIES"
    yield from _table(
        ("name", "VMs", "backs up", "keeps", "snap.", "loses", "points/VM", "GB"),
        [_policy(policy) for policy in report["policies"]],
        right={1, 4, 5, 6, 7},
    )
    yield from _wrapped(
        "snap.: days of snapshots; loses: work at the worst moment; points/VM and GB (snapshots "
        "and vault): at the end.",
        "  ",
    )


def _policy(policy: Mapping[str, Any]) -> tuple[str, ...]:
    of_a_vm = policy["pointsOfAVm"]
    points = number(of_a_vm["most"])
    if of_a_vm["fewest"] != of_a_vm["most"]:
        points = f"{number(of_a_vm['fewest'])}-{points}"
    rpo = policy["rpoHours"]
    return (
        _cut(policy["name"]),
        number(policy["vms"]),
        policy["schedule"],
        _short(policy["retention"]),
        f"{policy['snapshotDays']} d",
        "-" if rpo is None else f"{number(rpo)} h",
        points,
        number(policy["snapshotGB"] + policy["vaultGB"]),
    )


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}~"


def _short(retention: str) -> str:
    """Return '30d 12w 60m 10y' for '30 days, 12 weeks, 60 months, 10 years'."""
    return " ".join(
        f"{count}{unit[0]}" for count, unit in (part.split(" ") for part in retention.split(", "))
    )


def _day(report: Report) -> Iterator[str]:
    day = report["day"]
    busiest = max(hour["startsADay"] for hour in day["hours"]) or 1
    yield "THE DAY"
    yield f"  {'':<10}{'starts':>8}{'most on':>9}{'snapshots':>11}{'transfers':>11}"
    yield f"  {'hour':<10}{'a day':>8}{'one day':>9}{'at once':>11}{'at once':>11}"
    for hour in day["hours"]:
        peak = "peak" if hour["peak"] else ""
        cells = (hour["mostStarts"], hour["snapshotsAtOnce"], hour["transfersAtOnce"])
        most, snapshots, transfers = (number(cell) if cell else "." for cell in cells)
        starts = number(hour["startsADay"]) if hour["startsADay"] else "."
        bar = "#" * -(-round(100 * hour["startsADay"] / busiest) * _BAR // 100)
        line = f"  {hour['hour']:02d}  {peak:<6}{starts:>8}{most:>9}{snapshots:>11}{transfers:>11}"
        yield f"{line}  {bar:<{_BAR}} {_meeting(hour['meetings'])}".rstrip()
    if day["meetings"]:
        yield ""
        yield "  Transfers of two policies at the same moment:"
        for each in day["meetings"][:10]:
            hours = ", ".join(f"{hour:02d}" for hour in each["hours"])
            pair = " + ".join(each["policies"])
            yield from _wrapped(
                f"{pair}: up to {number(each['transfersAtOnce'])} at once, hours {hours}", "  "
            )
        if len(day["meetings"]) > 10:
            yield f"  and {len(day['meetings']) - 10} pairs more"


def _meeting(pairs: Sequence[Sequence[str]]) -> str:
    policies = {name for pair in pairs for name in pair}
    return f"{len(policies)} policies meet" if policies else ""


def _series(report: Report) -> Iterator[str]:
    yield "STORED"
    yield from _table(
        _COLUMNS,
        [_sample(sample) for sample in _chosen(report["series"])],
        right=set(range(1, 9)),
    )
    yield from _wrapped(
        "loses: hours of work at the worst moment since the sample before; gap: most days between "
        "neighbouring points; oldest: age of the oldest point in days.",
        "  ",
    )


def _sample(sample: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        sample["at"][:10],
        *(number(sample[name]) for name in ("points", "snapshotPoints", "vaultPoints")),
        *(number(sample[name]) for name in ("snapshotGB", "vaultGB")),
        *(_or_dash(sample[name]) for name in ("rpoHours", "longestGapDays", "oldestDays")),
    )


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _chosen(series: Sequence[Any]) -> list[Any]:
    """Return the first and the last sample, and of the others as many as fit, evenly."""
    if len(series) <= _MOST_ROWS:
        return list(series)
    last = len(series) - 1
    return [series[round(last * row / (_MOST_ROWS - 1))] for row in range(_MOST_ROWS)]


def _edits(report: Report) -> Iterator[str]:
    if not report["edits"]:
        return
    yield "EDITS"
    rows = []
    for edit in report["edits"]:
        head = (edit["at"][:10], edit["policy"])
        for rule in edit["rules"] or [{"rule": "nothing", "points": 0}]:
            ends = [rule[end][:10] if end in rule else "-" for end in ("oldest", "newest")]
            rows.append((*head, rule["rule"], number(rule["points"]), *ends, *_freed(edit)))
            head = ("", "")
            edit = {}
    yield from _table(
        ("date", "policy", "deletes", "points", "oldest", "newest", "snapshot GB", "vault GB"),
        rows,
        right={3, 6, 7},
    )


def _freed(edit: Mapping[str, Any]) -> tuple[str, ...]:
    if not edit:
        return "", ""
    freed = [round(edit[tier]) for tier in ("snapshotGB", "vaultGB")]
    return tuple(f"{-size:+,}" if size else "0" for size in freed)


# --- lines -------------------------------------------------------------------------------------


def _table(
    names: Sequence[str], rows: Sequence[Sequence[str]], *, right: set[int]
) -> Iterator[str]:
    widths = [max(len(row[column]) for row in (names, *rows)) for column in range(len(names))]
    for row in (names, *rows):
        cells: list[str] = []
        for column, cell in enumerate(row):
            align: Callable[[str, int], str] = str.rjust if column in right else str.ljust
            cells.append(align(cell, widths[column]))
        yield f"  {'  '.join(cells)}".rstrip()


def _wrapped(words: str, mark: str) -> list[str]:
    """Return a paragraph whose lines stand below the first one's text."""
    return textwrap.wrap(
        words, WIDTH, initial_indent=mark, subsequent_indent=" " * len(mark), break_on_hyphens=False
    )
