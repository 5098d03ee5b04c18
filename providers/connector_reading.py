"""From the data of a connector file to a `Connector`: texts are compiled, names are looked up.

Pure. The data fit connectors/connector.schema.json already; what a schema cannot say is told to
`Complain`, with its place. hub/connectors.py reads the file and calls this.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from providers.connector import (
    Call,
    Callback,
    Connector,
    Errors,
    Idempotency,
    Operation,
    Option,
    Token,
)
from providers.connector_checks import check_together
from providers.connector_names import ALWAYS, CALLBACK, OPERATIONS, read_statuses
from providers.connector_signing import read_signature
from providers.connector_text import BadText, Text, compile_text
from providers.connector_tree import Build, Complain, compile_tree

At = tuple[str | int, ...]
Data = Mapping[str, Any]

_REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (\S.*)")


class _Reader:
    """One file. `names` are what the texts at hand may speak of."""

    def __init__(self, data: Data, no: Complain) -> None:
        self.data = data
        self.no = no
        self.options = frozenset(data["options"])

    def text(self, source: str, at: At, names: frozenset[str]) -> Text:
        try:
            text = compile_text(source)
            self.check(text, names)
            return text
        except BadText as error:
            self.no(at, str(error))
            return compile_text("")

    def check(self, text: Text, names: frozenset[str]) -> None:
        """Raises BadText: it speaks of what is not there."""
        if unknown := sorted(text.names - names):
            known = ", ".join(sorted(names - {"item"}))
            raise BadText(f"there is no {unknown[0]} here; there are {known}")
        for name in re.findall(r"\boption\.([A-Za-z_][\w-]*)", text.source):
            if name not in self.options:
                raise BadText(f"option {name} is not among the options of the file")

    def texts(self, data: Data, at: At, names: frozenset[str]) -> dict[str, Text]:
        return {key: self.text(source, (*at, key), names) for key, source in data.items()}

    def optional(self, data: Data, key: str, at: At, names: frozenset[str]) -> Text | None:
        return self.text(data[key], (*at, key), names) if key in data else None

    def call(self, data: Data, at: At, names: frozenset[str]) -> Call:
        request = _REQUEST.fullmatch(data["request"])
        if request is None:
            self.no((*at, "request"), "a request is a method and an address: POST {option.baseUrl}/payments")
        if "body" in data and "form" in data:
            self.no((*at, "form"), "a request has either body or form")
        method, url = (request[1], request[2]) if request is not None else ("GET", "x")
        return Call(
            method=method,
            url=self.text(url, (*at, "request"), names),
            headers=self.texts(data.get("headers", {}), (*at, "headers"), names),
            query=self.texts(data.get("query", {}), (*at, "query"), names),
            body=self.body(data, at, names),
            form="form" in data,
            otherwise=data.get("otherwise"),
        )

    def body(self, data: Data, at: At, names: frozenset[str]) -> Build | None:
        key = "form" if "form" in data else "body"
        if key not in data:
            return None
        return compile_tree(data[key], (*at, key), lambda text: self.check(text, names), self.no)

    def operation(self, data: Data, at: At, names: frozenset[str]) -> Operation:
        before = []
        for name, call in data.get("before", {}).items():
            before.append((name, self.call(call, (*at, "before", name), names)))
            names |= {name}
        answers = names | {"answer"}
        written = {key: text for key, text in data["answer"].items() if key != "keep"}
        return Operation(
            before=tuple(before),
            call=self.call(data, at, names),
            answer=self.texts(written, (*at, "answer"), answers),
            keep=self.texts(data["answer"].get("keep", {}), (*at, "answer", "keep"), answers),
            statuses=read_statuses(data.get("statuses", self.data["statuses"])),
            idempotency=self.idempotency(data.get("idempotency"), (*at, "idempotency"), names),
        )

    def idempotency(self, data: Data | None, at: At, names: frozenset[str]) -> Idempotency:
        if data is None:
            return Idempotency()
        if not {"header", "field", "readBack", "harmless"} & set(data):
            self.no(at, "idempotency says one of header, field, readBack and harmless")
        back = data.get("readBack")
        value = self.optional(data, "value", at, names)
        return Idempotency(
            header=data.get("header"),
            value=value or (compile_text("{key}") if "header" in data else None),
            read_back=None if back is None else self.operation(back, (*at, "readBack"), names),
        )

    def errors(self) -> Errors:
        data, names = self.data["errors"], frozenset({"answer", "http"})
        return Errors(
            code=self.optional(data, "code", ("errors",), names),
            description=self.optional(data, "description", ("errors",), names),
            codes=data.get("codes", {}),
            statuses=data.get("statuses", {}),
            otherwise=data.get("otherwise", "hard"),
        )

    def token(self, data: Data) -> Token:
        at: At = ("authentication", "token")
        return Token(
            call=self.call(data, at, frozenset({"option"})),
            value=self.text(data["value"], (*at, "value"), frozenset({"answer"})),
            expires_in=self.text(data["expiresIn"], (*at, "expiresIn"), frozenset({"answer"})),
        )

    def callback(self, data: Data) -> Callback:
        at: At = ("callback",)
        notice = {key: text for key, text in data["notice"].items() if key != "keep"}
        if not {"paymentId", "shop", "token"} & set(notice):
            self.no((*at, "notice"), "a notice says paymentId, shop or token: which payment it is about")
        reply = data.get("reply", {})
        return Callback(
            reads=data["reads"],
            signature=read_signature(data["signature"], (*at, "signature"), self.for_callbacks, self.no),
            notice=self.texts(notice, (*at, "notice"), CALLBACK),
            keep=self.texts(data["notice"].get("keep", {}), (*at, "notice", "keep"), CALLBACK),
            about={said.lower(): about for said, about in data.get("about", {}).items()},
            otherwise=data.get("otherwise", "payment"),
            statuses=read_statuses(data.get("statuses", self.data["statuses"])),
            reply_status=int(reply.get("status", 200)),
            reply_body=reply.get("body", ""),
            reply_type=reply.get("contentType", "text/plain"),
        )

    def for_callbacks(self, source: str, at: At) -> Text:
        return self.text(source, at, CALLBACK)


def read_connector(data: Data, no: Complain) -> Connector:
    """The connector of a file whose data fit the schema. It may be run only if nothing was complained about."""
    reader = _Reader(data, no)
    auth, can = data.get("authentication", {}), data["capabilities"]
    check_together(data, no)
    basic = auth.get("basic")
    at: At = ("authentication", "basic")
    return Connector(
        name=data["connector"],
        options={name: _option(written or {}) for name, written in data["options"].items()},
        methods=can["methods"],
        default_method=can.get("defaultMethod", next(iter(can["methods"]))),
        currencies=frozenset(can["currencies"]) if "currencies" in can else None,
        manual=frozenset(can.get("manual", ())),
        partial_refunds=can.get("partialRefunds", True),
        amounts=data["amounts"],
        headers=reader.texts(
            auth.get("headers", {}), ("authentication", "headers"), ALWAYS | {"key", "paymentId"}
        ),
        basic=None
        if basic is None
        else (
            reader.text(basic["user"], (*at, "user"), frozenset({"option"})),
            reader.text(basic["password"], (*at, "password"), frozenset({"option"})),
        ),
        token=reader.token(auth["token"]) if "token" in auth else None,
        errors=reader.errors(),
        operations={
            name: reader.operation(data[name], (name,), names)
            for name, names in OPERATIONS.items()
            if name in data
        },
        callback=reader.callback(data["callback"]) if "callback" in data else None,
    )


def _option(data: Data) -> Option:
    return Option(default=data.get("default"), optional=data.get("optional", False))
