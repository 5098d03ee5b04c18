"""What callers of the files' API may send, and what they are answered: the original's files service below /files."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from web.requests import Body, Limit, Moment, Name, Query
from web.shapes import Shape

Switch = Literal["0", "1", "false", "true"]


class DownloadQuery(Query):
    download: Annotated[Switch, Meta(description="1: to be saved, not shown")] = "0"
    download_with_original_name: Annotated[Switch, Meta(description="1: saved under its own name")] = "0"
    use_original_name: Annotated[Switch, Meta(description="1: shown under its own name")] = "0"


class TogetherQuery(Query):
    files: Annotated[
        str, Meta(min_length=1, max_length=20_000, description="Names of files, with commas between them")
    ]


class FileListQuery(Query):
    limit: Limit = 25
    page: Annotated[int, Meta(ge=1, le=1000)] = 1
    date_from: Annotated[Moment | None, Meta(description="Those that were added since")] = None
    saga_id: Name | None = None


class FileMetadata(Body, forbid_unknown_fields=False):
    """Fields beside name, file, size and location; `sagaId` is what files are found by."""

    saga_id: Name | None = None


class StoredFile(Shape):
    """A file: `file` is what it is asked for by, `name` what its owner calls it. `metadata` are its further fields."""

    id: str = field(name="_id")
    name: str
    file: str
    size: int
    location: str
    saga_id: str | None
    created_at: str
    metadata: dict[str, Any]


class StoredFiles(Shape):
    """Several files."""

    files: list[StoredFile]


class FileRemoved(Shape):
    """It is gone."""

    file: str
