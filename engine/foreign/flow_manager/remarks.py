"""What the report of an import may say, and the comments that go into the files it writes.

Remarks are warnings: the result runs, and a person should know. docs/import-flow-manager.md explains each code.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.definition.reporter import Reporter
from engine.definition.tree import Path
from engine.foreign.yaml_text import Path as YamlPath

REMARKS: Mapping[str, str] = {
    "unknown-key": "A key is not in the Flow Manager's documentation.",
    "section-missing": "A section is not there; a default stands in for it.",
    "hook-left-out": "A JavaScript hook is not carried over.",
    "name-changed": "A name is not one that a machine may have, or is taken.",
    "id-changed": "A business id is no whole number.",
    "final-changed": "A state is final here and was not there, or the other way round.",
    "command-as-side-effect": "The command of a state that ends the saga is sent as a side effect.",
    "repeated-side-effect": "A state sends the same side effect twice; here it is sent once.",
    "several-transitions": "A state has several transitions for one event; the first is always taken.",
    "payload-schema-left-out": "A payload schema is not carried over.",
    "lists-replaced": "Deep merge replaces lists here and merges them item by item there.",
    "kafka-incomplete": "A Kafka channel has no topics, or no consumer group.",
    "kafka-dead-letters": "A Kafka channel needs a topic for what is no event.",
    "kafka-security": "A part of how a Kafka channel signs in is not carried over.",
    "bad-address": "A channel has no address that could be called.",
    "header-left-out": "A header is one that the engine sets itself.",
    "plain-secret": "A secret stands in the file; it is read from the environment now.",
    "put-together": "A text is put together from variables; it is read from one variable now.",
    "store-replaced": "Sagas are kept in SQLite and not where they were.",
}


class Remarks:
    """Collects remarks, at places of the source, and comments, at places of a file that is written."""

    def __init__(self, report: Reporter) -> None:
        self._report = report
        self.comments: dict[YamlPath, list[str]] = {}

    def add(
        self, code: str, source: Path, message: str, *, fix: str | None = None, key: bool = False
    ) -> None:
        """Put a remark into the report."""
        assert code in REMARKS, code
        self._report.report(code, source, message, fix=fix, key=key, severity="warning")

    def comment(self, target: YamlPath, line: str) -> None:
        """Put a comment above a key of the written file."""
        plain = "".join(sign if sign.isprintable() else " " for sign in line)
        self.comments.setdefault(target, []).append(plain)
