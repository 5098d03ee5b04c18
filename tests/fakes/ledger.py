"""A receiver that keeps a ledger: what came under which idempotency key, and what effect it had."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import Json


class Ledger:
    """One effect a key; a repeat is recognised, a repeat with another body is a broken promise."""

    def __init__(self) -> None:
        self._bodies: dict[str, list[Json]] = {}

    def take(self, key: str, body: Json) -> bool:
        """Record a request; True if it is the first under its key, which has the effect."""
        seen = self._bodies.setdefault(key, [])
        seen.append(body)
        return len(seen) == 1

    @property
    def effects(self) -> int:
        return len(self._bodies)

    @property
    def repeats(self) -> int:
        return sum(len(bodies) - 1 for bodies in self._bodies.values())

    @property
    def keys(self) -> list[str]:
        return list(self._bodies)

    def first(self, key: str) -> Json:
        return self._bodies[key][0]

    def contradictions(self) -> Iterator[str]:
        """Keys under which different bodies came."""
        for key, bodies in self._bodies.items():
            if any(body != bodies[0] for body in bodies):
                yield key
