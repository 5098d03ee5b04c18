"""The order saga for Restate's Python SDK. Runs in .peers/venv-restate under hypercorn."""

from __future__ import annotations

from typing import Any

import restate

order = restate.Workflow("Order")

Order = dict[str, Any]


def _set(order: Order, status: str) -> Order:
    return {**order, "status": status}


@order.main()
async def run(ctx: restate.WorkflowContext, given: Order) -> Order:
    """Pay, prepare, deliver, each journalled before the next."""
    for step, status in (("pay", "paid"), ("prepare", "prepared"), ("deliver", "delivered")):
        given = await ctx.run_typed(step, _set, order=given, status=status)
    return given


app = restate.app(services=[order])
