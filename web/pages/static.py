"""Style and scripts: read once, compressed once, served under a name that changes with their content.

`url("app.css")` is "/static/<hash>/app.css", which browsers may keep for a year.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from aiohttp import web
from multidict import CIMultiDict

from web.answers import SECURITY_HEADERS

FOLDER = Path(__file__).parent.parent / "static"
PATH = "/static/{version}/{name:.+}"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, as it is and compressed."""

    kind: str
    version: str
    body: bytes = field(repr=False)
    small: bytes = field(repr=False)


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """Every file below web/static that a page may ask for, by its name."""
    files = (path for path in FOLDER.rglob("*") if path.suffix in _TYPES)
    return {path.relative_to(FOLDER).as_posix(): _asset(path) for path in files}


def url(name: str) -> str:
    """Where the file is served. Raises KeyError: there is none."""
    return f"/static/{assets()[name].version}/{name}"


async def serve_static(request: web.Request) -> web.Response:
    """`GET /static/{version}/{name}`; an old version gets the present content, not kept."""
    asset = assets().get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    headers = CIMultiDict(SECURITY_HEADERS)
    headers["Content-Type"] = asset.kind
    headers["Vary"] = "Accept-Encoding"
    if request.match_info["version"] == asset.version:
        headers["Cache-Control"] = _YEAR
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=asset.small, headers=headers)
    return web.Response(body=asset.body, headers=headers)


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    version = hashlib.sha256(body).hexdigest()[:12]
    return Asset(_TYPES[path.suffix], version, body, gzip.compress(body, 9, mtime=0))
