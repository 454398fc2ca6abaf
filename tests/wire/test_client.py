"""The control plane's client says what it should on the wire, and reads what comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from app.client import UNREACHABLE, Advancing, Clock, ControlError, ControlPlane
from app.server import RunningServer, start
from app.settings import Settings

CLOCK: dict[str, Any] = {
    "now": "2030-01-01T00:00:00Z",
    "mode": "live",
    "rate": 1,
    "skipOnWait": "finish",
    "epoch": 1,
    "advancing": None,
}
HALFWAY = {
    **CLOCK,
    "now": "2030-01-06T00:00:00.1234567Z",
    "advancing": {"from": "2030-01-01T00:00:00Z", "to": "2030-01-11T00:00:00Z"},
}


class Script:
    """A control plane that answers by script and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        self.watched = threading.Event()
        self.waits_for_a_watcher = False

    def create(self, _settings: Settings) -> FastAPI:
        app = FastAPI()

        async def answer(request: Request, verb: str) -> Any:
            self.asked.append((request.method, verb, await request.body()))
            if verb == "clock" and self.waits_for_a_watcher:
                self.watched.set()
            status, content = self.answers.get(verb, (200, CLOCK))
            if isinstance(content, str):
                return PlainTextResponse(content, status)
            return JSONResponse(content, status)

        def advance(request: Request) -> Any:
            # In a thread of its own, so that the clock can be read meanwhile.
            if self.waits_for_a_watcher:
                assert self.watched.wait(timeout=20)
            return CLOCK

        if self.waits_for_a_watcher:
            app.post("/_emulator/clock/advance")(advance)
        app.api_route("/_emulator/{verb:path}", methods=["GET", "POST", "PATCH"])(answer)
        return app


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def control(script: Script) -> Iterator[ControlPlane]:
    with (
        start(Settings(port=0, https_port=None), create=script.create) as server,
        ControlPlane(server.http_url) as control,
    ):
        yield control


def test_the_clock_is_read_with_its_time_zone(control: ControlPlane) -> None:
    assert control.clock() == Clock(
        now=datetime(2030, 1, 1, tzinfo=UTC),
        mode="live",
        rate=1,
        skip_on_wait="finish",
        epoch=1,
        advancing=None,
    )


def test_an_advance_under_way_tells_how_far_it_has_come(
    control: ControlPlane, script: Script
) -> None:
    script.answers["clock"] = (200, HALFWAY)
    clock = control.clock()
    assert clock.advancing == Advancing(
        datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 11, tzinfo=UTC)
    )
    assert clock.advancing.share(clock.now) == pytest.approx(0.5, abs=0.001)


def test_an_advance_until_all_is_done_does_not_know_how_far_it_has_come(
    control: ControlPlane, script: Script
) -> None:
    script.answers["clock"] = (200, {**CLOCK, "advancing": {"from": CLOCK["now"], "to": None}})
    clock = control.clock()
    assert clock.advancing == Advancing(clock.now, None)
    assert clock.advancing.share(clock.now) is None


def test_an_advance_of_no_length_has_arrived() -> None:
    here = datetime(2030, 1, 1, tzinfo=UTC)
    assert Advancing(here, here).share(here) == 1.0


def test_only_what_is_given_is_changed(control: ControlPlane, script: Script) -> None:
    control.set_clock(mode="scaled", rate=60)
    control.set_clock(skip_on_wait="off")
    assert script.asked == [
        ("PATCH", "clock", b'{"mode":"scaled","rate":60}'),
        ("PATCH", "clock", b'{"skipOnWait":"off"}'),
    ]


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ({"by": "P120D"}, b'{"by":"P120D"}'),
        ({"by": timedelta(days=1, seconds=1)}, b'{"by":"PT86401S"}'),
        ({"by": timedelta(microseconds=1)}, b'{"by":"PT0.000001S"}'),
        ({"to": "2030-01-01T00:00:00Z"}, b'{"to":"2030-01-01T00:00:00Z"}'),
        (
            {"to": datetime(2030, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))},
            b'{"to":"2030-01-01T00:00:00Z"}',
        ),
        ({"until": "idle"}, b'{"until":"idle"}'),
        ({"job": "0b1c"}, b'{"until":{"job":"0b1c"}}'),
    ],
)
def test_an_advance_says_how_far(
    control: ControlPlane, script: Script, target: dict[str, Any], body: bytes
) -> None:
    control.advance(**target)
    assert script.asked == [("POST", "clock/advance", body)]


@pytest.mark.parametrize(
    "target",
    [
        {},
        {"by": "P1D", "until": "idle"},
        {"by": timedelta(days=-1)},
        {"to": datetime(2030, 1, 1)},  # noqa: DTZ001 - naive on purpose
    ],
)
def test_an_advance_that_makes_no_sense_is_never_sent(
    control: ControlPlane, script: Script, target: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"exactly one|never goes back|time zone"):
        control.advance(**target)
    assert script.asked == []


def test_progress_is_told_while_an_advance_lasts(script: Script) -> None:
    script.waits_for_a_watcher = True
    script.answers["clock"] = (200, HALFWAY)
    seen: list[Clock] = []
    with (
        start(Settings(port=0, https_port=None), create=script.create) as server,
        ControlPlane(server.http_url) as control,
    ):
        end = control.advance(by="P10D", progress=seen.append)
    assert end.now == datetime(2030, 1, 1, tzinfo=UTC)
    assert [clock.now.day for clock in seen] == [6]


def test_progress_hands_on_a_refusal(control: ControlPlane, script: Script) -> None:
    script.answers["clock/advance"] = (400, {"error": {"code": "InvalidClock", "message": "no"}})
    with pytest.raises(ControlError, match="InvalidClock"):
        control.advance(by="P10D", progress=lambda clock: None)


def test_a_reset_gives_the_new_clock(control: ControlPlane, script: Script) -> None:
    assert control.reset().epoch == 1
    assert script.asked == [("POST", "reset", b"")]


def test_health_keeps_what_it_does_not_know(control: ControlPlane, script: Script) -> None:
    script.answers["health"] = (
        200,
        {"status": "ok", "version": "0.1.0", "database": "memory", "leads": True},
    )
    health = control.health()
    assert (health.status, health.version, health.database) == ("ok", "0.1.0", "memory")
    assert health.details["leads"] is True


def test_an_arm_error_becomes_its_code_and_message(control: ControlPlane, script: Script) -> None:
    script.answers["clock"] = (409, {"error": {"code": "ClockBusy", "message": "Wait."}})
    with pytest.raises(ControlError) as refusal:
        control.clock()
    assert (refusal.value.code, refusal.value.message) == ("ClockBusy", "Wait.")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((502, "bad gateway\nmore"), "Http502"),
        ((500, ""), "Http500"),
        ((200, "<html>"), "UnexpectedAnswer"),
        ((200, {"now": "soon"}), "UnexpectedAnswer"),
        ((200, [1]), "UnexpectedAnswer"),
    ],
)
def test_an_answer_of_something_else_is_an_error(
    control: ControlPlane, script: Script, answer: tuple[int, Any], code: str
) -> None:
    script.answers["clock"] = answer
    with pytest.raises(ControlError) as refusal:
        control.clock()
    assert refusal.value.code == code


def test_a_server_that_is_not_there_is_an_error_that_says_what_to_do() -> None:
    with ControlPlane("http://127.0.0.1:1") as control, pytest.raises(ControlError) as refusal:
        control.health()
    assert refusal.value.code == UNREACHABLE
    assert "rsvault serve" in refusal.value.message


def secured(tmp_path: Path) -> RunningServer:
    settings = Settings(port=0, https_port=0, home=tmp_path)
    return start(settings, create=Script().create)


def test_https_works_with_the_authority(tmp_path: Path) -> None:
    with secured(tmp_path) as server, ControlPlane(str(server.https_url), server.ca_file) as plane:
        assert plane.clock().epoch == 1


def test_https_without_the_authority_is_refused(tmp_path: Path) -> None:
    with (
        secured(tmp_path) as server,
        ControlPlane(str(server.https_url)) as plane,
        pytest.raises(ControlError, match="certificate"),
    ):
        plane.clock()


def test_a_failure_to_connect_says_which_server_and_what_to_try(tmp_path: Path) -> None:
    with secured(tmp_path) as server:
        https, http = str(server.https_url), server.http_url
        cases = [
            (https, None, r"--ca-file \"\$\(rsvault ca\)\""),
            (http.replace("http:", "https:"), server.ca_file, "the other one's port"),
            (https.replace("https:", "http:"), None, "the other one's port"),
        ]
        for url, ca_file, hint in cases:
            with (
                ControlPlane(url, ca_file) as control,
                pytest.raises(ControlError, match=hint) as told,
            ):
                control.clock()
            assert url in told.value.message
    with ControlPlane(http) as control, pytest.raises(ControlError, match="'rsvault serve' run"):
        control.clock()
