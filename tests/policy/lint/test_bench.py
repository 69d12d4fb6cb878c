"""What a look has before it."""

from __future__ import annotations

from parclose.policy.lint.bench import Bench
from parclose.policy.load import examine
from tests.policy.shop import BASE


def test_a_bench_shows_the_policy_as_written() -> None:
    """The policy as written is that of the desk."""
    files = {"/p/policy.yaml": BASE.encode()}
    examined = examine(
        "/p/policy.yaml",
        lambda path: files.get(path, b'{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "eA", "y": "eQ"}]}'),
    )
    assert examined.policy is not None
    assert examined.desk is not None
    assert Bench(desk=examined.desk, policy=examined.policy).spec is examined.desk.spec
