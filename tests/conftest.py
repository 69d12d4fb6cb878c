"""What holds for every test: in CI a skipped test is a failed run."""

from __future__ import annotations

import os

import pytest
from _pytest.terminal import TerminalReporter

IN_CI = os.environ.get("CI", "").lower() == "true"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run in CI that skipped anything: what is not proven there is proven nowhere."""
    if IN_CI and exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Say why a run without a failed test has failed."""
    if IN_CI and (count := _skipped(config)):
        terminalreporter.write_line(f"{count} skipped, and CI=true: a skipped test is a failed run", red=True)


def _skipped(config: pytest.Config) -> int:
    """Count the tests that this run has skipped."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return len(reporter.stats.get("skipped", [])) if isinstance(reporter, TerminalReporter) else 0
