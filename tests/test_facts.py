"""Facts: values that cannot change under a decision, and that never print a secret."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from parclose.facts import Place, Presented, Proof
from tests.stages.kit import request


def test_facts_do_not_change() -> None:
    """All stages of one decision see the same request."""
    with pytest.raises(FrozenInstanceError):
        request().host = "evil.test"  # type: ignore[misc]


def test_a_secret_is_not_printed() -> None:
    """A credential that reaches a log or a traceback by way of `repr` is a leak."""
    handed = Presented(kind="token", place="authorization", scheme="bearer", text="s3cret")
    assert "s3cret" not in repr(handed)
    assert "s3cret" not in repr(request(presented=(handed,)))


def test_a_memo_is_no_fact() -> None:
    """Two proofs that show the same are the same, whoever has read one of them before."""
    proof = Proof(kind="token", state="ok")
    proof.memo = (object(), object())
    assert proof == Proof(kind="token", state="ok")
    assert "memo" not in repr(proof)


def test_an_unknown_place_is_nowhere() -> None:
    """Nothing known is the default, never a country."""
    assert Place() == Place(country=None, asn=None)
