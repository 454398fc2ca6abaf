"""Whether a server answers on its two ports, and whether its certificate is one to trust."""

from __future__ import annotations

import json
import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..connections import Place
from .findings import Finding, Findings, Tell, ok, wrong

SECONDS = 5.0
_START = "start 'rsvault serve', or give {option} what its 'rsvault ready' line says"
_SAME_HOME = "give 'rsvault serve' and this command the same --home, then run 'rsvault env' again"
_CHAIN = "an older or another authority signed it"
_OTHER_NAMES = (62, 64)
"""OpenSSL's numbers for a certificate that is made out to other names or addresses."""
_NOT_IN_DATE = (9, 10)


def http(place: Place, tell: Tell) -> Finding:
    """Ask whether rsvault answers over HTTP."""
    import httpx

    tell(f"asking {place.http_url}")
    try:
        answer = httpx.get(f"{place.http_url}/_emulator/health", trust_env=False, timeout=SECONDS)
    except (httpx.ConnectError, httpx.TimeoutException) as problem:
        found = f"nothing answers at {place.http_url} ({_told(problem)})"
        return wrong("HTTP", found, _START.format(option="--url"))
    except httpx.HTTPError as problem:
        found = f"what listens at {place.http_url} speaks no HTTP ({_told(problem)})"
        return wrong("HTTP", found, "that may be the HTTPS port: " + _START.format(option="--url"))
    version = _version(answer.content)
    if version is None and b"ControlTokenRequired" not in answer.content:
        found = f"what answers at {place.http_url} is not rsvault (status {answer.status_code})"
        return wrong("HTTP", found, "another program has that port: choose one with 'serve --port'")
    return ok("HTTP", f"rsvault {version or 'with a control token'} at {place.http_url}")


def _version(content: bytes) -> str | None:
    try:
        answer = json.loads(content)
        return str(answer["version"]) if answer["status"] == "ok" else None
    except (ValueError, KeyError, TypeError):
        return None


def https(place: Place, tell: Tell) -> Findings:
    """Ask whether a server answers over HTTPS with a certificate that a client takes."""
    tell(f"asking {place.https_url}")
    shown, problem = _certificate(place)
    if problem is not None:
        yield problem
        return
    assert shown is not None
    yield ok("HTTPS", f"TLS at {place.https_url}")
    trust, problem = _trust(place.ca_file)
    yield problem or ok("CA file", str(place.ca_file))
    if trust is not None:
        try:
            yield _chain(place, trust)
            yield _names(place, trust, shown)
        except OSError as broken:
            found = f"the server broke off a connection ({_told(broken)})"
            yield wrong("HTTPS", found, _START.format(option="--https-url"))
    yield _dates(shown)


def _connect(place: Place, context: ssl.SSLContext) -> bytes:
    """Shake hands and return the certificate that was shown."""
    found = urlsplit(place.https_url)
    address = (found.hostname or "", found.port or 443)
    with (
        closing(socket.create_connection(address, timeout=SECONDS)) as plain,
        closing(context.wrap_socket(plain, server_hostname=address[0])) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def _certificate(place: Place) -> tuple[Any, Finding | None]:
    from cryptography import x509

    anything = ssl.create_default_context()
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    advice = _START.format(option="--https-url")
    try:
        return x509.load_der_x509_certificate(_connect(place, anything)), None
    except ssl.SSLError as problem:
        found = f"what listens at {place.https_url} speaks no TLS ({problem.reason})"
        return None, wrong("HTTPS", found, f"that may be the HTTP port: {advice}")
    except (OSError, ValueError) as problem:
        found = f"nothing answers at {place.https_url} ({_told(problem)})"
        return None, wrong("HTTPS", found, advice)


def _trust(ca_file: Path) -> tuple[ssl.SSLContext | None, Finding | None]:
    try:
        return ssl.create_default_context(cafile=str(ca_file)), None
    except FileNotFoundError:
        found = f"there is no {ca_file}"
        return None, wrong("CA file", found, "'rsvault ca' makes it; " + _SAME_HOME)
    except (ssl.SSLError, OSError) as problem:
        advice = f"delete it, run 'rsvault ca', and start the server again; {_SAME_HOME}"
        return None, wrong("CA file", f"{ca_file} holds no certificate ({_told(problem)})", advice)


def _chain(place: Place, trust: ssl.SSLContext) -> Finding:
    """Tell whether the authority's file is the one that signed what the server shows."""
    trust.check_hostname = False
    problem = _refusal(place, trust)
    if problem is None or problem.verify_code in _NOT_IN_DATE:
        return ok("signed by it", "the server's certificate is signed by that authority")
    found = f"{place.ca_file} did not sign it: {_CHAIN} ({problem.verify_message})"
    return wrong("signed by it", found, _SAME_HOME)


def _names(place: Place, trust: ssl.SSLContext, shown: Any) -> Finding:
    """Tell whether the certificate has the name that a client will ask for."""
    host, names = urlsplit(place.https_url).hostname, _names_of(shown)
    trust.check_hostname = True
    problem = _refusal(place, trust)
    by_name = problem is not None and problem.verify_code in _OTHER_NAMES
    if by_name or (problem is not None and host not in names):
        advice = f"start the server with --hostname {host}, or use one of those names"
        return wrong("its names", f"it names {', '.join(names)}, and not {host}", advice)
    return ok("its names", f"{host} is one of {', '.join(names)}")


def _refusal(place: Place, trust: ssl.SSLContext) -> ssl.SSLCertVerificationError | None:
    try:
        _connect(place, trust)
    except ssl.SSLCertVerificationError as problem:
        return problem
    return None


def _names_of(shown: Any) -> list[str]:
    from cryptography import x509

    try:
        found = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(each) for each in found.get_values_for_type(x509.IPAddress)]
    return [*found.get_values_for_type(x509.DNSName), *addresses]


def _dates(shown: Any) -> Finding:
    """Compare the certificate with the real clock, which is what every client goes by."""
    from ..domain.instants import to_datetime
    from ..engine.clock import real_now

    now = to_datetime(real_now())
    start, end = shown.not_valid_before_utc, shown.not_valid_after_utc
    if start <= now <= end:
        return ok("its dates", f"valid for {(end - now).days} more days of real time")
    found = f"valid from {start:%Y-%m-%d} to {end:%Y-%m-%d}, and it is {now:%Y-%m-%d %H:%M} here"
    advice = "set this machine's clock; if it is right, start the server again: it makes a new one"
    return wrong("its dates", found, advice)


def _told(problem: Exception) -> str:
    return str(problem) or type(problem).__name__
