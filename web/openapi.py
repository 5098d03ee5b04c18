"""The OpenAPI 3.1 document, made from the routes and from the Structs that check requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from web.problem_shapes import ProblemDetails
from web.problems import CATALOGUE, ERRORS_PAGE
from web.requests import EventId, Handle, Name, Query
from web.route import Route
from web.shapes import Shape

Json = dict[str, Any]

_HEADERS: dict[str, tuple[str, Any]] = {
    "X-Actor": ("For whom a program acts, for the history; without keys: who asks, `api` if absent.", Name),
    "Idempotency-Key": ("The event's id: a repeat is applied once and gets the first answer.", EventId),
}
_PATH: dict[str, tuple[str, Any]] = {
    "provider": ("The name that the configuration gives a payment provider.", Name),
    "part": ("What the provider's own callbacks have behind the path.", Name),
    "payment": ("The provider's id of a payment, percent-encoded.", Name),
    "callback": ("The id of a kept callback, percent-encoded.", Name),
    "notification": ("The id of a notification to the merchant, percent-encoded.", Name),
    "method": ("A payment method, such as credit-cards.", Name),
    "subscriptionToken": ("The provider's id of a subscription, percent-encoded.", Name),
    "user": ("The name of a user.", Name),
    "key": ("The id of an API key.", Name),
    "ruleId": ("The id of a checkout rule, percent-encoded.", Name),
    "subject": ("What the utility is about.", Name),
    "action": ("What it does.", Name),
    "refund": ("Which refund of the payment: 1 for the first.", Name),
    "file": ("What a file is kept under.", Name),
    "id": ("A saga id, or the value of one of its keys, percent-encoded.", Handle),
    "name": ("The machine's name.", Name),
}
_SCHEMES: Json = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same."},
    "secret": {"type": "apiKey", "in": "header", "name": "secret", "description": "The same, as callers of the original send it."},
    "session": {"type": "apiKey", "in": "cookie", "name": "sagaloom_session", "description": "A person's login; with `X-CSRF-Token` where something changes."},
}  # fmt: skip
_SECURITY: list[Json] = [*({name: []} for name in _SCHEMES), {}]
"""Any of them; none where the daemon does not ask (docs/access.md)."""

_FORM: Json = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
    "additionalProperties": {"type": "string"},
}


def openapi(routes: Sequence[Route]) -> Json:
    """The document: every route, every error it may answer, every shape."""
    paths: dict[str, Json] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sagaloom",
            "version": version("sagaloom"),
            "description": "Starts sagas, tells them events, shows them and mends them. Errors are RFC 9457 "
            f"problem details; every code is explained at {ERRORS_PAGE}.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(route.group for route in routes)],
        "paths": paths,
        "components": {"schemas": _schemas(routes), "securitySchemes": _SCHEMES},
    }


def _operation(route: Route) -> Json:
    operation: Json = {
        "operationId": route.name,
        "tags": [route.group],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": _responses(route),
        "security": [] if route.asked_role is None else _SECURITY,
        **({} if route.asked_role is None else {"x-role": route.asked_role}),
    }
    if route.body is not None:
        content: Json = {"application/json": {"schema": _listed(_reference(route.body), route.body_list)}}
        content |= {kind: {"schema": {"type": "string"}} for kind in route.texts}
        operation["requestBody"] = {"required": not route.texts, "content": content}
    if route.form:
        either = operation.get("requestBody", {}).get("content", {})
        form = {"multipart/form-data": {"schema": _FORM}}
        operation["requestBody"] = {"required": True, "content": {**either, **form}}
    return operation


def _parameters(route: Route) -> list[Json]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": text,
            "schema": msgspec.json.schema(kind),
        }
        for name, (text, kind) in _PATH.items()
        if f"{{{name}}}" in route.path
    ]
    in_headers = [
        {"name": name, "in": "header", "description": text, "schema": msgspec.json.schema(kind)}
        for name, (text, kind) in _HEADERS.items()
        if name in route.headers
    ]
    return in_path + _in_query(route.query) + in_headers


def _in_query(query: type[Query] | None) -> list[Json]:
    if query is None:
        return []
    schema = msgspec.json.schema(query)["$defs"][query.__name__]
    return [
        {"name": name, "in": "query", "required": name in schema["required"], "schema": _without_null(kind)}
        for name, kind in schema["properties"].items()
    ]


def _without_null(schema: Json) -> Json:
    """A parameter that is not given is absent, not null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf" and value is not None}
    return {**kinds[0], **rest}


def _responses(route: Route) -> Json:
    codes_of: dict[int, list[str]] = defaultdict(list)
    for code in route.codes:
        codes_of[CATALOGUE[code].status].append(code)
    problems = {str(status): _problem(codes_of[status]) for status in sorted(codes_of)}
    answers = {str(route.status): _success(route)}
    if route.repeated is not None:
        answers["200"] = {"description": route.repeated, "content": _content(route)}
    return {**answers, **problems}


def _success(route: Route) -> Json:
    answer: Json = {"description": route.summary, "content": _content(route)}
    if route.status == 201:
        answer["headers"] = {
            "Location": {"description": "Where it is.", "required": True, "schema": {"type": "string"}}
        }
    return answer


def _content(route: Route) -> Json:
    if isinstance(route.answer, tuple):
        return {kind: {} for kind in route.answer}
    return {"application/json": {"schema": _listed(_reference(route.answer), route.answer_list)}}


def _problem(codes: Sequence[str]) -> Json:
    lines = [f"`{code}`: {CATALOGUE[code].meaning}" for code in codes]
    content = {"application/problem+json": {"schema": _reference(ProblemDetails)}}
    return {"description": "\n\n".join(lines), "content": content, "x-error-codes": list(codes)}


def _reference(shape: type[msgspec.Struct]) -> Json:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _listed(schema: Json, is_list: bool) -> Json:
    return {"type": "array", "items": schema} if is_list else schema


def _schemas(routes: Sequence[Route]) -> Json:
    answers: list[type[Shape]] = [route.answer for route in routes if not isinstance(route.answer, tuple)]
    bodies = [route.body for route in routes if route.body is not None]
    wanted = dict.fromkeys((*bodies, *answers, ProblemDetails))
    _, schemas = msgspec.json.schema_components(wanted, ref_template="#/components/schemas/{name}")
    return dict(sorted(schemas.items()))
