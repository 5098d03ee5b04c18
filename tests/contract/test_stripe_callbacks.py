"""Stripe's events and their signatures: whom the provider believes, and what it understands."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import stripe

from providers.base import Payment, Status
from providers.callbacks import Refused, Told
from tests.contract.provider.spoiling import spoilt
from tests.contract.provider.stripe_server import NOW, SECRET, StripeServer, in_stripe, signed, told
from tests.contract.provider.suite import ProviderSuite

SUITE = ProviderSuite()


@pytest.mark.parametrize("shape", ["2025", "2024"])
def test_a_renewal_is_told_by_its_invoice_in_old_and_new_versions(shape: str) -> None:
    async def body(world: StripeServer) -> None:
        invoice = world.invoice("sub_1", "pi_1", 1290)
        if shape == "2024":
            del invoice["parent"], invoice["payments"]
            invoice.update(subscription="sub_1", payment_intent="pi_1")
        notice = await told(world, world.event("invoice.payment_succeeded", invoice))
        assert (notice.about, notice.renewal, notice.word) == ("payment", True, "ACCEPTED")
        assert (notice.subscription_token, notice.payment_id) == ("sub_1", invoice["id"])
        assert (notice.amount, notice.currency) == (1290, "EUR")
        status = await world.stripe.status(invoice["id"])
        assert isinstance(status, Status)
        assert (status.standing, status.keep["paymentIntentId"]) == ("ACCEPTED", "pi_1")
        again = await told(
            world, world.event("invoice.payment_failed", {**invoice, "next_payment_attempt": 1_790_500_000})
        )
        assert again.word == "PENDING"
        last = await told(world, world.event("invoice.payment_failed", invoice))
        assert last.word == "FAILED"

    in_stripe(body)


def test_a_decline_on_the_page_of_a_subscription_is_not_its_end() -> None:
    async def body(world: StripeServer) -> None:
        invoice = world.invoice("sub_1", "pi_1", 1290)
        invoice["billing_reason"] = "subscription_create"
        invoice["parent"]["subscription_details"]["metadata"] = {"shopTransactionId": "shop-1"}
        failed = await told(world, world.event("invoice.payment_failed", invoice))
        paid = await told(world, world.event("invoice.payment_succeeded", invoice))
        assert (failed.word, failed.renewal, failed.shop_transaction_id) == (None, False, "shop-1")
        assert (paid.word, paid.renewal) == ("ACCEPTED", False)

    in_stripe(body)


@pytest.mark.parametrize(
    ("kind", "status", "paid", "word"),
    [
        ("completed", "complete", "paid", "ACCEPTED"),
        ("completed", "complete", "unpaid", "PENDING"),
        ("async_payment_succeeded", "complete", "paid", "ACCEPTED"),
        ("async_payment_failed", "complete", "unpaid", "FAILED"),
        ("expired", "expired", "unpaid", "FAILED"),
    ],
)
def test_events_of_a_page(kind: str, status: str, paid: str, word: str) -> None:
    async def body(world: StripeServer) -> None:
        session = {"id": "cs_1", "status": status, "payment_status": paid, "client_reference_id": "shop-1"}
        notice = await told(world, world.event(f"checkout.session.{kind}", session))
        assert (notice.word, notice.payment_id, notice.shop_transaction_id) == (word, "cs_1", "shop-1")

    in_stripe(body)


@pytest.mark.parametrize(
    ("kind", "standing", "word"),
    [
        ("deleted", "canceled", "FAILED"),
        ("updated", "active", "ACCEPTED"),
        ("updated", "past_due", "PENDING"),
    ],
)
def test_the_end_of_a_subscription_is_told(kind: str, standing: str, word: str) -> None:
    async def body(world: StripeServer) -> None:
        subscription = {"id": "sub_1", "status": standing}
        notice = await told(world, world.event(f"customer.subscription.{kind}", subscription))
        assert (notice.about, notice.word, notice.subscription_token) == ("subscription", word, "sub_1")
        unknown = await told(world, world.event(f"customer.subscription.{kind}", {"id": "sub_1"}))
        assert unknown.about == "other"

    in_stripe(body)


# signatures


def test_the_official_sdk_and_we_believe_the_same_signature() -> None:
    async def body(world: StripeServer) -> None:
        request = world.event("checkout.session.completed", {"id": "cs_1", "status": "complete"})
        header = request.headers["stripe-signature"]
        text = request.body.decode()
        assert stripe.WebhookSignature.verify_header(text, header, SECRET)  # type: ignore[no-untyped-call]
        assert isinstance(await world.stripe.read_callback(request), Told)

    in_stripe(body)


def test_a_vector_that_the_official_sdk_computes() -> None:
    body_text = json.dumps({"id": "evt_1", "type": "charge.refunded", "data": {"object": {}}})
    stamp = NOW // 1000
    digest = stripe.WebhookSignature._compute_signature(  # type: ignore[no-untyped-call]
        f"{stamp}.{body_text}", SECRET
    )
    assert f"t={stamp},v1={digest}" == signed(body_text.encode()).headers["stripe-signature"]


def test_one_of_several_signatures_and_of_several_secrets_is_enough() -> None:
    async def body(world: StripeServer) -> None:
        request = world.event("charge.refunded", {"id": "ch_1"}, key="whsec_new")
        stamp, _, right = request.headers["stripe-signature"].partition(",")
        rolled = replace(request, headers={"stripe-signature": f"{stamp},v0=00,v1={'0' * 64},{right}"})
        assert isinstance(await world.stripe.read_callback(rolled), Told)

    in_stripe(body, webhookSecret=[SECRET, "whsec_new"])


@pytest.mark.parametrize(
    "header",
    ["", "t=,v1=", "v1=00", "t=now,v1=00", "t=1790000000", "t=9" * 20, "t=1790000000,v1=ü", "t=²,v1=00"],
)
def test_a_signature_that_is_none_is_refused(header: str) -> None:
    async def body(world: StripeServer) -> None:
        request = world.event("charge.refunded", {"id": "ch_1"})
        refused = await world.stripe.read_callback(replace(request, headers={"stripe-signature": header}))
        assert isinstance(refused, Refused)
        assert refused.status == 401

    in_stripe(body)


def test_without_a_secret_a_callback_is_a_hint_that_is_read_back() -> None:
    async def body(world: StripeServer) -> None:
        page = await world.stripe.pay(SUITE.request(world))
        assert isinstance(page, Payment)
        world.settle(page.payment_id, "ACCEPTED")
        forged = replace(world.callback(page.payment_id, "ACCEPTED"), headers={})
        notice = await told(world, forged)
        assert (notice.about, notice.word, notice.payment_id) == ("payment", None, page.payment_id)
        noise = await world.stripe.read_callback(replace(forged, body=b'{"type": 5}'))
        assert isinstance(noise, Refused)
        assert noise.status == 400

    in_stripe(body, webhookSecret=None)


def test_no_event_whatever_it_holds_crashes_or_is_believed_without_a_secret() -> None:
    async def body(world: StripeServer) -> None:
        page = await world.stripe.schedule_subscription(SUITE.request(world))
        assert isinstance(page, Payment)
        world.subscribed(page.payment_id)
        session = world.objects[page.payment_id]
        refund = {
            "id": "re_1",
            "status": "failed",
            "amount": 5,
            "currency": "isk",
            "metadata": {"paymentId": "cs_1"},
        }
        subjects = {
            "checkout.session.completed": session,
            "invoice.payment_failed": session["invoice"],
            "payment_intent.succeeded": {"id": "pi_1", "amount": 5, "metadata": {"sagaloomDirect": "1"}},
            "charge.refund.updated": refund,
            "charge.refunded": {"id": "ch_1", "payment_intent": "pi_1"},
            "customer.subscription.deleted": {"id": "sub_1"},
        }
        for kind, subject in subjects.items():
            request = world.event(kind, subject)
            for document in spoilt(json.loads(request.body), 2_000):
                changed = replace(request, body=json.dumps(document).encode())
                answer = await world.stripe.read_callback(changed)
                assert isinstance(answer, Refused) or answer.notices[0].word is None

    in_stripe(body, webhookSecret=None)
