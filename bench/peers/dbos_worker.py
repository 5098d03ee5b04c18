"""Worker: the order saga on DBOS, in this process. Runs in .peers/venv-dbos: standard library and dbos only.

`python -m bench.peers.dbos_worker --folder F sqlite` or `... postgres URL PID`.
"""

from __future__ import annotations

import asyncio
import json
from importlib.metadata import version
from typing import Any

from dbos import DBOS

from bench.loop import measure, read_block
from bench.orders import order

Order = dict[str, Any]
POOL = 20


@DBOS.step()
async def pay(given: Order) -> Order:
    """The order is paid."""
    return {**given, "status": "paid"}


@DBOS.step()
async def prepare(given: Order) -> Order:
    """The order is prepared."""
    return {**given, "status": "prepared"}


@DBOS.step()
async def deliver(given: Order) -> Order:
    """The order is delivered."""
    return {**given, "status": "delivered"}


@DBOS.workflow()
async def order_saga(given: Order) -> Order:
    """Pay, prepare, deliver, each recorded before the next."""
    return await deliver(await prepare(await pay(given)))


async def _one_saga(number: int) -> None:
    handle = await DBOS.start_workflow_async(order_saga, order(number))
    result = await handle.get_result()
    assert result["status"] == "delivered"


def _main() -> None:
    block, (backend, *rest) = read_block()
    url, *pids = rest or [f"sqlite:///{block.folder / 'dbos.db'}"]
    DBOS(
        config={
            "name": "order-bench",
            "system_database_url": url,
            "sys_db_pool_size": POOL,
            "log_level": "ERROR",
            "console_log_level": "ERROR",
            "application_version": "bench",
            "executor_id": "bench",
            "max_executor_threads": 300,
        }
    )
    DBOS.launch()
    result = asyncio.run(measure(_one_saga, block, others=[int(pid) for pid in pids]))
    DBOS.destroy()
    print(json.dumps({**result, "system": f"dbos, {backend}", "version": version("dbos")}), flush=True)


if __name__ == "__main__":
    _main()
