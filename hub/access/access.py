"""Who may come in, as one part of the daemon: users, sessions, keys, the audit log and the rules of the house.

`open_access` puts it together over the records of the store; the web layer asks it.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.ports import Clock, Ids
from engine.records import Records
from hub.access.keys import ApiKeys
from hub.access.passwords import Passwords
from hub.access.sessions import Sessions
from hub.access.throttle import Throttle
from hub.access.users import Users
from hub.audit import Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the configuration says.

    Attributes:
        asks: The API is for those who are known; else whoever reaches it may do everything. Pages always ask.
        secure: Cookies go over https only.
        behind_proxy: The caller's address is the last one of X-Forwarded-For.
    """

    asks: bool = False
    secure: bool = False
    behind_proxy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One for the life of the daemon."""

    users: Users
    sessions: Sessions
    keys: ApiKeys
    audit: Audit
    throttle: Throttle
    house: House


def open_access(
    records: Records,
    clock: Clock,
    ids: Ids,
    house: House = House(),
    passwords: Passwords | None = None,
) -> Access:
    """Over these records; nothing is read or written yet."""
    passwords = passwords or Passwords()
    users = Users(records, clock, passwords)
    return Access(
        users=users,
        sessions=Sessions(records, clock, users),
        keys=ApiKeys(records, clock, ids, passwords),
        audit=Audit(records, clock, ids),
        throttle=Throttle(clock),
        house=house,
    )
