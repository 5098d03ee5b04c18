"""Runs the program that lays out DOT: graphviz-pure beside this Python, then on PATH, then `dot`.

The only module of engine/drawing that touches the outside. It blocks: callers on a loop use a thread.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from engine.errors import RendererFailed, RendererMissing

TIME_LIMIT = 20.0
"""Seconds. 18 states take 0.03, 400 about 0.5 (the worst, a star of them, 8): more means that something hangs."""


def lay_out(dot: str, kind: Literal["svg", "png"]) -> bytes:
    """The picture.

    Raises:
        RendererMissing: No program was found.
        RendererFailed: It refused the text or took too long.
    """
    options = ["-Tsvg"] if kind == "svg" else ["-Tpng", "-Gdpi=130"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and the text goes in over a pipe
            [renderer(), *options], input=dot.encode(), capture_output=True, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise RendererFailed(
            f"The layout took longer than {TIME_LIMIT:.0f} s: draw the business level, or ask for dot or mermaid."
        ) from None
    except OSError as error:
        raise RendererMissing(f"The layout program could not be started: {error.strerror}.") from None
    if done.returncode != 0 or not done.stdout:
        raise RendererFailed(f"The layout program gave up (exit code {done.returncode}).")
    return done.stdout


def renderer() -> str:
    """The path of the layout program.

    Raises:
        RendererMissing
    """
    beside = Path(sys.executable).parent / "graphviz-pure"
    if beside.is_file():
        return str(beside)
    found = shutil.which("graphviz-pure") or shutil.which("dot")
    if found is None:
        raise RendererMissing(
            "No program lays out diagrams here: `pip install graphviz-pure` (or install Graphviz), "
            "or ask for the dot or mermaid format, which need none."
        )
    return found
