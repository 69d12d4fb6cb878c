"""Nonces for DPoP proofs: made from a secret and the time, so that none has to be remembered.

A nonce shows that a proof was made just now, whatever the clock of its maker says, and not ahead of time by who had the
key for a moment. It is good in the span of time in which it was handed out, and in the next. Processes that do not
share the secret do not know each other's: a client that changes between them is asked once more.

Source: RFC 9449 sections 8 and 9.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final, Protocol

# Each client is asked once in so many seconds: seldom enough to cost nothing, and twice this is still "just now".
SPAN_S: Final = 150
_BYTES: Final = 18


class Nonces(Protocol):
    """Hands out nonces, and knows them again."""

    def current(self) -> str:
        """Return the nonce to hand out now."""
        ...

    def knows(self, text: str) -> bool:
        """Return whether a nonce was handed out here, and not long ago."""
        ...


class TimedNonces:
    """Nonces of one secret. `timer` tells epoch seconds."""

    def __init__(self, secret: bytes, *, timer: Callable[[], float] = time.time) -> None:
        self._secret, self._timer = secret, timer

    def current(self) -> str:
        """Return the nonce to hand out now."""
        return self._of(int(self._timer() // SPAN_S))

    def knows(self, text: str) -> bool:
        """Return whether a nonce was handed out in this span of time, or in the last."""
        span = int(self._timer() // SPAN_S)
        shown = text.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(shown, self._of(each).encode("ascii")) for each in (span, span - 1))

    def _of(self, span: int) -> str:
        made = hmac.digest(self._secret, f"dpop-nonce {span}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(made[:_BYTES]).decode("ascii")


class BelievedNonces:
    """For recorded traffic, whose nonces nobody can check any more: each was one that was handed out."""

    def current(self) -> str:
        """Return no nonce: nobody is there to take it."""
        return ""

    def knows(self, text: str) -> bool:
        """Return that it was."""
        return bool(text)
