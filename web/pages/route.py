"""What a page's route is. Pages are for people: they are not in the OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.access.roles import Role
from web.pages.faults import Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRoute:
    """A page, a fragment of one, or what its form is sent to.

    Attributes:
        role: Who may: this role or a later one; None: everybody (checkout, login).
    """

    path: str
    handler: Handler
    method: Literal["GET", "POST"] = "GET"
    role: Role | None
