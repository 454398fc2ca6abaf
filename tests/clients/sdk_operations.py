"""What Microsoft's SDKs of Recovery Services can ask for, read from their own code.

Every request that an SDK can send is built by a function of its own; which method of which
operation class calls it, its verb and its URL are all in its source.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from app.arm.calls import Endpoint
from app.main import endpoints

_METHOD = re.compile(r'HttpRequest\(\s*method="([A-Z]+)"')
_URL = re.compile(r'"(/[^"]+)"')
_BUILT = re.compile(r"\b(build_\w+_request)\(")
_BUILDER = re.compile(r"build_\w+_request")
_ATTRIBUTE = re.compile(r"self\.(\w+) = (\w+Operations|Operations)\(")
_NAME = re.compile(r"\{[^}]+\}")


@dataclass(frozen=True)
class Sdk:
    """An SDK: its distribution, its package, and what it calls itself in ``User-Agent``."""

    distribution: str
    package: str
    moniker: str


def _sdk(distribution: str, package: str) -> Sdk:
    version = importlib.import_module(f"{package}._version").VERSION
    return Sdk(f"{distribution} {version}", package, f"{distribution[6:]}/{version}")


SDKS = (
    _sdk("azure-mgmt-recoveryservices", "azure.mgmt.recoveryservices"),
    _sdk("azure-mgmt-recoveryservicesbackup", "azure.mgmt.recoveryservicesbackup"),
    _sdk(
        "azure-mgmt-recoveryservicesbackup-passivestamp",
        "azure.mgmt.recoveryservicesbackup.passivestamp",
    ),
)


@dataclass(frozen=True)
class SdkOperation:
    """An operation of an SDK; ``call`` is what a program writes after the client's name."""

    sdk: Sdk
    operation_id: str
    call: str
    method: str
    template: str
    is_served: bool

    @property
    def key(self) -> str:
        """What tells it from every other operation of all SDKs."""
        return f"{self.sdk.moniker} {self.call}"

    @property
    def shows_state(self) -> bool:
        """Whether it reads something that is not just how another operation stands."""
        return self.method == "GET" and not self.template.endswith("{operationId}")

    def is_asked_by(self, path: str) -> bool:
        """Tell whether a request's path is one of this operation's."""
        return _pattern(self.template).fullmatch(path) is not None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("[^/]+".join(map(re.escape, _NAME.split(template))), re.IGNORECASE)


@cache
def operations_of(sdk: Sdk) -> tuple[SdkOperation, ...]:
    """Return all operations of an SDK, by their ids."""
    found = [
        operation
        for module in _modules(sdk)
        for each in vars(module).values()
        if inspect.isclass(each) and each.__module__ == module.__name__
        for operation in _of_class(sdk, module, each)
    ]
    return tuple(sorted(found, key=lambda each: (each.operation_id.lower(), each.call)))


def builders_of(sdk: Sdk) -> int:
    """Return how many requests an SDK can build."""
    return sum(bool(_BUILDER.fullmatch(name)) for each in _modules(sdk) for name in vars(each))


def _modules(sdk: Sdk) -> Iterator[ModuleType]:
    package = importlib.import_module(f"{sdk.package}.operations")
    for each in pkgutil.iter_modules(package.__path__):
        if each.name != "_patch":
            yield importlib.import_module(f"{package.__name__}.{each.name}")


def _of_class(sdk: Sdk, module: ModuleType, owner: type[Any]) -> Iterator[SdkOperation]:
    for name, function in vars(owner).items():
        if not inspect.isfunction(function):
            continue
        built = _BUILT.search(inspect.getsource(function))
        if built is not None:
            yield _operation(sdk, owner, name, inspect.getsource(getattr(module, built[1])))


def _operation(sdk: Sdk, owner: type[Any], name: str, builder: str) -> SdkOperation:
    method, url = _METHOD.search(builder), _URL.search(builder)
    assert method is not None, builder
    assert url is not None, builder
    group = owner.__name__.removesuffix("Operations") or owner.__name__
    public = f"begin{name.removesuffix('_initial')}" if name.endswith("_initial") else name
    on_client = owner.__name__.endswith("Mixin")
    served = _served().get((method[1], _bare(url[1])))
    if served is None:
        prefix = "" if on_client else f"{group}_"
        operation_id = prefix + _pascal(public.removeprefix("begin_"))
    else:
        operation_id = served.operation_id
    call = public if on_client else f"{_attributes(sdk)[owner.__name__]}.{public}"
    return SdkOperation(sdk, operation_id, call, method[1], url[1], served is not None)


@cache
def _served() -> dict[tuple[str, str], Endpoint]:
    """Return what the service has, by verb and URL without names.

    A list with a slash at its end is another one, that of the secondary region.
    """
    return {(each.method, _bare(each.template)): each for each in endpoints()}


def _bare(template: str) -> str:
    return _NAME.sub("{}", template).lower()


def _pascal(name: str) -> str:
    return "".join(part.title() for part in name.split("_"))


@cache
def _attributes(sdk: Sdk) -> dict[str, str]:
    """Return under which name a client has each class of operations."""
    package = vars(importlib.import_module(sdk.package))
    client = next(each for name, each in package.items() if name.endswith("Client"))
    return {owner: name for name, owner in _ATTRIBUTE.findall(inspect.getsource(client))}
