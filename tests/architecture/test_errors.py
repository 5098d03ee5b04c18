"""Every error tells a program its code, a shell its exit code and an HTTP client its status."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from engine import errors
from engine.errors import EngineError

FAULTS = {errors.Invalid, errors.Refused, errors.Stale, errors.Unavailable}


def _leaves(error: type[EngineError] = EngineError) -> Iterator[type[EngineError]]:
    below = [child for child in error.__subclasses__() if child.__module__ == errors.__name__]
    if below:
        for child in below:
            yield from _leaves(child)
    else:
        yield error


@pytest.mark.parametrize("error", [*_leaves()], ids=lambda error: error.__name__)
def test_an_error_is_complete(error: type[EngineError]) -> None:
    assert "code" in vars(error), "each leaf has a code of its own"
    assert error.exit_code in (1, 2, 3)
    assert 400 <= error.http_status <= 599
    assert FAULTS & set(inspect.getmro(error)), "it is clear who has to act"


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in _leaves()]
    assert len(codes) == len(set(codes))


def test_only_the_leaves_have_a_code() -> None:
    assert [fault.__name__ for fault in FAULTS | {EngineError} if "code" in vars(fault)] == []
