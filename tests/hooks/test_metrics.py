"""What would be believed if these failed: that what is counted can be told apart, and nothing else is shown."""

from parclose.hooks.metrics import Metrics
from parclose.reasons import Reason
from parclose.verdict import Effect, Verdict


def shown(metrics: Metrics) -> list[str]:
    """Return the sample lines."""
    return [line for line in metrics.exposition().decode().splitlines() if not line.startswith("#")]


def test_decisions_have_bounded_labels() -> None:
    """Segment, concern, stage, reason and effect; nothing of the caller."""
    metrics = Metrics()
    metrics.decided(Verdict(reason=Reason.SCOPE_MISSING, stage="scope", segment="s"), 0.0001)
    metrics.decided(Verdict(effect=Effect.ALLOW, reason=None, stage="", segment="s"), 0.0001)
    metrics.decided(Verdict(), 0.0001)
    name = "parclose_decisions_total"
    assert [line for line in shown(metrics) if line.startswith(name)] == [
        f'{name}{{concern="scope",effect="deny",reason="scope_missing",segment="s",stage="scope"}} 1.0',
        f'{name}{{concern="",effect="allow",reason="",segment="s",stage=""}} 1.0',
        f'{name}{{concern="proxy",effect="deny",reason="internal_error",segment="",stage="proxy"}} 1.0',
    ]
    assert "parclose_decision_duration_seconds_count 3.0" in shown(metrics)


def test_a_refused_policy_is_a_flag() -> None:
    """It is up while the file holds a policy that was refused, and down again after a good one."""
    metrics = Metrics()
    metrics.policy_taken("p", "1", 7.0)
    metrics.policy_refused()
    assert "parclose_policy_rejected 1.0" in shown(metrics)
    metrics.policy_taken("p", "2", 8.0)
    lines = shown(metrics)
    assert "parclose_policy_rejected 0.0" in lines
    assert 'parclose_policy_info{name="p",revision="2"} 1.0' in lines
    assert 'parclose_policy_info{name="p",revision="1"} 1.0' not in lines
    assert 'parclose_policy_reloads_total{result="rejected"} 1.0' in lines


def test_failures_are_counted() -> None:
    """Hooks that failed, lines that were lost, connections that were cut; and no creation times beside them."""
    metrics = Metrics()
    metrics.guard_failed("a", "request")
    metrics.audit_failed()
    metrics.connection_refused("raw_tcp")
    lines = shown(metrics)
    assert 'parclose_guard_errors_total{addon="a",hook="request"} 1.0' in lines
    assert "parclose_audit_failures_total 1.0" in lines
    assert 'parclose_refused_connections_total{detail="raw_tcp"} 1.0' in lines
    assert [line for line in lines if "_created" in line] == []
