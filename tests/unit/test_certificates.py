"""The certificate authority is made once; the server's certificate follows its names and age."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from app import certificates

# ssl names this flag from Python 3.13 on by default; older versions only know it on request.
STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN


def leaf(server_file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(server_file.read_bytes())[0]


def names(server_file: Path) -> set[str]:
    found = leaf(server_file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(address) for address in found.get_values_for_type(x509.IPAddress)}
    return addresses | set(found.get_values_for_type(x509.DNSName))


def rewrite_end(server_file: Path, end: datetime) -> None:
    text = server_file.read_text(encoding="utf-8")
    text = re.sub(r"not-after: \S+", f"not-after: {end.isoformat()}", text)
    server_file.write_text(text, encoding="utf-8")


def days_from_today(days: int) -> datetime:
    return certificates._now() + timedelta(days=days)


@contextmanager
def tls_server(server_file: Path) -> Iterator[int]:
    """Shake hands with one client and leave."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(timeout=10)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "vault.test"])
def test_a_strict_client_that_trusts_the_authority_accepts_the_server(
    tmp_path: Path, host: str
) -> None:
    made = certificates.ensure(tmp_path, ["vault.test"])
    trust = ssl.create_default_context(cafile=str(made.ca_file))
    trust.verify_flags |= STRICT
    with (
        tls_server(made.server_file) as port,
        socket.create_connection(("127.0.0.1", port)) as plain,
        trust.wrap_socket(plain, server_hostname=host) as secured,
    ):
        secured.send(b".")
        assert secured.version() == "TLSv1.3"


def test_a_client_that_does_not_know_the_authority_is_not_fooled(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path / "one")
    other = certificates.ensure(tmp_path / "other")
    trust = ssl.create_default_context(cafile=str(other.ca_file))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(incoming, outgoing, server_hostname="localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server_file)
    server = context.wrap_bio(outgoing, incoming, server_side=True)
    for side in (client, server):
        with pytest.raises(ssl.SSLWantReadError):
            side.do_handshake()
    with pytest.raises(ssl.SSLCertVerificationError):
        client.do_handshake()


def test_the_server_certificate_names_this_machine_and_what_was_asked_for(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path, ["Vault.test", "10.1.2.3"])
    assert names(made.server_file) == {
        "localhost",
        "127.0.0.1",
        str(ip_address("::1")),
        "vault.test",
        "10.1.2.3",
    }


def test_an_address_that_means_any_is_not_named(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path, ["0.0.0.0", "::"])
    assert names(made.server_file) == {"localhost", "127.0.0.1", "::1"}


def test_the_server_certificate_is_valid_for_no_more_than_397_days(tmp_path: Path) -> None:
    certificate = leaf(certificates.ensure(tmp_path).server_file)
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert lifetime <= timedelta(days=397)
    assert certificate.not_valid_before_utc < certificates._now()


def test_a_second_start_uses_the_same_files(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path, ["vault.test"])
    before = (made.ca_file.read_bytes(), made.server_file.read_bytes())
    assert certificates.ensure(tmp_path, ["vault.test"]) == made
    assert certificates.ensure_authority(tmp_path) == made.ca_file
    assert (made.ca_file.read_bytes(), made.server_file.read_bytes()) == before


def test_a_new_name_is_added_and_no_name_is_lost(tmp_path: Path) -> None:
    certificates.ensure(tmp_path, ["one.test"])
    made = certificates.ensure(tmp_path, ["two.test"])
    assert {"one.test", "two.test", "localhost"} <= names(made.server_file)


@pytest.mark.parametrize(("days", "renewed"), [(29, True), (31, False), (-1, True)])
def test_a_server_certificate_is_renewed_thirty_days_before_its_end(
    tmp_path: Path, days: int, renewed: bool
) -> None:
    made = certificates.ensure(tmp_path)
    rewrite_end(made.server_file, days_from_today(days))
    serial = leaf(made.server_file).serial_number
    certificates.ensure(tmp_path)
    assert (leaf(made.server_file).serial_number != serial) is renewed


def test_a_new_authority_signs_a_new_server_certificate(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path)
    serial = leaf(made.server_file).serial_number
    made.ca_file.unlink()
    certificates.ensure(tmp_path)
    assert leaf(made.server_file).serial_number != serial
    assert leaf(made.server_file).issuer == leaf(made.ca_file).subject


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"# rsvault hosts: a\n# rsvault x\n"])
def test_a_damaged_server_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "server.pem").write_bytes(content)
    made = certificates.ensure(tmp_path)
    assert names(made.server_file) >= {"localhost"}


def test_nobody_but_the_owner_can_read_the_files(tmp_path: Path) -> None:
    home = tmp_path / "home"
    certificates.ensure(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert modes == dict.fromkeys(("ca.pem", "ca-key.pem", "server.pem", ".lock"), 0o600)


def test_servers_that_start_at_once_end_with_one_authority_and_all_names(tmp_path: Path) -> None:
    hosts = [f"host-{number}.test" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda host: certificates.ensure(tmp_path, [host]), hosts))
    assert len(set(made)) == 1
    assert set(hosts) <= names(made[0].server_file)
    assert leaf(made[0].server_file).issuer == leaf(made[0].ca_file).subject


def test_a_name_that_no_certificate_can_hold_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="host name cannot stand in a certificate"):
        certificates.ensure(tmp_path, ["not valid"])


def test_a_home_that_cannot_be_a_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="choose another folder with --home"):
        certificates.ensure(tmp_path / "file" / "home")


def test_the_note_above_the_key_tells_when_the_certificate_ends(tmp_path: Path) -> None:
    made = certificates.ensure(tmp_path)
    text = made.server_file.read_text(encoding="utf-8")
    end = re.search(r"not-after: (\S+)", text)
    assert end is not None
    noted = datetime.fromisoformat(end[1]).astimezone(UTC).replace(microsecond=0)
    assert noted == leaf(made.server_file).not_valid_after_utc
