"""Runs a policy's own tests through the one `decide`: each check with fresh counters, a sequence on one set.

Expectations are exact: verdict, then reason, then segment and route where they are written. Denied for another reason
is a failure, because that is how tests rot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from parclose.cases.callers import BadRequestLine, Caller, facts_for, read_line
from parclose.cases.choose import choice
from parclose.cases.coverage import Coverage, Tally
from parclose.engine import verdict_of, walk_through
from parclose.explain import Near, near_misses
from parclose.facts import Place
from parclose.policy.model import Geo, Policy
from parclose.policy.scenario import Become, Check, Expectation, Send, Test, Wait
from parclose.ports import AskRelease, Atlas
from parclose.reasons import Reason
from parclose.stores.geoip import DatabaseError, GeoAtlas
from parclose.stores.world import NotKept, OfflineWorld
from parclose.verdict import Verdict

COVERAGE = "coverage"  # the name of the result that stands for the gate
UNROUTED = (Reason.NO_ROUTE, Reason.METHOD_NOT_ALLOWED)
UNANSWERED = (BadRequestLine, DatabaseError, NotKept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One check or one sequence, run. `want` and `got` are equal in words only when it passed.

    `where` is the line of the test, `rule` the line of what decided, `needs` what would have passed there.
    """

    test: str
    request: str
    passed: bool
    want: str
    got: str
    where: str = ""
    rule: str = ""
    needs: str = ""
    note: str = ""
    near: tuple[Near, ...] = ()
    segment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """All results, what they cover, and which tests were left out and why."""

    results: tuple[Result, ...]
    coverage: Coverage
    skipped: tuple[tuple[str, str], ...] = ()
    tests: int = 0

    @property
    def failed(self) -> tuple[Result, ...]:
        """The results that stand against the policy; coverage below its minimum is one of them."""
        failed = tuple(result for result in self.results if not result.passed)
        if self.coverage.enough:
            return failed
        gate = Result(
            test=COVERAGE,
            request="",
            passed=False,
            want=f"{self.coverage.minimum:.0%} of routes with a check",
            got=f"{self.coverage.share:.0%}",
        )
        return (*failed, gate)

    @property
    def summary(self) -> str:
        """One sentence for a log."""
        failed = len([result for result in self.results if not result.passed])
        said = f"{self.tests} tests, {len(self.results)} checks, {failed} failed"
        if not self.coverage.enough:
            said += f", {self.coverage.share:.0%} of routes have a check, {self.coverage.minimum:.0%} are asked for"
        return f"{said}, {len(self.skipped)} skipped" if self.skipped else said


def run_cases(
    policy: Policy, *, atlas: Atlas | None = None, only: str = "", min_coverage: float | None = None,
    on_run: Callable[[], object] = lambda: None,
) -> CaseReport:  # fmt: skip
    """Run the policy's own tests. A country that a test does not write is looked up in `atlas`, else in the policy's.

    `only` keeps the tests that it chooses (`cases/choose.py`); coverage is then no gate. `min_coverage`
    replaces the policy's. `on_run` is called after each test.

    Raises:
        BadChoice: `only` cannot be read.
    """
    tally = Tally()
    if atlas is None and policy.geo is not None:
        atlas = _LazyAtlas(policy.geo)
    runner = _Runner(policy, atlas, tally)
    meant = choice(only)
    chosen = [test for test in policy.tests if meant(test.name)]
    results: list[Result] = []
    for test in chosen:
        if not test.skip:
            results += runner.run(test)
        on_run()
    minimum = policy.settings.reload.min_coverage if min_coverage is None else min_coverage
    return CaseReport(
        results=tuple(results),
        coverage=tally.sum_up(policy, 0.0 if only else minimum),
        skipped=tuple((test.name, test.skip) for test in chosen if test.skip),
        tests=len(chosen),
    )


@dataclass(slots=True)
class _Runner:
    """What all tests of one run share."""

    policy: Policy
    atlas: Atlas | None
    tally: Tally

    def run(self, test: Test) -> Iterator[Result]:
        """Yield the result of each check, then that of the sequence."""
        caller = Caller(
            persona=test.persona, headers={name.lower(): value for name, value in test.headers.items()}, sni=test.sni
        )
        for check in test.checks:
            yield self._run_check(test, check, caller)
        if test.sequence:
            yield self._run_sequence(test, caller)

    def _run_check(self, test: Test, check: Check, caller: Caller) -> Result:
        """Send one request to fresh counters."""
        request = f"{check.method} {check.url}"
        try:
            verdict, near = self._send(caller, check.method, check.url, test.at, self._world())
        except UNANSWERED as unanswered:
            got = str(unanswered)
            return Result(
                test=test.name, request=request, passed=False, want=check.expect.text, got=got, where=check.where
            )
        passed = fits(check.expect, verdict)
        return Result(
            test=test.name,
            request=request,
            passed=passed,
            want=check.expect.text,
            got=check.expect.text if passed else words(verdict),
            where=check.where,
            rule=verdict.where,
            needs=verdict.needs,
            note="" if passed else _note(check.expect, verdict),
            near=() if passed else near,
            segment=verdict.segment,
        )

    def _run_sequence(self, test: Test, caller: Caller) -> Result:
        """Send the steps of a sequence, one after another, to one set of counters."""
        at, world, request = test.at, self._world(), ""
        for number, step in enumerate(test.sequence, start=1):
            if isinstance(step, Wait):
                at += step.seconds
            elif isinstance(step, Become):
                caller = Caller(
                    persona=step.persona,
                    headers={name.lower(): value for name, value in test.headers.items()},
                    sni=test.sni,
                )
            else:
                request = f"{step.count} x {step.method} {step.url}"
                try:
                    want, got = self._send_step(step, caller, at, world)
                except UNANSWERED as unanswered:
                    want, got = "an answer", str(unanswered)
                at += step.within_s
                if want != got:
                    return Result(
                        test=test.name,
                        request=request,
                        passed=False,
                        want=want,
                        got=got,
                        where=step.where or test.where,
                        note=f"step {number} of the sequence",
                    )
        return Result(
            test=test.name, request=request, passed=True, want="as written", got="as written", where=test.where
        )

    def _send_step(self, step: Send, caller: Caller, at: float, world: OfflineWorld) -> tuple[str, str]:
        """Send one step and return in words what was wanted and what came; equal when it is as written."""
        wanted = {expectation.text: count for expectation, count in step.expect}
        came: Counter[str] = Counter()
        for index in range(step.count):
            verdict, _ = self._send(caller, step.method, step.url, at + step.within_s * index / step.count, world)
            # An expectation that is not yet used up takes the verdict first: `allow` and `allow @x` may both be there.
            fitting = [expectation.text for expectation, _ in step.expect if fits(expectation, verdict)]
            open_first = sorted(fitting, key=lambda text: came[text] >= wanted[text])
            came[open_first[0] if open_first else words(verdict)] += 1
        texts = [*wanted, *(text for text in came if text not in wanted)]
        return _counted({text: wanted[text] for text in wanted}), _counted({text: came[text] for text in texts})

    def _send(
        self, caller: Caller, method: str, url: str, at: float, world: OfflineWorld
    ) -> tuple[Verdict, tuple[Near, ...]]:
        """Decide one request, its CONNECT first where there is one; also return the routes it nearly took."""
        verdict = Verdict()
        near: tuple[Near, ...] = ()
        for facts in facts_for(self.policy, caller, read_line(method, url), at, "test"):
            walk = walk_through(self.policy, facts, world.of(facts))
            verdict = verdict_of(walk)
            if walk.slots:  # requests of a test are virtual and take no time: each ends before the next one comes
                world.answer(AskRelease(walk.slots))
            near = near_misses(walk) if verdict.reason in UNROUTED else ()
            if not verdict.allowed or verdict.unopened:
                break
        self.tally.add(verdict)
        return verdict, near

    def _world(self) -> OfflineWorld:
        """Return a world in which nobody has called yet."""
        return OfflineWorld(atlas=self.atlas)


@dataclass(slots=True)
class _LazyAtlas:
    """The policy's own databases, opened when the first check does not say its country."""

    geo: Geo
    atlas: GeoAtlas | None = field(default=None)

    def locate(self, address: str) -> Place:
        """Return where an address lies.

        Raises:
            DatabaseError: a file cannot be used.
        """
        if self.atlas is None:
            self.atlas = GeoAtlas(self.geo.country_db, self.geo.asn_db)
        return self.atlas.locate(address)


def fits(expectation: Expectation, verdict: Verdict) -> bool:
    """Whether a verdict is exactly what is expected."""
    if expectation.allow != verdict.allowed:
        return False
    if not expectation.allow and (expectation.status, expectation.reason) != (verdict.status, verdict.reason):
        return False
    if expectation.segment and expectation.segment != verdict.segment:
        return False
    return not expectation.route or expectation.route == verdict.route


def words(verdict: Verdict) -> str:
    """Return a verdict as an expectation would be written."""
    said = "allow" if verdict.allowed else f"{verdict.status} {verdict.reason}"
    if verdict.segment:
        said += f" @{verdict.segment}"
    return f'{said} via "{verdict.route}"' if verdict.allowed and verdict.route else said


def _note(expectation: Expectation, verdict: Verdict) -> str:
    """Return what makes a failure treacherous, or ""."""
    if expectation.allow or verdict.allowed or expectation.reason == verdict.reason:
        return ""
    return f"still refused, but for another reason: `{expectation.reason}` is no longer what this test exercises"


def _counted(counts: dict[str, int]) -> str:
    """Return outcomes and how often they came, those that never came left out."""
    return ", ".join(f"{text}: {count}" for text, count in counts.items() if count) or "nothing"
