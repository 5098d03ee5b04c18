"""What the configuration says of the checkout's pages and of the BFF, checked at start. Values only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from engine.definition.durations import milliseconds
from engine.errors import ConfigInvalid
from hub.apple_pay import ApplePay, read_apple_pay
from hub.checkout_look import Look, read_look
from hub.posting import is_address

Page = Literal["home", "subscription", "link"]
PAGES: tuple[Page, ...] = get_args(Page)

Outcome = Literal["ok", "ko", "pending"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutPages:
    """The pages at /payment and the paths at /pgm-bff.

    Attributes:
        pages: Those that can be left out and are there: `home` is the demo shop, `link` pay by link.
        poll: Seconds between two looks at a payment that is pending.
        terms: What a customer accepts; None: a sentence of ours.
        back: Where the shop wants its customers afterwards.
        link_provider: Who makes links to pay by; None: the first that can.
        forms_a_minute: That one address may send to the pages.
        calls_a_minute: That one API key, or one address without a key, may send to the BFF.
    """

    look: Look = field(default_factory=Look)
    pages: frozenset[Page] = frozenset(PAGES)
    poll: int = 2
    terms: str | None = None
    back: Mapping[Outcome, str] = field(default_factory=dict)
    link_provider: str | None = None
    forms_a_minute: int = 60
    calls_a_minute: int = 600
    apple_pay: ApplePay | None = None


def read_pages(written: Mapping[str, Any], base: Path, linking: Collection[str]) -> CheckoutPages:
    """The `checkout` part of config.yaml; `linking` are the providers that make links.

    Raises:
        ConfigInvalid: What is wrong, and where.
    """
    switches, provider = written.get("pages", {}), written.get("linkProvider")
    if provider is not None and provider not in linking:
        raise ConfigInvalid("checkout.linkProvider: this provider is not bound, or makes no links")
    return CheckoutPages(
        look=read_look(written, base),
        pages=frozenset(page for page in PAGES if switches.get(page, True)),
        poll=max(1, milliseconds(written.get("pollingInterval", "2s")) // 1000),
        terms=_address("termsUrl", written.get("termsUrl")),
        back={
            outcome: url
            for outcome in OUTCOMES
            if (url := _address(f"returnUrls.{outcome}", written.get("returnUrls", {}).get(outcome)))
        },
        link_provider=provider,
        forms_a_minute=written.get("requestsPerMinute", 60),
        calls_a_minute=written.get("apiRequestsPerMinute", 600),
        apple_pay=read_apple_pay(written.get("applePay"), base),
    )


def _address(name: str, written: str | None) -> str | None:
    if written is not None and not is_address(written):
        raise ConfigInvalid(f"checkout.{name}: is not an http or https address")
    return written
