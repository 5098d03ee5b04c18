"""What callers of the invoices' API may send, and what they are answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from web.requests import Body, Cursor, Limit, Moment, Name, Query, SagaId
from web.shapes import Shape

Text = Annotated[str, Meta(min_length=1, max_length=300)]
OrEmpty = Annotated[str, Meta(max_length=300)]


class PrintOrder(Body):
    """Body of `POST /print-pdf`, and two fields of ours: `currency` and `language`.

    Each of `items` is `{itemId, description, quantity, amount, iva}`: `amount` is the price of one in minor units,
    tax included; `iva` is the tax rate in percent.
    """

    person_name: Text
    street_address: OrEmpty
    city: OrEmpty
    state: OrEmpty
    date_time: Annotated[str, Meta(max_length=40, description="ISO 8601")]
    payment_method: OrEmpty
    transaction_id: Text
    doc_number: Text
    items: Annotated[list[dict[str, Any]], Meta(min_length=1, max_length=500)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    language: Literal["en", "it"] | None = None


class InvoiceQuery(Query):
    type: Annotated[Literal["invoice", "creditNote"] | None, Meta(description="Both if left out")] = None
    saga_id: Name | None = None
    issued_from: Moment | None = None
    issued_to: Annotated[Moment | None, Meta(description="Exclusive")] = None
    limit: Limit = 50
    cursor: Cursor | None = None


class ZipOrder(Body):
    """Payments whose invoices are wanted, by saga id."""

    saga_ids: Annotated[list[SagaId], Meta(min_length=1, max_length=100)]


class IssuedDocument(Shape):
    """An invoice or a credit note. `file`, `size` and `location` are empty until it was printed; `refund` is the
    number of the refund that a credit note is for. `amount` is in minor units.
    """

    number: str
    type: Literal["invoice", "creditNote"]
    saga_id: str
    name: str
    file: str
    size: int
    location: str
    issued: str
    amount: int
    currency: str
    refund: int | None


class IssuedDocuments(Shape):
    """Newest first. `nextCursor` is null on the last page."""

    items: list[IssuedDocument]
    next_cursor: str | None
