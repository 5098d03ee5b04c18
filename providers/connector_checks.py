"""What the parts of a connector file must have in common, beyond what its schema says.

Pure; called by `connector_reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.connector_tree import Complain
from providers.money import CURRENCIES

At = tuple[str | int, ...]
Data = Mapping[str, Any]

_NEEDS_KEY = ("pay", "link", "startSubscription", "paySubscription", "refund")
_TELLS = {
    "status": "status",
    "complete": "status",
    "pay": "paymentId",
    "link": "link",
    "startSubscription": "paymentId",
    "paySubscription": "paymentId",
}


def check_together(data: Data, no: Complain) -> None:
    """Tell `no` of parts that contradict each other or lack one another."""
    _check_capabilities(data["capabilities"], no)
    _check_operations(data, no)


def _check_capabilities(can: Data, no: Complain) -> None:
    at: At = ("capabilities",)
    if can.get("defaultMethod", next(iter(can["methods"]))) not in can["methods"]:
        no((*at, "defaultMethod"), "defaultMethod is not among the methods")
    for index, method in enumerate(can.get("manual", ())):
        if method not in can["methods"]:
            no((*at, "manual", index), f"{method} is not among the methods")
    for index, currency in enumerate(can.get("currencies", ())):
        if currency not in CURRENCIES:
            no((*at, "currencies", index), f"{currency} is not a code of ISO 4217")


def _check_operations(data: Data, no: Complain) -> None:
    for name in _NEEDS_KEY:
        if name in data:
            _check_key(name, data[name], no)
    for name, field in _TELLS.items():
        if name in data and field not in data[name]["answer"]:
            no((name, "answer"), f"the answer of {name} does not say {field}")
    if bool(data["capabilities"].get("manual")) != ({"startSubscription", "paySubscription"} <= set(data)):
        no(("capabilities",), "manual goes with both startSubscription and paySubscription")
    if "approved" in data["statuses"] and "complete" not in data:
        no(("statuses", "approved"), "approved payments wait for complete, which is not there")


def _check_key(name: str, operation: Data, no: Complain) -> None:
    """Where money moves, asking twice must be safe."""
    said = operation.get("idempotency")
    if said is None:
        no((name,), f"{name} has no idempotency: say what makes asking it twice safe")
        return
    if name == "refund" and "harmless" in said:
        no((name, "idempotency"), "a refund that is made twice is not harmless")
    field = said.get("field")
    if field is not None and not _reaches(operation.get("body", operation.get("form")), field):
        no((name, "idempotency", "field"), "the request has no such field")


def _reaches(body: Any, path: str) -> bool:
    for step in path.split("."):
        if not isinstance(body, Mapping) or step not in body:
            return False
        body = body[step]
    return True
