"""The algorithms that python-jose lacks, and the check of what it stands on."""

from __future__ import annotations

import pytest
from jose import backends, jwk

from parclose.stores import signatures
from tests.stores.signing import signer

ADDED = ("PS256", "PS384", "PS512", "EdDSA")


@pytest.mark.parametrize("algorithm", ADDED)
def test_good_signatures_pass_and_others_do_not(algorithm: str) -> None:
    """A good signature, another message, another signature, one of another length."""
    signatures.prepare()
    signatures.prepare()
    key = jwk.construct(signer(algorithm).jwk(), algorithm)
    good = signer(algorithm).sign(b"message")
    assert key.verify(b"message", good) is True
    assert key.verify(b"massage", good) is False
    assert key.verify(b"message", bytes(len(good))) is False
    assert key.verify(b"message", good[:-1]) is False
    assert key.verify(b"message", b"") is False


def test_a_slow_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `cryptography` python-jose would go on in pure Python; we do not."""

    class RSAKey:
        """A key class of another backend."""

    monkeypatch.setattr(backends, "RSAKey", RSAKey)
    with pytest.raises(signatures.BackendError, match="install `python-jose"):
        signatures.prepare()
