"""What a policy must pass before anything is built for it: findings, guardrails, its own tests, and their coverage.

Knows neither mitmproxy nor what answers live requests: it runs in a process of its own, beside the proxy.
"""

from __future__ import annotations

from collections.abc import Callable

from parclose.analysis.witness import witness
from parclose.cases import CaseReport, run_cases
from parclose.cases.run import COVERAGE
from parclose.policy.errors import PolicyError
from parclose.policy.load import load
from parclose.policy.model import Policy
from parclose.policy.source import ListFiles
from parclose.policy.tree_cache import TreeCache
from parclose.stores.files import list_files, read
from parclose.stores.revision import with_databases


class Unfit(Exception):
    """A policy cannot be put in force: `findings`, each for people, possibly of several lines."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        """Keep the findings."""
        super().__init__("\n".join(findings))
        self.findings = findings


def approve(
    path: str,
    read_file: Callable[[str], bytes] = read,
    *,
    list_of: ListFiles = list_files,
    trees: TreeCache | None = None,
) -> Policy:
    """Return the policy of a file when nothing stands against putting it in force, keys and secrets aside.

    Raises:
        Unfit: it is invalid, asks for what this version cannot enforce, fails its tests, or has too few of them.
    """
    try:
        policy = load(path, read_file, list_files=list_of, cache=trees, witness=witness)
    except PolicyError as wrong:
        raise Unfit(tuple(finding.render() for finding in wrong.findings)) from wrong
    except OSError as wrong:
        raise Unfit((f"policy {wrong}",)) from wrong
    if policy.unenforced:
        # INVARIANT: what the policy says and nobody enforces is never put in force.
        raise Unfit(policy.unenforced)
    _prove(policy)
    return with_databases(policy)


def _prove(policy: Policy) -> None:
    """Run the policy's own tests, as far as its settings let them decide.

    Raises:
        Unfit: one of them fails, or too few routes have one.
    """
    reload = policy.settings.reload
    counts = reload.require_tests == "pass"
    if not counts and not reload.min_coverage:
        return
    report = run_cases(policy)
    against = told(report, policy.path, tests=counts)
    if against:
        raise Unfit(against)


def told(report: CaseReport, path: str, *, tests: bool = True) -> tuple[str, ...]:
    """Return what stands against a policy as findings: where, which, wanted and got; failed tests only with `tests`."""
    found = []
    for result in report.failed:
        if result.test == COVERAGE and not result.where:
            found.append(f"{path}  TST004  too few routes have a check: want {result.want}, got {result.got}")
        elif tests:
            rule = f" ({result.rule})" if result.rule else ""
            said = f"`{result.test}`: {result.request}: want {result.want}, got {result.got}{rule}"
            found.append(f"{result.where}  TST001  {said}")
    return tuple(found)
