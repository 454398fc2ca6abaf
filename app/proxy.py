"""A proxy that takes tools with Azure's addresses built in to an rsvault on this machine.

It tunnels two host names of Azure to the server's HTTPS port, whose certificate then names them
too, and lets nothing else through (docs/decisions/0057). TLS is between the tool and the server.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

AZURE_HOSTS = ("management.azure.com", "login.microsoftonline.com")
"""Where ARM and the logins of the public cloud live."""

_HEAD_BYTES = 16 * 1024
_HEAD_SECONDS = 10
_CHUNK = 64 * 1024
_OTHER_NAMES = 62
"""OpenSSL's number for a certificate that is made out to other names."""


class Refused(Exception):
    """What a client asked for does not go through."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


async def trouble_with(target: tuple[str, int], ca_file: Path, seconds: float) -> str | None:
    """Return why a server cannot stand in for Azure, or ``None`` once it can.

    A server takes up a certificate that was made anew within a second or so.
    """
    context = ssl.create_default_context(cafile=ca_file)
    last = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            _, writer = await asyncio.open_connection(
                *target, ssl=context, server_hostname=AZURE_HOSTS[0]
            )
        except ssl.SSLError as problem:
            is_old = getattr(problem, "verify_code", None) == _OTHER_NAMES
            if is_old and asyncio.get_running_loop().time() < last:
                await asyncio.sleep(0.1)
                continue
            return f"its certificate does not fit ({problem}): give both commands the same --home"
        except OSError as problem:
            return f"no server answers there yet ({problem})"
        writer.close()
        return None


async def serve(
    host: str, port: int, target: tuple[str, int], ready: Callable[[int], None]
) -> None:
    """Listen until cancelled; ``ready`` is given the port. Raises ``OSError`` if it is taken."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _answer(reader, writer, target)
        except OSError:
            pass  # either side went away
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(one, host, port, limit=_HEAD_BYTES)
    async with server:
        ready(server.sockets[0].getsockname()[1])
        await server.serve_forever()


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: tuple[str, int]
) -> None:
    try:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        _check(head)
        server = await _connect(target)
    except Refused as refused:
        writer.write(_refusal(refused.status, str(refused)))
        await writer.drain()
        return
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()
    await _tunnel((reader, writer), server)


def _check(head: bytes) -> None:
    """Refuse everything but a tunnel to one of Azure's hosts. Raises ``Refused``."""
    method, _, rest = head.decode("latin-1").partition(" ")
    place = rest.partition(" ")[0]
    if method != "CONNECT":
        raise Refused("405 Method Not Allowed", "this proxy opens tunnels for HTTPS, nothing else")
    name, _, port = place.rpartition(":")
    if name.lower().rstrip(".") not in AZURE_HOSTS or port != "443":
        allowed = " and ".join(f"{host}:443" for host in AZURE_HOSTS)
        raise Refused("403 Forbidden", f"{place} does not go through; only {allowed} do")


async def _connect(
    target: tuple[str, int],
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        return await asyncio.open_connection(*target)
    except OSError as problem:
        where = "{}:{}".format(*target)
        raise Refused(
            "502 Bad Gateway", f"no rsvault answers at {where} ({problem}): start it with HTTPS"
        ) from problem


def _refusal(status: str, why: str) -> bytes:
    body = f"rsvault proxy: {why}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _tunnel(
    client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Carry bytes both ways until both sides have said that they are done."""
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_carry(client[0], server[1]))
            both.create_task(_carry(server[0], client[1]))
    except* OSError:
        pass  # one side was cut off: so is the other
    finally:
        server[1].close()
        with suppress(OSError):
            await server[1].wait_closed()


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(_CHUNK):
        sink.write(chunk)
        await sink.drain()
    if sink.can_write_eof():
        sink.write_eof()
