"""Who acts, and what they may. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "admin")
"""viewer reads; operator refunds, mends and sends events; admin deploys machines, edits rules and users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who was recognised: `name` goes into histories and the audit log.

    `how`: session (a person in a browser), key (a program), open (nobody asked: a loopback daemon without access).
    """

    name: str
    role: Role
    how: Literal["session", "key", "open"]

    def may(self, role: Role) -> bool:
        """Whether what asks for `role` is allowed."""
        return ROLES.index(self.role) >= ROLES.index(role)
