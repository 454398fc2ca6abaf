"""``rsvault doctor`` finds each wrong state, made for real, and says what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner

from app import connections
from app.certificates import ensure_authority
from app.cli import rsvault
from app.connections import Place
from app.domain.instants import to_datetime
from app.engine.clock import real_now
from app.server import RunningServer, start
from app.settings import Settings
from tests.az.environment import azure_cli
from tests.processes import command, ready

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "no_proxy")
GONE: dict[str, str | None] = dict.fromkeys(PROXIES)
NOBODY = "127.0.0.1:1"
Seen = dict[str, tuple[str, str]]
"""The state of each check and what was said of it; of several of one name the worst."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[RunningServer]:
    with start(Settings(port=0, https_port=0, home=home, clock_mode="frozen")) as server:
        yield server


def urls(server: RunningServer) -> dict[str, str]:
    https = str(server.https_url).replace("127.0.0.1", "localhost")
    return {"url": server.http_url, "https_url": https}


def doctor(
    home: Path,
    client: str = "",
    *more: str,
    url: str = f"http://{NOBODY}",
    https_url: str = f"https://{NOBODY}",
    **environment: str | None,
) -> tuple[int, Seen]:
    """Run the command and return its exit code and what it found."""
    arguments = ["doctor", *([client] if client else []), "--json", "--home", str(home)]
    arguments += ["--url", url, "--https-url", https_url, *more]
    done = CliRunner(env={**GONE, **environment}).invoke(rsvault, arguments)
    assert done.exit_code in (0, 1), (done.stderr, done.exception)
    seen: Seen = {}
    for each in json.loads(done.stdout):
        if seen.get(each["check"], ("ok",))[0] != "wrong":
            seen[each["check"]] = (each["state"], f"{each['found']}; {each['advice']}")
    assert done.exit_code == any(state == "wrong" for state, _ in seen.values())
    return done.exit_code, seen


def wrong_in(seen: Seen) -> set[str]:
    return {check for check, (state, _) in seen.items() if state == "wrong"}


def place(home: Path, server: RunningServer, proxy: str | None = None) -> Place:
    http_url, https_url = urls(server).values()
    return Place(http_url, https_url, home / "ca.pem", home / "az", proxy=proxy)


def connected(client: str, home: Path, server: RunningServer) -> dict[str, str | None]:
    """Return the variables that ``rsvault env`` sets."""
    return {each.name: each.value for each in connections.variables(client, place(home, server))}


# --- other servers ------------------------------------------------------------------------


@contextmanager
def answering(answers: Mapping[str, Any], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve what is no rsvault: JSON by path, 404 for the rest; yield its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = b"<html>" if found is None else json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass  # a handshake that a check breaks off

    with Quiet(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def certified(
    home: Path, *names: str, dates: tuple[datetime | None, datetime | None] = (None, None)
) -> ssl.SSLContext:
    """Return the TLS of a server whose certificate this home's authority signed."""
    ca_file = ensure_authority(home)
    authority = trustme.CA.from_pem(ca_file.read_bytes(), (home / "ca-key.pem").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf = authority.issue_cert(*names, not_before=dates[0], not_after=dates[1])
    leaf.configure_cert(context)
    return context


# --- a server that is right ---------------------------------------------------------------


def test_a_server_that_is_right_has_nothing_wrong(running: RunningServer, home: Path) -> None:
    code, seen = doctor(home, **urls(running))
    assert (code, wrong_in(seen)) == (0, set())
    assert list(seen) == [
        "HTTP", "HTTPS", "CA file", "signed by it", "its names", "its dates", "metadata",
        "OpenID", "token", "ARM", "control plane", "proxies",
    ]  # fmt: skip
    assert "frozen" in seen["control plane"][1]


@pytest.mark.parametrize("client", connections.CLIENTS)
def test_a_client_that_is_connected_has_nothing_wrong(
    running: RunningServer, home: Path, client: str
) -> None:
    around = connected(client, home, running) | {"PATH": "/nowhere"}
    code, seen = doctor(home, client, **urls(running), **around)  # type: ignore[arg-type]
    assert (code, wrong_in(seen)) == (0, set()), seen
    assert seen["tool"][0] == "skipped"
    assert "are as 'rsvault env" in seen["variables"][1]


def test_a_line_a_check_is_shown_to_people(running: RunningServer, home: Path) -> None:
    arguments = ["--home", str(home), "--url", running.http_url, "--https-url", f"https://{NOBODY}"]
    done = CliRunner(env=GONE).invoke(rsvault, ["doctor", *arguments])
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ok    HTTP           rsvault ")
    assert lines[1].startswith(f"WRONG HTTPS          nothing answers at https://{NOBODY}")
    assert "start 'rsvault serve'" in lines[1]
    assert lines[2].startswith("-     metadata       not tried")


# --- sockets and certificates -------------------------------------------------------------


def test_a_server_that_is_down(home: Path) -> None:
    _, seen = doctor(home)
    assert wrong_in(seen) == {"HTTP", "HTTPS"}
    assert "nothing answers" in seen["HTTP"][1]
    assert "start 'rsvault serve'" in seen["HTTP"][1]
    assert {seen[name][0] for name in ("metadata", "token", "control plane")} == {"skipped"}


def test_each_port_given_for_the_other(running: RunningServer, home: Path) -> None:
    http, https = (each.partition("://")[2] for each in urls(running).values())
    _, seen = doctor(home, url=f"http://{https}", https_url=f"https://{http}")
    assert wrong_in(seen) == {"HTTP", "HTTPS"}
    assert "that may be the HTTPS port" in seen["HTTP"][1]
    assert "that may be the HTTP port" in seen["HTTPS"][1]


def test_another_program_on_the_ports(home: Path) -> None:
    with answering({}) as http, answering({}, certified(home, "localhost")) as https:
        at = {"url": f"http://127.0.0.1:{http}", "https_url": f"https://localhost:{https}"}
        _, seen = doctor(home, **at)
    assert wrong_in(seen) == {"HTTP", "metadata", "OpenID", "token"}
    assert "is not rsvault (status 404)" in seen["HTTP"][1]
    assert "is that rsvault" in seen["metadata"][1]
    assert seen["ARM"] == ("skipped", "not tried without a token; ")


def test_the_authority_of_another_home(running: RunningServer, tmp_path: Path) -> None:
    ensure_authority(tmp_path)
    _, seen = doctor(tmp_path, **urls(running))
    assert wrong_in(seen) == {"signed by it"}
    assert "the same --home" in seen["signed by it"][1]
    assert seen["its dates"][0] == "ok"


def test_no_authority_at_all(running: RunningServer, tmp_path: Path) -> None:
    _, seen = doctor(tmp_path, **urls(running))
    assert wrong_in(seen) == {"CA file"}
    assert "'rsvault ca' makes it" in seen["CA file"][1]
    assert list(tmp_path.iterdir()) == [], "an examination makes nothing"


def test_an_authoritys_file_that_is_garbage(running: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    _, seen = doctor(tmp_path, **urls(running))
    assert wrong_in(seen) == {"CA file"}
    assert "holds no certificate" in seen["CA file"][1]


def test_a_certificate_for_other_names(home: Path) -> None:
    with answering({}, certified(home, "vault.example", "10.0.0.1")) as port:
        _, seen = doctor(home, https_url=f"https://localhost:{port}")
    state, told = seen["its names"]
    assert state == "wrong"
    assert "it names vault.example, 10.0.0.1, and not localhost" in told
    assert "--hostname localhost" in told


@pytest.mark.parametrize(("start", "end"), [(-30, -1), (1, 30)], ids=["past", "to come"])
def test_a_certificate_out_of_its_dates(home: Path, start: int, end: int) -> None:
    now = to_datetime(real_now())
    dates = (now + timedelta(days=start), now + timedelta(days=end))
    with answering({}, certified(home, "localhost", dates=dates)) as port:
        _, seen = doctor(home, https_url=f"https://localhost:{port}")
    assert seen["its dates"][0] == "wrong"
    assert "set this machine's clock" in seen["its dates"][1]
    assert [seen[each][0] for each in ("signed by it", "its names")] == ["ok", "ok"]


# --- services -----------------------------------------------------------------------------

OPENID = f"/{connections.TENANT}/v2.0/.well-known/openid-configuration"
TOKEN = f"/{connections.TENANT}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("answers", "check", "told"),
    [
        ({"/metadata/endpoints": []}, "metadata", "is no JSON object"),
        ({"/metadata/endpoints": {"name": "x"}}, "metadata", "names no addresses"),
        (
            {
                "/metadata/endpoints": {
                    "resourceManager": "https://elsewhere",
                    "authentication": {"loginEndpoint": "https://elsewhere"},
                }
            },
            "metadata",
            "leads to https://elsewhere",
        ),
        ({OPENID: {"issuer": "x"}}, "OpenID", "names no token_endpoint"),
        ({OPENID: ["x"]}, "OpenID", "names no token_endpoint"),
        ({TOKEN: {"error": "x"}}, "token", "gave no access_token"),
        ({TOKEN: {"access_token": "x"}}, "ARM", "status 404"),
    ],
)
def test_answers_that_no_client_can_use(
    home: Path, answers: dict[str, Any], check: str, told: str
) -> None:
    with answering(answers, certified(home, "localhost")) as port:
        _, seen = doctor(home, "az", https_url=f"https://localhost:{port}", PATH="/nowhere")
    assert seen[check][0] == "wrong"
    assert told in seen[check][1]


def test_a_principal_without_a_role(home: Path) -> None:
    admin = connections.CLIENT_ID
    settings = Settings(port=0, https_port=0, home=home, auth="rbac", auth_admins=(admin,))
    with start(settings) as server:
        assert doctor(home, **urls(server))[0] == 0
        other = "99999999-9999-9999-9999-999999999999"
        _, seen = doctor(home, "", "--client-id", other, **urls(server))
    assert wrong_in(seen) == {"ARM"}
    assert "--auth-admin its id" in seen["ARM"][1]


def test_a_control_plane_that_asks_for_its_token(home: Path) -> None:
    with start(Settings(port=0, https_port=0, home=home, control_token="open")) as server:
        _, seen = doctor(home, **urls(server))
        assert wrong_in(seen) == {"control plane"}
        assert "set RSVAULT_CONTROL_TOKEN" in seen["control plane"][1]
        assert doctor(home, **urls(server), RSVAULT_CONTROL_TOKEN="open")[0] == 0


# --- the shell ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "name", "value", "told"),
    [
        ("terraform", "ARM_METADATA_HOSTNAME", None, "ARM_METADATA_HOSTNAME is not set"),
        ("terraform", "ARM_METADATA_HOSTNAME", "", "ARM_METADATA_HOSTNAME is empty"),
        ("terraform", "ARM_METADATA_HOSTNAME", "localhost:1", "should be localhost:"),
        ("terraform", "ARM_PROVIDER_ENHANCED_VALIDATION", "false", "must not be set"),
        ("terraform", "ARM_PROVIDER_ENHANCED_VALIDATION", "", "not even empty"),
        ("az", "REQUESTS_CA_BUNDLE", "/nowhere.pem", "lacks this authority"),
        ("az", "AZURE_CONFIG_DIR", None, "AZURE_CONFIG_DIR is not set"),
        ("node", "NODE_EXTRA_CA_CERTS", __file__, "lacks this authority"),
        ("python", "AZURE_CLIENT_SECRET", "mine", "AZURE_CLIENT_SECRET must not be set"),
    ],
)
def test_a_variable_that_is_not_as_env_sets_it(
    running: RunningServer, home: Path, client: str, name: str, value: str | None, told: str
) -> None:
    around = connected(client, home, running) | {"PATH": "/nowhere", name: value}
    _, seen = doctor(home, client, **urls(running), **around)  # type: ignore[arg-type]
    assert wrong_in(seen) == {"variables"}
    assert told in seen["variables"][1]
    assert f'eval "$(rsvault env {client})"' in seen["variables"][1]


def test_what_may_differ_may_differ(running: RunningServer, home: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("# others\n" + (home / "ca.pem").read_text())
    around = connected("az", home, running) | {"PATH": "/nowhere"}
    around |= {"REQUESTS_CA_BUNDLE": str(bundle), "AZURE_CONFIG_DIR": "/mine"}
    assert doctor(home, "az", **urls(running), **around)[0] == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_in_between(running: RunningServer, home: Path, name: str) -> None:
    around = {name: "http://proxy.example:3128", "NO_PROXY": "a.example"}
    _, seen = doctor(home, **urls(running), **around)
    assert wrong_in(seen) == {"proxies"}
    assert "export NO_PROXY=a.example,localhost,127.0.0.1" in seen["proxies"][1]
    around["NO_PROXY"] = "a.example,localhost,127.0.0.1"
    assert doctor(home, **urls(running), **around)[0] == 0


def test_the_redirect_proxy(running: RunningServer, home: Path) -> None:
    at = place(home, running, proxy=f"http://{NOBODY}")
    https = str(running.https_url)
    with command("proxy", "--port", "0", "--https-url", https, "--home", str(home)) as process:
        proxy = ready(process)["proxy"]
        around = {each.name: each.value for each in connections.variables("ansible", at)}
        around |= {"HTTPS_PROXY": proxy, "PATH": "/nowhere"}
        code, seen = doctor(home, "ansible", "--proxy", proxy, **urls(running), **around)  # type: ignore[arg-type]
        assert (code, seen["redirect"][0]) == (0, "ok")
        process.terminate()
        process.wait(timeout=30)
    _, seen = doctor(home, "ansible", "--proxy", proxy, **urls(running), **around)  # type: ignore[arg-type]
    assert wrong_in(seen) == {"redirect"}
    assert "run 'rsvault proxy" in seen["redirect"][1]


# --- the client itself --------------------------------------------------------------------


@pytest.mark.parametrize("client", ["az", "terraform", "azapi", "ansible", "python", "node"])
def test_a_program_that_does_not_run(
    running: RunningServer, home: Path, tmp_path: Path, client: str
) -> None:
    name = {"azapi": "terraform", "python": "python3"}.get(client, client)
    broken = tmp_path / name
    broken.write_text("#!/bin/sh\necho it is broken >&2\nexit 3\n")
    broken.chmod(0o755)
    around = connected(client, home, running) | {"PATH": str(tmp_path)}
    _, seen = doctor(home, client, **urls(running), **around)  # type: ignore[arg-type]
    assert wrong_in(seen) == {"tool"}
    assert "it is broken" in seen["tool"][1]


def real(client: str, home: Path, server: RunningServer, folder: str) -> tuple[int, Seen]:
    around = connected(client, home, server) | {"PATH": f"{folder}:{os.defpath}"}
    return doctor(home, client, **urls(server), **around)  # type: ignore[arg-type]


def folder_of(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"the program {program} is not installed")
    return str(Path(found).parent)


def test_an_untouched_default_azure_credential_gets_a_token(
    running: RunningServer, home: Path
) -> None:
    code, seen = real("python", home, running, str(Path(sys.executable).parent))
    assert (code, wrong_in(seen)) == (0, set()), seen
    assert "an untouched DefaultAzureCredential got a token" in seen["credential"][1]


def test_node_fetches_with_the_authority_it_was_given(running: RunningServer, home: Path) -> None:
    code, seen = real("node", home, running, folder_of("node"))
    assert (code, seen["fetch"][0]) == (0, "ok"), seen


def test_terraform_tells_its_version(running: RunningServer, home: Path) -> None:
    code, seen = real("terraform", home, running, folder_of("terraform"))
    assert code == 0, seen
    assert seen["tool"][1].startswith("terraform ")


@pytest.mark.az
def test_az_signs_in(running: RunningServer, home: Path) -> None:
    code, seen = real("az", home, running, str(azure_cli()))
    assert (code, seen["az login"][0]) == (0, "ok"), seen
    assert connections.SUBSCRIPTION in seen["az login"][1]
    assert not (home / "az").exists(), "it signs in somewhere else"
