"""The rules of the house that no linter knows, read from the source itself."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ROOMS = ("app", "migrations", "tests")
SOURCES = sorted(
    path.relative_to(PROJECT).as_posix()
    for room in ROOMS
    for path in (PROJECT / room).rglob("*.py")
)
APP = [source for source in SOURCES if source.startswith("app/")]
TESTS = [source for source in SOURCES if source.startswith("tests/")]

LONGEST_FUNCTION = 60
LONGEST_FILE = 600
NAMELESS = {"base", "common", "core", "helper", "helpers", "manager", "misc", "service", "shared",
            "util", "utils"}  # fmt: skip
PUBLIC_ROOMS = (
    "app/domain/",
    "app/workloads/",
    "app/client.py",
    "app/control_client/",
    "app/pytest_plugin.py",
)

# One sentence each on why a file may look at the wall clock or measure real time.
WALL_CLOCK = {
    "app/engine/clock.py": "it is the one reader of the wall clock",
    "app/certificates.py": "TLS lives in real time",
}
CLOCK_CALLS = re.compile(
    r"\b(?:time\.(?:time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|gmtime"
    r"|localtime)|datetime\.(?:now|utcnow|today)|date\.today)\b"
)


@cache
def text(source: str) -> str:
    return (PROJECT / source).read_text(encoding="utf-8")


@cache
def tree(source: str) -> ast.Module:
    return ast.parse(text(source), source)


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count from ``def`` to the end, without the docstring: explaining is not sprawling."""
    first = function.body[0]
    told = ast.get_docstring(function, clean=False)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if told is not None else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_no_function_is_longer_than_a_screen() -> None:
    long = {f"{source}: {each.name}": length(each) for source in APP for each in functions(source)}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FUNCTION} == {}


def test_nine_functions_in_ten_fit_in_thirty_lines() -> None:
    lengths = sorted(length(each) for source in APP for each in functions(source))
    assert lengths[len(lengths) * 9 // 10] <= 30


def test_no_file_is_too_long_to_know() -> None:
    lines = {source: len(text(source).splitlines()) for source in SOURCES}
    assert {source: count for source, count in lines.items() if count > LONGEST_FILE} == {}


def test_every_file_says_what_it_is_for() -> None:
    assert [source for source in SOURCES if not says_what_it_is_for(source)] == []


def says_what_it_is_for(source: str) -> bool:
    lines = (ast.get_docstring(tree(source)) or "").splitlines()
    return len(lines) > 1 or (bool(lines) and lines[0].endswith((".", ":")))


def test_every_file_has_a_name_that_says_something() -> None:
    named = {source: {Path(source).stem, *Path(source).parent.parts} for source in SOURCES}
    assert {source: NAMELESS & names for source, names in named.items() if NAMELESS & names} == {}


def test_the_public_functions_of_public_rooms_are_explained() -> None:
    silent = [
        f"{source}: {each.name}"
        for source in APP
        if source.startswith(PUBLIC_ROOMS)
        for each in functions(source)
        if not each.name.startswith("_") and not ast.get_docstring(each) and is_public(source, each)
    ]
    assert silent == []


def is_public(source: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function stands in the module or in a public class of it."""
    for node in tree(source).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        private = isinstance(node, ast.ClassDef) and node.name.startswith("_")
        if not private and any(
            isinstance(each, type(function)) and each.lineno == function.lineno for each in inside
        ):
            return True
    return False


def test_imports_inside_the_package_are_relative() -> None:
    # The wheel calls the package `rsvault`, so `from app...` would find a stranger there.
    absolute = [
        f"{source}:{node.lineno}"
        for source in APP
        for node in ast.walk(tree(source))
        if (isinstance(node, ast.Import) and any(in_app(name.name) for name in node.names))
        or (isinstance(node, ast.ImportFrom) and not node.level and in_app(node.module or ""))
    ]
    assert absolute == []


def in_app(module: str) -> bool:
    return module.split(".")[0] in ("app", "rsvault")


def test_only_the_clock_reads_the_clock() -> None:
    """Ruff refuses the usual names; this also sees clocks that only measure, and aliases."""
    found = [
        f"{source}:{node.lineno}: {ast.unparse(node)}"
        for source in APP
        if source not in WALL_CLOCK
        for node in ast.walk(tree(source))
        if isinstance(node, ast.Attribute) and CLOCK_CALLS.search(ast.unparse(node))
    ]
    assert found == []


def test_a_package_by_itself_exports_nothing() -> None:
    packages = [source for source in APP if source.endswith("__init__.py")]
    assert [source for source in packages if len(tree(source).body) > 1] == []


def test_nothing_of_ours_is_patched_in_a_test() -> None:
    ours = re.compile(r"unittest\.mock|monkeypatch\.setattr\(\s*[\"']?app")
    others = [source for source in TESTS if source != "tests/house/test_tidy.py"]
    assert [source for source in others if ours.search(text(source))] == []


def test_patches_are_rare_among_the_tests() -> None:
    # Setting an environment variable is not a patch; replacing an attribute is.
    all_of_it = "\n".join(text(source) for source in TESTS)
    patches = len(re.findall(r"monkeypatch\.(?:setattr|setitem|delattr)\(", all_of_it))
    tests = len(re.findall(r"^(?:async )?def test_", all_of_it, re.MULTILINE))
    assert patches <= 3 * max(tests, 100) / 100


def test_no_test_waits_by_sleeping() -> None:
    sleepers = [
        source
        for source in TESTS
        if source != "tests/house/test_tidy.py" and re.search(r"\bsleep\((?!0\))", text(source))
    ]
    assert sleepers == []


def test_the_names_of_tests_are_sentences() -> None:
    words = {
        f"{source}::{each.name}": each.name.removeprefix("test_").split("_")
        for source in TESTS
        for each in functions(source)
        if each.name.startswith("test_")
    }
    assert [name for name, parts in words.items() if len(parts) < 3] == []


def test_every_dependency_has_a_floor() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
        assert ">=" in requirement, requirement
