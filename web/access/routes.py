"""Routes of the login, of who may come in, and of the audit log: pages, and the same for programs."""

from __future__ import annotations

from web.access import account, api, log, login, people, shapes
from web.pages.route import PageRoute
from web.route import Route

_GROUP = "Access"
_USERS = "/api/v1/users"
_KEYS = "/api/v1/keys"

ACCESS = (
    PageRoute(path="/login", handler=login.show_login, role=None),
    PageRoute(path="/login", handler=login.log_in, method="POST", role=None),
    PageRoute(path="/logout", handler=login.log_out, method="POST", role="viewer"),
    PageRoute(path="/preferences", handler=login.set_preferences, method="POST", role=None),
    PageRoute(path="/account", handler=account.show_account, role="viewer"),
    PageRoute(path="/account", handler=account.change_password, method="POST", role="viewer"),
    PageRoute(path=people.USERS, handler=people.show_users, role="admin"),
    PageRoute(path=people.USERS, handler=people.add_user, method="POST", role="admin"),
    PageRoute(path=f"{people.USERS}/{{user}}", handler=people.change_user, method="POST", role="admin"),
    PageRoute(path=f"{people.USERS}/{{user}}", handler=people.show_users, role="admin"),
    PageRoute(path=people.KEYS, handler=people.show_keys, role="admin"),
    PageRoute(path=people.KEYS, handler=people.add_key, method="POST", role="admin"),
    PageRoute(path=f"{people.KEYS}/{{key}}/revoke", handler=people.revoke_key, method="POST", role="admin"),
    PageRoute(path="/access/audit", handler=log.show_audit, role="viewer"),
)

ACCESS_API = (
    Route(method="GET", path=_USERS, name="listUsers", handler=api.list_users, group=_GROUP, role="admin",
          summary="Who may log in", answer=shapes.UserList),
    Route(method="POST", path=_USERS, name="addUser", handler=api.post_user, group=_GROUP, role="admin",
          summary="Let somebody log in", body=shapes.NewUser, headers=("X-Actor",), status=201,
          answer=shapes.UserShown, errors=("record-exists", "payload-invalid")),
    Route(method="PATCH", path=f"{_USERS}/{{user}}", name="changeUser", handler=api.patch_user, group=_GROUP, role="admin",
          summary="Another role or password, or no login any more", body=shapes.UserChanges, headers=("X-Actor",),
          answer=shapes.UserShown, errors=("user-not-found", "payload-invalid", "stale-record")),
    Route(method="GET", path=_KEYS, name="listKeys", handler=api.list_keys, group=_GROUP, role="admin",
          summary="API keys, without what makes them keys", answer=shapes.KeyList),
    Route(method="POST", path=_KEYS, name="addKey", handler=api.post_key, group=_GROUP, role="admin",
          summary="A key for a program, shown this once", body=shapes.NewKey, headers=("X-Actor",), status=201,
          answer=shapes.KeyAdded, errors=("payload-invalid",)),
    Route(method="DELETE", path=f"{_KEYS}/{{key}}", name="revokeKey", handler=api.delete_key, group=_GROUP, role="admin",
          summary="Take a key back", headers=("X-Actor",), answer=shapes.KeyRevoked, errors=("key-not-found",)),
    Route(method="GET", path="/api/v1/audit", name="listAudit", handler=api.list_audit, group=_GROUP,
          summary="Who changed what, newest first", query=shapes.AuditQuery, answer=shapes.AuditPage,
          errors=("invalid-cursor",)),
)  # fmt: skip
