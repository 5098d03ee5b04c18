"""Routes that providers and their customers call, and those for a person who looks at what was left over."""

from __future__ import annotations

from web import callback_shapes as shapes
from web import callbacks, kept_callbacks, sandbox_page
from web.route import Route

_TYPES = ("text/plain", "application/json", "application/octet-stream")
_CALLBACK = ("provider-not-found", "callback-refused", "callback-unreadable", "channel-unavailable", "stale-saga",
             "stale-record", "draining", "bad-http", "body-too-large", "request-timeout", "origin-refused",
             "store-unavailable", "invalid-text", "machine-not-found", "definition-invalid", "duplicate-event")  # fmt: skip
_GROUP = "Providers"
_KEPT = "/api/v1/callbacks"


def _callback(method: str, part: str, name: str) -> Route:
    return Route(method=method, path=f"/v3/{{provider}}/callback{part}", name=name, handler=callbacks.take_callback,  # type: ignore[arg-type]
                 group=_GROUP, summary="A provider tells what became of a payment", query=None,
                 role="everybody", answer=_TYPES, errors=_CALLBACK)  # fmt: skip


CALLBACKS = (
    _callback("POST", "", "providerCallback"),
    _callback("GET", "", "providerCallbackByQuery"),
    _callback("POST", "/{part}", "providerCallbackPart"),
    _callback("GET", "/{part}", "providerCallbackPartByQuery"),
    Route(method="GET", path="/v3/{provider}/page/{payment}", name="sandboxPage", handler=sandbox_page.show_page,
          group=_GROUP, summary="The sandbox's fake payment page", query=None, role="everybody", answer=(sandbox_page.HTML,),
          errors=("not-found", "provider-not-found", "invalid-text")),
    Route(method="POST", path="/v3/{provider}/page/{payment}", name="sandboxChoice", handler=sandbox_page.choose,
          group=_GROUP, summary="The customer's choice there", query=None, role="everybody", status=303,
          repeated="The shop gave no address to go on to: the page once more", answer=(sandbox_page.HTML,),
          errors=("not-found", "invalid-request", *_CALLBACK)),
    Route(method="GET", path=_KEPT, name="listCallbacks", handler=kept_callbacks.list_callbacks, group=_GROUP,
          summary="Callbacks that no saga could be told", query=shapes.CallbackQuery, answer=shapes.CallbackList,
          errors=("invalid-cursor",)),
    Route(method="POST", path=f"{_KEPT}/{{callback}}/retry", name="retryCallback", handler=kept_callbacks.retry_callback,
          group=_GROUP, summary="Look for the callback's saga once more", headers=("X-Actor",), answer=shapes.CallbackRetried,
          errors=("callback-not-found", "channel-unavailable", "stale-saga", "stale-record", "machine-not-found", "definition-invalid")),
    Route(method="POST", path=f"{_KEPT}/{{callback}}/dismiss", name="dismissCallback", handler=kept_callbacks.dismiss_callback,
          group=_GROUP, summary="A person has dealt with it", body=shapes.DismissCallback, headers=("X-Actor",),
          answer=shapes.KeptCallback, errors=("callback-not-found", "stale-record")),
)  # fmt: skip
