"""What a plan and its report are made of, as JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.retention_rules import WEEKDAYS
from .documents import (
    DEFAULT_HORIZON,
    DEFAULT_HOURS,
    LARGEST_DISK,
    MOST_DISKS,
    MOST_EDITS,
    MOST_VMS,
)

Schema = Mapping[str, Any]


def _object(required: str = "", /, **properties: Schema) -> Schema:
    """Return an object; what is required is named, all of it by a star."""
    names = list(properties) if required == "*" else required.split()
    return {
        "type": "object",
        "required": names,
        "properties": properties,
        "additionalProperties": False,
    }


def _list(of: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": of, **more}


def _told(of: Schema, description: str, **more: Any) -> Schema:
    return {**of, "description": description, **more}


_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_SIZE: Schema = {"type": "number"}
_MAYBE: Schema = {"type": ["number", "null"]}
_INSTANT: Schema = {"type": "string", "format": "date-time"}
_MAYBE_INSTANT: Schema = {"type": ["string", "null"]}
_DAYS = _list({"enum": list(WEEKDAYS)}, minItems=1)
_ZONE = _told(_TEXT, "A Windows name", examples=["UTC"])
_PROPERTIES: Schema = {
    "type": "object",
    "description": "A policy as a client PUTs it: what backupPolicies takes as properties",
}

PLAN: Schema = _object(
    vault=_told(_TEXT, "The id of a vault of this world, in place of policies and groups"),
    policies=_list(
        {
            **_object("name properties", name=_TEXT, properties=_PROPERTIES),
            "additionalProperties": True,
        },
        minItems=1,
    ),
    groups=_list(
        _object(
            "count diskSizesGB",
            policy=_told(_TEXT, "Left out for VMs that nothing backs up"),
            count=_told({"type": "integer", "minimum": 1, "maximum": MOST_VMS}, "How many VMs"),
            diskSizesGB=_list(
                {"type": "integer", "minimum": 1, "maximum": LARGEST_DISK},
                minItems=1,
                maxItems=MOST_DISKS,
                description="Of each VM, the OS disk first",
            ),
            name=_told(_TEXT, "How the VMs are called; {n} is the number", examples=["web-{n}"]),
            usedPercent=_told(
                {"type": "integer", "minimum": 1, "maximum": 100}, "Left out: 25 to 60, by the VM"
            ),
            churnPercentPerDay=_told(
                {"type": "number", "minimum": 0, "maximum": 100},
                "How much of what is used changes a day; left out: 1 to 5, by the VM",
            ),
        ),
        minItems=1,
    ),
    edits=_list(
        _object(
            "policy properties",
            policy=_TEXT,
            at=_told(_TEXT, "A date or an instant", examples=["2026-07-01"]),
            after=_told(_TEXT, "A duration from the start on, in place of at", examples=["P6M"]),
            properties=_PROPERTIES,
        ),
        maxItems=MOST_EDITS,
    ),
    peak=_told(
        _object(
            hours=_told(_TEXT, "Local time", examples=[DEFAULT_HOURS], default=DEFAULT_HOURS),
            days=_told(_DAYS, "Monday to Friday if left out"),
            timeZone=_ZONE,
        ),
        "When backups had better not run",
    ),
    timeZone=_told(_ZONE, "What the report's hours are in; the policies' if they share one"),
    start=_told(_TEXT, "A date or an instant; now if left out", examples=["2026-01-01"]),
    horizon=_told(
        _TEXT, "An ISO 8601 duration, up to P30Y", examples=["P90D"], default=DEFAULT_HORIZON
    ),
    sample=_told(
        {"type": "integer", "minimum": 1, "maximum": MOST_VMS},
        "Live through so many VMs of a group at most, and multiply",
    ),
)
"""A plan."""

_POLICY = _object(
    "*",
    name=_TEXT,
    vms=_COUNT,
    simulated=_COUNT,
    schedule=_TEXT,
    timeZone=_TEXT,
    retention=_TEXT,
    snapshotDays=_COUNT,
    runsADay=_SIZE,
    backups=_COUNT,
    failed=_COUNT,
    transfersSkipped=_COUNT,
    startsInPeak=_COUNT,
    runningInPeak=_COUNT,
    longestBackupMinutes=_COUNT,
    mostStartsAtOnce=_COUNT,
    rpoHours=_MAYBE,
    points=_COUNT,
    pointsOfAVm=_object("*", fewest=_COUNT, most=_COUNT),
    snapshotGB=_SIZE,
    vaultGB=_SIZE,
    oldestPoint=_MAYBE_INSTANT,
)
_MOMENT = _object("*", number=_COUNT, at=_MAYBE_INSTANT)
_DAY = _object(
    "*",
    hours=_list(
        _object(
            "*",
            hour={"type": "integer", "minimum": 0, "maximum": 23},
            peak={"type": "boolean"},
            startsADay=_SIZE,
            mostStarts=_COUNT,
            snapshotsAtOnce=_COUNT,
            transfersAtOnce=_COUNT,
            meetings=_list(_list(_TEXT)),
        ),
        minItems=24,
        maxItems=24,
    ),
    mostSnapshots=_MOMENT,
    mostTransfers=_MOMENT,
    meetings=_list(
        _object("*", policies=_list(_TEXT), hours=_list(_COUNT), transfersAtOnce=_COUNT)
    ),
    firstBackups=_object(
        "*",
        number=_COUNT,
        GB=_SIZE,
        **{"from": _MAYBE_INSTANT},
        until=_MAYBE_INSTANT,
        transfersAtOnce=_COUNT,
        inPeak=_COUNT,
    ),
)
_SAMPLE = _object(
    "*",
    at=_INSTANT,
    points=_COUNT,
    snapshotPoints=_COUNT,
    vaultPoints=_COUNT,
    snapshotGB=_SIZE,
    vaultGB=_SIZE,
    rpoHours=_MAYBE,
    longestGapDays=_MAYBE,
    oldestDays=_MAYBE,
)
_EDIT = _object(
    "*",
    policy=_TEXT,
    at=_INSTANT,
    schedule=_TEXT,
    retention=_TEXT,
    points=_COUNT,
    rules=_list(_object("*", rule=_TEXT, points=_COUNT, oldest=_INSTANT, newest=_INSTANT)),
    laterPoints=_COUNT,
    snapshots={"type": "integer"},
    snapshotGB=_SIZE,
    vaultGB=_SIZE,
)
REPORT: Schema = _object(
    "*",
    start=_INSTANT,
    end=_INSTANT,
    timeZone=_TEXT,
    vms=_object(
        "*",
        protected=_COUNT,
        simulated=_COUNT,
        unprotected=_COUNT,
        stopped=_COUNT,
        sample={"type": ["integer", "null"]},
    ),
    peak=_object(
        "*", hours=_TEXT, days=_DAYS, timeZone=_TEXT, backups=_COUNT, starts=_COUNT, running=_COUNT
    ),
    policies=_list(_POLICY),
    day=_DAY,
    series=_list(_SAMPLE, minItems=2),
    edits=_list(_EDIT),
    advice=_list(
        _object(
            "*",
            importance={"enum": ["high", "medium", "low"]},
            about=_TEXT,
            text=_TEXT,
            figures={"type": "object"},
        )
    ),
)
"""A report."""
