"""The program that turns HTML into PDF, a process of its own: the only home of xhtml2pdf and reportlab.

adapters/invoices.py starts it by its file name. It imports nothing of ours, reads jobs from standard input and answers
on standard output, each as a length of four bytes and that many bytes of JSON or PDF. It reaches no network, and
reads no file but its libraries and what lies in the folders that a job names.
"""

from __future__ import annotations

import io
import json
import logging
import mimetypes
import os
import resource
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from xhtml2pdf import default
from xhtml2pdf.config.resources import ResourceAccessPolicy
from xhtml2pdf.document import pisaDocument

LENGTH = struct.Struct(">I")
MEMORY = 1 << 30
"""Bytes of address space: a template that wants more is wrong, and must not take the machine with it."""

NICE = 10
"""Payments come first."""

DONE, REFUSED = b"+", b"-"
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.remove",
    "os.rename",
)


class Refusal(Exception):
    """The document cannot be printed; the text says why and quotes no data of it."""


class Fence:
    """What the job at hand may read; asked at every opening of a file, whoever opens it."""

    def __init__(self) -> None:
        self._libraries = tuple(
            os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, *sys.path) if path
        )
        self.folders: tuple[str, ...] = ()
        self.closed = False

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.closed:
            return
        if event.startswith(_FORBIDDEN):
            raise PermissionError(f"{event} is not for templates")
        if event == "open" and isinstance(arguments[0], str | bytes) and not self._may_open(*arguments):
            raise PermissionError("the file is none of the template's")

    def holds(self, path: str) -> bool:
        """Whether the file is in a folder of the job."""
        return _is_below(os.path.realpath(path), self.folders)

    def _may_open(self, path: str | bytes, mode: str | None, flags: int) -> bool:
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        real = os.path.realpath(os.fsdecode(path))
        return not writes and _is_below(real, (*self.folders, *self._libraries))


def main() -> None:
    """Answer jobs until standard input ends."""
    os.setpriority(os.PRIO_PROCESS, 0, max(NICE, os.getpriority(os.PRIO_PROCESS, 0)))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable(logging.CRITICAL)  # the library logs what it reads
    mimetypes.init(files=())  # else it looks for files of this machine, behind the fence
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    fence = Fence()
    sys.addaudithook(fence.audit)
    while job := _read(source):
        try:
            answer = DONE + printed(json.loads(job), fence)
        except Refusal as refusal:
            answer = REFUSED + str(refusal).encode()
        except Exception as error:  # whatever a library makes of a template
            answer = REFUSED + f"{type(error).__name__} while printing".encode()
        sink.write(LENGTH.pack(len(answer)) + answer)
        sink.flush()


def printed(job: Mapping[str, Any], fence: Fence) -> bytes:
    """The PDF of a job: html, folders, fonts (family -> regular and bold file), at (seconds).

    Raises:
        Refusal: It names what it may not read, or is no document.
    """
    _register(job["fonts"])
    os.environ["SOURCE_DATE_EPOCH"] = str(job["at"])  # the same job gives the same bytes
    fence.folders = tuple(os.path.realpath(folder) for folder in job["folders"])
    refused: list[str] = []
    fence.closed = True
    try:
        sheet = _print(job["html"], [Path(folder) for folder in job["folders"]], fence, refused)
    finally:
        fence.closed = False
    if refused:
        raise Refusal(f"the template names {refused[0]}, which is no file beside it and no data: URI")
    return sheet


def _print(html: str, folders: Sequence[Path], fence: Fence, refused: list[str]) -> bytes:
    sheet = io.BytesIO()

    def found(uri: str, _base: str | None) -> str:
        if uri.startswith("data:"):
            return uri
        for folder in folders:
            if (path := folder / uri).is_file() and fence.holds(str(path)):
                return str(path)
        refused.append(uri[:80])
        return "data:,"

    policy = ResourceAccessPolicy.server(allow_remote=False, extra_roots=tuple(folders))
    report = pisaDocument(html, sheet, link_callback=found, encoding="utf-8", resource_policy=policy)
    if report.err:
        raise Refusal("the HTML of the template is not what the printer understands")
    return sheet.getvalue()


def _register(fonts: Mapping[str, Sequence[str]]) -> None:
    """Once in a process: reading a font takes longer than an invoice."""
    for family, (regular, bold) in fonts.items():
        plain = family.replace(" ", "")
        if plain in pdfmetrics.getRegisteredFontNames():
            continue
        pdfmetrics.registerFont(TTFont(plain, regular))
        pdfmetrics.registerFont(TTFont(f"{plain}-Bold", bold))
        pdfmetrics.registerFontFamily(plain, plain, f"{plain}-Bold", plain, f"{plain}-Bold")
        default.DEFAULT_FONT[family.lower()] = plain


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def _read(source: BinaryIO) -> bytes:
    head = source.read(LENGTH.size)
    return source.read(*LENGTH.unpack(head)) if len(head) == LENGTH.size else b""


if __name__ == "__main__":
    main()
