"""Ids, keys and words from outside, made fit for where they go."""

from __future__ import annotations

import pytest

from providers.harmless import header_key, plain_id, shown


@pytest.mark.parametrize("good", ["a", "sg-1_2.3", "2ee5f6c7-f85d-45b7-8f1b-2a570a7002eb", "x" * 128])
def test_a_plain_id_stays(good: str) -> None:
    assert plain_id(good) == good


@pytest.mark.parametrize(
    "bad", ["", ".", "..", "a/b", "a b", "a?b", "a%2F", "é", "a\n", "x" * 129, 7, None, ["a"]]
)
def test_what_is_no_plain_id_is_none(bad: object) -> None:
    assert plain_id(bad) == ""


def test_words_are_short_and_harmless() -> None:
    assert shown("Not enough balance") == "Not enough balance"
    assert shown("<b>card</b>\n4111111111111111 refused") == "b card /b … refused"
    assert shown("4111 1111 1111 1111") == "…"
    assert len(shown("words " * 1000)) <= 200
    assert shown(None) == ""


def test_a_short_key_stays_and_any_other_is_hashed() -> None:
    assert header_key("saga-1.1.0") == "saga-1.1.0"
    for odd in ("k" * 65, "ü", "a\r\nX-Other: 1"):
        assert header_key(odd) == header_key(odd)
        assert len(header_key(odd)) == 64
        assert header_key(odd).isalnum()
