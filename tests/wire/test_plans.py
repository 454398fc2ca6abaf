"""Plans over the wire: what a vault will do is what it then does, and nothing moves meanwhile."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from click.testing import CliRunner

from app import cli
from app.client import ControlPlane
from app.control.plans import PlanBody
from app.planning.schema import PLAN, REPORT
from app.server import RunningServer, start
from app.settings import Settings
from tests.planning.bodies import daily, document, hourly
from tests.wire.builders import (
    POINTS,
    POLICY_ID,
    STOP,
    VAULT_ID,
    Served,
    advance,
    done,
    finish,
    item_id,
    listed,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_vault,
    put_vm,
    refused,
)

Report = dict[str, Any]


def plan(arm: httpx.Client, **asked: Any) -> Report:
    """Ask for a plan, whose answer is what the document says."""
    found: Report = done(arm.post("/_emulator/plan", json=asked)).json()
    jsonschema_rs.validate(dict(REPORT), found)
    return found


def points(arm: httpx.Client, *vms: str) -> list[str]:
    """Return the times of all recovery points of some VMs."""
    return sorted(
        point["properties"]["recoveryPointTime"]
        for vm in vms
        for point in listed(arm, f"{item_id(vm)}/recoveryPoints")
    )


def make_vault(arm: httpx.Client) -> None:
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    advance(arm, until="idle")


def test_the_example_is_a_plan(arm: httpx.Client) -> None:
    jsonschema_rs.validate(dict(PLAN), dict(PlanBody.EXAMPLE))
    found = plan(arm, **PlanBody.EXAMPLE)
    assert found["start"] == "2026-01-01T00:00:00Z"
    assert found["series"][-1]["points"] == 5 * 30


def test_what_an_edit_will_delete_is_what_it_deletes(protected: httpx.Client) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    advance(protected, by="P40D")
    edit = {"policy": "daily", "after": "P20D", "properties": policy_body(days=12)["properties"]}
    found = plan(protected, vault=VAULT_ID, horizon="P30D", edits=[edit])
    advance(protected, by="P20D")
    before = points(protected, "vm-1", "vm-2")
    put_policy(protected, days=12)
    advance(protected, by="PT1H")
    after = points(protected, "vm-1", "vm-2")
    gone = sorted(set(before) - set(after))
    (told,) = found["edits"]
    assert told["points"] == len(before) - len(after) == 2 * 18
    (rule,) = told["rules"]
    assert rule["rule"] == "Daily"
    assert (rule["oldest"], rule["newest"]) == (gone[0], gone[-1])


def test_what_a_vault_will_hold_is_what_it_then_holds(protected: httpx.Client) -> None:
    protected.put(POLICY_ID.replace("daily", "often"), json={"properties": hourly(4, 12)})
    put_vm(protected, "vm-2")
    protect(protected, "vm-2", POLICY_ID.replace("daily", "often"))
    advance(protected, by="P10DT3H")
    found = plan(protected, vault=VAULT_ID, horizon="P25D")
    assert found["vms"] == {
        "protected": 2,
        "simulated": 2,
        "unprotected": 0,
        "stopped": 0,
        "sample": None,
    }
    assert {policy["name"] for policy in found["policies"]} == {"daily", "often"}
    for days in (1, 12, 25):
        advance(protected, to=found["series"][days]["at"])
        there = points(protected, "vm-1", "vm-2")
        assert found["series"][days]["points"] == len(there) > 0
    assert found["policies"][0]["oldestPoint"] == points(protected, "vm-1")[0]


def test_a_plan_leaves_the_world_as_it_was(protected: httpx.Client) -> None:
    advance(protected, by="P3DT22H5M")
    seen = [protected.get(path).json() for path in (f"{VAULT_ID}/backupJobs", POINTS)]
    clock = protected.get("/_emulator/clock").json()
    plan(protected, vault=VAULT_ID, horizon="P60D")
    assert [protected.get(path).json() for path in (f"{VAULT_ID}/backupJobs", POINTS)] == seen
    assert protected.get("/_emulator/clock").json() == clock


def test_a_backup_that_runs_goes_on_in_the_plan(protected: httpx.Client) -> None:
    advance(protected, to="2026-01-01T22:04:00Z")
    found = plan(protected, vault=VAULT_ID, horizon="P1D")
    assert found["series"][0]["points"] == 0
    assert found["series"][-1]["points"] == 1 == found["day"]["firstBackups"]["number"]


def test_items_without_a_policy_and_vms_without_an_item_are_told(protected: httpx.Client) -> None:
    put_vm(protected, "vm-2")
    protect(protected, "vm-2")
    put_vm(protected, "vm-3")
    advance(protected, by="P3D")
    finish(protected, protected.put(item_id("vm-2"), json=STOP))
    found = plan(protected, vault=VAULT_ID, horizon="P60D")
    assert (found["vms"]["unprotected"], found["vms"]["stopped"]) == (1, 1)
    told = [each["text"] for each in found["advice"] if each["about"] == "noPolicy"]
    assert told[0] == "1 of 2 VMs are under no policy: nothing backs them up."
    assert told[1].startswith("1 item without a policy keep")


def test_an_empty_vault_has_a_plan_too(vault: httpx.Client) -> None:
    found = plan(vault, vault=VAULT_ID.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/"))
    assert found["vms"]["protected"] == 0
    assert found["series"][-1]["points"] == 0
    assert [policy["name"] for policy in found["policies"]] == ["daily"]


def test_the_command_line_and_a_server_tell_the_same(
    world: RunningServer, arm: httpx.Client, tmp_path: Path
) -> None:
    given = document(daily(10), hourly(6, 24), count=3, horizon="P40D")
    given["edits"] = [{"policy": "p1x", "after": "P20D", "properties": daily(7)}]
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(given), encoding="utf-8")
    result = CliRunner().invoke(cli.rsvault, ("plan", str(file), "--json"))
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == plan(arm, **given)
    with ControlPlane(world.http_url) as control:
        assert control.plan(given) == json.loads(result.stdout)


def test_the_command_line_plans_a_vault(world: RunningServer, protected: httpx.Client) -> None:
    asked = ("plan", "--vault", VAULT_ID, "--horizon", "P60D", "--url", world.http_url)
    result = CliRunner().invoke(cli.rsvault, asked)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("2026-01-01 to 2026-03-02, 1 VM under 1 policy\n")
    missing = CliRunner().invoke(cli.rsvault, (*asked[:2], f"{VAULT_ID}x", *asked[3:]))
    assert missing.exit_code == 1
    assert "vault: The Resource" in missing.stderr


@pytest.mark.parametrize(
    ("asked", "status", "code", "message"),
    [
        ({}, 400, "InvalidPlan", "policies: is empty; a plan needs a policy, or the id of a"),
        ({"vault": "safe"}, 400, "InvalidPlan", "vault: 'safe' is not the id of a vault"),
        ({"vault": f"{VAULT_ID}x"}, 404, "ResourceNotFound", "vault: The Resource"),
        ({"vault": VAULT_ID, "groups": []}, 400, "InvalidPlan", "groups: is the vault's own"),
        ({"vault": VAULT_ID, "start": "2026-01-01"}, 400, "InvalidPlan", "start: is the vault's"),
        ({"vault": VAULT_ID, "horizn": "P1Y"}, 400, "InvalidPlan", "did you mean 'horizon'?"),
        (
            {"vault": VAULT_ID, "edits": [{"policy": "dayly", "after": "P1D", "properties": {}}]},
            400,
            "InvalidPlan",
            "edits[0].policy: there is no policy 'dayly'; did you mean 'daily'?",
        ),
        (
            {
                "vault": VAULT_ID,
                "edits": [
                    {"policy": "HourlyLogBackup", "after": "P1D", "properties": daily()},
                ],
            },
            400,
            "InvalidPlan",
            "edits[0].policy: there is no policy 'HourlyLogBackup'",
        ),
    ],
)
def test_a_wrong_plan_is_refused_with_its_place(
    vault: httpx.Client, asked: dict[str, Any], status: int, code: str, message: str
) -> None:
    answer = vault.post("/_emulator/plan", json=asked)
    assert refused(answer) == (status, code)
    assert message in answer.json()["error"]["message"]


def test_too_much_for_a_request_is_refused_with_what_to_do(serve: Served) -> None:
    arm = serve(plan_backups=3_000)
    given = document(daily(), count=10, horizon="P1Y")
    answer = arm.post("/_emulator/plan", json=given)
    assert refused(answer) == (400, "PlanTooLarge")
    message = answer.json()["error"]["message"]
    assert "the work of about 5260 backups" in message
    for way_out in ("horizon", "sample", "--plan-backups", "rsvault plan FILE"):
        assert way_out in message
    plan(arm, **{**given, "sample": 2})


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_others_are_served_while_a_plan_is_lived(arm: httpx.Client) -> None:
    answers: list[httpx.Response] = []

    def ask() -> None:
        given = document(daily(), count=60, horizon="P1Y")
        with httpx.Client(base_url=arm.base_url, timeout=120) as client:
            answers.append(client.post("/_emulator/plan", json=given))

    planning = threading.Thread(target=ask)
    planning.start()
    served = 0
    while planning.is_alive():
        done(arm.get("/_emulator/clock"))
        served += 1
    planning.join()
    assert answers[0].status_code == 200, answers[0].text
    assert served > 20


def test_of_a_vault_a_sample_of_its_items_is_read(serve: Served) -> None:
    arm = serve(plan_backups=2_000)
    make_vault(arm)
    for number in range(1, 7):
        put_vm(arm, f"vm-{number}")
        protect(arm, f"vm-{number}")
    advance(arm, by="P20D")
    asked: dict[str, Any] = {"vault": VAULT_ID, "horizon": "P200D"}
    assert refused(arm.post("/_emulator/plan", json=asked)) == (400, "PlanTooLarge")
    found = plan(arm, **asked, sample=2)
    assert (found["vms"]["protected"], found["vms"]["simulated"]) == (6, 2)
    assert found["series"][0]["points"] == 6 * 20


def test_points_that_are_hidden_until_they_are_vaulted_do_not_count(serve: Served) -> None:
    arm = serve(recovery_point_visibility="vault")
    make_vault(arm)
    put_vm(arm)
    protect(arm)
    advance(arm, to="2026-01-03T22:08:00Z")  # the third snapshot is there, its transfer runs
    found = plan(arm, vault=VAULT_ID, horizon="P10D")
    assert found["series"][0]["points"] == len(points(arm, "vm-1")) == 2
    # From a point's time to the end of the next one's transfer, a quarter of an hour later.
    assert found["policies"][0]["rpoHours"] == pytest.approx(24.25, abs=0.1)


def test_a_server_that_stops_does_not_wait_for_a_plan(tmp_path: Path) -> None:
    settings = Settings(
        port=0, https_port=None, clock_mode="frozen", home=tmp_path, plan_backups=10_000_000
    )
    asked = threading.Event()
    ended: list[Exception | int] = []

    def ask(url: str) -> None:
        given = document(daily(), count=400, horizon="P10Y")
        with httpx.Client(base_url=url, timeout=120) as client:
            asked.set()
            try:
                ended.append(client.post("/_emulator/plan", json=given).status_code)
            except httpx.HTTPError as problem:
                ended.append(problem)

    with start(settings) as server:
        planning = threading.Thread(target=ask, args=(server.http_url,))
        planning.start()
        assert asked.wait(timeout=20)
        with httpx.Client(base_url=server.http_url) as client:
            while not any("rsvault plan" in each.name for each in threading.enumerate()):
                done(client.get("/_emulator/health"))
    planning.join(timeout=60)
    assert not planning.is_alive()
    assert ended[0] != 200
    assert not any("rsvault plan" in each.name for each in threading.enumerate())
