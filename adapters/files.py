"""Files in a directory, one for each name: written whole or not at all, and on disk when `write` returns.

hub/files.py gives the names and knows what they are; here nothing but a plain name is taken, so nothing leaves the folder.
GridFS does the same in adapters/stores/mongo_files.py.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.errors import FileNotFound, StoreUnavailable

FOLDER = "data/files"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class Folder:
    """A directory on this machine; made with the first file. All daemons that share it see the same files."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def write(self, name: str, content: bytes) -> None:
        """Keep the content under the name, in place of what was there.

        Raises:
            StoreUnavailable: The disk is full or may not be written; what was there is there still.
        """
        await asyncio.to_thread(self._write, self._file(name), content)

    async def read(self, name: str) -> bytes:
        """Raises FileNotFound, StoreUnavailable."""
        try:
            return await asyncio.to_thread(self._file(name).read_bytes)
        except FileNotFoundError:
            raise FileNotFound(f"There is no file {name}") from None
        except OSError as error:
            raise _unavailable(error) from None

    async def delete(self, name: str) -> bool:
        """Whether it was there. Raises StoreUnavailable."""
        try:
            await asyncio.to_thread(self._delete, self._file(name))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _unavailable(error) from None
        return True

    async def close(self) -> None:
        """There is nothing to let go of."""

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise FileNotFound("This is not the name of a file")
        return self._path / name

    def _write(self, file: Path, content: bytes) -> None:
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(dir=self._path, prefix=".draft-")
            try:
                with os.fdopen(descriptor, "wb") as sink:
                    sink.write(content)
                    sink.flush()
                    os.fsync(sink.fileno())
                os.replace(draft, file)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(draft)
                raise
            self._settle()
        except OSError as error:
            raise _unavailable(error) from None

    def _delete(self, file: Path) -> None:
        os.unlink(file)
        self._settle()

    def _settle(self) -> None:
        """The directory's own entries on disk."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Desk:
    """Files in memory: for a store that forgets everything too, and for tests."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    async def write(self, name: str, content: bytes) -> None:
        """Keep the content under the name."""
        self._files[name] = content

    async def read(self, name: str) -> bytes:
        """Raises FileNotFound."""
        try:
            return self._files[name]
        except KeyError:
            raise FileNotFound("There is no file of this name") from None

    async def delete(self, name: str) -> bool:
        """Whether it was there."""
        return self._files.pop(name, None) is not None

    async def close(self) -> None:
        """There is nothing to let go of."""


def _unavailable(error: OSError) -> StoreUnavailable:
    reason = errno.errorcode.get(error.errno or 0, "an error")
    return StoreUnavailable(f"The folder of the files cannot be used ({reason})")
