"""Findings for programs: JSON, GitHub's workflow commands, SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from engine.definition.findings import CODES, Finding

_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_URI_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def as_json(findings: Iterable[Finding]) -> str:
    """A JSON list with one object a finding; keys are those of `Finding`."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)


def as_github(findings: Iterable[Finding]) -> str:
    """One workflow command a finding, so that a pull request shows it at its line."""
    return "\n".join(map(_github, findings))


def as_sarif(findings: Iterable[Finding]) -> str:
    """A SARIF 2.1.0 log, as code scanning takes it."""
    found = list(findings)
    codes = sorted({finding.code for finding in found})
    driver = {"name": "sagaloom", "rules": [_rule(code) for code in codes]}
    results = [_result(finding, codes.index(finding.code)) for finding in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _github(finding: Finding) -> str:
    properties: dict[str, str | int] = {
        "file": finding.file,
        "line": finding.line,
        "col": finding.column,
    }
    if finding.end_column is not None:
        properties["endColumn"] = finding.end_column
    properties["title"] = finding.code
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{finding.severity} {listed}::{_data(_message(finding))}"


def _message(finding: Finding) -> str:
    return finding.message if finding.fix is None else f"{finding.message} ({finding.fix})"


def _data(text: str) -> str:
    """Escaped as the runner decodes it; other control characters have no business in a log."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in escaped)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _uri(file: str) -> str:
    """A file name as a relative URI: all but letters, digits and -._~/ as escaped bytes."""
    return "".join(
        chr(byte) if chr(byte) in _URI_SIGNS else f"%{byte:02X}" for byte in file.encode("utf-8", "replace")
    )


def _rule(code: str) -> dict[str, Any]:
    known = CODES.get(code)
    if known is None:  # of another kind of file than machines
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": known.summary},
        "defaultConfiguration": {"level": known.severity},
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    region = {"startLine": finding.line, "startColumn": finding.column}
    if finding.end_column is not None:
        region["endColumn"] = finding.end_column
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}
    }
    if finding.path:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.path}]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": _message(finding)},
        "locations": [location],
    }
