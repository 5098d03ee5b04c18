"""What keeps files' contents: in a folder, in GridFS and in memory, by one suite."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pymongo import AsyncMongoClient

from adapters.files import Desk, Folder
from adapters.stores.mongo_files import open_mongo_files
from engine.errors import FileNotFound, StoreUnavailable
from hub.files import Contents
from tests.contract import mongo_server

Body = Callable[[Contents], Awaitable[None]]


class ContentsSuite:
    @asynccontextmanager
    async def opened(self, tmp_path: Path) -> AsyncIterator[Contents]:
        raise AssertionError("each says what it opens")
        yield

    def run(self, tmp_path: Path, body: Body) -> None:
        async def opened() -> None:
            async with self.opened(tmp_path) as contents:
                await body(contents)

        asyncio.run(opened())

    @pytest.mark.parametrize("size", [0, 1, 600_000])
    def test_what_was_written_is_read_byte_for_byte(self, tmp_path: Path, size: int) -> None:
        async def body(contents: Contents) -> None:
            written = os.urandom(size)
            await contents.write("a.pdf", written)
            assert await contents.read("a.pdf") == written

        self.run(tmp_path, body)

    def test_the_same_name_again_takes_the_place_of_what_was_there(self, tmp_path: Path) -> None:
        async def body(contents: Contents) -> None:
            await contents.write("a.pdf", b"old")
            await contents.write("a.pdf", b"new")
            assert await contents.read("a.pdf") == b"new"

        self.run(tmp_path, body)

    def test_what_is_not_there_is_said_not_to_be_there(self, tmp_path: Path) -> None:
        async def body(contents: Contents) -> None:
            with pytest.raises(FileNotFound):
                await contents.read("a.pdf")
            assert not await contents.delete("a.pdf")

        self.run(tmp_path, body)

    def test_what_was_deleted_is_gone(self, tmp_path: Path) -> None:
        async def body(contents: Contents) -> None:
            await contents.write("a.pdf", b"x")
            assert await contents.delete("a.pdf")
            with pytest.raises(FileNotFound):
                await contents.read("a.pdf")

        self.run(tmp_path, body)

    def test_many_at_once_do_not_get_in_each_other_s_way(self, tmp_path: Path) -> None:
        async def body(contents: Contents) -> None:
            names = [f"{number}.pdf" for number in range(10)]
            await asyncio.gather(*(contents.write(name, name.encode() * 1_000) for name in names))
            assert [await contents.read(name) for name in names] == [name.encode() * 1_000 for name in names]

        self.run(tmp_path, body)


class TestFolder(ContentsSuite):
    @asynccontextmanager
    async def opened(self, tmp_path: Path) -> AsyncIterator[Contents]:
        yield Folder(tmp_path / "files")

    @pytest.mark.parametrize(
        "name", ["../a", "/etc/passwd", "a/b", "..", ".", ".draft", "", "a\0b", "ä", "x" * 201]
    )
    def test_a_name_that_could_lead_elsewhere_is_none(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "a").write_bytes(b"not yours")

        async def body(contents: Contents) -> None:
            for call in (contents.read(name), contents.delete(name), contents.write(name, b"x")):
                with pytest.raises(FileNotFound):
                    await call

        self.run(tmp_path, body)
        assert (tmp_path / "a").read_bytes() == b"not yours"

    def test_nothing_but_the_file_is_left_in_the_folder(self, tmp_path: Path) -> None:
        async def body(contents: Contents) -> None:
            await contents.write("a.pdf", b"x")

        self.run(tmp_path, body)
        assert [path.name for path in (tmp_path / "files").iterdir()] == ["a.pdf"]

    def test_a_folder_that_cannot_be_written_is_said_to_be_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "files").write_bytes(b"this is a file")

        async def body(contents: Contents) -> None:
            with pytest.raises(StoreUnavailable):
                await contents.write("a.pdf", b"x")

        self.run(tmp_path, body)


class TestDesk(ContentsSuite):
    @asynccontextmanager
    async def opened(self, tmp_path: Path) -> AsyncIterator[Contents]:
        yield Desk()


class TestGridFiles(ContentsSuite):
    @asynccontextmanager
    async def opened(self, tmp_path: Path) -> AsyncIterator[Contents]:
        uri, name = mongo_server.uri(), mongo_server.new_database()
        contents = open_mongo_files({"uri": uri, "database": name})
        try:
            yield contents
        finally:
            await contents.close()
            async with AsyncMongoClient[dict[str, object]](uri) as client:
                await client.drop_database(name)
