"""The files service over HTTP: what goes up comes down, and nothing else does."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

import pytest

from hub.files import KIND
from tests.http.daemon import Daemon, Reply, served

BOUNDARY = "frontier"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*files: tuple[str, bytes], fields: Sequence[tuple[str, str]] = ()) -> bytes:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields
    ]
    for name, content in files:
        head = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + content)
    return (
        b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts)
        + f"--{BOUNDARY}--\r\n".encode()
    )


async def upload(daemon: Daemon, name: str, content: bytes, **fields: str) -> Reply:
    return await daemon.call(
        "POST", "/files/", body=form((name, content), fields=list(fields.items())), headers=FORM
    )


@served
async def test_what_goes_up_comes_down_again(daemon: Daemon) -> None:
    content = bytes(range(256)) * 300
    added = (
        await upload(daemon, "Ricevuta n. 1.pdf", content, sagaId="payment-1", note="from the shop")
    ).json
    assert (added["name"], added["size"], added["sagaId"]) == ("Ricevuta n. 1.pdf", len(content), "payment-1")
    assert added["metadata"] == {"sagaId": "payment-1", "note": "from the shop"}
    assert added["location"] == f"/files/download/{added['file']}"
    shown = await daemon.get(added["location"])
    assert shown.body == content
    assert shown.headers["Content-Type"] == "application/pdf"
    assert shown.headers["Content-Disposition"] == f'inline; filename="{added["file"]}"'
    saved = await daemon.get(f"{added['location']}?downloadWithOriginalName=1")
    assert saved.headers["Content-Disposition"] == 'attachment; filename="Ricevuta n. 1.pdf"'


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\temp\\\\a.txt", "a.txt"),
        ("..a.txt", "a.txt"),
        ("x" * 300 + ".pdf", "x" * 188 + ".pdf"),
    ],
)
def test_a_name_is_a_name_and_no_path(given: str, kept: str) -> None:
    @served
    async def body(daemon: Daemon) -> None:
        added = (await upload(daemon, given, b"x")).json
        assert added["name"] == kept
        assert "/" not in added["file"]
        assert ".." not in added["file"]

    body()


@pytest.mark.parametrize("path", ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "nothing.pdf", ".draft-1"])
def test_nothing_outside_can_be_asked_for(path: str) -> None:
    @served
    async def body(daemon: Daemon) -> None:
        assert (await daemon.get(f"/files/download/{path}")).code == "file-not-found"
        assert (await daemon.call("DELETE", f"/files/{path}")).code == "file-not-found"

    body()


@served
async def test_what_could_run_in_a_browser_is_only_saved(daemon: Daemon) -> None:
    for name in ("a.html", "a.svg", "a.xhtml", "a.js"):
        location = (await upload(daemon, name, b"<script>alert(1)</script>")).json["location"]
        shown = await daemon.get(location)
        assert shown.headers["Content-Type"] == "application/octet-stream"
        assert shown.headers["Content-Disposition"].startswith("attachment")
        assert shown.headers["X-Content-Type-Options"] == "nosniff"


@served
async def test_several_files_go_up_together_and_come_down_as_a_zip(daemon: Daemon) -> None:
    body = form(("a.txt", b"one"), ("a.txt", b"two"), fields=[("sagaId", "payment-1")])
    added = (await daemon.call("POST", "/files/bulk", body=body, headers=FORM)).json["files"]
    names = ",".join(one["file"] for one in added)
    reply = await daemon.get(f"/files/download?files={names}")
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "a.txt": b"one",
            "a (2).txt": b"two",
        }
    assert (await daemon.get(f"/files/download?files={names},nothing")).code == "file-not-found"


@served
async def test_files_are_listed_newest_first_by_pages(daemon: Daemon) -> None:
    for number in range(5):
        daemon.clock.time += 1_000
        await upload(daemon, f"{number}.txt", b"x", **({"sagaId": "s"} if number < 2 else {}))

    async def names(query: str) -> list[str]:
        return [one["name"] for one in (await daemon.get(f"/files/files/{query}")).json["files"]]

    assert await names("?limit=2") == ["4.txt", "3.txt"]
    assert await names("?limit=2&page=3") == ["0.txt"]
    assert await names("?limit=2&page=9") == []
    assert await names("?sagaId=s") == ["1.txt", "0.txt"]
    assert await names("?dateFrom=2026-01-01T12:00:05Z") == ["4.txt"]


@served
async def test_metadata_change_and_files_go(daemon: Daemon) -> None:
    file = (await upload(daemon, "a.txt", b"x")).json["file"]
    json = {"Content-Type": "application/json"}
    changed = await daemon.call(
        "PATCH", f"/files/{file}/metadata", body=b'{"sagaId": "s", "seen": true}', headers=json
    )
    assert changed.json["metadata"] == {"sagaId": "s", "seen": True}
    refused = await daemon.call("PATCH", f"/files/{file}/metadata", body=b'{"size": 1}', headers=json)
    assert (refused.status, refused.code) == (422, "payload-invalid")
    assert (await daemon.call("DELETE", f"/files/{file}")).json == {"file": file}
    assert (await daemon.get(f"/files/download/{file}")).code == "file-not-found"
    acts = await daemon.access.audit.list(target=f"file {file}")
    assert [act.action for act in acts] == ["file.delete", "file.describe", "file.add"]


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"{}", {"Content-Type": "application/json"}, "unsupported-media-type"),
        (form(), FORM, "invalid-request"),
        (form(("a.txt", b"x"), ("b.txt", b"x")), FORM, "invalid-request"),
        (form(("", b"x")), FORM, "payload-invalid"),
        (form(("a.txt", b"x"))[:-20], FORM, "bad-http"),
        (b"no form", FORM, "bad-http"),
        (form(("a.txt", b"x"), fields=[("note", "4111111111111111")]), FORM, "card-data-refused"),
        (form(("a.txt", b"x"), fields=[("note", "x" * 20_000)]), FORM, "body-too-large"),
        (form(("a.txt", b"x"), fields=[("location", "/etc")]), FORM, "payload-invalid"),
        (form(("a.txt", b"x"), fields=[("_record", "x")]), FORM, "payload-invalid"),
        (form(("a.txt", b"x" * 15_000_001)), FORM, "body-too-large"),
    ],
    ids=[
        "json",
        "no file",
        "two files",
        "no name",
        "broken off",
        "no form",
        "card",
        "long field",
        "our field",
        "our record",
        "large",
    ],
)
def test_a_form_that_cannot_be_taken_is_refused_and_leaves_nothing(
    body: bytes, headers: dict[str, str], code: str
) -> None:
    @served
    async def run(daemon: Daemon) -> None:
        reply = await daemon.call("POST", "/files/", body=io.BytesIO(body), headers=headers)
        assert reply.code == code
        assert await daemon.store.records.count(KIND) == 0

    run()


@served
async def test_a_bulk_of_which_one_cannot_be_kept_keeps_none(daemon: Daemon) -> None:
    body = form(("a.txt", b"x"), ("...", b"x"))
    assert (await daemon.call("POST", "/files/bulk", body=body, headers=FORM)).code == "payload-invalid"
    assert await daemon.store.records.count(KIND) == 0
