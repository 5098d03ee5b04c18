"""Channel `python`: a team's own function is called with each delivery.

The function answers None or a dict (done, with that payload) or an Outcome. What it raises is
reported by the exception's type only: its text may hold data. commands/wiring.py registers `open_python`;
benches and tests make a PythonChannel directly.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from adapters.channels.options import only, text, wrong
from engine.model import Delivery, Done, Failed, Json, Later, Outcome

Answer = Outcome | Json | None
Handler = Callable[[Delivery], Awaitable[Answer] | Answer]

ENTRY_POINTS = "sagaloom.handlers"


class PythonChannel:
    """Calls `handler`: a coroutine function in the loop, any other function in a thread."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._call: Callable[[Delivery], Awaitable[Answer]]
        self._call = handler if _is_async(handler) else self._in_thread  # type: ignore[assignment]

    async def send(self, delivery: Delivery) -> Outcome:
        try:
            answer = await self._call(delivery)
        except Exception as error:
            return Later(reason=type(error).__name__, uncertain=True)
        if answer is None or isinstance(answer, dict):
            return Done(reply="done" if "done" in delivery.replies else None, payload=answer or {})
        if isinstance(answer, Done | Later | Failed):
            return answer
        raise TypeError(f"handler answered {type(answer).__name__}, not None, a dict or an Outcome")

    async def close(self) -> None:
        """Nothing to let go of: the function keeps its own connections."""

    async def _in_thread(self, delivery: Delivery) -> Answer:
        answer = await asyncio.to_thread(self._handler, delivery)
        return await answer if inspect.isawaitable(answer) else answer


def open_python(name: str, options: Mapping[str, Any], folder: Path) -> PythonChannel:
    """A channel to the function that option `handler` names.

    `handler` is "pkg.module:function", looked for in the config's folder first, or the name of an
    entry point of the group sagaloom.handlers.

    Raises:
        ConfigInvalid: There is no such function, or its module cannot be imported.
    """
    only(name, options, ("handler",))
    path = text(name, options, "handler")
    try:
        handler = _dotted(path, folder) if ":" in path else _entry_point(path)
    except LookupError as error:
        raise wrong(name, f"handler {path}: {error.args[0]}") from error
    except Exception as error:
        raise wrong(name, f"handler {path} cannot be imported: {_cause(error)}") from error
    if not callable(handler):
        raise wrong(name, f"handler {path} is not a function")
    return PythonChannel(handler)


def _dotted(path: str, folder: Path) -> Any:
    module_name, _, attributes = path.partition(":")
    with _importable(folder):
        found: Any = importlib.import_module(module_name)
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            raise LookupError(f"the module has no {attributes}")
        found = getattr(found, attribute)
    return found


def _entry_point(name: str) -> Any:
    for entry_point in entry_points(group=ENTRY_POINTS, name=name):
        return entry_point.load()
    raise LookupError(f"no such entry point in {ENTRY_POINTS} (or write pkg.module:function)")


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    place = str(folder.resolve())
    importlib.invalidate_caches()
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)


def _cause(error: Exception) -> str:
    """An ImportError speaks of names, a SyntaxError of a place; other texts may hold data."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError in {error.filename}, line {error.lineno}"
    return f"{type(error).__name__}: {error}" if isinstance(error, ImportError) else type(error).__name__


def _is_async(handler: Handler) -> bool:
    if inspect.iscoroutinefunction(handler):
        return True
    return inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004
