"""The shop's look as files of its own: a style sheet made of its colours, its logo and its icon. No inline style anywhere.

Served below a name that changes with their content, so that browsers may keep them.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web
from multidict import CIMultiDict

from hub.checkout_look import BLACK, READABLE, WHITE, Colour, Look, Picture
from web.answers import SECURITY_HEADERS
from web.context import context_of
from web.pages.static import url as static_url
from web.problems import Problem
from web.reading import read_name

PATH = "/payment/brand/{version}/{name}"

_YEAR = "public, max-age=31536000, immutable"
_NIGHT = (Colour("#12171d"), Colour("#1b222b"), Colour("#dde3e9"))
"""Behind, cards and text in the dark: the shop's own colours are meant for the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """What the templates need: the title, and where the files are."""

    title: str
    style: str
    logo: str
    icon: str
    files: dict[str, Picture]


@lru_cache(maxsize=8)
def brand_of(look: Look) -> Brand:
    """The files of a look. The house's own logo and icon where it has none."""
    files = {"brand.css": Picture(kind="text/css; charset=utf-8", content=_sheet(look).encode())}
    for name, picture in (("logo", look.logo), ("icon", look.favicon)):
        if picture is not None:
            files[name] = picture
    seal = hashlib.sha256(b"".join(file.content for file in files.values())).hexdigest()[:12]
    own = {name: PATH.format(version=seal, name=name) for name in files}
    house = static_url("icon.svg")
    return Brand(
        title=look.title,
        style=own["brand.css"],
        logo=own.get("logo", house),
        icon=own.get("icon", house),
        files=files,
    )


async def serve_brand(request: web.Request) -> web.Response:
    """`GET /payment/brand/{version}/{name}`; an old version gets the present content, not kept."""
    brand = brand_of(context_of(request).hub.pages.look)
    file = brand.files.get(read_name(request, "name"))
    if file is None:
        raise Problem("not-found", "The shop has no such picture.")
    headers = CIMultiDict(SECURITY_HEADERS)
    headers["Content-Type"] = file.kind
    if f"/{read_name(request, 'version')}/" in brand.style:
        headers["Cache-Control"] = _YEAR
    body = file.content
    if file.kind.startswith("text/") and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"], headers["Vary"] = "gzip", "Accept-Encoding"
        body = gzip.compress(body, 6, mtime=0)
    return web.Response(body=body, headers=headers)


def _sheet(look: Look) -> str:
    day = _palette(look.primary, look.body, look.background, look.font)
    night = _palette(look.primary, *_NIGHT)
    return (
        f":root:not([data-theme=dark]), [data-theme=light] {{ {day} }}\n"
        f"[data-theme=dark] {{ {night} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme]) {{ {night} }} }}\n"
    )


def _palette(primary: Colour, body: Colour, card: Colour, font: Colour) -> str:
    """Text is made readable; what the shop chose for it is only warned of at start."""
    link = primary.readable_on(card).readable_on(body)
    button = primary if primary.contrast(card) >= 3 else link
    on_button = WHITE if button.contrast(WHITE) >= READABLE else BLACK
    hover = button.towards(on_button, 0.12)
    hover = button if hover.contrast(on_button) < READABLE else hover
    muted = font.towards(body, 0.25).readable_on(body).readable_on(card)
    line = font.towards(card, 0.82)
    values = {
        "--pico-background-color": body,
        "--pico-card-background-color": card,
        "--pico-card-sectioning-background-color": card.towards(body, 0.6),
        "--pico-color": font,
        "--pico-muted-color": muted,
        "--muted": muted,
        "--line": line,
        "--soft": card.towards(body, 0.6),
        "--pico-muted-border-color": line,
        "--pico-primary": link,
        "--pico-primary-hover": link.towards(font, 0.25),
        "--pico-primary-underline": link.towards(card, 0.5),
        "--pico-primary-focus": button.towards(card, 0.5),
        "--pico-primary-background": button,
        "--pico-primary-border": button,
        "--pico-primary-hover-background": hover,
        "--pico-primary-hover-border": hover,
        "--pico-primary-inverse": on_button,
        "--pico-form-element-background-color": card,
        "--pico-form-element-color": font,
        "--pico-form-element-border-color": font.towards(card, 0.5),
        "--pico-form-element-active-border-color": link,
        "--pico-form-element-focus-color": link,
        "--pico-form-element-placeholder-color": muted,
        "--tint": card.towards(button, 0.08),
    }
    values |= {f"--pico-h{level}-color": font for level in range(1, 7)}
    return " ".join(f"{name}: {colour.hex};" for name, colour in values.items())
