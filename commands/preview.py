"""`sagaloom preview`: messages as their readers will see them, without sending anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from commands.terminal import note, print_json, safe_lines, say

if TYPE_CHECKING:
    from adapters.locales import Language
    from hub.message_texts import MessageTexts

LANGUAGES = ("en", "it")


@click.group("preview")
def command() -> None:
    """Show what people will be sent."""


@command.command("mail")
@click.argument("template", required=False)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="In which language."
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the HTML part here, for a browser.",
)
@click.option("--sms", is_flag=True, help="The text message instead of the mail.")
@click.option("--currency", default="EUR", show_default=True, metavar="CODE", help="Of the made-up payment.")
@click.option(
    "--config",
    "config_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Use the templates, the shop and the language of this config.yaml.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def mail(
    template: str | None,
    language: Language,
    html: Path | None,
    sms: bool,
    currency: str,
    config_file: Path | None,
    as_json: bool,
) -> None:
    """Fill a template with a made-up payment and print it; without TEMPLATE, list the templates."""
    texts, shop = _texts(config_file)
    if template is None:
        _list(texts.names(), as_json)
        return
    if not texts.has(template):
        raise click.UsageError(f"There is no template {template}. There are: {', '.join(texts.names())}.")
    from hub.message_samples import sample

    names = {**sample(template, language, currency=currency)[0], **({"shop": shop} if shop else {})}
    letter, short = texts.letter(template, language, names), texts.short(template, language, names)
    if html is not None:
        html.write_text(letter.html or letter.text, encoding="utf-8")
        note(f"Written to {html}.")
    elif as_json:
        print_json({"subject": letter.subject, "text": letter.text, "html": letter.html, "sms": short})
    elif sms:
        say(safe_lines(short))
    else:
        whole = f"Subject: {letter.subject}\n\n{letter.text}".replace("\u00a0", " ")
        say(safe_lines(whole).rstrip("\n"))


def _list(names: Sequence[str], as_json: bool) -> None:
    if as_json:
        print_json(names)
    for name in () if as_json else names:
        say(name)


def _texts(config_file: Path | None) -> tuple[MessageTexts, str]:
    """The templates, and the shop's name if a config says it. Raises ConfigInvalid."""
    from hub.message_texts import MessageTexts

    if config_file is None:
        return MessageTexts(), ""
    from engine.config import load_config
    from hub.messaging import open_messaging

    config = load_config(config_file)
    found = open_messaging(mail=config.mail, sms=config.sms, messages=config.messages, base=config.base)
    return found.texts, found.manners.shop
