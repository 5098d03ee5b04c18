"""Secrets to hashes and back to a yes or no. The only home of Argon2; works in threads, two at a time."""

from __future__ import annotations

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
"""Characters of a password; length is what counts (NIST SP 800-63B)."""

LONGEST = 256

MEMORY, PASSES = 65_536, 3
"""RFC 9106, low-memory profile: KiB, and how often they are gone over."""

_AT_ONCE = 2
"""A hash takes 64 MiB and 50 ms of a core: a rush of logins may not take the machine."""

_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$B4tT+Z+jkVgE+bCu3P92KA$BJs5a7im7kpIQbU81StQyceuZpEdwt/3RV/5YMUmJ20"


class Passwords:
    """One for the life of the daemon. Hashes that were made with another memory and other passes are read too."""

    def __init__(self, *, memory: int = MEMORY, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(memory_cost=memory, time_cost=passes)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def hashed(self, secret: str) -> str:
        """A salted Argon2id hash, with its parameters."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, secret)

    async def fits(self, secret: str, hashed: str | None) -> bool:
        """Whether the secret is the hash's; None takes as long and is never right."""
        async with self._slots:
            return await asyncio.to_thread(self._fits, secret, hashed or _NOBODY) and hashed is not None

    def _fits(self, secret: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(hashed, secret)
        except (VerificationError, InvalidHashError):
            return False


def new_secret() -> str:
    """256 bits from the kernel, as text."""
    return secrets.token_urlsafe(32)


def problem(password: str) -> str | None:
    """Why this is no password to take; None if it is."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    return f"a password has at most {LONGEST} characters" if len(password) > LONGEST else None
