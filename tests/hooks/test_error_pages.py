"""What would be believed if these failed: that mitmproxy's own answers do not tell where an upstream is."""

import json

import pytest
from mitmproxy.proxy.layers.http import _http1, _http2

from parclose.hooks import error_pages

SECRET = "[Errno 111] Connect call failed ('192.0.2.1', 80)"


@pytest.mark.parametrize(
    ("status", "reason"), [(400, "request_malformed"), (413, "body_too_large"), (502, None), (599, None)]
)
def test_a_page_says_the_status_alone(status: int, reason: str | None) -> None:
    """Neither address nor error number nor mitmproxy's version."""
    for made in (error_pages.page(status, SECRET), error_pages.http1_answer(status, SECRET)):
        assert b"192.0.2.1" not in made
        assert b"Errno" not in made
        assert b"mitmproxy" not in made.lower()
    body = json.loads(error_pages.page(status, SECRET))
    assert (body["status"], body.get("reason")) == (status, reason)


def test_the_override_takes_the_place_of_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-test fails on stock pages and passes on ours."""
    stock = _http1.make_error_response, _http2.format_error  # type: ignore[attr-defined]  # imported there by name
    error_pages.install()
    assert error_pages.self_test() == ""
    monkeypatch.setattr(_http1, "make_error_response", lambda status, message: message.encode())
    assert error_pages.self_test() != ""
    monkeypatch.undo()
    _http1.make_error_response, _http2.format_error = stock  # type: ignore[attr-defined]  # as it was
