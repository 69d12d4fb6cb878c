"""The public keys by which upstreams check what is signed for them: those in force, and for a while those before.

Source: RFC 7517 section 5.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from parclose.stores.assertion import AssertionSigner

# What was signed by a key that is gone must still be checked, also by upstreams that look for keys once an hour.
KEPT_S = 2 * 3600.0


@dataclass(slots=True)
class PublishedKeys:
    """A key set that follows the policy; keys that are no longer used leave it later. `timer` tells seconds."""

    timer: Callable[[], float] = time.monotonic
    _held: dict[str, tuple[Mapping[str, str], float]] = field(default_factory=dict)

    def publish(self, signers: Iterable[AssertionSigner]) -> None:
        """Show the keys of these signers, for as long as they are used and `KEPT_S` longer."""
        now = self.timer()
        used = {signer.kid: signer.jwk for signer in signers}
        self._held = {
            kid: (jwk, min(until, now + KEPT_S)) for kid, (jwk, until) in self._held.items() if until > now
        } | {kid: (jwk, float("inf")) for kid, jwk in used.items()}

    def document(self) -> bytes:
        """Return the key set."""
        now = self.timer()
        return json.dumps({"keys": [jwk for jwk, until in self._held.values() if until > now]}).encode()
