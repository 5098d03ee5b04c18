from __future__ import annotations

import json

from engine.definition.findings import CODES, Finding
from engine.definition.reports import as_github, as_json, as_sarif

PLAIN = Finding(
    code="unknown-state", severity="error", message="there is no state A", file="machines/m.yaml",
    line=3, column=5, end_column=6, path="/states/B/on/x", fix="did you mean AA?",
)  # fmt: skip
ODD = Finding(
    code="unused-event", severity="warning", message="50% of\nit: a,b\x1b", file="my files/a,b:c.yaml"
)


def test_json_has_every_field() -> None:
    first, second = json.loads(as_json([PLAIN, ODD]))
    assert first == {
        "code": "unknown-state", "severity": "error", "message": "there is no state A", "file": "machines/m.yaml",
        "line": 3, "column": 5, "end_column": 6, "path": "/states/B/on/x", "fix": "did you mean AA?",
    }  # fmt: skip
    assert (second["fix"], second["end_column"]) == (None, None)
    assert json.loads(as_json([])) == []


def test_github_gets_one_escaped_line_a_finding() -> None:
    assert as_github([PLAIN, ODD]).split("\n") == [
        "::error file=machines/m.yaml,line=3,col=5,endColumn=6,title=unknown-state::there is no state A (did you mean AA?)",
        "::warning file=my files/a%2Cb%3Ac.yaml,line=1,col=1,title=unused-event::50%25 of%0Ait: a,b\N{REPLACEMENT CHARACTER}",
    ]
    assert as_github([]) == ""


def test_sarif_has_a_rule_a_code_and_a_result_a_finding() -> None:
    log = json.loads(as_sarif([PLAIN, ODD, PLAIN]))
    (run,) = log["runs"]
    rules, results = run["tool"]["driver"]["rules"], run["results"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in rules] == ["unknown-state", "unused-event"]
    assert rules[0]["shortDescription"]["text"] == CODES["unknown-state"].summary
    assert [rules[result["ruleIndex"]]["id"] for result in results] == [
        result["ruleId"] for result in results
    ]
    assert results[0] == {
        "ruleId": "unknown-state",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "there is no state A (did you mean AA?)"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "machines/m.yaml"},
                    "region": {"startLine": 3, "startColumn": 5, "endColumn": 6},
                },
                "logicalLocations": [{"fullyQualifiedName": "/states/B/on/x"}],
            }
        ],
    }
    assert (
        results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        == "my%20files/a%2Cb%3Ac.yaml"
    )


def test_sarif_of_nothing_is_a_run_without_results() -> None:
    (run,) = json.loads(as_sarif([]))["runs"]
    assert run["results"] == []
