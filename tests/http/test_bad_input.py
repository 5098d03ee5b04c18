"""Bad input gets a clear problem, and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.http.daemon import Daemon, served

JSON = {"Content-Type": "application/json"}
DEEP = b"[" * 100 + b"]" * 100
ABYSS = b"[" * 20_000 + b"]" * 20_000


@dataclass(frozen=True, kw_only=True)
class Case:
    name: str
    path: str = "/event"
    body: bytes | None = b"{}"
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    status: int = 400
    code: str

    def __str__(self) -> str:
        return self.name


def event(payload: bytes) -> bytes:
    return b'{"key":"s1","value":{"messageLabel":"ticketTouched","messagePayload":{"x":' + payload + b"}}}"


BODIES = [
    Case(name="empty body", body=b"", code="invalid-json"),
    Case(name="no body", body=None, code="invalid-json"),
    Case(name="broken JSON", body=b'{"key":', code="invalid-json"),
    Case(name="two values", body=b'{"key":"s1","value":{"messageLabel":"ticketTouched"}} {}', code="invalid-json"),
    Case(name="NaN", body=event(b"NaN"), code="invalid-json"),
    Case(name="comment", body=b'{/* */"key":"s1"}', code="invalid-json"),
    Case(name="byte order mark", body=b"\xef\xbb\xbf{}", code="invalid-json"),
    Case(name="raw NUL in a text", body=event(b'"a\x00b"'), code="invalid-json"),
    Case(name="UTF-16", body='{"key":"s1"}'.encode("utf-16"), code="invalid-json"),
    Case(name="a list", body=b"[]", code="invalid-request"),
    Case(name="null", body=b"null", code="invalid-request"),
    Case(name="a text", body=b'"s1"', code="invalid-request"),
    Case(name="nothing in it", body=b"{}", code="invalid-request"),
    Case(name="unknown field", body=b'{"key":"s1","value":{"messageLabel":"e"},"more":1}', code="invalid-request"),
    Case(name="unknown field inside", body=b'{"key":"s1","value":{"messageLabel":"e","a":1}}', code="invalid-request"),
    Case(name="wrong type", body=b'{"key":1,"value":{"messageLabel":"e"}}', code="invalid-request"),
    Case(name="empty key", body=b'{"key":"","value":{"messageLabel":"e"}}', code="invalid-request"),
    Case(name="payload is a list", body=b'{"key":"s1","value":{"messageLabel":"e","messagePayload":[]}}', code="invalid-request"),
    Case(name="long label", body=b'{"key":"s1","value":{"messageLabel":"' + b"e" * 201 + b'"}}', code="invalid-request"),
    Case(name="escaped NUL in a value", body=event(b'"a\\u0000b"'), code="invalid-text"),
    Case(name="escaped NUL in a name", body=event(b'{"a\\u0000":1}'), code="invalid-text"),
    Case(name="escaped NUL in the key", body=b'{"key":"a\\u0000","value":{"messageLabel":"e"}}', code="invalid-text"),
    Case(name="not UTF-8", body=event(b'"\xff\xfe"'), code="invalid-text"),
    Case(name="lone high surrogate", body=event(b'"\\ud800"'), code="invalid-json"),
    Case(name="lone low surrogate", body=event(b'"\\udc00"'), code="invalid-json"),
    Case(name="surrogate and a letter", body=event(b'"\\ud83d\\u0041"'), code="invalid-json"),
    Case(name="surrogate as bytes", body=event(b'"\xed\xa0\x80"'), code="invalid-text"),
    Case(name="nested 100 deep", body=event(DEEP), code="json-too-deep"),
    Case(name="nested 20,000 deep", body=event(ABYSS), code="json-too-deep"),
    Case(name="an abyss for a body", body=ABYSS, code="invalid-request"),
    Case(name="integer over 64 bits", body=event(b"18446744073709551616"), code="number-out-of-range"),
    Case(name="integer under 64 bits", body=event(b"-9223372036854775809"), code="number-out-of-range"),
    Case(name="integer of 5,000 digits", body=event(b"9" * 5_000), code="number-out-of-range"),
    Case(name="number over all bounds", body=event(b"1e999"), code="number-out-of-range"),
    Case(name="form", headers={"Content-Type": "application/x-www-form-urlencoded"}, status=415, code="unsupported-media-type"),
    Case(name="plain text", headers={"Content-Type": "text/plain"}, status=415, code="unsupported-media-type"),
    Case(name="JSON in Latin-1", headers={"Content-Type": "application/json; charset=latin-1"}, status=415, code="unsupported-media-type"),
    Case(name="empty type", headers={"Content-Type": ""}, status=415, code="unsupported-media-type"),
    Case(name="not what it says it is", headers={**JSON, "Content-Encoding": "gzip"}, code="bad-http"),
    Case(name="empty actor", headers={**JSON, "X-Actor": " "}, code="invalid-header"),
    Case(name="long actor", headers={**JSON, "X-Actor": "a" * 201}, code="invalid-header"),
    Case(name="tab in the actor", headers={**JSON, "X-Actor": "a\tb"}, code="invalid-header"),
    Case(name="long idempotency key", headers={**JSON, "Idempotency-Key": "a" * 301}, code="invalid-header"),
    Case(name="saga id with a slash", path="/api/v1/sagas", body=b'{"metadata":{},"sagaId":"a/b"}', code="invalid-request"),
    Case(name="saga id with a line end", path="/api/v1/sagas", body=b'{"metadata":{},"sagaId":"a\\n"}', code="invalid-request"),
    Case(name="saga without metadata", path="/saga", body=b'{"associatedEntityId":"x"}', code="invalid-request"),
    Case(name="metadata null", path="/saga", body=b'{"metadata":null}', code="invalid-request"),
    Case(name="unknown query", path="/event?machin=order", code="invalid-query"),
    Case(name="query on a route without any", path="/api/v1/sagas?machine=order", code="invalid-query"),
]  # fmt: skip

QUERIES = [
    ("/api/v1/sagas?limit=0", "invalid-query"),
    ("/api/v1/sagas?limit=501", "invalid-query"),
    ("/api/v1/sagas?limit=ten", "invalid-query"),
    ("/api/v1/sagas?limit=", "invalid-query"),
    ("/api/v1/sagas?limit=5&limit=5", "invalid-query"),
    ("/api/v1/sagas?unknown=1", "invalid-query"),
    ("/api/v1/sagas?machine", "invalid-query"),
    ("/api/v1/sagas?machine=", "invalid-query"),
    ("/api/v1/sagas?machine=%ff", "invalid-query"),
    ("/api/v1/sagas?machine=a%00b", "invalid-query"),
    ("/api/v1/sagas?machine=%ED%A0%80", "invalid-query"),
    ("/api/v1/sagas?version=99999999999999999999", "invalid-query"),
    ("/api/v1/sagas?version=-1", "invalid-query"),
    ("/api/v1/sagas?isFinal=perhaps", "invalid-query"),
    ("/api/v1/sagas?createdFrom=yesterday", "invalid-query"),
    ("/api/v1/sagas?createdFrom=2026-02-30", "invalid-query"),
    ("/api/v1/sagas?createdFrom=2026-01-01T00:00:00+01:00", "invalid-query"),
    ("/api/v1/sagas?" + "&".join(f"p{n}=1" for n in range(60)), "invalid-query"),
    ("/api/v1/sagas/s1/history?after=-1", "invalid-query"),
    ("/api/v1/sagas/s1/history?after=99999999999999999999999", "invalid-query"),
    ("/api/v1/sagas/s1/history?limit=1000", "invalid-query"),
    ("/api/v1/sagas/s1/diagram?format=gif", "invalid-query"),
    ("/api/v1/sagas/s1/diagram?level=secret", "invalid-query"),
    ("/api/v1/sagas/a%00b", "invalid-text"),
    ("/api/v1/sagas/%ff", "invalid-text"),
    ("/api/v1/sagas/%ED%A0%80", "invalid-text"),
    ("/api/v1/machines/order?version=0", "invalid-query"),
    ("/api/v1/machines/%00", "invalid-text"),
    ("/api/v1/agenda?parked=2", "invalid-query"),
    ("/machine-definition?machine=a&machine=b", "invalid-query"),
]


@pytest.mark.parametrize("case", BODIES, ids=str)
@served
async def test_a_bad_request_is_refused_and_changes_nothing(daemon: Daemon, case: Case) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    before = await daemon.show("s1")
    reply = await daemon.call("POST", case.path, body=case.body, headers=case.headers)
    assert (reply.status, reply.code) == (case.status, case.code), reply.json["detail"]
    assert await daemon.show("s1") == before
    assert sum(row["sagas"] for row in (await daemon.get("/api/v1/counts")).json["items"]) == 1


@pytest.mark.parametrize(("path", "code"), QUERIES)
@served
async def test_a_bad_query_or_path_is_refused(daemon: Daemon, path: str, code: str) -> None:
    reply = await daemon.get(path)
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize(
    "type_", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", None]
)
@served
async def test_json_is_taken_under_each_spelling_of_its_type_and_under_none(
    daemon: Daemon, type_: str | None
) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    headers = {} if type_ is None else {"Content-Type": type_}
    body = b'{"key":"s1","value":{"messageLabel":"ticketTouched"}}'
    assert (await daemon.call("POST", "/event", body=body, headers=headers)).status == 200


@served
async def test_strange_but_sound_values_are_kept_as_they_are(daemon: Daemon) -> None:
    await daemon.start(machine="ticket", sagaId="s1")
    payload = {
        "big": 2**64 - 1,
        "small": -(2**63),
        "emoji": "😀",
        "backslash": "\\u0000",
        "deep": [[[[[[[[[[1]]]]]]]]]],
        "many": [{} for _ in range(200)],
        "float": 0.1,
        "": "empty name",
        "$ref": "#/x",
    }
    await daemon.tell("s1", "ticketTouched", payload)
    kept = (await daemon.show("s1"))["metadata"]
    assert {name: kept[name] for name in payload} == payload


@served
async def test_values_of_a_body_are_never_quoted_in_an_error(daemon: Daemon) -> None:
    secret = "4111111111111111"
    bodies = [
        '{"key":"%s"',
        '{"key":["%s"],"value":{"messageLabel":"e"}}',
        '{"key":"none","value":{"messageLabel":"e","messagePayload":"%s"}}',
        '{"key":"none","value":{"messageLabel":"e","messagePayload":{"card":"%s\\u0000"}}}',
        '{"key":"none","value":{"messageLabel":"e","messagePayload":{"card":"%s"}}}',
    ]
    for body in bodies:
        reply = await daemon.call("POST", "/event", body=(body % secret).encode(), headers=JSON)
        assert reply.status >= 400
        assert secret.encode() not in reply.body
