"""Files that the hub keeps: what they are called, how large they may be, and where their contents lie.

The content goes first, then the record: a crash between them leaves a content that nobody knows, never a file without one.
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.errors import ActionNotPossible, FileNotFound, PayloadInvalid, RecordExists
from engine.model import Json, Millis
from engine.ports import Clock, Ids
from engine.records import Record, Records

KIND = "files"
LARGEST = 15_000_000
"""Bytes: what a mail may carry."""

LOCATION = "/files/download/"
MOST_TOGETHER = 200
LARGEST_TOGETHER = 200_000_000

_OURS = frozenset({"name", "file", "size", "location", "kept"})
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}")
_LONGEST_NAME = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f/\\]")
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


class Contents(Protocol):
    """Where contents lie: adapters.files.Folder, adapters.stores.mongo_files.GridFiles."""

    async def write(self, name: str, content: bytes) -> None: ...
    async def read(self, name: str) -> bytes: ...
    async def delete(self, name: str) -> bool: ...
    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A file.

    Attributes:
        name: What its owner calls it.
        file: What it is kept under; no two files have the same.
        more: What else is known of it, such as sagaId.
    """

    name: str
    file: str
    size: int
    location: str
    at: Millis
    more: Json


class Files:
    """The files of this hub. `largest`: bytes of one file."""

    def __init__(
        self, records: Records, contents: Contents, clock: Clock, ids: Ids, *, largest: int = LARGEST
    ) -> None:
        self._records = records
        self._contents = contents
        self._clock = clock
        self._ids = ids
        self.largest = largest

    async def add(
        self,
        *,
        name: str,
        content: bytes,
        extra: Json | None = None,
        file: str | None = None,
        kept: bool = False,
    ) -> Filed:
        """Keep a file; durable when this returns.

        Args:
            extra: Further fields of its record.
            file: What to keep it under; None: an id of ours. The same content under the same one is the same file.
            kept: It cannot be removed.

        Raises:
            PayloadInvalid: It is too large, or its name or its fields cannot be kept.
        """
        if len(content) > self.largest:
            raise PayloadInvalid(f"The file is larger than {self.largest} bytes")
        name, more = checked_name(name), _checked(extra or {})
        file = file or f"{self._ids.new()}{_suffix(name)}"
        await self._contents.write(file, content)
        body = {
            **more,
            "name": name,
            "file": file,
            "size": len(content),
            "location": LOCATION + file,
            "kept": kept,
        }
        record = Record(kind=KIND, id=file, at=self._clock.now(), tags=_tags(more), body=body)
        try:
            await self._records.insert(record)
        except RecordExists:
            return await self.find(file) or _filed(record)
        return _filed(record)

    async def find(self, file: str) -> Filed | None:
        record = await self._records.get(KIND, file)
        return _filed(record) if record else None

    async def read(self, file: str) -> bytes:
        """Raises FileNotFound."""
        if await self._records.get(KIND, file) is None:
            raise FileNotFound("There is no file of this name")
        return await self._contents.read(file)

    async def together(self, files: Sequence[str]) -> bytes:
        """A ZIP with all of them, under the names of their owners.

        Raises:
            FileNotFound: One of them is not there.
            PayloadInvalid: They are too many, or too large together.
        """
        found = [await self._found(file) for file in dict.fromkeys(files)]
        if len(found) > MOST_TOGETHER or sum(filed.size for filed in found) > LARGEST_TOGETHER:
            raise PayloadInvalid(
                f"A ZIP takes {MOST_TOGETHER} files of {LARGEST_TOGETHER // 10**6} MB together"
            )
        return await zipped([(filed.name, await self._contents.read(filed.file)) for filed in found])

    async def page(
        self,
        *,
        saga_id: str | None = None,
        since: Millis | None = None,
        after: tuple[Millis, str] | None = None,
        limit: int,
    ) -> Sequence[Filed]:
        """Newest first; `after` is (at, file) of the last one seen."""
        tags = {"saga": saga_id} if saga_id else None
        found = await self._records.find(KIND, tags=tags, since=since, after=after, newest=True, limit=limit)
        return [_filed(record) for record in found]

    async def describe(self, file: str, extra: Json) -> Filed:
        """Change fields beside name, size and place. Raises FileNotFound, PayloadInvalid, StaleRecord."""
        record = await self._record(file)
        body = {**record.body, **_checked(extra)}
        changed = Record(
            kind=KIND, id=file, version=record.version, at=record.at, tags=_tags(body), body=body
        )
        return _filed(await self._records.replace(changed))

    async def remove(self, file: str) -> None:
        """Raises FileNotFound, and ActionNotPossible: it is an invoice."""
        record = await self._record(file)
        if record.body["kept"]:
            raise ActionNotPossible("Invoices are kept: this file cannot be removed")
        await self._records.delete(KIND, file)
        await self._contents.delete(file)

    async def close(self) -> None:
        await self._contents.close()

    async def _found(self, file: str) -> Filed:
        return _filed(await self._record(file))

    async def _record(self, file: str) -> Record:
        record = await self._records.get(KIND, file)
        if record is None:
            raise FileNotFound("There is no file of this name")
        return record


async def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP of these names and contents; the second file of a name gets a number."""
    return await asyncio.to_thread(_zip, list(files))


def checked_name(name: str) -> str:
    """A name as it may be shown and offered for saving. Raises PayloadInvalid."""
    last = _UNPRINTABLE.sub("", re.split(r"[/\\]", name)[-1]).strip(" .")
    if not last:
        raise PayloadInvalid("The file has no name")
    return last if len(last) <= _LONGEST_NAME else last[: _LONGEST_NAME - 12] + _suffix(last)


def _zip(files: Sequence[tuple[str, bytes]]) -> bytes:
    sink, taken = io.BytesIO(), dict[str, int]()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            taken[name] = taken.get(name, 0) + 1
            stem, dot, suffix = name.rpartition(".")
            shown = name if taken[name] == 1 else f"{stem or suffix} ({taken[name]}){dot and dot + suffix}"
            archive.writestr(zipfile.ZipInfo(shown, _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def _checked(extra: Json) -> Json:
    if taken := sorted(_OURS & set(extra)):
        raise PayloadInvalid(f"A file's {', '.join(taken)} cannot be given")
    if any(not name or name[0] in "_$" or "." in name for name in extra):
        raise PayloadInvalid("Fields of a file begin with no _ or $ and hold no dot")
    return extra


def _tags(more: Json) -> dict[str, str]:
    saga = more.get("sagaId")
    return {"saga": saga} if isinstance(saga, str) and saga else {}


def _suffix(name: str) -> str:
    dot = name.rfind(".")
    suffix = name[dot:] if dot > 0 else ""
    return suffix.lower() if _SUFFIX.fullmatch(suffix) else ""


def _filed(record: Record) -> Filed:
    body: dict[str, Any] = record.body
    more = {name: value for name, value in body.items() if name not in _OURS}
    return Filed(
        name=body["name"],
        file=body["file"],
        size=body["size"],
        location=body["location"],
        at=record.at,
        more=more,
    )
