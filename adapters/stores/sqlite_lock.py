"""The process lock beside an embedded database: one process at a time may open it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from engine.errors import StoreLocked, StoreUnavailable


class ProcessLock:
    """Held from `take` to `release`; the kernel lets go of it when the process dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, database: Path) -> ProcessLock:
        """Lock `database`.

        Raises:
            StoreLocked: Another process, or another store of this one, has it open.
            StoreUnavailable: The lock file cannot be made.
        """
        path = database.with_name(f"{database.name}.lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"The lock file {path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise StoreLocked(
                f"The database {database} is open in process {holder}: stop that one"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Safe to call twice. The file stays: removing it would let two processes hold two locks."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
