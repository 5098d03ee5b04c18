"""The original's files service, below /files: upload, download, ZIP, list, metadata, delete."""

from __future__ import annotations

import msgspec
from aiohttp import web

from engine.machine.names import iso
from hub.files import Filed, Files
from web.acts import note
from web.answers import json_answer
from web.bodies import read_body
from web.context import context_of
from web.file_answers import file_answer
from web.file_shapes import (
    DownloadQuery,
    FileListQuery,
    FileRemoved,
    StoredFile,
    StoredFiles,
    TogetherQuery,
)
from web.invoices import zip_answer
from web.moments import moment
from web.problems import Problem
from web.reading import read_name, read_query
from web.requests import NoQuery
from web.uploads import Upload, read_upload

_METADATA = msgspec.json.Decoder(dict[str, object])


async def add_file(request: web.Request) -> web.Response:
    """`POST /files/`: one file, and fields that are kept with it."""
    read_query(request, NoQuery)
    upload = await read_upload(request, largest=_files(request).largest)
    if len(upload.files) != 1:
        raise Problem("invalid-request", "Send one file; several go to /files/bulk.")
    return json_answer((await _added(request, upload))[0])


async def add_files(request: web.Request) -> web.Response:
    """`POST /files/bulk`: several files, all or none."""
    read_query(request, NoQuery)
    upload = await read_upload(request, largest=_files(request).largest)
    return json_answer(StoredFiles(files=await _added(request, upload)))


async def download(request: web.Request) -> web.Response:
    """`GET /files/download/{file}`."""
    query, file = read_query(request, DownloadQuery), read_name(request, "file")
    filed = await _found(request, file)
    own = {query.download_with_original_name, query.use_original_name} & {"1", "true"}
    save = bool({query.download, query.download_with_original_name} & {"1", "true"})
    return file_answer(await _files(request).read(file), filed.name if own else filed.file, save=save)


async def download_together(request: web.Request) -> web.Response:
    """`GET /files/download?files=a,b`: a ZIP of all of them, or nothing."""
    names = [name for name in read_query(request, TogetherQuery).files.split(",") if name]
    return zip_answer(await _files(request).together(names), "files.zip")


async def list_files(request: web.Request) -> web.Response:
    """`GET /files/files/`: newest first, by pages as the original counts them."""
    query = read_query(request, FileListQuery)
    since, files = moment("dateFrom", query.date_from), _files(request)
    after, page = None, await files.page(saga_id=query.saga_id, since=since, limit=query.limit)
    for _ in range(query.page - 1):
        if not page:
            break
        after = (page[-1].at, page[-1].file)
        page = await files.page(saga_id=query.saga_id, since=since, after=after, limit=query.limit)
    return json_answer(StoredFiles(files=[_shape(filed) for filed in page]))


async def describe(request: web.Request) -> web.Response:
    """`PATCH /files/{file}/metadata`."""
    read_query(request, NoQuery)
    file, fields = read_name(request, "file"), await read_body(request, _METADATA)
    filed = await _files(request).describe(file, fields)
    await note(request, "file.describe", f"file {file}")
    return json_answer(_shape(filed))


async def remove(request: web.Request) -> web.Response:
    """`DELETE /files/{file}`. Invoices stay."""
    read_query(request, NoQuery)
    file = read_name(request, "file")
    await _files(request).remove(file)
    await note(request, "file.delete", f"file {file}")
    return json_answer(FileRemoved(file=file))


async def _added(request: web.Request, upload: Upload) -> list[StoredFile]:
    """All of the files; if one cannot be kept, those before it are removed again."""
    files, done = _files(request), list[Filed]()
    try:
        for name, content in upload.files:
            done.append(await files.add(name=name, content=content, extra=upload.fields))
    except BaseException:
        for filed in done:
            await files.remove(filed.file)
        raise
    for filed in done:
        await note(request, "file.add", f"file {filed.file}")
    return [_shape(filed) for filed in done]


async def _found(request: web.Request, file: str) -> Filed:
    filed = await _files(request).find(file)
    if filed is None:
        raise Problem("file-not-found", "There is no file of this name.")
    return filed


def _files(request: web.Request) -> Files:
    return context_of(request).paperwork.files


def _shape(filed: Filed) -> StoredFile:
    saga = filed.more.get("sagaId")
    return StoredFile(
        id=filed.file,
        name=filed.name,
        file=filed.file,
        size=filed.size,
        location=filed.location,
        saga_id=saga if isinstance(saga, str) else None,
        created_at=iso(filed.at),
        metadata=filed.more,
    )
