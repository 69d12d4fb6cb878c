"""mitmproxy's own answers (400, 413, 502, ...) say what went wrong without saying where.

Stock pages echo the address a name resolved to and the system's error number, which makes the proxy a port scanner for
whoever may reach it, and name mitmproxy's version.

Source: mitmproxy 12.2.3, proxy/layers/http/_base.py format_error, _http1.py make_error_response, _http2.py.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from mitmproxy import http
from mitmproxy.net.http.http1 import assemble_response as assemble
from mitmproxy.proxy.layers.http import _http1, _http2

REASONS = {400: "request_malformed", 413: "body_too_large"}


def page(status_code: int, message: str = "") -> bytes:
    """Return a problem for a status; `message` is mitmproxy's, and stays here."""
    del message
    known = status_code in HTTPStatus
    problem: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase if known else "Error",
        "status": status_code,
    }
    if status_code in REASONS:
        problem["reason"] = REASONS[status_code]
    return json.dumps(problem, separators=(",", ":")).encode()


def http1_answer(status_code: int, message: str = "") -> bytes:
    """Return the whole HTTP/1 answer for a status."""
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store", "Connection": "close"}
    if status_code >= 500:
        headers["Proxy-Status"] = "parclose; error=destination_unavailable"
    return bytes(assemble(http.Response.make(status_code, page(status_code, message), headers)))


def install() -> None:
    """Take the place of mitmproxy's pages."""
    _http1.make_error_response = http1_answer
    _http2.format_error = page  # type: ignore[attr-defined]  # imported there by name


def self_test() -> str:
    """Return what a page gives away, empty when all is well; to be run after `install`."""
    trial = "cannot connect to 192.0.2.1, errno 111"
    pages = (
        _http1.make_error_response(502, trial),
        _http2.format_error(502, trial),  # type: ignore[attr-defined]
    )
    for made in pages:
        if b"192.0.2.1" in made or b"errno" in made or b"mitmproxy" in made:
            return f"an error page said {made[:120]!r}"
    return ""
