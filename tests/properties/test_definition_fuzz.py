"""Whatever is done to a machine file, the reader answers with findings and never raises."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.definition.frames import show
from engine.definition.reader import Report, check_text
from engine.definition.reports import as_github, as_json, as_sarif
from engine.machine.plan import compile_machine
from tests.unit.definition.samples import DOOR, HOUSE, ORDER

PIECES = [
    "\n", " ", "  ", "\t", ":", ": ", "- ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "!x ", "? ", "<<: ", "'", '"', "|", ">",
    "%", "@", "`", "---\n", "...\n", "\x00", "\x1b", "\u2028", "\ufeff", "\U0001f600", "0", "-1", "1e999", ".inf", "null",
    "true", "{{", "}}", "{{ metadata.x }}", "$done", "to", "on:", "final: true", "after: {0s: CLOSED}", "command", "set: {a: 1}",
    "$failed: CLOSED", "commands: [ring]", "compensate: all", "poll: {command: ring, every: 1s}", "sla: 1h", "undo: ring",
    'at: {"{{ metadata.x }}": CLOSED}', "channel: sagas", "CLOSED", "RINGING", "if: payload.a", "$ref", "[" * 200, "(" * 200,
]  # fmt: skip
START = st.sampled_from([DOOR, ORDER, HOUSE])


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    text = draw(START)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 40))
        text = text[:at] + draw(st.sampled_from(PIECES) | st.text(max_size=5)) + text[at + gone :]
    return text


@st.composite
def shuffled(draw: st.DrawFn) -> str:
    """Lines swapped, doubled and lost: mostly good YAML that means something else."""
    lines = draw(START).split("\n")
    for _ in range(draw(st.integers(1, 6))):
        one, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        lines[one] = draw(st.sampled_from([lines[other], "", "  " + lines[one], lines[one].strip()]))
    return "\n".join(lines)


@st.composite
def renamed(draw: st.DrawFn) -> str:
    """Words exchanged for other words of the same file: good structure, wrong sense."""
    text = draw(START)
    words = sorted({word.strip("{}[],:\"'") for word in text.split()} - {""})
    for _ in range(draw(st.integers(1, 5))):
        text = text.replace(
            draw(st.sampled_from(words)), draw(st.sampled_from(words)), draw(st.integers(1, 3))
        )
    return text


def _is_whole(report: Report, file: str) -> None:
    errors = [finding for finding in report.findings if finding.severity == "error"]
    assert (report.definition is None) == bool(errors)
    assert all(finding.line >= 1 and finding.column >= 1 for finding in report.findings)
    shown = show(report.findings, {file: report.source})
    assert all(sign.isprintable() or sign == "\n" for sign in shown)
    assert as_json(report.findings)
    assert as_sarif(report.findings)
    assert len(as_github(report.findings).split("\n")) == max(1, len(report.findings))


@settings(max_examples=200, deadline=None)
@given(mutilated() | shuffled() | renamed())
def test_a_damaged_machine_gives_findings_and_never_an_exception(text: str) -> None:
    _is_whole(check_text(text, file="m.yaml", channels=["payments"]), "m.yaml")


@settings(max_examples=60, deadline=None)
@given(shuffled() | renamed())
def test_what_has_no_errors_can_be_run(text: str) -> None:
    definition = check_text(text, file="m.yaml").definition
    if definition is not None:
        compile_machine(definition)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_anything_at_all_gives_findings_and_never_an_exception(content: bytes | str) -> None:
    report = check_text(content, file="m.yaml")
    assert report.definition is None
    _is_whole(report, "m.yaml")
