"""What pages say, in English and Italian: catalogues of web/texts, and which language a request wants.

A catalogue is JSON, key -> text with {names} in it. Both have the same keys; a test holds that, and that
every key is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import orjson
from aiohttp import web

from adapters.locales import LANGUAGES, Language

FOLDER = Path(__file__).parent.parent / "texts"
COOKIE = "sagaloom_language"


@dataclass(frozen=True, slots=True)
class Texts:
    """The catalogue of one language."""

    language: Language
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **names: object) -> str:
        """The text of a key, with its {names} filled in. The result is plain text: templates escape it."""
        text = self.texts[key]
        return text.format_map(names) if names else text

    def or_none(self, key: str) -> str | None:
        """The text of a key that may be missing: names that a team's own machine gave."""
        return self.texts.get(key)


@lru_cache(maxsize=len(LANGUAGES))
def texts_in(language: Language) -> Texts:
    """The catalogue of a language: all files of its folder together."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.json")):
        found |= orjson.loads(path.read_bytes())
    return Texts(language, found)


def language_of(request: web.Request) -> Language:
    """What `?language=` says, else the cookie, else the browser's first choice that we have, else English."""
    for wanted in (request.query.get("language"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    for part in request.headers.get("Accept-Language", "").split(","):
        if (code := part.strip()[:2].lower()) in LANGUAGES:
            return code
    return "en"
