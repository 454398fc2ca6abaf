"""Smart groups: Azure Monitor makes none of the alerts of Azure Backup, so there never is one."""

from __future__ import annotations

from ...arm.calls import Answer, Call, endpoint
from ...arm.shapes import Shape
from ...domain.documents import Document
from ...domain.errors import Refused, not_found

TAG = "Alerts"
GROUPS = "/subscriptions/{subscriptionId}/providers/Microsoft.AlertsManagement/smartGroups"
GROUP = f"{GROUPS}/{{smartGroupId}}"
_FILTERS = (
    "targetResource", "targetResourceGroup", "targetResourceType", "monitorService",
    "monitorCondition", "severity", "smartGroupState", "timeRange", "pageCount", "sortBy",
    "sortOrder",
)  # fmt: skip


@endpoint("GET", GROUPS, "SmartGroups_GetAll", tag=TAG, query=_FILTERS)
def list_(_call: Call) -> Answer:
    """List the smart groups of a subscription: there are none."""
    return Answer(body={"value": []})


@endpoint("GET", GROUP, "SmartGroups_GetById", tag=TAG)
def get(call: Call) -> Document:
    """Show a smart group: there is none."""
    raise _missing(call)


@endpoint("GET", f"{GROUP}/history", "SmartGroups_GetHistory", tag=TAG, answers=Shape.RESOURCE)
def history(call: Call) -> Document:
    """Show what became of a smart group: there is none."""
    raise _missing(call)


@endpoint("POST", f"{GROUP}/changeState", "SmartGroups_ChangeState", tag=TAG, query=("newState",))
def change_state(call: Call) -> Document:
    """Give a smart group another state: there is none."""
    raise _missing(call)


def _missing(call: Call) -> Refused:
    return not_found(
        "SmartGroupNotFound",
        f"There is no smart group '{call.path['smartGroupId']}': alerts of Azure Backup are in "
        "none.",
    )


ENDPOINTS = (list_, get, history, change_state)
