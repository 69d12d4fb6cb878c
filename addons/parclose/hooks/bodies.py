"""Bodies: small ones of known length are buffered, all others streamed, and none is longer than its segment allows.

mitmproxy's `body_size_limit` stays unset: it would cut responses too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mitmproxy import http

BUFFER_BYTES = 1024 * 1024  # at most this much of a body is held in memory, each way
BODYLESS = frozenset({101, 204, 304})


def is_streamed(body_bytes: int | None) -> bool:
    """Tell whether a body of this declared length is streamed; an unknown one is."""
    return body_bytes is None or body_bytes > BUFFER_BYTES


@dataclass(slots=True)
class Meter:
    """Counts a streamed body and ends it at `max_bytes`; a body of exactly that size passes.

    mitmproxy calls it with each part, and at the end with an empty one. Past the limit nothing more is handed on, and
    `too_large` is called once.
    """

    max_bytes: int
    too_large: Callable[[], None]
    seen: int = 0
    cut: bool = False

    def __call__(self, part: bytes) -> bytes | Sequence[bytes]:
        """Return the part, or nothing once the body is too large."""
        self.seen += len(part)
        if self.seen <= self.max_bytes:
            return part
        if not self.cut:
            self.cut = True
            self.too_large()
        return []


def stream_response(flow: http.HTTPFlow) -> None:
    """Stream a response that is large, of unknown length, or an event stream; to be called in `responseheaders`."""
    response = flow.response
    if response is None or response.stream or response.status_code in BODYLESS or flow.request.method == "HEAD":
        return
    length = response.headers.get("content-length", "")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/event-stream" or is_streamed(int(length) if length.isdigit() else None):
        response.stream = True
