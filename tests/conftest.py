"""What holds for every test: in CI a skip is a failure. Fixtures live beside those who use them."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
import structlog
from hypothesis import settings

from tests.needs import in_ci


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Browser tests run last: while Playwright has its loop, nothing else can run one in the thread."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    if config.pluginmanager.hasplugin(
        "xdist"
    ):  # with --dist loadgroup on one worker, for they share a browser
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _refuse_in_ci(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped:
        _refuse_in_ci(report)
    return report


def _refuse_in_ci(report: pytest.TestReport | pytest.CollectReport) -> None:
    if in_ci():
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"CI runs every test, and this one was to be left out. {why}"


@pytest.fixture(autouse=True)
def _logs_as_they_come() -> Iterator[None]:
    """A command that was run in this process has set up logging for itself; the next test begins without."""
    yield
    structlog.reset_defaults()


# In CI the same examples every time: a submission is judged by itself, not by the luck of the draw. Elsewhere new ones
# are drawn, and what they find is mended.
settings.register_profile("ci", derandomize=True)
if in_ci():
    settings.load_profile("ci")
