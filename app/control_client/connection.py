"""The wire to one server's control plane: one connection, and errors that say what to try."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

DEFAULT_URL = "http://127.0.0.1:8080"
UNREACHABLE = "Unreachable"
"""The code of a ``ControlError`` for a server that does not answer."""

SECONDS_TO_ANSWER = 30.0


class ControlError(Exception):
    """The control plane refused, or could not be reached."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Connection:
    """Asks ``/_emulator`` of one server, and keeps its connection open between calls."""

    def __init__(
        self,
        url: str,
        ca_file: str | Path | None,
        control_token: str | None,
        patience: float = SECONDS_TO_ANSWER,
    ) -> None:
        self._url = url.rstrip("/")
        self._ca_file = ca_file
        self._token = control_token
        self._patience = patience
        self._connection: httpx.Client | None = None

    def another(self) -> Connection:
        """Return a second connection to the same server, for another thread."""
        return Connection(self._url, self._ca_file, self._token, self._patience)

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content: bytes | None = None,
        patient: bool = False,
    ) -> dict[str, Any]:
        """Ask and return the object that was answered; ``patient`` waits as long as it takes.

        ``content`` is a body that need not be JSON. Raises ``ControlError`` for a refusal, and for
        what is not an answer of a control plane.
        """
        response = self.ask(method, path, body, content=content, patient=patient)
        return answered(response.status_code, response.content)

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content: bytes | None = None,
        patient: bool = False,
    ) -> httpx.Response:
        """Ask and return the answer. Raises ``ControlError`` for a refusal or none at all."""
        import httpx  # a fifth of a second that `rsvault --help` need not wait for

        # Ten years of a large world take a while, and the answer comes when they are over.
        timeout = httpx.Timeout(self._patience, read=None if patient else self._patience)
        try:
            response = self._connected().request(
                method, f"/_emulator{path}", json=body, content=content, timeout=timeout
            )
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise self._unreachable(problem) from problem
        if not response.is_success:
            raise _error(response.status_code, response.content)
        return response

    @contextmanager
    def stream(
        self, path: str, headers: Mapping[str, str], silence: float
    ) -> Iterator[Iterator[str]]:
        """Yield the lines of an answer that comes bit by bit, each without its end.

        ``silence`` is how many seconds may pass between two parts of it. Raises ``ControlError``
        for a refusal, and if the connection breaks.
        """
        import httpx

        timeout = httpx.Timeout(self._patience, read=silence)
        try:
            with self._connected().stream(
                "GET", f"/_emulator{path}", headers=dict(headers), timeout=timeout
            ) as response:
                if not response.is_success:
                    raise _error(response.status_code, response.read())
                yield response.iter_lines()
        except (httpx.HTTPError, httpx.InvalidURL) as problem:
            raise self._unreachable(problem) from problem

    def send(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes
    ) -> httpx.Response:
        """Send a request as it is to any place of the server, and return whatever it answers.

        ``target`` is the path and the query, escaped. Raises ``ControlError`` for no answer.
        """
        import httpx

        try:
            return self._connected().request(
                method,
                "/",
                headers=dict(headers),
                content=content,
                timeout=httpx.Timeout(self._patience, read=None),
                extensions={"target": target.encode("latin-1")},
            )
        except httpx.HTTPError as problem:
            raise self._unreachable(problem) from problem

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


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def answered(status: int, content: bytes) -> dict[str, Any]:
    """Return the object that was answered. Raises ``ControlError`` for a refusal, or none."""
    if not 200 <= status < 300:
        raise _error(status, content)
    answer = _object(content)
    if answer is None:
        raise unexpected(content.decode(errors="replace"))
    return answer


def _error(status: int, content: bytes) -> ControlError:
    """Read ARM's error envelope; whatever else answered is quoted."""
    error = (_object(content) or {}).get("error")
    if isinstance(error, dict) and "code" in error:
        return ControlError(str(error["code"]), str(error.get("message", "")))
    text = content.decode(errors="replace").strip().splitlines()
    return ControlError(f"Http{status}", text[0][:200] if text else "an answer without a body")


def unexpected(text: str) -> ControlError:
    """Return the error for an answer that no control plane gives."""
    return ControlError("UnexpectedAnswer", f"this is not rsvault's control plane: {text[:200]!r}")
