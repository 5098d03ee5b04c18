"""What a test says when it needs something that may not be on this machine.

Here the test is skipped, with a sentence about how to get the thing. With CI set it fails
(tests/conftest.py sees to that for every skip), so nothing goes untested without a word.
"""

from __future__ import annotations

import os

import pytest


def need(what: str, found: object, *, how: str) -> None:
    """Go on if `found` is true, else skip the test and say how to get `what`."""
    if not found:
        pytest.skip(f"needs {what}: {how}")


def in_ci() -> bool:
    """True when CI is set to anything but an empty string, 0 or false."""
    return _asked_for("CI")


def is_full() -> bool:
    """True when SAGALOOM_FULL asks for the long runs of the fault tests, which are short otherwise."""
    return _asked_for("SAGALOOM_FULL")


def _asked_for(name: str) -> bool:
    return os.environ.get(name, "").lower() not in ("", "0", "false")
