"""The work that is measured: an order of about 1 KB that takes five durable transitions.

Standard library only, so that the workers of other systems can import it from their own venvs.
"""

from __future__ import annotations

from typing import Any

STEPS = ("created", "paid", "prepared", "delivered", "completed")
"""One durable write each. A system that writes more for the same result simply does more work."""


def order(number: int) -> dict[str, Any]:
    """The order before anything was done to it."""
    return {
        "orderId": f"ord-{number:012d}",
        "customer": "cus-000000000042",
        "status": "created",
        "currency": "EUR",
        "total": 12345,
        "items": [
            {
                "sku": f"SKU-{item:06d}",
                "qty": item + 1,
                "price": 1000 + item,
                "title": "A plain product title of some length",
            }
            for item in range(7)
        ],
        "address": {"street": "Via Roma 1", "city": "Torino", "zip": "10121", "country": "IT"},
        "notes": "x" * 200,
    }
