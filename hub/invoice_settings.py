"""What config.yaml says of invoices: the company, series, language, taxes, templates. Read and checked once."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from adapters.invoices import WORKERS
from adapters.locales import LANGUAGES, Language
from engine.errors import ConfigInvalid
from engine.model import Json
from hub.invoice_items import rate_of
from providers.money import CURRENCIES

SHIPPED = Path(__file__).with_name("invoice_templates")
LARGEST_LOGO = 500_000

_FIELDS = (
    "companyName",
    "address",
    "telephoneNumber",
    "email",
    "website",
    "vatNumber",
    "fiscalCode",
    "bank",
    "note",
)
_LOGOS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_SERIES = re.compile(r"[A-Za-z0-9]{1,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this company writes invoices.

    Attributes:
        company: Texts as they are printed; `address` a list of lines.
        logo: A data: URI, empty without one.
        series, credit_series: What numbers of invoices and of credit notes begin with.
        zone: Decides the date, and so the year, of a moment.
        rate: Of items that name none, in hundredths of a percent.
        currency: Of /print-pdf when the body names none.
        folders: Of templates, the team's own first.
    """

    company: Json = field(default_factory=lambda: {"companyName": "Your company", "address": []})
    logo: str = field(default="", repr=False)
    series: str = "INV"
    credit_series: str = "CN"
    language: Language = "en"
    zone: str = "UTC"
    rate: int = 2_200
    currency: str = "EUR"
    folders: tuple[Path, ...] = (SHIPPED,)
    workers: int = WORKERS


def read_settings(written: Mapping[str, Any], base: Path) -> Settings:
    """The part `invoices` of config.yaml, in the folder `base`.

    Raises:
        ConfigInvalid: The message says which key, and never a value.
    """
    company = _company(written.get("company", {}), base)
    series = written.get("series", {})
    names = series.get("invoices", "INV"), series.get("creditNotes", "CN")
    if not all(_SERIES.fullmatch(name) for name in names) or names[0] == names[1]:
        raise _wrong("series", "two different names of letters and digits, at most ten")
    rate = rate_of(written.get("taxRate", 22))
    if rate is None:
        raise _wrong("taxRate", "a percentage from 0 to 100 with at most two decimals")
    return Settings(
        company=_printed(company),
        logo=_logo(company, base),
        series=names[0],
        credit_series=names[1],
        language=_language(written.get("language", "en")),
        zone=_zone(written.get("timezone", "UTC")),
        rate=rate,
        currency=_currency(written.get("currency", "EUR")),
        folders=(*_folder(written.get("templates"), base), SHIPPED),
        workers=written.get("workers", WORKERS),
    )


def _company(written: object, base: Path) -> Mapping[str, Any]:
    """As it stands there, or in the JSON file that is named: the original's COMPANY_DATA_PATH."""
    if not isinstance(written, str):
        return cast("Mapping[str, Any]", written)
    try:
        found = json.loads((base / written).read_bytes())
    except OSError as error:
        raise ConfigInvalid(f"invoices: the company's file cannot be read: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _wrong("company", "a file that holds a JSON object")
    return found


def _printed(company: Mapping[str, Any]) -> Json:
    address = company.get("address", [])
    lines = address.splitlines() if isinstance(address, str) else address
    texts = {name: company[name] for name in _FIELDS if name != "address" and company.get(name)}
    if not isinstance(lines, list) or not all(isinstance(text, str) for text in (*lines, *texts.values())):
        raise _wrong("company", "made of texts; its address is one or a list of them")
    return {"companyName": "Your company", **texts, "address": [line for line in lines if line.strip()]}


def _logo(company: Mapping[str, Any], base: Path) -> str:
    """From `logo` (base64, or a data: URI) or `logoFile`."""
    if file := company.get("logoFile"):
        try:
            content = (base / str(file)).read_bytes()
        except OSError as error:
            raise ConfigInvalid(f"invoices: the logo's file cannot be read: {error.strerror}") from None
    elif logo := company.get("logo"):
        try:
            content = base64.b64decode(str(logo).rpartition(",")[2], validate=True)
        except binascii.Error:
            raise _wrong("company.logo", "a picture in base64") from None
    else:
        return ""
    kind = next((kind for head, kind in _LOGOS.items() if content.startswith(head)), None)
    if kind is None or len(content) > LARGEST_LOGO:
        raise _wrong("company.logo", f"a PNG or JPEG picture of at most {LARGEST_LOGO // 1000} kB")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _language(written: object) -> Language:
    if written not in LANGUAGES:
        raise _wrong("language", f"one of {', '.join(LANGUAGES)}")
    return written


def _zone(written: str) -> str:
    try:
        ZoneInfo(written)
    except (KeyError, ValueError, OSError):
        raise _wrong("timezone", "a time zone such as Europe/Rome") from None
    return written


def _currency(written: str) -> str:
    if written not in CURRENCIES:
        raise _wrong("currency", "a currency of ISO 4217")
    return written


def _folder(written: str | None, base: Path) -> tuple[Path, ...]:
    if written is None:
        return ()
    folder = (base / written).resolve()
    if not folder.is_dir():
        raise _wrong("templates", "a folder that is there")
    return (folder,)


def _wrong(key: str, wanted: str) -> ConfigInvalid:
    return ConfigInvalid(f"invoices: {key} is not {wanted}")
