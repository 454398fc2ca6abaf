"""Jobs of the secondary region: the restores there (azure-cli-wire 9).

They are asked for with a body, and are in no list of the vault's own region.
"""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import select

from ...arm import examples
from ...arm.bodies import Body
from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...store.tables import jobs
from .cross_region import TAG, vault_of_id
from .job_documents import render
from .job_filters import NEWEST_FIRST, matching
from .jobs import find, show
from .paths import LOCATION


class CrrJobsBody(Body):
    """Whose jobs are wanted."""

    EXAMPLE = {"resourceId": examples.VAULT_ID}

    resource_id: str = Field(max_length=600)


class CrrJobBody(CrrJobsBody):
    """Which job is wanted."""

    EXAMPLE = {
        "resourceId": examples.VAULT_ID,
        "jobName": "22222222-2222-2222-2222-222222222222",
    }

    job_name: str = Field(max_length=100)


@endpoint(
    "POST",
    f"{LOCATION}/backupCrrJobs",
    "BackupCrrJobs_List",
    tag=TAG,
    body=CrrJobsBody,
    query=("$filter",),
    statuses=(200, 404),
    answers=Shape.VALUES,
)
def list_(call: Call, body: CrrJobsBody) -> Answer:
    """List a vault's restores in its secondary region, newest first, all on one page."""
    vault = vault_of_id(call, body.resource_id)
    rows = call.connection.execute(
        select(jobs)
        .where(*matching(call, vault, cross_region=True))
        .order_by(*(column.desc() for column in NEWEST_FIRST))
    ).all()
    return Answer(body={"value": [render(call, vault, row, extended=False) for row in rows]})


@endpoint(
    "POST",
    f"{LOCATION}/backupCrrJob",
    "BackupCrrJobDetails_Get",
    tag=TAG,
    body=CrrJobBody,
    statuses=(200, 404),
    answers=Shape.RESOURCE,
)
def get(call: Call, body: CrrJobBody) -> Answer:
    """Show a restore in the secondary region; with skip-on-wait the clock moves on meanwhile."""
    vault = vault_of_id(call, body.resource_id)
    return show(call, vault, find(call, vault, body.job_name, cross_region=True))


ENDPOINTS = (list_, get)
