"""The pytest plugin: the fixture ``recovery_vault``, a Recovery Services vault for each test.

    def test_a_vault_is_born_with_policies(recovery_vault):
        recovery_vault.clients.resources.resource_groups.create_or_update(
            "web", {"location": "westeurope"}
        )

A run that uses no fixture of it imports nothing but this file. docs/pytest.md is its guide.
"""

from __future__ import annotations

import shlex
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .testing import RecoveryVault

_MARKER = (
    "recovery_vault(**options): what this test's recovery_vault goes by: options of 'rsvault serve'"
    " in Python's names, such as seed=7, start_time='2030-01-01T00:00:00Z' or world='estate.yaml'"
)
_KEPT = 4
"""Servers of different options that run at a time: of more, the one unused longest is stopped."""

Factory = Callable[..., "RecoveryVault"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that hold for all tests of a run."""
    text = "options of 'rsvault serve' that every recovery_vault goes by, such as '--seed 7'"
    group = parser.getgroup("recovery-vault", "an Azure Recovery Services vault to test with")
    group.addoption("--recovery-vault", action="append", default=[], metavar="OPTIONS", help=text)
    parser.addini("recovery_vault", text, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture(scope="session")
def recovery_vault_factory(pytestconfig: pytest.Config) -> Factory:
    """Make a vault of a wider scope: a function that returns one to be used in a ``with`` block.

    It takes options as the marker does, has a server of its own, and is emptied by its user alone::

        @pytest.fixture(scope="module")
        def estate(recovery_vault_factory):
            with recovery_vault_factory(seed=7) as vault:
                yield vault
    """
    typed = [
        word for text in pytestconfig.getoption("recovery_vault") for word in shlex.split(text)
    ]
    words = (*pytestconfig.getini("recovery_vault"), *typed)

    def make(**options: Any) -> RecoveryVault:
        from .testing import RecoveryVault

        return RecoveryVault(*words, **options)

    return make


@pytest.fixture
def recovery_vault(
    request: pytest.FixtureRequest, _recovery_vaults: _Vaults
) -> Iterator[RecoveryVault]:
    """A Recovery Services vault with a world that begins, a clock that stands, ready clients."""
    options = _options(request.node)
    with _told():
        vault = _recovery_vaults.begun(options)
    yield vault
    with _told():
        vault.check()


@pytest.fixture(scope="session")
def _recovery_vaults(recovery_vault_factory: Factory) -> Iterator[_Vaults]:
    """The servers of this run, or of this worker of it."""
    with closing(_Vaults(recovery_vault_factory)) as vaults:
        yield vaults


class _Vaults:
    """Servers by their options: tests that ask for the same have one, one after the other.

    A start takes some 50 ms and a reset a few, so nobody has a server to itself.
    """

    def __init__(self, make: Factory) -> None:
        self._make = make
        self._kept: OrderedDict[str, RecoveryVault] = OrderedDict()

    def begun(self, options: dict[str, Any]) -> RecoveryVault:
        """Return a vault whose world has just begun; one that is unwell is not asked again."""
        name = repr(sorted(options.items()))
        vault = self._kept.pop(name, None)
        if vault is None:
            while len(self._kept) >= _KEPT:
                self._kept.popitem(last=False)[1].close()
            vault = self._make(**options).start()
        try:
            vault.reset()
        except BaseException:
            vault.close()
            raise
        self._kept[name] = vault
        return vault

    def close(self) -> None:
        """Stop all of them."""
        with ExitStack() as house:
            for vault in self._kept.values():
                house.callback(vault.close)
            self._kept.clear()


def _options(item: pytest.Item) -> dict[str, Any]:
    """Return what the markers of a test ask for; the nearest one has the last word."""
    asked: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("recovery_vault"))):
        if marker.args:
            pytest.fail(
                f"pytest.mark.recovery_vault takes options by name, such as seed=7: {marker.args}",
                pytrace=False,
            )
        asked |= marker.kwargs
    return asked


@contextmanager
def _told() -> Iterator[None]:
    """Let a test fail by one message where the options are wrong or the server is unwell."""
    from .testing import RecoveryVaultError

    try:
        yield
    except (ValueError, RecoveryVaultError) as problem:
        pytest.fail(f"recovery_vault: {problem}", pytrace=False)
