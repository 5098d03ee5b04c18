"""The pool of processes that print: what they may read, how they are bounded, and what is left of them."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from adapters.invoices import Printer
from engine.errors import ConfigInvalid, PrintingFailed
from hub.invoice_sheet import FONTS
from tests.fakes.waiting import wait_until

NOON = 1_767_268_800_000
SHEET = '<html><head><style>body {{ font-family: "DejaVu Sans" }}</style></head><body>{}</body></html>'


@asynccontextmanager
async def printer(*folders: Path, **how: Any) -> AsyncIterator[Printer]:
    opened = Printer(folders, FONTS, **how)
    try:
        yield opened
    finally:
        pids = opened.pids
        await opened.close()
        assert [pid for pid in pids if lives(pid)] == []


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_same_sheet_of_the_same_moment_is_the_same_bytes_in_every_process() -> None:
    async def body() -> None:
        async with printer(workers=2, sheets=1) as one:
            sheets = await asyncio.gather(*(one.pdf(SHEET.format("№ 1"), at=NOON) for _ in range(3)))
            assert len(set(sheets)) == 1
            assert sheets[0].startswith(b"%PDF-")
            assert await one.pdf(SHEET.format("№ 1"), at=NOON + 1_000) != sheets[0]

    asyncio.run(body())


def test_a_worker_is_replaced_after_some_sheets_and_no_more_work_than_there_are_places() -> None:
    async def body() -> None:
        async with printer(workers=1, sheets=2) as one:
            seen = set()
            for _ in range(4):
                await one.pdf(SHEET.format("x"), at=NOON)
                seen |= set(one.pids)
            assert len(seen) == 2
        async with printer(workers=2) as two:
            await asyncio.gather(*(two.pdf(SHEET.format("x"), at=NOON) for _ in range(6)))
            assert len(two.pids) == 2

    asyncio.run(body())


NAMED = [
    '<img src="/etc/hosts">',
    '<img src="../secret.png">',
    '<img src="link.png">',
    '<img src="file:///etc/hosts">',
    '<img src="http://127.0.0.1:1/a.png">',
    '<link rel="stylesheet" href="/etc/hosts">',
    '<style>@import url("/etc/hosts");</style>',
    '<style>@page { background-image: url("/etc/hosts") }</style>',
    '<style>@font-face { font-family: x; src: url("/etc/hosts") }</style><p style="font-family: x">x</p>',
]


def test_a_sheet_reaches_nothing_but_the_files_beside_its_template(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "link.png").symlink_to(tmp_path / "secret.png")

    async def body() -> None:
        async with printer(folder, workers=1) as one:
            for named in NAMED:
                with pytest.raises(ConfigInvalid, match="no file beside it"):
                    await one.pdf(SHEET.format(named), at=NOON)
            assert await one.pdf(SHEET.format("the next one is printed"), at=NOON)

    asyncio.run(body())


def picture() -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (60, 20), "#1c6b5a").save(sink, "PNG")
    return sink.getvalue()


def test_a_picture_that_itself_names_a_file_gets_nothing(tmp_path: Path) -> None:
    """SVG is read by another library, which asks nobody."""
    folder, outside = tmp_path / "templates", tmp_path / "a.png"
    folder.mkdir()
    drawing = f'<rect width="9" height="9"/><image xlink:href="{outside}" width="60" height="20"/>'
    xmlns = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    (folder / "logo.svg").write_text(f'<svg {xmlns} width="90" height="90">{drawing}</svg>')

    async def body() -> None:
        async with printer(folder) as one:
            without = await one.pdf(SHEET.format('<img src="logo.svg">x'), at=NOON)
            await asyncio.to_thread(outside.write_bytes, picture())
            assert await one.pdf(SHEET.format('<img src="logo.svg">x'), at=NOON) == without
            assert await one.pdf(SHEET.format("x"), at=NOON) != without

    asyncio.run(body())


def test_a_file_beside_the_template_and_a_data_uri_are_printed(tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(picture())
    data = f"data:image/png;base64,{base64.b64encode(picture()).decode()}"

    async def body() -> None:
        async with printer(tmp_path) as one:
            bare = await one.pdf(SHEET.format("x"), at=NOON)
            for source in ("dot.png", data):
                assert len(await one.pdf(SHEET.format(f'<img src="{source}">x'), at=NOON)) > len(bare)

    asyncio.run(body())


def test_a_sheet_that_takes_too_long_is_given_up_and_the_next_one_is_printed() -> None:
    async def body() -> None:
        async with printer(workers=1, seconds=0.001) as one:
            with pytest.raises(PrintingFailed):
                await one.pdf(SHEET.format("x"), at=NOON)
            assert one.pids == []

    asyncio.run(body())


def test_a_worker_that_is_killed_fails_its_sheet_and_no_other() -> None:
    async def body() -> None:
        async with printer(workers=1) as one:
            long = asyncio.create_task(one.pdf(SHEET.format("<p>word</p>" * 20_000), at=NOON))
            await wait_until(lambda: _true(bool(one.pids)), within=20.0, what="a worker")
            os.kill(one.pids[0], signal.SIGKILL)
            with pytest.raises(PrintingFailed):
                await long
            assert await one.pdf(SHEET.format("x"), at=NOON)

    asyncio.run(body())


async def _true(fact: bool) -> bool:
    return fact


def test_whoever_stops_waiting_leaves_no_process_at_work() -> None:
    async def body() -> None:
        async with printer(workers=1) as one:
            long = asyncio.create_task(one.pdf(SHEET.format("<p>word</p>" * 20_000), at=NOON))
            await wait_until(lambda: _true(bool(one.pids)), within=20.0, what="a worker")
            long.cancel()
            with pytest.raises(asyncio.CancelledError):
                await long
            assert one.pids == []

    asyncio.run(body())
