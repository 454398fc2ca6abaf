"""The control plane from Python: typed calls to ``/_emulator``, over HTTP and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8080"
UNREACHABLE = "Unreachable"
"""The code of a ``ControlError`` for a server that does not answer."""

_SECONDS_TO_ANSWER = 30.0


class ControlError(Exception):
    """The control plane refused, or could not be reached."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Advancing:
    """An advance that is under way: where it began and where it will end, if that is known."""

    start: datetime
    end: datetime | None

    def share(self, now: datetime) -> float | None:
        """Return how much of the way lies behind ``now``, from 0 to 1, if the end is known."""
        if self.end is None:
            return None
        span = self.end - self.start
        return min(max((now - self.start) / span, 0.0), 1.0) if span else 1.0


@dataclass(frozen=True)
class Clock:
    """The virtual clock as one answer showed it."""

    now: datetime
    mode: str
    rate: int
    skip_on_wait: str
    epoch: int
    advancing: Advancing | None


@dataclass(frozen=True)
class Health:
    """A server that answers, and what it said about itself."""

    status: str
    version: str
    database: str
    details: Mapping[str, Any]
    """The whole answer, with whatever else it holds."""


class ControlPlane:
    """The control plane of one server.

    It keeps its connection, so close it or use it in a ``with`` block::

        with ControlPlane("http://127.0.0.1:8080") as control:
            control.advance(by="P30D")

    Proxies of the environment are not used: an emulator is a neighbour.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        ca_file: str | Path | None = None,
        control_token: str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._ca_file = ca_file
        self._token = control_token
        self._connection: httpx.Client | None = None

    def __enter__(self) -> ControlPlane:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def health(self) -> Health:
        """Ask whether the server answers, which version it is, and where its world is kept."""
        answer = self._call("GET", "/health")
        return Health(
            str(answer.get("status")),
            str(answer.get("version")),
            str(answer.get("database")),
            answer,
        )

    def metrics(self) -> str:
        """Read the server's figures, in Prometheus' text form."""
        return self._ask("GET", "/metrics").text

    def plan(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the report of a plan: of policies and VMs, or of a vault (docs/planning.md)."""
        return self._call("POST", "/plan", document, patient=True)

    def limits(self) -> dict[str, int | None]:
        """Read the limits that the world goes by, by name; ``None`` is off."""
        answer = self._call("GET", "/limits")
        try:
            return {each["name"]: each["limit"] for each in answer["value"]}
        except (KeyError, TypeError) as problem:
            raise _unexpected(json.dumps(answer)) from problem

    def regions(self) -> list[dict[str, Any]]:
        """Read every region: its ``name``, its ``state``, its ``secondary`` and its ``outages``."""
        answer = self._call("GET", "/regions")
        try:
            return [dict(each) for each in answer["value"]]
        except (KeyError, TypeError, ValueError) as problem:
            raise _unexpected(json.dumps(answer)) from problem

    def take_down(self, region: str) -> dict[str, Any]:
        """Let a region go down; nothing there answers or happens until it is brought back."""
        return self._call("PATCH", "/regions", {"region": region, "state": "down"})

    def bring_back(self, region: str) -> dict[str, Any]:
        """Let a region that is down work again."""
        return self._call("PATCH", "/regions", {"region": region, "state": "up"})

    def clock(self) -> Clock:
        """Read the virtual clock."""
        return _clock(self._call("GET", "/clock"))

    def set_clock(
        self,
        mode: Literal["live", "scaled", "frozen"] | None = None,
        rate: int | None = None,
        skip_on_wait: str | None = None,
    ) -> Clock:
        """Change how time passes; what is left out stays as it is.

        ``skip_on_wait`` is ``off`` (or ``clock``), ``step``, ``finish`` (or ``instant``), or
        ``polls=N``.
        """
        wanted = {"mode": mode, "rate": rate, "skipOnWait": skip_on_wait}
        body = {name: value for name, value in wanted.items() if value is not None}
        return _clock(self._call("PATCH", "/clock", body))

    def advance(
        self,
        by: str | timedelta | None = None,
        to: str | datetime | None = None,
        until: Literal["idle"] | None = None,
        job: str | None = None,
        progress: Callable[[Clock], None] | None = None,
    ) -> Clock:
        """Move the clock on, and return once everything due by then has happened.

        Give one of: ``by``, a length of time such as ``"P120D"``; ``to``, an instant;
        ``until="idle"``, to the end of everything that runs; ``job``, to the end of that job.
        ``progress`` is given the clock each second that the advance lasts.
        """
        given = {
            "by": None if by is None else {"by": _duration(by)},
            "to": None if to is None else {"to": _instant(to)},
            "until": None if until is None else {"until": until},
            "job": None if job is None else {"until": {"job": job}},
        }
        bodies = [body for body in given.values() if body is not None]
        if len(bodies) != 1:
            raise ValueError(f"advance takes exactly one of {', '.join(given)}")

        def advance() -> Clock:
            return _clock(self._call("POST", "/clock/advance", bodies[0], patient=True))

        return advance() if progress is None else self._watched(advance, progress)

    def reset(self) -> Clock:
        """Empty the world, and return the clock of its new epoch."""
        return _clock(self._call("POST", "/reset"))

    def _watched(self, advance: Callable[[], Clock], progress: Callable[[Clock], None]) -> Clock:
        done: Future[Clock] = Future()

        def work() -> None:
            try:
                done.set_result(advance())
            except BaseException as problem:  # handed over to the thread that waits
                done.set_exception(problem)

        # A daemon, so that a program that is interrupted need not wait for the answer.
        threading.Thread(target=work, name="rsvault advance", daemon=True).start()
        with ControlPlane(self._url, self._ca_file, self._token) as watching:
            while not wait([done], timeout=1).done:
                # One answer that does not come is no reason to give up the advance.
                with suppress(ControlError):
                    progress(watching.clock())
        return done.result()

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        patient: bool = False,
    ) -> dict[str, Any]:
        response = self._ask(method, path, body, patient=patient)
        answer = _object(response.content)
        if answer is None:
            raise _unexpected(response.text)
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        patient: bool = False,
    ) -> httpx.Response:
        import httpx  # a fifth of a second that `rsvault --help` need not wait for

        # Ten years of a large world take a while, and the answer comes when they are over.
        timeout = httpx.Timeout(_SECONDS_TO_ANSWER, read=None if patient else _SECONDS_TO_ANSWER)
        try:
            response = self._connected().request(
                method, f"/_emulator{path}", json=body, timeout=timeout
            )
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise self._unreachable(problem) from problem
        if not response.is_success:
            raise _error(response.status_code, response.content)
        return response

    def _unreachable(self, problem: Exception) -> ControlError:
        """Say which server it was, what happened, and what to try."""
        reason = str(problem) or type(problem).__name__
        return ControlError(UNREACHABLE, f"no answer from {self._url} ({reason}): {_hint(reason)}")

    def _connected(self) -> httpx.Client:
        if self._connection is None:
            import httpx

            headers = {} if self._token is None else {"x-rsvault-control-token": self._token}
            self._connection = httpx.Client(
                base_url=self._url, verify=self._trust(), trust_env=False, headers=headers
            )
        return self._connection

    def _trust(self) -> Any:
        if not self._url.startswith("https:"):
            return False  # there is nothing to verify, and loading the public roots is slow
        if self._ca_file is None:
            return True
        import ssl

        return ssl.create_default_context(cafile=str(self._ca_file))


def _hint(reason: str) -> str:
    """Return what to try against a failure to connect, by what OpenSSL or the system calls it."""
    if "CERTIFICATE_VERIFY_FAILED" in reason and "match" in reason:
        return "its certificate is for other names; start it with --hostname"
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return 'trust its authority with --ca-file "$(rsvault ca)" (ca_file in Python)'
    if "SSL" in reason or "disconnected" in reason:
        return "one of http and https is the other one's port; look at its 'rsvault ready' line"
    return "is 'rsvault serve' running there? Its 'rsvault ready' line has its URLs"


def _clock(answer: Mapping[str, Any]) -> Clock:
    try:
        return Clock(
            now=datetime.fromisoformat(answer["now"]),
            mode=answer["mode"],
            rate=answer["rate"],
            skip_on_wait=answer["skipOnWait"],
            epoch=answer["epoch"],
            advancing=_advancing(answer["advancing"]),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise _unexpected(json.dumps(answer)) from problem


def _advancing(answer: Mapping[str, Any] | None) -> Advancing | None:
    if answer is None:
        return None
    end = answer["to"]  # null while nobody knows how long what runs will take
    return Advancing(datetime.fromisoformat(answer["from"]), end and datetime.fromisoformat(end))


def _duration(by: str | timedelta) -> str:
    """Write a length of time as ISO 8601 does."""
    if isinstance(by, str):
        return by
    seconds, micros = divmod(by // timedelta(microseconds=1), 1_000_000)
    if seconds < 0:
        raise ValueError(f"by cannot be {by}: time never goes back")
    return f"PT{seconds}.{micros:06d}S" if micros else f"PT{seconds}S"


def _instant(to: str | datetime) -> str:
    if isinstance(to, str):
        return to
    if to.tzinfo is None:
        raise ValueError("to must be a datetime with a time zone")
    return to.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _error(status: int, content: bytes) -> ControlError:
    """Read ARM's error envelope; whatever else answered is quoted."""
    error = (_object(content) or {}).get("error")
    if isinstance(error, dict) and "code" in error:
        return ControlError(str(error["code"]), str(error.get("message", "")))
    text = content.decode(errors="replace").strip().splitlines()
    return ControlError(f"Http{status}", text[0][:200] if text else "an answer without a body")


def _unexpected(text: str) -> ControlError:
    return ControlError("UnexpectedAnswer", f"this is not rsvault's control plane: {text[:200]!r}")
