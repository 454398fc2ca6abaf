"""az rest: alerts are listed, counted and closed, and Resource Graph knows them."""

from __future__ import annotations

import httpx
import pytest

from tests.az.runner import Az
from tests.conftest import SUBSCRIPTION
from tests.wire.builders import advance, protect, put_group, put_policy, put_vault, put_vm
from tests.wire.raised_alerts import fail_once

pytestmark = pytest.mark.az

AT = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement"
VERSION = "api-version=2019-05-05-preview"


def test_a_failed_backup_is_listed_and_closed(az: Az, arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_vm(arm)
    protect(arm)
    fail_once(arm)
    advance(arm, by="PT1H")
    found = az("rest --method get --url", f"{AT}/alerts?{VERSION}&timeRange=7d")["value"]
    (alert,) = found
    assert alert["name"] == "Backup Failure"
    closed = az(
        "rest --method post --url",
        f"{alert['id']}/changestate?{VERSION}&newState=Closed",
        "--body",
        '{"comments": "It was meant."}',
    )
    assert closed["properties"]["essentials"]["alertState"] == "Closed"
    counted = az("rest --method get --url", f"{AT}/alertsSummary?{VERSION}&groupby=alertState")[
        "properties"
    ]
    assert {each["name"]: each["count"] for each in counted["values"]} == {
        "New": 0,
        "Acknowledged": 0,
        "Closed": 1,
    }
