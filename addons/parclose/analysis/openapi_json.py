"""JSON for a reader of YAML: the two things that JSON may hold and YAML may not are written in another way."""

from __future__ import annotations

import re

# A character beyond U+FFFF, as JSON escapes it: in two halves, which YAML refuses. RFC 8259 section 7.
_PAIR = re.compile(rb"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def as_yaml(content: bytes) -> bytes:
    """Return a document so that YAML says what JSON said; one that is no JSON object is left as it is.

    Lines stay; columns move where a line holds such a character.
    """
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return content
    return _PAIR.sub(_whole, content.replace(b"\t", b" "))


def _whole(match: re.Match[bytes]) -> bytes:
    high, low = int(match[2], 16), int(match[3], 16)
    point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
    return match[1] + b"\\U%08x" % point
