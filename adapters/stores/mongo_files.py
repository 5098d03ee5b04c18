"""Files in GridFS, in the database of the MongoDB store: for daemons on several machines.

Keeps what adapters/files.py keeps: a name has one content, which is there as a whole when `write` returns. Each write is
a GridFS file of its own and then takes the place of those before it, so whoever dies on the way takes nothing away.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from gridfs import AsyncGridFSBucket
from gridfs.errors import NoFile
from pymongo import AsyncMongoClient

from adapters.stores.mongo_connection import client_of, database_of, errors_told, settings_of
from engine.errors import FileNotFound

BUCKET = "fs"


class GridFiles:
    """Owns its connection."""

    def __init__(self, client: AsyncMongoClient[dict[str, Any]], bucket: AsyncGridFSBucket) -> None:
        self._client = client
        self._bucket = bucket

    async def write(self, name: str, content: bytes) -> None:
        """Keep the content under the name, in place of what was there.

        Raises:
            StoreUnavailable: Perhaps it was done; doing it again is safe.
        """
        with errors_told():
            before = await self._ids(name)
            await self._bucket.upload_from_stream(name, content)
            await self._drop(before)

    async def read(self, name: str) -> bytes:
        """Raises FileNotFound, StoreUnavailable."""
        with errors_told():
            try:
                async with await self._bucket.open_download_stream_by_name(name) as source:
                    content: bytes = await source.read()
                    return content
            except NoFile:
                raise FileNotFound(f"There is no file {name}") from None

    async def delete(self, name: str) -> bool:
        """Whether it was there. Raises StoreUnavailable."""
        with errors_told():
            there = await self._ids(name)
            await self._drop(there)
            return bool(there)

    async def close(self) -> None:
        """Let go of the connections. Safe to call twice."""
        await self._client.close()

    async def _ids(self, name: str) -> list[Any]:
        return [file._id async for file in self._bucket.find({"filename": name})]

    async def _drop(self, ids: list[Any]) -> None:
        for id_ in ids:
            with suppress(NoFile):
                await self._bucket.delete(id_)


def open_mongo_files(options: Mapping[str, Any]) -> GridFiles:
    """The files in the database that the store's `options` name. Nothing is spoken to yet.

    Raises:
        ConfigInvalid: An option is wrong.
    """
    settings = settings_of(options)
    client = client_of(settings)
    return GridFiles(client, AsyncGridFSBucket(database_of(client, settings), bucket_name=BUCKET))
