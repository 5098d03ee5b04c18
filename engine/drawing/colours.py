"""The colours of diagrams. Each pair keeps 4.5:1 between text and fill (WCAG AA)."""

from __future__ import annotations

from dataclasses import dataclass

INK = "#1f2933"
SOFT = "#52606d"
LINE = "#7b8794"
PAPER = "#ffffff"

FADED_FILL = "#f7f8f9"
FADED_LINE = "#c3cad2"
FADED_INK = "#667380"

PATH_LINE = "#c2410c"
CURRENT_FILL = "#c2410c"
CURRENT_INK = "#ffffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    fill: str
    line: str
    ground: str


_PAINTS = (
    Paint(fill="#dbe8fb", line="#2f66b0", ground="#f3f7fd"),
    Paint(fill="#d6f0df", line="#23774a", ground="#f1faf4"),
    Paint(fill="#fdeec5", line="#946200", ground="#fef9ec"),
    Paint(fill="#e9dcfa", line="#7044a8", ground="#f8f4fd"),
    Paint(fill="#fbdada", line="#b03434", ground="#fdf3f3"),
    Paint(fill="#d2f0f0", line="#1d727b", ground="#f0fafa"),
    Paint(fill="#fde2cd", line="#a84e16", ground="#fef6f0"),
    Paint(fill="#e3e6ea", line="#4b5563", ground="#f6f7f8"),
)


def paint(index: int) -> Paint:
    """The colours of the business state that stands at this place in the file; they come round after eight."""
    return _PAINTS[index % len(_PAINTS)]
