"""docs/pytest.md: what it says to run is run, with rsvault from a wheel."""

from __future__ import annotations

import re
from pathlib import Path

from tests.plugin.conftest import PROJECT, run_in

PAGE = (PROJECT / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?<!-->\n)^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
"""Those that have no ``<!-- not run: ... -->`` above them."""
(ESTATE,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
UNITTEST = "class Groups(unittest.TestCase)"


def test_the_tests_and_the_script_of_the_page_run(installed: Path, tmp_path: Path) -> None:
    tests = [block for block in BLOCKS if "def test_" in block]
    (script,) = [block for block in BLOCKS if block not in tests]
    files = {f"test_{number}.py": block for number, block in enumerate(tests)}
    files |= {"script.py": script, "estate.yaml": ESTATE}
    words = [str(installed), "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = run_in(tmp_path, files, words, {})
    in_two = 1  # the one with parameters
    number = sum(each.count("def test_") for each in tests) + in_two
    assert f"{number} passed" in done.stdout, done.stdout
    done = run_in(tmp_path, {}, [str(installed), "-W", "error", "script.py"], {})
    assert done.stdout == "2026-01-31\n", done.stdout + done.stderr
    (case,) = (name for name, text in files.items() if UNITTEST in text)
    done = run_in(tmp_path, {}, [str(installed), "-W", "error", "-m", "unittest", case], {})
    assert done.stderr.endswith("OK\n"), done.stdout + done.stderr
