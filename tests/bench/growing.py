"""Whether a backup costs the same, and memory stays, as a world grows and time goes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tests.bench.figures import Options, Table, ratios, summary
from tests.bench.travelling import crossing

_ROUNDS = 3
_COLUMNS = ("backups", "seconds", "us a backup", "CPU us a backup", "x plain", "RSS MiB")
_FLAT = "Target: time a backup and memory (RSS, before and after) flat."


def growth(options: Options) -> Table:
    """More and more VMs for thirty days."""
    days = options.scaled(30, 3)
    table = Table(
        f"Growth: VMs under one policy for {days} days",
        ("VMs", *_COLUMNS),
        (
            _FLAT,
            "The statements of a window are the same for ten VMs as for ten thousand: few VMs "
            "share them among few.",
        ),
    )
    sizes = {"file": (10, 100, 1000, 10_000), "postgresql": (10, 100, 1000)}
    for kind, vms in sizes.items():
        for count in vms[: options.scaled(len(vms), 2)]:
            _add(table, options, kind, count, days, f"{count}, {kind}")
    return table


def years(options: Options) -> Table:
    """One VM for longer and longer."""
    table = Table("Years of one VM, daily to yearly retention", ("years", *_COLUMNS), (_FLAT,))
    spans = {"memory": (1, 10, 30), "file": (1, 10, 30), "postgresql": (1, 10)}
    for kind, lengths in spans.items():
        for count in lengths[: options.scaled(len(lengths), 1)]:
            days = round(options.scaled(count * 1461, 20) / 4)
            _add(table, options, kind, 1, days, f"{count}, {kind}")
    return table


def _add(table: Table, options: Options, kind: str, vms: int, days: int, name: str) -> None:
    """Add the row of a world; what takes long is measured once."""
    long = kind == "postgresql" or vms * days > 100_000
    seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(1 if long else min(options.rounds, _ROUNDS)):
        for how in ("engine", "plain"):
            for figure, value in crossing(how, kind, vms=vms, days=days, gfs=True).items():
                seen[how][figure].append(value)
    engine, backups = seen["engine"], seen["engine"]["jobs"][0]
    table.add(
        name,
        f"{backups:.0f}",
        summary(engine["seconds"]),
        *(_each(engine[figure], backups) for figure in ("seconds", "cpu")),
        summary(ratios(engine["seconds"], seen["plain"]["seconds"])),
        f"{summary(engine['rss_before'])}, {summary(engine['rss_after'])}",
    )


def _each(values: Sequence[float], backups: float) -> str:
    return summary([value * 1e6 / backups for value in values])
