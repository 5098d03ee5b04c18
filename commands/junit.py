"""The JUnit XML of a run of scenarios, as CI servers read it."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from commands.scenario_files import Suite
from commands.terminal import safe
from engine.rehearsal.playing import Result


def junit_report(suites: Sequence[Suite]) -> str:
    """One testsuite a machine, one testcase a scenario; what is wrong with a file is an error."""
    root = Element("testsuites", name="sagaloom")
    for suite in suites:
        _suite(root, suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, suite: Suite) -> None:
    failed = sum(result.failure is not None for result in suite.results)
    counts = {
        "tests": len(suite.results) + len(suite.findings),
        "failures": failed,
        "errors": len(suite.findings),
    }
    element = SubElement(root, "testsuite", {"name": safe(suite.machine)})
    for name, count in counts.items():
        element.set(name, str(count))
    for finding in suite.findings:
        case = _case(element, suite, finding.code, finding.file, finding.line)
        SubElement(case, "error", type=finding.code, message=safe(finding.message))
    for result in suite.results:
        _result(element, suite, result)


def _result(element: Element, suite: Suite, result: Result) -> None:
    from commands.test_ import failure_lines

    case = _case(element, suite, result.scenario.name, result.scenario.file, result.scenario.line)
    if result.failure is not None:
        lines = [safe(line) for line in failure_lines(result)]
        failure = SubElement(case, "failure", message=lines[1])
        failure.text = "\n".join(lines)


def _case(element: Element, suite: Suite, name: str, file: str, line: int) -> Element:
    return SubElement(
        element, "testcase", classname=safe(suite.machine), name=safe(name), file=safe(file), line=str(line)
    )
