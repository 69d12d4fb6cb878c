"""What would be believed if these failed: that no body fills the memory, and none is longer than allowed."""

import pytest

from parclose.hooks.bodies import BUFFER_BYTES, Meter, is_streamed, stream_response
from parclose.testing import flow


@pytest.mark.parametrize(
    ("size", "streamed"), [(0, False), (BUFFER_BYTES, False), (BUFFER_BYTES + 1, True), (None, True)]
)
def test_what_is_streamed(size: int | None, streamed: bool) -> None:
    """More than the buffer, or who knows how much."""
    assert is_streamed(size) is streamed


def test_a_meter_cuts_at_its_limit() -> None:
    """A body of exactly the limit passes; the first byte beyond it is not handed on, and is told once."""
    told: list[str] = []
    meter = Meter(4, lambda: told.append("too large"))
    assert [meter(b"abc"), meter(b"d"), meter(b"")] == [b"abc", b"d", b""]
    assert told == []
    assert [meter(b"e"), meter(b"f"), meter(b"")] == [[], [], []]
    assert told == ["too large"]


@pytest.mark.parametrize(
    ("method", "status", "headers", "streamed"),
    [
        ("GET", 200, {"Content-Length": "10"}, False),
        ("GET", 200, {"Content-Length": str(BUFFER_BYTES + 1)}, True),
        ("GET", 200, {}, True),
        ("GET", 200, {"Content-Length": "10", "Content-Type": "text/event-stream; charset=utf-8"}, True),
        ("HEAD", 200, {}, False),
        ("GET", 304, {}, False),
        ("GET", 101, {}, False),
    ],
)
def test_responses(method: str, status: int, headers: dict[str, str], streamed: bool) -> None:
    """Event streams, and what is large or of unknown length, is streamed; what has no body is not."""
    from mitmproxy import http

    judged = flow(f"{method} http://api.test/")
    judged.response = http.Response.make(status, b"", http.Headers())
    judged.response.headers.clear()
    judged.response.headers.update(headers)
    stream_response(judged)
    assert bool(judged.response.stream) is streamed
