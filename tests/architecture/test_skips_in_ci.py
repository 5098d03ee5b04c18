"""A server that is missing in CI fails the run; on a developer's machine the test is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = {
    "in_a_test": "from tests.needs import need\ndef test_it():\n    need('a broker', None, how='apt-get install broker')\n",
    "at_import": "import pytest\npytest.skip('needs a broker', allow_module_level=True)\n",
    "by_marker": "import pytest\n@pytest.mark.skip(reason='needs a broker')\ndef test_it(): pass\n",
}


def _run(folder: Path, body: str, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    (folder / "test_it.py").write_text(body)
    options = ["-p", "no:cacheprovider", "-rs", f"--rootdir={folder}"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)],
        cwd=folder,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("place", TESTS)
def test_a_skip_is_a_failure_in_ci(tmp_path: Path, place: str) -> None:
    done = _run(tmp_path, TESTS[place], CI="true")
    assert done.returncode != 0
    assert "needs a broker" in done.stdout


@pytest.mark.parametrize("place", TESTS)
def test_a_skip_is_a_skip_elsewhere(tmp_path: Path, place: str) -> None:
    done = _run(tmp_path, TESTS[place])
    assert "1 skipped" in done.stdout
    assert "needs a broker" in done.stdout
