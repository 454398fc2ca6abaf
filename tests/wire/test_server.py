"""One app on two real sockets: it lives once, starts before the first byte and ends after the last.

Most of these use an app of three routes, so that what is watched is the server and not the vault.
"""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from app import certificates
from app.server import CannotStart, Endpoints, Factory, _renew, start
from app.settings import Settings
from tests.processes import command, ready


def small_app(diary: list[str]) -> Factory:
    """Return a factory of an app that writes down when it begins and ends."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[dict[str, str]]:
        diary.append("begins")
        yield {"origin": "lifespan"}
        diary.append("ends")

    async def where(request: Request) -> dict[str, str]:
        diary.append("asked")
        return {"scheme": request.url.scheme, "origin": request.state.origin}

    async def forever() -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            import asyncio

            yield b"first\n"
            await asyncio.Event().wait()

        return StreamingResponse(events())

    def create(_settings: Settings) -> FastAPI:
        app = FastAPI(lifespan=life)
        app.get("/where")(where)
        app.get("/forever")(forever)
        return app

    return create


def free(home: Path, **more: object) -> Settings:
    chosen: dict[str, object] = {"port": 0, "https_port": 0, "home": home, **more}
    return Settings(**chosen)  # type: ignore[arg-type]


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca_file))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_one_app_answers_on_http_and_https(tmp_path: Path) -> None:
    with start(free(tmp_path), create=small_app([])) as server:
        over_http = httpx.get(f"{server.http_url}/where")
        over_https = httpx.get(f"{server.https_url}/where", verify=trusting(server.ca_file))
    assert over_http.json() == {"scheme": "http", "origin": "lifespan"}
    assert over_https.json() == {"scheme": "https", "origin": "lifespan"}


def test_the_app_begins_once_before_and_ends_once_after_everything(tmp_path: Path) -> None:
    diary: list[str] = []
    with start(free(tmp_path), create=small_app(diary)) as server:
        assert diary == ["begins"]
        httpx.get(f"{server.http_url}/where")
        httpx.get(f"{server.https_url}/where", verify=trusting(server.ca_file))
    assert diary == ["begins", "asked", "asked", "ends"]


def test_stopping_twice_is_stopping_once(tmp_path: Path) -> None:
    diary: list[str] = []
    server = start(free(tmp_path), create=small_app(diary))
    server.stop()
    server.stop()
    assert diary == ["begins", "ends"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.http_url}/where")


def test_https_can_be_left_out(tmp_path: Path) -> None:
    with start(free(tmp_path, https_port=None), create=small_app([])) as server:
        assert (server.https_url, server.ca_file) == (None, None)
        assert httpx.get(f"{server.http_url}/where").status_code == 200
    assert list(tmp_path.iterdir()) == []


def test_answers_carry_the_date_and_do_not_name_the_server(tmp_path: Path) -> None:
    with start(free(tmp_path, https_port=None), create=small_app([])) as server:
        headers = httpx.get(f"{server.http_url}/where").headers
    assert "date" in headers
    assert "server" not in headers


def test_small_answers_are_not_delayed(tmp_path: Path) -> None:
    with (
        start(free(tmp_path, https_port=None), create=small_app([])) as server,
        httpx.Client(base_url=server.http_url) as client,
    ):
        seconds = []
        for _ in range(30):
            began = time.perf_counter()
            client.get("/where")
            seconds.append(time.perf_counter() - began)
    # A delayed acknowledgement costs 40 ms on every request.
    assert sorted(seconds)[15] < 0.03


def test_a_stream_without_an_end_does_not_keep_the_server_from_stopping(tmp_path: Path) -> None:
    diary: list[str] = []
    server = start(free(tmp_path, https_port=None), create=small_app(diary))
    with httpx.stream("GET", f"{server.http_url}/forever") as response:
        assert next(response.iter_lines()) == "first"
        server.stop()
    assert diary == ["begins", "ends"]


@pytest.mark.parametrize("option", ["port", "https_port"])
def test_a_taken_port_is_named_and_nothing_is_left_running(tmp_path: Path, option: str) -> None:
    diary: list[str] = []
    with taken_port() as port, pytest.raises(CannotStart) as refusal:
        start(free(tmp_path, **{option: port}), create=small_app(diary))
    assert f"port {port} on 127.0.0.1 is taken" in str(refusal.value)
    assert f"--{option.replace('_', '-')}" in str(refusal.value)
    assert diary == ["begins", "ends"]


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"cannot listen on 192\.0\.2\.1"):
        start(free(tmp_path, host="192.0.2.1"), create=small_app([]))


def test_options_that_the_house_refuses_are_told_in_its_words(tmp_path: Path) -> None:
    def create(_settings: Settings) -> FastAPI:
        raise ValueError("seed is 2 but the stored world has seed 1")

    with pytest.raises(CannotStart, match="the stored world has seed 1"):
        start(free(tmp_path), create=create)


def test_a_defect_at_start_is_not_dressed_up(tmp_path: Path) -> None:
    def create(_settings: Settings) -> FastAPI:
        raise KeyError("defect")

    with pytest.raises(KeyError):
        start(free(tmp_path), create=create)


def test_a_server_on_every_address_gives_a_url_that_can_be_reached(tmp_path: Path) -> None:
    with start(free(tmp_path, host="0.0.0.0"), create=small_app([])) as server:
        assert server.http_url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{server.http_url}/where").status_code == 200


def test_an_ipv6_address_stands_in_brackets(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("the IPv6 loopback ::1 cannot be bound")
    with start(free(tmp_path, host="::1"), create=small_app([])) as server:
        assert server.http_url.startswith("http://[::1]:")
        answer = httpx.get(f"{server.https_url}/where", verify=trusting(server.ca_file))
    assert answer.json()["scheme"] == "https"


def test_the_ready_line_leaves_out_what_is_off() -> None:
    both = Endpoints("http://127.0.0.1:1", "https://127.0.0.1:2", Path("/home/ca.pem"))
    assert both.ready_line() == (
        "rsvault ready http=http://127.0.0.1:1 https=https://127.0.0.1:2 ca=/home/ca.pem"
    )
    plain = Endpoints("http://127.0.0.1:1", None, None)
    assert plain.ready_line() == "rsvault ready http=http://127.0.0.1:1"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_when_it_is_ready_and_stops_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    arguments = ("serve", "--port", "0", "--https-port", "0", "--home", str(tmp_path))
    with command(*arguments) as process:
        urls = ready(process)
        assert httpx.get(f"{urls['http']}/_emulator/health").json()["status"] == "ok"
        secured = httpx.get(f"{urls['https']}/_emulator/health", verify=trusting(Path(urls["ca"])))
        assert secured.json()["status"] == "ok"
        process.send_signal(number)
        rest, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert rest == ""
    assert "Traceback" not in errors


def test_the_command_tells_a_taken_port_in_one_line(tmp_path: Path) -> None:
    with taken_port() as port:
        arguments = ("serve", "--port", str(port), "--https-port", "off", "--home", str(tmp_path))
        with command(*arguments) as process:
            out, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert out == ""
    assert errors.splitlines() == [
        f"Error: port {port} on 127.0.0.1 is taken by another program: "
        "stop it, or give --port another one, or 0"
    ]


def test_a_server_that_runs_is_driven_by_the_command_line(tmp_path: Path) -> None:
    settings = free(tmp_path, https_port=None, clock_mode="frozen")
    with start(settings) as server, command("clock", "show", "--url", server.http_url) as process:
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert "frozen" in out


def test_a_certificate_that_was_made_anew_is_served_without_a_restart(tmp_path: Path) -> None:
    with start(free(tmp_path), create=small_app([])) as server:
        assert server.https_url is not None
        port = int(server.https_url.rpartition(":")[2])
        certificates.ensure(tmp_path, ["vault.example"])
        tries = (names_served(port, server.ca_file) for _ in range(10_000))
        assert any("vault.example" in names for names in tries)
        (tmp_path / "server.pem").write_text("nothing that can be served", encoding="utf-8")
        assert httpx.get(f"{server.https_url}/where", verify=trusting(server.ca_file)).is_success


def names_served(port: int, ca_file: Path | None) -> set[str]:
    """Return the names in the certificate that a new connection is shown."""
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        trusting(ca_file).wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        shown = secured.getpeercert()
    assert shown is not None
    found: Any = shown["subjectAltName"]
    return {name for _, name in found}


def test_a_certificate_near_its_end_is_renewed_while_the_server_runs(tmp_path: Path) -> None:
    certificates.ensure(tmp_path)
    file = tmp_path / "server.pem"
    text = file.read_text(encoding="utf-8")
    soon = re.sub(r"not-after: \S+", "not-after: 2026-01-01T00:00:00+00:00", text)
    file.write_text(soon, encoding="utf-8")

    async def wait_for_another() -> None:
        renewing = asyncio.create_task(_renew(free(tmp_path), every=0.01))
        async with asyncio.timeout(30):
            while file.read_text(encoding="utf-8") == soon:
                await asyncio.sleep(0)
        renewing.cancel()

    asyncio.run(wait_for_another())
    assert "not-after: 2026-01-01" not in file.read_text(encoding="utf-8")
