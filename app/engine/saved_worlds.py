"""Worlds that are saved and restored: all rows and the clock, or the rows of one subscription.

A world in memory is saved and restored by SQLite's own copy of all its pages; what is saved of it
is in memory too, and ends with the process. Of others the rows are kept in their database.

A subscription that is restored comes into the present: the clock is everybody's and goes on, so
what was saved first lives through the time that has passed since, in a world of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from ..domain.errors import Kind, Refused, conflict, not_found
from ..domain.instants import wire
from ..store import images
from ..store.images import Image, Side
from ..store.schema import HEAD
from ..store.tables import world
from ..store.world_tables import saved_worlds
from . import armed_faults, clock, events
from .worker import Engine

LARGEST = 900_000_000
"""Bytes of a saved world, below what a row of either database holds."""

_SHOWN = (
    saved_worlds.c.name,
    saved_worlds.c.subscription,
    saved_worlds.c.saved_at,
    saved_worlds.c.head,
)


@dataclass(frozen=True, slots=True)
class SavedWorld:
    """What is known of a saved world without looking into it.

    ``saved_at`` is the instant of its clock, ``head`` the schema of its rows.
    """

    name: str
    subscription: str | None
    saved_at: int
    head: str = HEAD


class SavedWorlds:
    """The worlds that were saved of one world; ``Refused`` says what is wrong with a name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._database = engine.database
        self._in_memory: dict[str, tuple[SavedWorld, Image]] = self._database.images

    # --- what there is -----------------------------------------------------------------

    def list(self) -> list[SavedWorld]:
        """Return the saved worlds, by name."""
        if self._database.is_memory:
            return [saved for _, (saved, _) in sorted(self._in_memory.items())]
        with self._database.reading() as connection:
            rows = connection.execute(select(*_SHOWN).order_by(saved_worlds.c.folded)).all()
        return [SavedWorld(*row) for row in rows]

    def get(self, name: str) -> SavedWorld:
        """Return a saved world. Raises ``Refused`` if there is none of that name."""
        found = {each.name.lower(): each for each in self.list()}
        if name.lower() not in found:
            there = ", ".join(f"'{each.name}'" for each in found.values()) or "none"
            raise not_found(
                "WorldNotFound",
                f"There is no saved world '{name}'; saved are: {there}. PUT /_emulator/worlds/"
                f"{name} saves the present one.",
                target="name",
            )
        return found[name.lower()]

    def delete(self, name: str) -> bool:
        """Forget a saved world; tell whether there was one."""
        if self._database.is_memory:
            found = self._in_memory.pop(name.lower(), None)
            if found is not None:
                found[1].close()
            return found is not None
        named = saved_worlds.c.folded == name.lower()
        with self._database.writing() as connection:
            return connection.execute(delete(saved_worlds).where(named)).rowcount > 0

    # --- save ----------------------------------------------------------------------------

    def save(self, name: str, subscription: str | None) -> SavedWorld:
        """Save the present world, or one subscription of it, in place of one of that name."""
        if self._database.is_memory:
            with self._database.reading() as connection:
                saved = SavedWorld(name, subscription, _now(connection))
                if subscription is None:
                    image = images.copy_of(images.driver_of(connection))
                else:
                    image = images.take(connection, subscription)
            images.leave_untold(image)
            self.delete(name)
            self._in_memory[name.lower()] = (saved, image)
            return saved
        with self._database.writing() as connection:
            saved = SavedWorld(name, subscription, _now(connection))
            image = images.take(connection, subscription)
            images.leave_untold(image)
            content = image.serialize()
            image.close()
            _check_size(content)
            named = saved_worlds.c.folded == name.lower()
            connection.execute(delete(saved_worlds).where(named))
            connection.execute(
                insert(saved_worlds).values(
                    folded=name.lower(),
                    name=name,
                    subscription=subscription,
                    saved_at=saved.saved_at,
                    head=HEAD,
                    content=content,
                )
            )
        return saved

    # --- restore -------------------------------------------------------------------------

    async def restore(self, name: str, subscription: str | None) -> SavedWorld:
        """Put a saved world, or one subscription of it, in place of what is there now.

        Raises ``Refused`` if there is none, or if it does not hold what is asked for.
        """
        saved = self.get(name)
        _check_head(saved)
        wanted = _wanted(saved, subscription)
        image = self._kept(saved)
        try:
            if wanted is None:
                self._restore_all(saved, image)
            else:
                await self._restore_subscription(saved, image, wanted)
        finally:
            if not self._database.is_memory:
                image.close()
        self._engine.rearm()
        return saved

    def _kept(self, saved: SavedWorld) -> Image:
        if self._database.is_memory:
            return self._in_memory[saved.name.lower()][1]
        query = select(saved_worlds.c.content).where(saved_worlds.c.folded == saved.name.lower())
        with self._database.reading() as connection:
            return images.of_bytes(connection.execute(query).scalar_one())

    def _restore_all(self, saved: SavedWorld, image: Image) -> None:
        if self._database.is_memory:
            with self._database.reading() as connection:
                epoch = clock.read(connection).epoch + 1
                recording = events.recording(connection)
                driver = images.driver_of(connection)
            image.backup(driver)
            with self._database.writing() as connection:
                _go_on(connection, saved, epoch, recording)
            return
        inside = Side(image, "sqlite")
        with self._database.writing() as connection:
            epoch = clock.read(connection).epoch + 1
            recording = events.recording(connection)
            images.empty(connection)
            images.put(connection, inside)
            connection.execute(delete(world))
            images.side_of(connection).keep(world, inside.rows(world))
            _go_on(connection, saved, epoch, recording)

    async def _restore_subscription(
        self, saved: SavedWorld, image: Image, subscription: str
    ) -> None:
        with self._database.reading() as connection:
            present = _now(connection)
        _check_not_ahead(saved, present)
        if present <= _settled_at(image):
            with self._database.writing() as connection:
                self._replace(connection, Side(image, "sqlite"), subscription)
            return
        lived = images.opened(image)
        try:
            with lived.writing() as inside:
                clock.write(inside, clock.alone(clock.read(inside), saved.saved_at))
            engine = Engine(lived, self._engine.rules)
            await engine.advance(present)
            with self._database.writing() as connection:
                now = self._engine.enter(connection, writes=True).now
                _check_not_ahead(saved, now)
                with lived.writing() as inside:
                    engine.live_until(inside, now)
                    self._replace(connection, images.side_of(inside), subscription)
        finally:
            lived.close()

    def _replace(self, connection: Connection, inside: Side, subscription: str) -> None:
        now = self._engine.enter(connection, writes=True).now
        armed_faults.disarm_all(connection, self._engine.rules, subscription, now)
        images.empty(connection, subscription)
        images.put(connection, inside, subscription)
        armed_faults.note_points(connection)
        events.take_up(connection, now, subscription)


def _go_on(
    connection: Connection, saved: SavedWorld, epoch: int, recording: events.Recording
) -> None:
    """Let a world that was restored go on from its instant; events are recorded as before."""
    state = clock.read(connection)
    clock.write(connection, clock.restored(state, saved.saved_at, epoch))
    events.begin_again(connection, recording)
    events.take_up(connection, saved.saved_at, None)


def _settled_at(image: Image) -> int:
    found: int = image.execute(f"SELECT settled_at FROM {world.name}").fetchone()[0]
    return found


def _check_not_ahead(saved: SavedWorld, present: int) -> None:
    if present < saved.saved_at:
        raise conflict(
            "WorldIsAhead",
            f"'{saved.name}' was saved at {wire(saved.saved_at)} and the clock, which all "
            f"subscriptions share, is at {wire(present)}: move it there first, or restore a "
            "whole world.",
            target="name",
        )


def _now(connection: Connection) -> int:
    return clock.read(connection).now(clock.real_now())


def _wanted(saved: SavedWorld, subscription: str | None) -> str | None:
    """Return the subscription to restore, ``None`` for all. Raises ``Refused``."""
    if saved.subscription is None or subscription in (None, saved.subscription):
        return subscription or saved.subscription
    raise conflict(
        "WorldIsOfAnotherSubscription",
        f"'{saved.name}' holds the subscription '{saved.subscription}', not '{subscription}'.",
        target="subscription",
    )


def _check_head(saved: SavedWorld) -> None:
    if saved.head != HEAD:
        raise conflict(
            "WorldIsOfAnotherVersion",
            f"'{saved.name}' was saved by an rsvault of schema {saved.head}; this one has {HEAD}. "
            "Save it anew, or seed an export of it ('rsvault world export').",
            target="name",
        )


def _check_size(content: bytes) -> None:
    if len(content) > LARGEST:
        raise Refused(
            Kind.TOO_LARGE,
            "WorldTooLarge",
            f"The world has {len(content)} bytes; at most {LARGEST} can be saved.",
        )
