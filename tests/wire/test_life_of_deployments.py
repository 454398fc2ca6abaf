"""The life of a deployment: it runs, ends, is canceled, listed and forgotten, and foretold."""

from __future__ import annotations

import httpx

from tests.conftest import Advance
from tests.wire.builders import GROUP_ID, done, listed, put_group, refused, set_clock
from tests.wire.test_deployments import DISK, OWN, PROVIDER, body, deploy, disk, exists, template


def test_a_deployment_runs_until_the_clock_says_so(arm: httpx.Client, advance: Advance) -> None:
    set_clock(arm, skipOnWait="off")
    put_group(arm)
    sent = body(template(disk("disk-1"), outputs={"n": {"type": "int", "value": 5}}))
    begun = arm.put(OWN, json=sent)
    assert begun.status_code == 201
    assert begun.headers["Retry-After"] != "0"
    poll = begun.headers["Azure-AsyncOperation"]
    assert done(arm.get(poll)).json()["status"] == "InProgress"
    running = done(arm.get(OWN)).json()["properties"]
    assert running["provisioningState"] == "Running"
    assert "outputs" not in running
    told = [each["properties"] for each in listed(arm, f"{GROUP_ID}/deployments/first/operations")]
    assert [each["provisioningState"] for each in told] == ["Running"]
    assert refused(arm.put(OWN, json=sent)) == (409, "DeploymentActive")
    assert refused(arm.delete(OWN)) == (409, "DeploymentActive")
    advance("PT1M")
    over = arm.get(poll)
    assert (over.json()["status"], over.headers["Retry-After"]) == ("Succeeded", "0")
    ended = done(arm.get(OWN)).json()["properties"]
    assert ended["outputs"] == {"n": {"type": "Int", "value": 5}}
    assert (ended["duration"], ended["timestamp"]) == ("PT10S", "2026-01-01T00:00:10Z")
    assert refused(arm.post(f"{OWN}/cancel")) == (409, "DeploymentCannotBeCancelled")
    assert arm.put(OWN, json=sent).status_code == 200


def test_a_running_deployment_is_canceled_and_what_it_made_stays(arm: httpx.Client) -> None:
    set_clock(arm, skipOnWait="off")
    put_group(arm)
    poll = arm.put(OWN, json=body(template(disk("disk-1")))).headers["Azure-AsyncOperation"]
    assert arm.post(f"{OWN}/cancel").status_code == 204
    assert done(arm.get(poll)).json()["status"] == "Canceled"
    shown = done(arm.get(OWN)).json()["properties"]
    assert (shown["provisioningState"], shown["error"]["code"]) == (
        "Canceled",
        "DeploymentCanceled",
    )
    assert exists(arm, DISK, "disk-1")


def test_a_deployment_is_forgotten_and_what_it_made_stays(arm: httpx.Client) -> None:
    put_group(arm)
    deploy(arm, body(template(disk("disk-1"))))
    assert arm.head(OWN).status_code == 204
    gone = arm.delete(OWN)
    assert gone.status_code == 202
    assert arm.get(gone.headers["Location"]).status_code == 204
    assert arm.delete(OWN).status_code == 204
    assert arm.head(OWN).status_code == 404
    assert exists(arm, DISK, "disk-1")


def test_deployments_go_with_their_group(arm: httpx.Client) -> None:
    put_group(arm)
    deploy(arm, body(template()))
    done(arm.delete(GROUP_ID))
    put_group(arm)
    assert listed(arm, f"{GROUP_ID}/{PROVIDER}") == []


def test_deployments_are_listed_from_the_latest_on(arm: httpx.Client, advance: Advance) -> None:
    put_group(arm)
    for name, size in (("a", 8), ("b", -5), ("c", 8)):
        deploy(arm, body(template(disk("disk-1", size))), f"{GROUP_ID}/{PROVIDER}/{name}")
        advance("PT1H")
    path = f"{GROUP_ID}/{PROVIDER}"
    assert [each["name"] for each in listed(arm, path)] == ["c", "b", "a"]
    failed = done(arm.get(path, params={"$filter": "provisioningState eq 'Failed'"})).json()
    assert [each["name"] for each in failed["value"]] == ["b"]
    first = done(arm.get(path, params={"$top": "1"})).json()
    assert [each["name"] for each in first["value"]] == ["c"]


# --- what would change -------------------------------------------------------------------


def test_what_would_change_is_told_and_nothing_changes(arm: httpx.Client) -> None:
    put_group(arm)
    deploy(arm, body(template(disk("same"), disk("larger"), disk("other"))))
    before = arm.get(f"{GROUP_ID}/resources").content
    told = template(disk("same"), disk("larger", 16), disk("new"))
    shown = done(arm.post(f"{OWN}/whatIf", json=body(told))).json()
    changes = {
        each["resourceId"].rpartition("/")[2]: each for each in shown["properties"]["changes"]
    }
    assert {name: each["changeType"] for name, each in changes.items()} == {
        "same": "NoChange",
        "larger": "Modify",
        "new": "Create",
        "other": "Ignore",
    }
    sizes = {"propertyChangeType": "Modify", "before": 8, "after": 16}
    assert {"path": "properties.diskSizeGB", **sizes} in changes["larger"]["delta"]
    assert "before" not in changes["new"]
    assert arm.get(f"{GROUP_ID}/resources").content == before
    complete = body(told, "Complete")
    complete["properties"]["whatIfSettings"] = {"resultFormat": "ResourceIdOnly"}
    shown = done(arm.post(f"{OWN}/whatIf", json=complete)).json()["properties"]["changes"]
    assert {"resourceId": changes["other"]["resourceId"], "changeType": "Delete"} in shown
    assert arm.get(f"{GROUP_ID}/resources").content == before


def test_what_would_fail_is_told(arm: httpx.Client) -> None:
    put_group(arm)
    shown = done(arm.post(f"{OWN}/whatIf", json=body(template(disk("bad", -5))))).json()
    assert shown["status"] == "Failed"
    assert "diskSizeGB" in shown["error"]["details"][0]["message"]
