"""A certificate authority of our own, so that clients that insist on HTTPS can be satisfied.

The authority is made once and kept, so it has to be trusted only once. The server's certificate
is made anew when it is missing, close to its end, or does not name every host it should.

What the server's certificate is made out to stands as text above the PEM blocks, where every
reader of PEM skips it: a warm start then has no need to load the cryptography libraries, which
costs a fifth of a second.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from .store import private_files

ALWAYS_NAMED = ("localhost", "127.0.0.1", "::1")

# Apple's clients refuse a server certificate that is valid for more than 398 days. The start is
# put back a day for clients whose clock is behind, and the sum stays at 397.
_VALID_BEFORE = timedelta(days=1)
_VALID_FOR = timedelta(days=396)
_RENEW_BEFORE = timedelta(days=30)

_MARK = "# rsvault "


@dataclass(frozen=True)
class Certificates:
    """The two files that HTTPS takes."""

    ca_file: Path
    """The authority's certificate: what a client has to trust."""

    server_file: Path
    """The server's private key and certificate, in one file so that they always fit."""


@dataclass(frozen=True)
class _Note:
    """What stands above a server certificate's PEM blocks."""

    hosts: tuple[str, ...]
    not_after: datetime
    authority: str

    def text(self) -> str:
        lines = (
            f"hosts: {','.join(self.hosts)}",
            f"not-after: {self.not_after.isoformat()}",
            f"authority: {self.authority}",
        )
        return "".join(f"{_MARK}{line}\n" for line in lines)


def ensure_authority(home: Path) -> Path:
    """Return the file of the authority's certificate, making the authority if there is none."""
    _make_folder(home)
    with private_files.only_one(home):
        return _authority(home)


def ensure(home: Path, hostnames: Sequence[str] = ()) -> Certificates:
    """Return files for a server that answers to ``hostnames`` and to every local name."""
    _make_folder(home)
    with private_files.only_one(home):
        ca_file = _authority(home)
        server_file = home / "server.pem"
        fingerprint = hashlib.sha256(ca_file.read_bytes()).hexdigest()
        wanted = _named(hostnames)
        note = _read_note(server_file)
        if note is None or note.authority != fingerprint:
            _issue(home, wanted, fingerprint)
        elif not set(wanted) <= set(note.hosts) or note.not_after - _now() < _RENEW_BEFORE:
            # Names are only ever added: a second server with other names must not take away
            # those that the first one was started with.
            _issue(home, tuple(dict.fromkeys((*wanted, *note.hosts))), fingerprint)
    return Certificates(ca_file, server_file)


def _now() -> datetime:
    """Return the wall clock's instant: real clients judge a certificate by their own clock."""
    return datetime.now(UTC)  # noqa: TID251 - TLS lives in real time, never in virtual time


def _named(hostnames: Sequence[str]) -> tuple[str, ...]:
    """Return what the certificate names; an address that means 'any' is nobody's name."""
    names = (name.lower() for name in (*ALWAYS_NAMED, *hostnames))
    return tuple(dict.fromkeys(name for name in names if not _is_any_address(name)))


def _is_any_address(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False


def _authority(home: Path) -> Path:
    """Make the authority if its certificate or its key is missing."""
    ca_file, key_file = home / "ca.pem", home / "ca-key.pem"
    if not (ca_file.exists() and key_file.exists()):
        import trustme  # a fifth of a second, and only needed once

        authority = trustme.CA(path_length=0, organization_name="rsvault")
        # The key comes first: a start that is killed in between leaves no certificate that
        # nothing can be signed for.
        private_files.write(key_file, authority.private_key_pem.bytes())
        private_files.write(ca_file, authority.cert_pem.bytes())
    return ca_file


def _issue(home: Path, hosts: tuple[str, ...], fingerprint: str) -> None:
    """Sign a new key for ``hosts`` and put it where the old one was."""
    import trustme

    authority = trustme.CA.from_pem(
        (home / "ca.pem").read_bytes(), (home / "ca-key.pem").read_bytes()
    )
    now = _now()
    note = _Note(hosts, now + _VALID_FOR, fingerprint)
    try:
        leaf = authority.issue_cert(
            *hosts,
            organization_name="rsvault",
            not_before=now - _VALID_BEFORE,
            not_after=note.not_after,
        )
    except UnicodeError as problem:
        raise ValueError(f"a host name cannot stand in a certificate: {problem}") from problem
    pem = leaf.private_key_and_cert_chain_pem.bytes() + authority.cert_pem.bytes()
    private_files.write(home / "server.pem", note.text().encode() + pem)


def _read_note(server_file: Path) -> _Note | None:
    """Read back what a server certificate was made out to; ``None`` if that is not known."""
    try:
        lines = server_file.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    marked = (line.removeprefix(_MARK) for line in lines if line.startswith(_MARK))
    found = dict(line.split(": ", 1) for line in marked if ": " in line)
    try:
        return _Note(
            tuple(found["hosts"].split(",")),
            datetime.fromisoformat(found["not-after"]),
            found["authority"],
        )
    except (KeyError, ValueError):
        return None


def _make_folder(home: Path) -> None:
    """Make the folder, for its owner only; one that exists keeps the mode it was given."""
    try:
        private_files.make_folder(home)
    except OSError as problem:
        raise OSError(
            f"cannot keep certificates in {home}: {problem.strerror}; choose another folder"
            " with --home, or do without HTTPS with --https-port off"
        ) from problem
