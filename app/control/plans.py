"""The plan's verb: what policies would do to VMs over years, lived in a world of its own.

The planner is imported when it is first asked: a start need not wait for it.
"""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

from ..arm.bodies import Body
from ..arm.calls import Answer, Endpoint, endpoint
from ..domain.errors import invalid
from ..engine import clock
from ..engine.worker import Engine
from ..planning.schema import PLAN, REPORT
from .clock import TAG

if TYPE_CHECKING:
    from ..planning.plans import Plan, ReadPolicy
    from ..planning.scratch import Copy


def _described(schema: dict[str, Any]) -> None:
    """Put the planner's own schema in place of what follows from the fields."""
    schema.clear()
    schema.update(json.loads(json.dumps(PLAN)))


class PlanBody(Body):
    """Policies and groups of VMs, or the id of a vault; what is wrong in it the planner says."""

    model_config = ConfigDict(extra="allow", json_schema_extra=_described)

    EXAMPLE = {
        "policies": [
            {
                "name": "daily",
                "properties": {
                    "backupManagementType": "AzureIaasVM",
                    "schedulePolicy": {
                        "schedulePolicyType": "SimpleSchedulePolicy",
                        "scheduleRunFrequency": "Daily",
                        "scheduleRunTimes": ["2026-01-01T22:00:00Z"],
                    },
                    "retentionPolicy": {
                        "retentionPolicyType": "LongTermRetentionPolicy",
                        "dailySchedule": {
                            "retentionTimes": ["2026-01-01T22:00:00Z"],
                            "retentionDuration": {"count": 30, "durationType": "Days"},
                        },
                    },
                },
            }
        ],
        "groups": [{"policy": "daily", "count": 5, "diskSizesGB": [128, 256]}],
        "horizon": "P60D",
    }

    # What they hold only the planner judges, so that the command line and this one speak alike.
    vault: Any = None
    policies: Any = None
    groups: Any = None
    edits: Any = None
    peak: Any = None
    time_zone: Any = None
    start: Any = None
    horizon: Any = None
    sample: Any = None


def endpoint_of(read_policy: ReadPolicy, most_backups: int) -> Endpoint:
    """Return the endpoint of a server that lives through so many backups a request at most."""
    turn = asyncio.Lock()

    @endpoint(
        "POST",
        "/_emulator/plan",
        "Emulator_Plan",
        tag=TAG,
        body=PlanBody,
        statuses=(200, 404),
        answers=REPORT,
    )
    async def plan(engine: Engine, body: PlanBody) -> Answer:
        """Live through a plan, or through the years to come of a vault, and report.

        This world is read at most: everything happens in another one.
        """
        document = body.wire()
        async with turn:  # the processor is one, and memory too
            planned, copy = _read(engine, document, read_policy, most_backups)
            return Answer(body=await _lived(engine, planned, copy))

    return plan


def _read(
    engine: Engine, document: dict[str, Any], read_policy: ReadPolicy, most: int
) -> tuple[Plan, Copy | None]:
    """Return the plan, and the rows of its vault if it has one. Raises ``Refused``."""
    from ..planning import documents, vaults

    with engine.database.reading() as connection:
        state = clock.read(connection)
        now = state.now(clock.real_now())
        if "vault" in document:
            check = partial(_refuse_too_much, most=most)
            return vaults.read(connection, document, read_policy, state.settled_at, check)
    plan = documents.read(document, read_policy, now)
    _refuse_too_much(plan.work, most)
    return plan, None


def _refuse_too_much(work: int, most: int) -> None:
    if work > most:
        raise invalid(
            "PlanTooLarge",
            f"horizon: this plan is the work of about {work} backups; a request may live "
            f"through {most}: shorten 'horizon', set 'sample' (so many VMs of each group), "
            "start the server with a larger --plan-backups, or run 'rsvault plan FILE', which "
            "knows no limit.",
            target="horizon",
        )


async def _lived(engine: Engine, plan: Plan, copy: Copy | None) -> dict[str, Any]:
    """Live through a plan in a thread of its own, so that other requests are served meanwhile."""
    from ..planning import reports
    from ..planning.scratch import ScratchWorld

    with ScratchWorld(engine.rules, plan.start) as world:

        def live() -> dict[str, Any]:
            if copy is None:
                world.hold(plan)
            else:
                world.take(copy)
            return reports.report(world, plan)

        with ThreadPoolExecutor(1, "rsvault plan") as thread:
            living = asyncio.get_running_loop().run_in_executor(thread, live)
            try:
                return await asyncio.shield(living)
            except asyncio.CancelledError:  # the server stops
                world.stop()
                await asyncio.wait([living])
                raise
