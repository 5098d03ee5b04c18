"""The templates of messages: files that a team may edit, two languages, text, HTML and text messages.

A template `payment-executed` is the files `<language>/payment-executed.txt` (its first line is `Subject: ...`),
`.html` and `.sms.txt`, of which the first is enough. docs/messages.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.locales import LANGUAGES, Language, date, moment
from adapters.templates import Templates
from engine.definition.findings import Finding
from engine.errors import ConfigInvalid
from engine.model import Json, Millis
from hub.message_samples import sample

SHIPPED = Path(__file__).parent / "messages"
_SUBJECT = "Subject:"
_ENDINGS = (".sms.txt", ".txt", ".html")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message written out. `html` is empty where there is no such template."""

    subject: str
    text: str
    html: str


class MessageTexts:
    """The shipped templates, and those of `folder`, which take their place by name."""

    def __init__(self, folder: Path | None = None, *, reload: bool = False) -> None:
        self._folder = folder
        folders = [SHIPPED] if folder is None else [folder, SHIPPED]
        self._templates = Templates(folders, filters={"date": _date, "moment": _moment}, reload=reload)

    def names(self) -> list[str]:
        """Every template there is, by name."""
        found = (one.partition("/")[2] for one in self._templates.names() if "/" in one)
        return sorted({_stem(one) for one in found if one.endswith(_ENDINGS)})

    def has(self, name: str) -> bool:
        """Whether there is such a template."""
        return self._templates.has(f"{LANGUAGES[0]}/{name}.txt")

    def letter(self, name: str, language: Language, names: Json) -> Letter:
        """The mail.

        Raises:
            ConfigInvalid: There is no such template, or it asks for what is not there.
        """
        written = self._templates.render(f"{language}/{name}.txt", names)
        first, _, text = written.partition("\n")
        if not first.startswith(_SUBJECT):
            raise ConfigInvalid(f"template {language}/{name}.txt does not begin with `{_SUBJECT} ...`")
        page = f"{language}/{name}.html"
        html = self._templates.render(page, names) if self._templates.has(page) else ""
        return Letter(subject=first.removeprefix(_SUBJECT).strip(), text=text.lstrip("\n"), html=html)

    def short(self, name: str, language: Language, names: Json) -> str:
        """The text message: its own template, else the mail's subject.

        Raises:
            ConfigInvalid: As `letter`.
        """
        own = f"{language}/{name}.sms.txt"
        there = self._templates.has(own)
        text = (
            self._templates.render(own, names).strip()
            if there
            else self.letter(name, language, names).subject
        )
        return text.replace(
            "\u00a0", " "
        )  # which is not in the alphabet of text messages, and would double their price

    def findings(self) -> list[Finding]:
        """What is wrong with them: each is filled in, in each language, with what payments look like."""
        return [
            Finding(
                code="wrong-template", severity="error", message=why, file=str(self._place(name, language))
            )
            for name in self.names()
            for language in LANGUAGES
            for why in self._problems(name, language)
        ]

    def _problems(self, name: str, language: Language) -> Sequence[str]:
        found: dict[str, None] = {}
        for names in sample(name, language):
            try:
                self.letter(name, language, names)
                self.short(name, language, names)
            except ConfigInvalid as error:
                found[str(error)] = None
        return list(found)

    def _place(self, name: str, language: Language) -> Path:
        """Where the template's file is, or would be."""
        file = f"{language}/{name}.txt"
        own = None if self._folder is None else self._folder / file
        return own if own is not None and (own.exists() or not (SHIPPED / file).exists()) else SHIPPED / file


def _stem(file: str) -> str:
    return next(file.removesuffix(ending) for ending in _ENDINGS if file.endswith(ending))


def _date(value: str | Millis, language: Language, zone: str = "UTC") -> str:
    return date(_millis(value), language, zone)


def _moment(value: str | Millis, language: Language, zone: str = "UTC") -> str:
    return moment(_millis(value), language, zone)


def _millis(value: str | Millis) -> Millis:
    if isinstance(value, int):
        return value
    return int(datetime.fromisoformat(value).timestamp() * 1000)
