"""Worlds over the wire: seeded whole or not at all, exported, saved, and shared by suites."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.client import ControlError, ControlPlane
from app.server import CannotStart, RunningServer, start
from app.settings import Settings
from tests.processes import run, serving
from tests.wire.builders import advance, code_of, done, listed, refused, set_clock
from tests.worlds_of import DAILY, MINE, START, THEIRS, small

SEED = "/_emulator/seed"
YAML = yaml.safe_dump(small())


def vault_of(subscription: str = MINE) -> str:
    group = f"/subscriptions/{subscription}/resourceGroups/web"
    return f"{group}/providers/Microsoft.RecoveryServices/vaults/safe"


def points_of(arm: httpx.Client, vm: str, subscription: str = MINE) -> list[str]:
    short = f"iaasvmcontainerv2;web;{vm}"
    container = f"{vault_of(subscription)}/backupFabrics/Azure/protectionContainers"
    item = f"{container}/IaasVMContainer;{short}/protectedItems/VM;{short}"
    found = listed(arm, f"{item}/recoveryPoints")
    return [each["properties"]["recoveryPointTime"] for each in found]


@pytest.fixture
def control(world: RunningServer) -> Iterator[ControlPlane]:
    with ControlPlane(world.http_url) as found:
        yield found


def test_a_world_of_years_is_there_at_once(arm: httpx.Client, control: ControlPlane) -> None:
    told: list[float] = []
    years = YAML.replace("P20D", "P2Y")
    now = control.worlds.seed(years, MINE, progress=lambda each: told.append(each.share))
    assert now.isoformat() == "2026-01-01T00:00:00+00:00"
    assert len(points_of(arm, "web-1")) == len(points_of(arm, "web-2")) == 10
    [vault] = listed(arm, f"/subscriptions/{MINE}/providers/Microsoft.RecoveryServices/vaults")
    assert vault["properties"]["provisioningState"] == "Succeeded"
    jobs = listed(arm, f"{vault_of()}/backupJobs", **{"$filter": "status eq 'InProgress'"})
    assert jobs == []
    advance(arm, by="P1D")
    assert points_of(arm, "web-1")[0].startswith("2026-01-01T22:00")
    assert done(arm.get(SEED)).json() == {"running": False, "from": None, "now": None, "to": None}


def test_history_leaves_what_its_policy_keeps(arm: httpx.Client) -> None:
    done(arm.post(f"{SEED}?subscription={MINE}", json=small("2025-12-12T00:00:00Z")))
    days = [each[:10] for each in points_of(arm, "web-1")]
    assert days == [f"2025-12-{day}" for day in range(31, 21, -1)]


def test_what_is_wrong_is_told_with_its_place_and_nothing_is_made(arm: httpx.Client) -> None:
    document = small()
    group = document["resourceGroups"][0]
    group["vaults"][0]["policies"][0] = json.loads(json.dumps(DAILY).replace('"Days"', '"Decades"'))
    group["virtualMachines"][0]["size"] = "huge"
    answer = arm.post(SEED, content=yaml.safe_dump(document, sort_keys=False))
    assert refused(answer) == (400, "InvalidWorld")
    details = answer.json()["error"]["details"]
    assert [each["target"] for each in details] == [
        "resourceGroups[0].virtualMachines[0].hardwareProfile.vmSize",
        "resourceGroups[0].vaults[0].policies[0].properties.retentionPolicy.dailySchedule"
        ".retentionDuration.durationType",
    ]
    assert details[0]["message"].startswith("line 4, column 5: ")
    assert details[1]["message"].endswith("(BMSUserErrorInvalidPolicyInput)")
    assert done(arm.get("/_emulator/world")).json()["resourceGroups"] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("resourceGroups: [", "line 1, column 18: is not YAML"),
        ("a: 1\na: 2", "line 2, column 1: 'a' stands twice"),
        ("- web", "a world is an object with subscription, now, resourceGroups, resources"),
        ("resourcegroups: []", "column 1: resourcegroups: is not known; did you mean 'resourceG"),
        ('{\n\t"resourceGroups": [{"nme": 1}]}', "line 2, column 22: resourceGroups[0].nme: is"),
        ("resourceGroups:\n- {name: a, location: b}", "line 2, column 13: resourceGroups[0].loc"),
        ("now: 2020-01-01T00:00:00Z", "column 1: now: 2020-01-01T00:00:00Z is before the clock's"),
        ("subscription: mine", "line 1, column 1: subscription: 'mine' is no GUID"),
        (YAML.replace("policy: daily", "policy: dialy"), "did you mean 'daily'?"),
        (YAML.replace("virtualMachine: web-{n}", "virtualMachine: wbe-1"), "did you mean 'web-1'?"),
        (YAML.replace("since: P20D", "since: 2031-01-01T00:00:00Z"), "is in the future"),
        (YAML.replace("since: P20D", "since: soon"), "'soon' is neither an instant"),
        (YAML.replace("deallocated", "off"), "'off' is not allowed; allowed: deallocated, "),
        (YAML.replace("web-{n}\n", "web\n"), "'web' needs {n}, as count is 2"),
        (YAML.replace("name: idle", "name: WEB-1"), "'WEB-1' is there twice"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_message(arm: httpx.Client, text: str, told: str) -> None:
    answer = arm.post(SEED, content=text)
    assert refused(answer) == (400, "InvalidWorld")
    assert told in answer.json()["error"]["message"]
    assert done(arm.get("/_emulator/world")).json()["resourceGroups"] == []


def test_what_is_there_already_stays_as_it_is(arm: httpx.Client, control: ControlPlane) -> None:
    done(arm.post(f"{SEED}?subscription={MINE}", content=YAML))
    before = control.worlds.export()
    assert refused(arm.post(f"{SEED}?subscription={MINE}", content=YAML)) == (409, "InvalidWorld")
    with pytest.raises(ControlError, match="is in another subscription"):
        control.worlds.seed({"resourceGroups": [{"name": "a", "subscription": THEIRS}]}, MINE)
    assert control.worlds.export() == before
    # A group that is there takes more in.
    more = {"resourceGroups": [{"name": "web", "virtualMachines": [{"name": "late"}]}]}
    control.worlds.seed(more, MINE)
    groups = control.worlds.export().document["resourceGroups"]
    assert "late" in [each["name"] for each in groups[0]["virtualMachines"]]


def test_a_check_makes_nothing(arm: httpx.Client, control: ControlPlane) -> None:
    control.worlds.seed(YAML, check=True)
    assert control.worlds.export().document["resourceGroups"] == []
    answer = arm.post(f"{SEED}?check=maybe", content=YAML)
    assert refused(answer) == (400, "InvalidQuery")


def test_the_clock_goes_to_the_instant_of_the_world(arm: httpx.Client) -> None:
    done(arm.post(SEED, json={"now": "2026-03-01T00:00:00Z", **small()}))
    assert done(arm.get("/_emulator/clock")).json()["now"] == "2026-03-01T00:00:00Z"


def test_a_running_clock_misses_nothing_of_a_seed(arm: httpx.Client) -> None:
    set_clock(arm, mode="scaled", rate=86_400)
    done(arm.post(f"{SEED}?subscription={MINE}", content=YAML))
    set_clock(arm, mode="frozen")
    newest, *_ = points_of(arm, "web-1")
    now = done(arm.get("/_emulator/clock")).json()["now"]
    assert newest[:10] >= now[:8] + f"{int(now[8:10]) - 1:02}" or newest[:7] < now[:7]


def test_an_export_of_a_seed_is_seeded_to_an_equal_export(
    arm: httpx.Client, control: ControlPlane
) -> None:
    control.worlds.seed(YAML, MINE)
    first = control.worlds.export()
    control.reset()
    control.worlds.seed(first.document)
    assert control.worlds.export() == first
    assert first.left_out == ()


def test_worlds_are_saved_listed_restored_and_forgotten(
    arm: httpx.Client, control: ControlPlane
) -> None:
    control.worlds.seed(YAML, MINE)
    before = control.worlds.export()
    set_clock(arm, skipOnWait="off")
    saved = control.worlds.save("protected")
    set_clock(arm, skipOnWait="finish")
    control.advance(by="P1Y")
    epoch = control.clock().epoch
    clock = control.worlds.restore("protected")
    assert (clock.now, clock.epoch, clock.skip_on_wait) == (saved.saved_at, epoch + 1, "off")
    assert control.worlds.export() == before
    control.reset()
    assert "protected" in [each.name for each in control.worlds.list()]
    assert arm.get("/_emulator/worlds/PROTECTED").json()["savedAt"] == "2026-01-01T00:00:00Z"
    assert control.worlds.delete("protected")
    assert not control.worlds.delete("protected")
    assert refused(arm.get("/_emulator/worlds/protected")) == (404, "WorldNotFound")
    assert refused(arm.put("/_emulator/worlds/a b")) == (400, "InvalidWorldName")
    assert refused(arm.put("/_emulator/worlds/a?subscription=b")) == (400, "InvalidSubscription")
    assert code_of(arm.post("/_emulator/reset?subscription=b")) == "InvalidSubscription"


def live_a_test(control: ControlPlane, subscription: str) -> None:
    control.worlds.seed(YAML, subscription)
    before = control.worlds.export(subscription)
    control.worlds.save(subscription, subscription)
    more = {"resourceGroups": [{"name": "more", "virtualMachines": [{"name": "vm-1"}]}]}
    control.worlds.seed(more, subscription)
    assert control.worlds.export(subscription) != before
    control.worlds.restore(subscription)
    assert control.worlds.export(subscription) == before
    control.reset(subscription)
    assert control.worlds.export(subscription).document["resourceGroups"] == []
    control.worlds.delete(subscription)


def test_suites_that_share_a_server_do_not_disturb_one_another(world: RunningServer) -> None:
    """Each seeds, saves, changes, restores and resets its own, and always finds what it made."""
    wrong: list[Any] = []

    def suite(subscription: str) -> None:
        try:
            with ControlPlane(world.http_url) as control:
                for _ in range(4):
                    live_a_test(control, subscription)
        except BaseException as problem:
            wrong.append(problem)

    suites = [threading.Thread(target=suite, args=[each]) for each in (MINE, THEIRS)]
    for each in suites:
        each.start()
    for each in suites:
        each.join()
    assert wrong == []


def test_a_server_begins_with_a_world_and_keeps_it(stored_world: str, tmp_path: Path) -> None:
    file = tmp_path / "world.yaml"
    options: dict[str, Any] = {"port": 0, "https_port": None, "home": tmp_path}
    options |= {"database": stored_world, "clock_mode": "frozen", "start_time": START}
    file.write_text(YAML.replace("policy: daily", "policy: dialy"))
    with pytest.raises(CannotStart, match="did you mean 'daily'"):
        start(Settings(world=file, **options))
    file.write_text(YAML)
    with start(Settings(world=file, **options)) as server, ControlPlane(server.http_url) as control:
        before = control.worlds.export()
        assert len(before.document["resourceGroups"][0]["virtualMachines"]) == 3
        control.worlds.save("begun")
    with start(Settings(world=file, **options)) as server, ControlPlane(server.http_url) as control:
        assert control.worlds.export() == before
        control.reset()
        control.worlds.restore("begun")
        assert control.worlds.export() == before


def test_the_command_line_seeds_checks_saves_and_exports(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(YAML)
    bad.write_text(YAML.replace("policy: daily", "policy: dialy"))
    checked = run("seed", str(good), "--check")
    assert "good.yaml: nothing is wrong" in checked.stdout
    wrong = run("seed", str(bad), "--check")
    assert wrong.returncode == 1
    assert "bad.yaml: line " in wrong.stderr
    assert "did you mean 'daily'?" in wrong.stderr
    with serving(tmp_path, "--clock", "frozen", "--world", str(good)) as server:
        there = ("--url", server.url)
        refused_there = run("seed", str(bad), *there)
        assert "bad.yaml: line " in refused_there.stderr
        assert run("world", "save", "one", *there).stdout.startswith("one is saved as of ")
        assert run("world", "list", *there).stdout.startswith("one ")
        exported = run("world", "export", *there).stdout
        assert run("reset", *there).returncode == 0
        again = tmp_path / "again.yaml"
        again.write_text(exported)
        assert run("seed", str(again), *there).returncode == 0, exported
        assert run("world", "restore", "one", *there).stdout.startswith("one is restored; it is ")
        assert run("world", "delete", "one", *there).stdout == "one is deleted\n"
