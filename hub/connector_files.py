"""Reads connector files with findings, as machines are read: YAML, schema, and what `connector_reading` says.

Opens no provider. Called by hub/connectors.py and by `sagaloom validate`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from engine.definition.findings import Finding
from engine.definition.sheets import read_sheet
from engine.definition.structure import inlined
from providers.connector import Connector
from providers.connector_reading import read_connector

FOLDER = files("providers") / "connectors"
"""The built-in ones, and the schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a connector file says; `connector` is None when there are errors. As `reader.Report` of machines."""

    connector: Connector | None
    findings: tuple[Finding, ...]
    source: str


@cache
def connector_schema() -> dict[str, Any]:
    """The schema, references replaced by what they mean."""
    raw = json.loads((FOLDER / "connector.schema.json").read_text("utf-8"))
    plain: dict[str, Any] = inlined(raw, raw["definitions"])
    return plain


def check_connector(path: Path) -> Report:
    """Read and check a connector file; one that cannot be read is a finding too."""
    sheet = read_sheet(path, connector_schema())
    if sheet.data is None or sheet.report is None:
        return Report(connector=None, findings=sheet.findings, source=sheet.source)
    report = sheet.report

    def complain(at: tuple[str | int, ...], sentence: str) -> None:
        report.report("wrong-connector", at, sentence)

    connector = read_connector(sheet.data, complain)
    findings = report.findings()
    return Report(connector=None if findings else connector, findings=findings, source=sheet.source)
