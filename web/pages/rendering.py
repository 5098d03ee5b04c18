"""A page as an answer: its template filled in, under a strict policy, in the reader's language.

Every page has a nonce of its own; scripts and htmx elements carry it (`hx-nonce`), so that markup which
somebody smuggles in does nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from adapters import locales
from adapters.locales import LANGUAGES, Language
from adapters.templates import Templates
from engine.model import Millis
from providers.money import EXPONENTS
from web.answers import SECURITY_HEADERS
from web.context import CSRF, USER
from web.pages.static import url
from web.pages.texts import Texts, language_of, texts_in

FOLDER = Path(__file__).parent.parent / "templates"
THEME_COOKIE = "sagaloom_theme"
_SMALLEST = 1_000
"""Bytes from which compressing is worth it."""


def page(
    request: web.Request, template: str, names: Mapping[str, Any] | None = None, *, status: int = 200
) -> web.Response:
    """The template as HTML.

    A template may speak of what `names` gives and of: t (texts), language, theme, nonce, static, path,
    query, here (path and query, to come back to), money, moment, date, number, percent, user (None: nobody
    is logged in), csrf (what a form that changes something carries as hidden field `csrf`).
    """
    language, nonce = language_of(request), secrets.token_urlsafe(16)
    given = {**standard_names(request, language), **(names or {}), "nonce": nonce}
    response = web.Response(
        body=_templates().render(template, given).encode(), status=status, headers=_headers(nonce)
    )
    if len(response.body or b"") >= _SMALLEST:  # type: ignore[arg-type]  # bytes, as given above
        response.enable_compression()
    return response


def standard_names(request: web.Request, language: Language) -> dict[str, Any]:
    """What every template may speak of."""
    texts = texts_in(language)
    theme = request.cookies.get(THEME_COOKIE)
    return {
        "t": texts,
        "language": language,
        "languages": LANGUAGES,
        "theme": theme if theme in ("light", "dark") else None,
        "static": url,
        "path": request.path,
        "query": request.query,
        "here": request.rel_url.raw_path_qs,
        "user": request.get(USER),
        "csrf": request.get(CSRF, ""),
        **_formats(texts),
    }


def _formats(texts: Texts) -> dict[str, Any]:
    language = texts.language

    def money(amount: int, currency: str) -> str:
        if currency not in EXPONENTS:  # nobody knows its decimals: the smallest unit, as it was given
            return f"{locales.number(amount, language)} {currency}".rstrip()
        return locales.money(amount, currency, EXPONENTS[currency], language)

    def moment(at: Millis) -> str:
        return locales.moment(at, language)

    return {
        "money": money,
        "moment": moment,
        "date": lambda at: locales.date(at, language),
        "number": lambda value: locales.number(value, language),
        "percent": lambda share: locales.percent(share, language),
    }


def policy(nonce: str) -> str:
    """What a browser may do with a page: its own files, scripts that carry the nonce, nothing inline."""
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types htmx"
    )


def _headers(nonce: str) -> CIMultiDict[str]:
    headers = CIMultiDict(SECURITY_HEADERS)
    headers["Content-Type"] = "text/html; charset=utf-8"
    headers["Content-Security-Policy"] = policy(nonce)
    headers["Referrer-Policy"] = "same-origin"  # else a browser sends a page's forms with `Origin: null`
    headers["Vary"] = "Cookie, Accept-Language, Accept-Encoding"
    return headers


@lru_cache(maxsize=1)
def _templates() -> Templates:
    return Templates([FOLDER])
