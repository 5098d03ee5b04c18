"""Reads the options of a provider from config.yaml. Names the provider and the option, never a value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from engine.errors import ConfigInvalid


class Options:
    """The options of one provider; secrets are resolved already."""

    def __init__(self, provider: str, given: Mapping[str, Any], known: Collection[str]) -> None:
        """Raises ConfigInvalid for an option that the provider does not know."""
        self._provider = provider
        self._given = given
        if unknown := sorted(set(given) - set(known)):
            raise self.wrong(f"unknown option {', '.join(unknown)}; known are {', '.join(sorted(known))}")

    def wrong(self, what: str) -> ConfigInvalid:
        return ConfigInvalid(f"provider {self._provider}: {what}")

    def text(self, name: str, default: str | None = None) -> str:
        """Raises ConfigInvalid if it is no text, or missing without a default."""
        value = self._given.get(name, default)
        if value is None:
            raise self.wrong(f"option {name} is missing")
        if not is_word(value):
            raise self.wrong(f"option {name} is not a text of printable characters")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self._given.get(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """One text or a list of them. Raises ConfigInvalid if it is neither, or empty."""
        value = self._given.get(name)
        several = [value] if isinstance(value, str) else value
        if not isinstance(several, list) or not several or not all(is_word(one) for one in several):
            raise self.wrong(f"option {name} is missing or not a text or a list of texts")
        return tuple(several)

    def table(self, name: str) -> dict[str, str]:
        """Texts by name, empty if it is not given. Raises ConfigInvalid if it is anything else."""
        value = self._given.get(name) or {}
        if not isinstance(value, Mapping) or not all(is_word(one) for one in value.values()):
            raise self.wrong(f"option {name} is not a table of texts")
        return {str(key): text for key, text in value.items()}

    def pem(self, name: str) -> bytes:
        """A text of several lines. Raises ConfigInvalid if it is missing or no text."""
        value = self._given.get(name)
        if not isinstance(value, str) or not value.isascii():
            raise self.wrong(f"option {name} is missing or not a text in PEM format")
        return value.encode()

    def url(self, name: str, default: str) -> str:
        """Without a slash at the end. Raises ConfigInvalid if it is no http or https address."""
        value = self.text(name, default)
        try:
            parts = urlsplit(value)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
        except ValueError:
            good = False
        if not good:
            raise self.wrong(f"option {name} is not an http or https address")
        return value.rstrip("/")


def is_word(value: object) -> TypeGuard[str]:
    """A text of printable characters without a line break: it can stand in a header."""
    return isinstance(value, str) and value != "" and value.isprintable()
