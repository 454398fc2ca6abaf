"""Virtual hard disks made of zeros: any part of one is what a whole one has there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.domain.vhd import FOOTER_BYTES, GIBIBYTE, PIECE_BYTES, Vhd

DISK = Vhd(1, "00112233445566778899aabbccddeeff", 1_767_225_600_000_000)
HEAD, FOOTER = (content for _, content in DISK.parts())


def expected(start: int, end: int) -> bytes:
    whole_head = HEAD.ljust(PIECE_BYTES, b"\0")
    if end <= PIECE_BYTES:
        return whole_head[start:end]
    tail = bytes(PIECE_BYTES) + FOOTER
    first = DISK.length - len(tail)
    return tail[start - first : end - first]


@given(st.data())
def test_any_part_of_a_disk_is_what_the_whole_one_has_there(data: st.DataObject) -> None:
    at_the_end = data.draw(st.booleans())
    first = DISK.length - PIECE_BYTES - FOOTER_BYTES if at_the_end else 0
    last = DISK.length if at_the_end else PIECE_BYTES
    start = data.draw(st.integers(first, last))
    end = data.draw(st.integers(start, last))
    assert b"".join(DISK.pieces(start, end)) == expected(start, end)


def test_a_disk_is_made_in_pieces_of_bounded_size() -> None:
    sizes = [len(piece) for piece in DISK.pieces(0, DISK.length)]
    assert sum(sizes) == DISK.length == GIBIBYTE + FOOTER_BYTES
    assert max(sizes) == PIECE_BYTES


def test_disks_with_other_contents_have_other_bytes() -> None:
    other = Vhd(1, "ff" * 16, DISK.taken_at)
    for mine, theirs in zip(DISK.parts(), other.parts(), strict=True):
        assert mine[0] == theirs[0]
        assert mine[1] != theirs[1]
