"""Worlds that a server begins with, and those that are tried without one.

What reads documents is imported when there is one: a start need not wait for it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from ..domain.errors import Refused
from ..engine import clock
from ..engine.rules import Rules
from ..engine.worker import Engine
from ..store.resource_tables import resource_groups

if TYPE_CHECKING:
    from ..arm.inner_calls import InnerCalls

_log = logging.getLogger("rsvault.worlds")


async def seed_new(engine: Engine, inner: InnerCalls, file: Path) -> None:
    """Seed a world that holds nothing yet; one that was kept goes on as it is.

    Raises ``ValueError`` for what is wrong in the file, and ``OSError`` if it cannot be read.
    """
    from . import seeding

    with engine.database.reading() as connection:
        is_new = connection.execute(select(resource_groups.c.folded).limit(1)).first() is None
        present = clock.read(connection).now(clock.real_now())
    if not is_new:
        _log.info("the database holds a world already: --world %s is left alone", file)
        return
    try:
        text = text_of(file.read_bytes())
        seed = seeding.Seed(text, inner, engine.rules, present)
        await seed.apply(engine)
    except Refused as refusal:
        raise ValueError(f"--world {file}: {refusal.message}") from None
    _log.info("seeded %s in %d steps", file, len(seed.steps))


def check(content: bytes, inner: InnerCalls, subscription: str | None) -> int:
    """Return how many requests a document comes to. Raises ``Refused``."""
    from . import seeding

    seed = seeding.Seed(text_of(content), inner, Rules(), clock.real_now(), subscription)
    seed.live(history=False).close()
    return len(seed.steps)


def text_of(content: bytes) -> str:
    """Return the text of a file. Raises ``Refused``."""
    from . import reading

    return reading.decoded(content)
