"""A world's document as steps: what a client would send, and when, to have such a world."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ..domain.documents import Document


class Rank(IntEnum):
    """What comes first of the steps of one instant."""

    GROUP = 0
    RESOURCE = 1
    SETTING = 2
    POLICY = 3
    CONTAINER = 4
    INQUIRY = 5
    ITEM = 6
    BACKUP = 7
    STATE = 8
    LAST = 9


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    ``place`` is where the document asks for it, ``creates`` whether the path is of something
    that must not be there yet.
    """

    at: int
    rank: Rank
    place: str
    method: str
    path: str
    body: Document | None = None
    creates: bool = False
