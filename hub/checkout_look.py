"""How the checkout looks: title, colours, logo and icon from the configuration, checked at start.

Pure but for reading the two pictures. web/checkout/brand.py makes a style sheet of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import ConfigInvalid

READABLE = 4.5
"""Contrast of text to what is behind it, as WCAG 2.2 asks for (level AA)."""

LARGEST_PICTURE = 500_000
PICTURES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
}

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")


@dataclass(frozen=True, slots=True)
class Colour:
    """An opaque colour, #RRGGBB."""

    hex: str

    @property
    def channels(self) -> tuple[int, int, int]:
        """Red, green, blue: 0 to 255."""
        red, green, blue = (int(self.hex[place : place + 2], 16) for place in (1, 3, 5))
        return red, green, blue

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 to 1 (WCAG 2.2)."""
        red, green, blue = (_linear(one / 255) for one in self.channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    def contrast(self, other: Colour) -> float:
        """1 to 21."""
        light, dark = sorted((self.luminance, other.luminance), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    def towards(self, other: Colour, share: float) -> Colour:
        """This one with `share` (0 to 1) of the other in it."""
        pairs = zip(self.channels, other.channels, strict=True)
        return Colour("#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs))

    def readable_on(self, behind: Colour) -> Colour:
        """This one, as much nearer to black or white as text on `behind` needs."""
        goal = BLACK if behind.contrast(BLACK) > behind.contrast(WHITE) else WHITE
        steps = (self.towards(goal, step / 20) for step in range(21))
        return next(colour for colour in steps if colour.contrast(behind) >= READABLE or colour == goal)


BLACK, WHITE = Colour("#000000"), Colour("#ffffff")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A logo or an icon as it is served."""

    kind: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The house's own unless the configuration says otherwise.

    Attributes:
        primary: Buttons, links, marks.
        background: Of cards and of the header.
        body: Behind them.
        font: Text.
    """

    title: str = "Sagaloom"
    primary: Colour = Colour("#2f5d8c")
    background: Colour = WHITE
    body: Colour = Colour("#f4f6f9")
    font: Colour = Colour("#25303b")
    logo: Picture | None = None
    favicon: Picture | None = None

    def warnings(self) -> list[str]:
        """Colours that some people cannot read, in words."""
        pairs = (("backgroundColor", self.background), ("bodyColor", self.body))
        return [
            f"checkout.fontColor on checkout.{name} has a contrast of {self.font.contrast(behind):.2f}; "
            f"{READABLE} is what people with weak eyes need"
            for name, behind in pairs
            if self.font.contrast(behind) < READABLE
        ]


def read_look(written: Mapping[str, Any], base: Path) -> Look:
    """The look in the `checkout` part of config.yaml.

    Raises:
        ConfigInvalid: A colour is no hex colour, or a picture is not there, too large or of another kind.
    """
    names = {
        "primary": "primaryColor",
        "background": "backgroundColor",
        "body": "bodyColor",
        "font": "fontColor",
    }
    colours = {field: _colour(name, written[name]) for field, name in names.items() if name in written}
    pictures = {name: _picture(name, base / written[name]) for name in ("logo", "favicon") if name in written}
    title = {"title": str(written["title"])} if "title" in written else {}
    return Look(**title, **colours, **pictures)  # type: ignore[arg-type]  # each under its own name


def _colour(name: str, written: object) -> Colour:
    if not isinstance(written, str) or not _HEX.fullmatch(written):
        raise ConfigInvalid(f'checkout.{name}: is not a colour; write six hex digits, as in "#EA5159"')
    return Colour(written.lower())


def _picture(name: str, path: Path) -> Picture:
    kind = PICTURES.get(path.suffix.lower())
    if kind is None:
        raise ConfigInvalid(f"checkout.{name}: {path.name} is none of {', '.join(PICTURES)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigInvalid(f"checkout.{name}: {path} cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_PICTURE:
        raise ConfigInvalid(f"checkout.{name}: {path.name} has more than {LARGEST_PICTURE // 1000} kB")
    return Picture(kind=kind, content=content)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
