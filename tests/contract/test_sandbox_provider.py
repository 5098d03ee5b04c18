"""The provider contract over the sandbox, and its table of outcomes."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import ConfigInvalid
from providers.base import Payment, Provider, Refund, RefundRequest, Rejected
from providers.sandbox import SandboxProvider, open_sandbox
from tests.contract.provider_contract import COLLECTING, ProviderContract, asked, refunded


class TestSandboxProvider(ProviderContract):
    executed = 1200
    declined = 1201
    timing_out = 1204
    failing = 1205

    def provider(self) -> Provider:
        return SandboxProvider()

    @pytest.mark.parametrize(
        ("amount", "method", "result"),
        [
            (1299, "credit-cards", "OK"),
            (1, "credit-cards", "KO"),
            (1201, "wire-transfer", "KO"),
            (1202, "credit-cards", "PENDING"),
            (1203, "credit-cards", "REDIRECT_TO_URL"),
            (1206, "credit-cards", "OK"),
            (1207, "satispay", "OK"),
            (1299, "wire-transfer", "PENDING"),
            (1299, "redirect", "REDIRECT_TO_URL"),
            (1202, "redirect", "PENDING"),
        ],
    )
    def test_amount_and_then_method_decide_a_payment(self, amount: int, method: str, result: str) -> None:
        payment = self.asked(COLLECTING["pay"], amount=amount, method=method)
        assert isinstance(payment, Payment)
        assert payment.result == result
        assert bool(payment.redirect_to_url) == (result == "REDIRECT_TO_URL")

    @pytest.mark.parametrize(
        ("amount", "result"), [(None, "OK"), (1200, "OK"), (1, "OK"), (106, "KO"), (107, "PENDING")]
    )
    def test_the_amount_decides_a_refund(self, amount: int | None, result: str) -> None:
        refund = self.refunded(amount)
        assert isinstance(refund, Refund)
        assert refund.result == result

    def test_what_waits_for_a_callback_is_pending(self) -> None:
        assert self.status_of(1202) == "PENDING"
        assert self.status_of(1203) == "PENDING"
        assert self.status_of(1299, method="wire-transfer") == "PENDING"

    def test_a_redirect_leads_to_the_configured_callback(self) -> None:
        provider = open_sandbox("sandbox", {"callbackUrl": "https://shop.example/v3/sandbox/callback"})
        payment = asyncio.run(asked(COLLECTING["pay"], provider, self.request(amount=1203)))
        assert isinstance(payment, Payment)
        assert payment.redirect_to_url == (
            "https://shop.example/v3/sandbox/callback"
            f"?paymentId={payment.payment_id}&result=executed&id={payment.payment_id}-executed"
        )

    def test_another_providers_payment_is_not_refunded(self) -> None:
        request = RefundRequest(key="entry-9", payment_id="pi_123", amount=1, currency="EUR")
        assert isinstance(asyncio.run(refunded(self.provider(), request)), Rejected)


@pytest.mark.parametrize("options", [{"url": "x"}, {"callbackUrl": 7}, {"callbackUrl": "javascript:x"}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigInvalid, match="provider sandbox: "):
        open_sandbox("sandbox", options)
