"""Virtual hard disks of fixed size, as bytes that nobody keeps: zeros, but for head and footer.

The footer is that of the VHD format (Microsoft's "Virtual Hard Disk Image Format
Specification"); the head tells the fingerprint of the content, so that equal contents have equal
bytes and others differ.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GIBIBYTE = 1 << 30
FOOTER_BYTES = 512
PAGE_BYTES = 512
PIECE_BYTES = 1 << 20
"""How much of a disk is made at a time."""
_EPOCH_2000 = 946_684_800
_FIXED = 2


@dataclass(frozen=True, slots=True)
class Vhd:
    """A disk of a whole number of GiB; ``fingerprint`` is 32 hex digits, ``taken_at`` is in µs."""

    gigabytes: int
    fingerprint: str
    taken_at: int

    @property
    def disk_bytes(self) -> int:
        """The size of the disk, without the footer."""
        return self.gigabytes * GIBIBYTE

    @property
    def length(self) -> int:
        """The size of the file, in bytes."""
        return self.disk_bytes + FOOTER_BYTES

    def parts(self) -> list[tuple[int, bytes]]:
        """Return what is not zero: offsets, and the bytes there."""
        head = f"rsvault disk image\ncontentFingerprint: {self.fingerprint}\n".encode()
        return [(0, head.ljust(PAGE_BYTES, b"\0")), (self.disk_bytes, _footer(self))]

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from one offset up to another, in pieces of bounded size."""
        zeros = bytes(PIECE_BYTES)
        parts = self.parts()
        while start < end:
            stop = min(start + PIECE_BYTES, end)
            touched = [part for part in parts if part[0] < stop and start < part[0] + len(part[1])]
            yield _piece(start, stop, touched) if touched else zeros[: stop - start]
            start = stop

    def document(self) -> dict[str, Any]:
        """Return the disk as a document."""
        return {
            "gigabytes": self.gigabytes,
            "fingerprint": self.fingerprint,
            "taken_at": self.taken_at,
        }


def _piece(start: int, stop: int, parts: list[tuple[int, bytes]]) -> bytes:
    piece = bytearray(stop - start)
    for offset, content in parts:
        first, last = max(offset, start), min(offset + len(content), stop)
        piece[first - start : last - start] = content[first - offset : last - offset]
    return bytes(piece)


def _footer(disk: Vhd) -> bytes:
    cylinders, heads, sectors = _geometry(disk.disk_bytes // 512)
    fields = (
        b"conectix",
        2,  # features: reserved, always set
        0x0001_0000,
        0xFFFF_FFFF_FFFF_FFFF,  # a fixed disk has no further header
        (disk.taken_at // 1_000_000 - _EPOCH_2000) & 0xFFFF_FFFF,
        b"rsvt",
        0x0001_0000,
        b"Wi2k",
        disk.disk_bytes,
        disk.disk_bytes,
        cylinders,
        heads,
        sectors,
        _FIXED,
    )
    unique = bytes.fromhex(disk.fingerprint)
    layout = ">8sIIQI4sI4sQQHBBI"
    without = struct.pack(layout, *fields) + bytes(4) + unique
    checksum = ~sum(without) & 0xFFFF_FFFF
    footer = struct.pack(layout, *fields) + struct.pack(">I", checksum) + unique
    return footer.ljust(FOOTER_BYTES, b"\0")


def _geometry(sectors: int) -> tuple[int, int, int]:
    """Return cylinders, heads and sectors per track as the specification has them from 1 GiB on."""
    sectors = min(sectors, 65_535 * 16 * 255)
    per_track = 255 if sectors >= 65_535 * 16 * 63 else 63
    return sectors // per_track // 16, 16, per_track
