"""Base64url, the one canonical spelling of it: no padding, no foreign characters, no loose bits at the end.

Source: RFC 7515 section 2, RFC 4648 section 3.5. python-jose skips foreign characters, so two texts could be one token.
"""

from __future__ import annotations

import binascii
from typing import Final

_STANDARD: Final = bytes.maketrans(b"-_+/", b"+/!!")  # `+` and `/` are foreign here, and `!` is everywhere
_PADDING: Final = (b"", b"", b"==", b"=")
# The values of all characters, to see whether the last one has bits that nobody reads: 4 of 2 characters, 2 of 3.
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LOOSE: Final = tuple(
    frozenset(char for value, char in enumerate(_ALPHABET) if value & mask) for mask in (0, 0, 0b1111, 0b11)
)


def decode(text: str) -> bytes | None:
    """Return what `text` (ASCII) spells, or None when it is not spelt in the one way."""
    raw = text.encode("ascii")
    rest = len(raw) % 4
    if rest == 1 or (rest and raw[-1] in _LOOSE[rest]) or b"=" in raw:
        return None
    try:
        return binascii.a2b_base64(raw.translate(_STANDARD) + _PADDING[rest], strict_mode=True)
    except binascii.Error:
        return None
