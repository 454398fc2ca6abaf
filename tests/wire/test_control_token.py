"""With a control token nobody drives the control plane without it (docs/decisions/0035)."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from app.client import ControlError, ControlPlane
from app.settings import Settings
from tests.processes import run, serving
from tests.wire.builders import GROUP_ID, Served, code_of, done, refused

TOKEN = "open sesame!"


@pytest.fixture
def guarded(serve: Served) -> httpx.Client:
    """A client, without the token, of a server that asks for it."""
    return serve(control_token=TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer open"},
        {"Authorization": f"Basic {TOKEN}"},
        {"x-rsvault-control-token": ""},
        {"x-rsvault-control-token": "open sesame"},
        {"x-rsvault-control-token": b"\xffopen sesame!"},
    ],
)
@pytest.mark.parametrize("path", ["clock", "health", "metrics", "CLOCK"])
def test_without_the_token_nothing_answers(
    guarded: httpx.Client, headers: dict[str, str], path: str
) -> None:
    answer = guarded.get(f"/_emulator/{path}", headers=headers)
    assert refused(answer) == (401, "ControlTokenRequired")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


@pytest.mark.parametrize("origin", [{}, {"Host": "rsvault.internal"}])
@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {TOKEN}"},
        {"authorization": f"bearer {TOKEN}"},
        {"x-rsvault-control-token": TOKEN},
        {"Authorization": "Bearer of an Azure token", "x-rsvault-control-token": TOKEN},
    ],
)
def test_who_has_the_token_may_call_the_server_what_he_likes(
    guarded: httpx.Client, headers: dict[str, str], origin: dict[str, str]
) -> None:
    done(guarded.post("/_emulator/reset", headers=headers | origin))


def test_azures_paths_and_the_pages_need_no_control_token(guarded: httpx.Client) -> None:
    done(guarded.put(GROUP_ID, json={"location": "westeurope"}))
    done(guarded.get("/"))
    done(guarded.get("/openapi.json"))


def test_the_client_brings_its_token(guarded: httpx.Client) -> None:
    with ControlPlane(str(guarded.base_url), control_token=TOKEN) as control:
        assert control.advance(by="P1D", progress=lambda _: None).mode == "frozen"
        assert "rsvault_clock_epoch 1" in control.metrics()
    with (
        ControlPlane(str(guarded.base_url)) as control,
        pytest.raises(ControlError, match="control-token"),
    ):
        control.clock()


def test_the_token_is_not_part_of_what_settings_show() -> None:
    assert TOKEN not in repr(Settings(control_token=TOKEN))


@pytest.mark.parametrize("token", ["", " ", "naïve", "line\nbreak"])
def test_a_token_that_no_header_could_carry_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="control-token cannot be") as refusal:
        Settings(control_token=token)
    assert "naïve" not in str(refusal.value)


def test_the_command_line_gives_and_brings_the_token(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-level", "debug", RSVAULT_CONTROL_TOKEN=TOKEN) as server:
        there = ("--url", server.url)
        assert run("clock", "show", *there).returncode == 1
        assert run("clock", "show", *there, "--control-token", TOKEN).returncode == 0
        assert run("metrics", *there, RSVAULT_CONTROL_TOKEN=TOKEN).stdout.startswith("# HELP")
        wrong = httpx.get(f"{server.url}/_emulator/clock", headers={"Authorization": "Bearer no"})
        assert code_of(wrong) == "ControlTokenRequired"
        assert TOKEN not in server.end()
