"""Base64url, the one canonical spelling of it: no padding, no foreign characters, no loose bits at the end.

Source: RFC 7515 section 2, RFC 4648 section 3.5. python-jose skips foreign characters, so two texts could be one token.
"""

from __future__ import annotations

import base64
import binascii


def decode(text: str) -> bytes | None:
    """Return what `text` (ASCII) spells, or None when it is not spelt in the one way."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    # Writing it again is what finds skipped characters, `+` and `/`, padding inside, and loose bits.
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=") == text.encode("ascii") else None
