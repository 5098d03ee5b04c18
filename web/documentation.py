"""/documentation: the OpenAPI document as a page for people, and the list of error codes.

Made once, when the application is built. No script, no outside asset: one style, allowed by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson
from aiohttp import web

from web.answers import raw_answer
from web.openapi import openapi
from web.problems import CATALOGUE
from web.route import Route

Json = dict[str, Any]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; } h3 { margin: 2rem 0 .3rem; font-size: 1.05rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
table { border-collapse: collapse; margin: .5rem 0; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .25rem .6rem .25rem 0; text-align: left; vertical-align: top; }
.method { font-weight: 700; } .errors { overflow-wrap: anywhere; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What /documentation serves, ready to send."""

    openapi: bytes
    page: bytes
    errors: bytes


PAGES = web.AppKey("pages", Pages)


def make_pages(routes: Sequence[Route]) -> Pages:
    """Everything under /documentation for these routes."""
    document = openapi(routes)
    return Pages(
        openapi=orjson.dumps(document),
        page=_html("Sagaloom HTTP API", _overview(document)),
        errors=_html("Errors", _errors()),
    )


async def show_page(request: web.Request) -> web.Response:
    """`GET /documentation`."""
    return raw_answer(request.app[PAGES].page, HTML, policy=POLICY)


async def show_errors(request: web.Request) -> web.Response:
    """`GET /documentation/errors`: where the `type` of a problem leads."""
    return raw_answer(request.app[PAGES].errors, HTML, policy=POLICY)


async def show_openapi(request: web.Request) -> web.Response:
    """`GET /documentation/openapi.json`."""
    return raw_answer(request.app[PAGES].openapi, "application/json")


def _html(title: str, lines: Iterator[str]) -> bytes:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    body = "\n".join(lines)
    text = (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n'
        f"<body><main><h1>{title}</h1>\n{body}</main></body></html>\n"
    )
    return text.encode()


def _overview(document: Json) -> Iterator[str]:
    yield f"<p>{_prose(document['info']['description'])}</p>"
    yield '<p><a href="/documentation/openapi.json">OpenAPI 3.1</a> · <a href="/documentation/errors">Errors</a></p>'
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(method, path, operation)
    yield "<h2>Shapes</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _shape(name, schema)


def _operation(method: str, path: str, operation: Json) -> Iterator[str]:
    name = operation["operationId"]
    yield f'<h3 id="{name}"><code><span class="method">{method.upper()}</span> {escape(path)}</code></h3>'
    yield f"<p>{escape(operation['summary'])}.</p>"
    if operation["parameters"]:
        rows = ((f"{each['name']} ({each['in']})", each["schema"]) for each in operation["parameters"])
        yield _table("Parameter", rows)
    if "requestBody" in operation:
        yield f"<p>Body: {_contents(operation['requestBody']['content'])}</p>"
    for status, response in operation["responses"].items():
        if "x-error-codes" not in response:
            yield f"<p>Answer {status}: {_contents(response['content'])}</p>"
    codes = [code for each in operation["responses"].values() for code in each.get("x-error-codes", ())]
    links = " ".join(f'<a href="/documentation/errors#{code}"><code>{code}</code></a>' for code in codes)
    yield f'<p class="errors">Errors: {links}</p>'


def _contents(content: Json) -> str:
    return ", ".join(
        _kind(each["schema"]) if each else f"<code>{escape(kind)}</code>" for kind, each in content.items()
    )


def _shape(name: str, schema: Json) -> Iterator[str]:
    yield f'<h3 id="shape-{name}"><code>{name}</code></h3>'
    yield f"<p>{_prose(schema.get('description', ''))}</p>"
    required = schema.get("required", ())
    rows = (
        (field if field in required else f"{field}?", kind)
        for field, kind in schema.get("properties", {}).items()
    )
    yield _table("Field", rows)


def _table(heading: str, rows: Iterator[tuple[str, Json]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_kind(kind)}</td><td>{_prose(_note(kind))}</td></tr>"
        for name, kind in rows
    )
    return f"<table><thead><tr><th>{heading}</th><th>Type</th><th></th></tr></thead><tbody>{cells}</tbody></table>"


def _kind(schema: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#shape-{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" if "items" in schema else "list"
    return escape(str(schema.get("type", "any")))


_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxLength": "at most {} characters",
    "default": "default {}",
}


def _note(schema: Json) -> str:
    bounds = [
        text.format(schema[key]) for key, text in _BOUNDS.items() if schema.get(key) not in (None, "", {})
    ]
    return "; ".join([*filter(None, [schema.get("description")]), *bounds])


def _errors() -> Iterator[str]:
    yield '<p>The <code>code</code> of a problem document. <a href="/documentation">The API</a></p>'
    rows = "".join(
        f'<tr id="{kind.code}"><td><code>{kind.code}</code></td><td>{kind.status}</td><td>{_prose(kind.meaning)}</td></tr>'
        for kind in sorted(CATALOGUE.values(), key=lambda kind: (kind.status, kind.code))
    )
    yield f"<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>{rows}</tbody></table>"


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
