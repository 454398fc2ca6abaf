"""A saved journal asked again of a fresh world: equal to the byte, or the first difference told."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import cli
from app.client import ControlError, ControlPlane
from app.server import start
from app.settings import Settings
from tests.conftest import HOOKS, START
from tests.wire.builders import (
    GROUP_ID,
    ITEM_ID,
    POINTS,
    POLICY_ID,
    RESTORE,
    STOP,
    STORAGE_ID,
    UNDELETE,
    VAULT_ID,
    Served,
    back_up,
    done,
    item_body,
    policy_body,
    protect,
    put_group,
    put_policy,
    put_storage,
    put_vault,
    put_vm,
    vm_body,
    vm_id,
)

Document = dict[str, Any]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A second server, with the seed and the start time of the first."""
    yield from one_more(tmp_path_factory, seed=0)


@pytest.fixture(scope="module")
def reseeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A third one, with another seed."""
    yield from one_more(tmp_path_factory, seed=8)


def one_more(folder: pytest.TempPathFactory, seed: int) -> Iterator[ControlPlane]:
    chosen = Settings(
        port=0, https_port=None, clock_mode="frozen", start_time=START, seed=seed,
        home=folder.mktemp("home"),
    )  # fmt: skip
    with start(chosen) as server, ControlPlane(server.http_url) as control:
        yield control


def saved(arm: httpx.Client) -> Document:
    """Return the journal of what was asked since the reset, as a file keeps it."""
    with ControlPlane(str(arm.base_url)) as control:
        found: Document = json.loads(json.dumps(control.journal.document(since="reset")))
        return found


def live_through(arm: httpx.Client) -> None:
    """A VM's life: protected, backed up, restored, deleted and brought back, with secrets."""
    put_group(arm)
    put_vault(arm)
    put_policy(arm)
    put_storage(arm)
    body = vm_body()
    body["properties"]["osProfile"] = {
        "computerName": "vm-1", "adminUsername": "me", "adminPassword": "sw0rdfish-2B"}  # fmt: skip
    done(arm.put(vm_id(), json=body))
    protect(arm)
    back_up(arm)
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))
    (point,) = done(arm.get(POINTS)).json()["value"]
    done(arm.post(f"{point['id']}/restore", json=RESTORE))
    done(arm.post("/_emulator/clock/advance", json={"by": "P9DT1S"}))
    done(arm.get(POINTS))
    done(arm.post(f"{STORAGE_ID}/listKeys"))
    done(arm.post(f"{VAULT_ID}/backupSecurityPIN", json={}))
    done(arm.put(ITEM_ID, json=STOP))
    done(arm.delete(ITEM_ID))
    done(arm.post("/_emulator/clock/advance", json={"until": "idle"}))
    assert arm.put(POLICY_ID, json=policy_body(days=0)).status_code == 400
    done(arm.put(ITEM_ID, json=UNDELETE))
    done(arm.get(f"{VAULT_ID}/backupJobs"))


def test_a_life_replayed_is_equal_to_the_byte(arm: httpx.Client, other: ControlPlane) -> None:
    live_through(arm)
    document = saved(arm)
    assert "sw0rdfish-2B" not in json.dumps(document)
    found = other.journal.replay(document, reset=True)
    assert (found.difference, found.worlds) == (None, ())
    assert found.asked == len(document["value"])
    assert found.equal == found.asked - 3  # the advances
    assert saved_of(other)["value"][-1]["response"] == without_ids(document["value"][-1])


def saved_of(control: ControlPlane) -> Document:
    document = control.journal.document(since="reset")
    document["value"][-1]["response"] = without_ids(document["value"][-1])
    return document


def without_ids(entry: Document) -> Document:
    headers = {
        name: value
        for name, value in entry["response"]["headers"].items()
        if name != "x-ms-request-id"
    }
    return {**entry["response"], "headers": headers}


def test_another_seed_is_told_and_the_first_difference_shown(
    arm: httpx.Client, reseeded: ControlPlane
) -> None:
    live_through(arm)
    found = reseeded.journal.replay(saved(arm), reset=True)
    assert found.worlds == ("seed was 0 in the journal and is 8 here",)
    assert found.difference is not None
    assert found.difference.diff.startswith("--- recorded\n+++ replayed\n@@")
    assert len(found.difference.diff.splitlines()) <= 24


# --- sessions drawn at random ----------------------------------------------------------------

Step = Callable[[httpx.Client], Any]


def get(path: str) -> Step:
    return lambda arm: arm.get(path)


def put(path: str, body: Document) -> Step:
    return lambda arm: arm.put(path, json=body)


def steer(verb: str, body: Document) -> Step:
    method = "PATCH" if verb == "clock" else "POST"
    return lambda arm: done(arm.request(method, f"/_emulator/{verb}", json=body))


def poll_what_runs(arm: httpx.Client) -> None:
    """Start a backup, and look at its operation and its job as an SDK's poller does."""
    answer = arm.post(f"{ITEM_ID}/backup", json={
        "properties": {"objectType": "IaasVMBackupRequest"}})  # fmt: skip
    if answer.is_success:
        arm.get(answer.headers["azure-asyncoperation"])
        arm.get(answer.headers["location"])


steps: st.SearchStrategy[Step] = st.sampled_from(
    [
        put(vm_id(), vm_body()),
        put(vm_id(), vm_body(gigabytes=60)),
        put(ITEM_ID, item_body(policyId=POLICY_ID, sourceResourceId=vm_id())),
        put(ITEM_ID, STOP),
        put(ITEM_ID, UNDELETE),
        put(POLICY_ID, policy_body(days=7)),
        put(POLICY_ID, policy_body(at="04:30", days=14)),
        put(POLICY_ID, policy_body(days=99999)),
        lambda arm: arm.put(VAULT_ID, content=b'{"location": ', headers={
            "Content-Type": "application/json"}),
        lambda arm: arm.delete(ITEM_ID),
        lambda arm: arm.delete(vm_id()),
        lambda arm: arm.delete(VAULT_ID),
        poll_what_runs,
        poll_what_runs,
        get(POINTS),
        get(f"{VAULT_ID}/backupJobs"),
        get(f"{VAULT_ID}/backupProtectedItems"),
        get(f"{GROUP_ID}/providers/Microsoft.Compute/disks"),
        get("/nowhere"),
        steer("clock/advance", {"by": "PT7H13M"}),
        steer("clock/advance", {"by": "P3D"}),
        steer("clock/advance", {"until": "idle"}),
        steer("clock", {"skipOnWait": "step"}),
        steer("clock", {"skipOnWait": "off"}),
        steer("clock", {"skipOnWait": "polls=3"}),
    ]
)  # fmt: skip


def test_any_session_replayed_is_equal_to_the_byte(
    vault: httpx.Client, other: ControlPlane, reseeded: ControlPlane
) -> None:
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(steps, min_size=4, max_size=25))
    def check(session: list[Step]) -> None:
        done(vault.post("/_emulator/reset"))
        put_group(vault)
        put_vault(vault)
        put_policy(vault)
        put_vm(vault)
        for step in session:
            step(vault)
        document = saved(vault)
        found = other.journal.replay(document, reset=True)
        assert found.difference is None, found.difference
        assert found.asked == len(document["value"])
        changed = reseeded.journal.replay(document, reset=True)
        assert changed.difference is not None

    check()


# --- what cannot be replayed -----------------------------------------------------------------


@pytest.fixture
def document(arm: httpx.Client) -> Document:
    """The journal of a small session."""
    put_group(arm)
    put_vm(arm)
    return saved(arm)


def refusal(control: ControlPlane, document: Document, **options: Any) -> str:
    with pytest.raises(ControlError) as problem:
        control.journal.replay(document, reset=options.get("reset", True))
    return str(problem.value)


def test_what_is_no_whole_journal_is_refused(document: Document, other: ControlPlane) -> None:
    def changed(change: Callable[[Document], Any]) -> str:
        copy = deepcopy(document)
        change(copy)
        return refusal(other, copy)

    assert "NotAJournal" in refusal(other, {"value": []})
    assert "saved with a filter" in changed(lambda it: it["value"].pop(0))
    assert "saved without bodies" in changed(lambda it: it["value"][0].pop("request"))
    assert "its clock was not frozen" in changed(
        lambda it: it["world"]["began"].update(mode="live")
    )
    assert "what was asked first is lost" in changed(lambda it: it["world"].update(complete=False))
    assert "a world that was there before" in changed(lambda it: it["world"].update(began=None))
    assert "more bytes than are kept" in changed(
        lambda it: it["value"][0].update(request={"headers": {}, "omitted": "too large"})
    )
    assert "let the clock run" in changed(
        lambda it: it["value"][0].update(
            operationId="Emulator_UpdateClock",
            status=200,
            request={"headers": {}, "body": {"mode": "live"}},
        )
    )


def test_a_world_in_use_is_left_alone(document: Document, other: ControlPlane) -> None:
    other.journal.replay(document, reset=True)
    epoch = other.clock().epoch
    assert "WorldInUse: this server's world has been used" in refusal(other, document, reset=False)
    assert other.clock().epoch == epoch
    other.reset()
    assert other.journal.replay(document).difference is None


def test_a_world_that_was_there_before_is_not_known_from_its_beginning(
    serve: Served, stored_world: str
) -> None:
    put_group(serve(database=stored_world))
    again = serve(database=stored_world)
    done(again.get(GROUP_ID))
    assert saved(again)["world"]["began"] is None
    done(again.post("/_emulator/reset"))
    assert saved(again)["world"]["complete"]


def test_the_command_line_saves_and_replays(
    vault: httpx.Client, other: ControlPlane, reseeded: ControlPlane, tmp_path: Path
) -> None:
    def rsvault(*words: str, url: Any) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli.rsvault, ["journal", *words, "--url", str(url)])
        return done.exit_code, done.stdout, done.stderr

    file = str(tmp_path / "session.json")
    put_vm(vault)
    protect(vault)
    assert vault.get(f"{VAULT_ID}-2").status_code == 404
    code, out, _ = rsvault("save", file, url=vault.base_url)
    assert (code, out.split()[1:4:2]) == (0, ["exchanges", file])
    other.reset()
    where = other._connection._url
    code, out, told = rsvault("replay", file, url=where)
    assert (code, told) == (0, "")
    assert "answers are equal to the byte; 1 were not compared" in out
    code, _, told = rsvault("replay", file, url=where)
    assert code == 1
    assert "--reset" in told
    code, out, told = rsvault("replay", file, "--reset", url=reseeded._connection._url)
    assert code == 1
    assert told == "seed was 0 in the journal and is 8 here\n"
    assert "differs: " in out
    code, out, _ = rsvault("list", "--status", "4xx", "--limit", "1", url=vault.base_url)
    assert out.split()[1:5] == ["GET", "404", "ResourceNotFound", "Vaults_Get"]
    number = out.split()[0]
    code, out, _ = rsvault("show", number, url=vault.base_url)
    assert json.loads(out)["errorCode"] == "ResourceNotFound"
    code, out, told = rsvault("list", "--status", "9", url=vault.base_url)
    assert (code, "a class like 4xx" in told) == (1, True)
    code, out, _ = rsvault("clear", url=vault.base_url)
    assert out.endswith("exchanges forgotten\n")
    code, _, told = rsvault("save", file, url=vault.base_url)
    assert (code, "cannot be replayed" in told) == (0, True)
    (tmp_path / "broken.json").write_text("{")
    code, _, told = rsvault("replay", str(tmp_path / "broken.json"), url=where)
    assert (code, "broken.json" in told) == (1, True)


def test_what_is_saved_over_https_is_replayed_over_http(
    world: Any, arm: httpx.Client, other: ControlPlane
) -> None:
    hooks = {"request": HOOKS["request"]}
    trusted = ssl.create_default_context(cafile=str(world.ca_file))
    with httpx.Client(base_url=world.https_url, verify=trusted, event_hooks=hooks) as client:
        put_group(client)
        put_vault(client)
        put_policy(client)
        put_vm(client)
        protect(client)
        done(client.get(f"{VAULT_ID}/backupPolicies?$top=1"))
    found = other.journal.replay(saved(arm), reset=True)
    assert found.difference is None, found.difference
