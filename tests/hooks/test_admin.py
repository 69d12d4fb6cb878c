"""What would be believed if these failed: that a page in a browser cannot read the admin port by a rebound name."""

import socket

import pytest

from parclose.hooks.admin import AdminPort, Page, render


@pytest.fixture
def port() -> AdminPort:
    """An admin port that is bound and does not serve."""
    made = AdminPort("127.0.0.1", 0, {"/x": lambda: Page(status=200, content_type="text/plain", body=b"yes")})
    made.port = 9464
    return made


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET /x HTTP/1.1\r\nHost: 127.0.0.1:9464", 200),
        ("GET /x?q=1 HTTP/1.1\r\nhost: localhost:9464", 200),
        ("GET /x HTTP/1.1\r\nHost: [::1]:9464", 200),
        ("GET /x HTTP/1.1\r\nHost: localhost", 200),
        ("HEAD /x HTTP/1.1\r\nHost: localhost", 200),
        ("GET /y HTTP/1.1\r\nHost: localhost", 404),
        ("POST /x HTTP/1.1\r\nHost: localhost", 405),
        ("GET /x HTTP/1.1\r\nHost: evil.example:9464", 421),
        ("GET /x HTTP/1.1\r\nHost: 127.0.0.1:80", 421),
        ("GET /x HTTP/1.1\r\nHost: 192.0.2.1:9464", 421),
        ("GET /x HTTP/1.1\r\nHost: localhost\r\nHost: localhost", 421),
        ("GET /x HTTP/1.1", 421),
        ("GET /x", 400),
        ("GET /x HTTP/2.0\r\nHost: localhost", 400),
        ("", 400),
    ],
)
def test_who_is_answered(port: AdminPort, head: str, status: int) -> None:
    """GET and HEAD, by its own names alone."""
    page = port._look_up(f"{head}\r\n\r\n".encode())[1]
    port.close()
    assert page.status == status


def test_an_address_in_use_is_known_at_once() -> None:
    """Before anything is served."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            AdminPort("127.0.0.1", taken.getsockname()[1], {})


@pytest.mark.parametrize(("with_body", "body"), [(True, b"yes"), (False, b"")])
def test_a_page_is_a_whole_answer(with_body: bool, body: bytes) -> None:
    """The length is the page's own also where HEAD leaves the body out."""
    head, _, sent = render(Page(status=200, content_type="text/plain", body=b"yes"), with_body=with_body).partition(
        b"\r\n\r\n"
    )
    assert sent == body
    assert b"Content-Length: 3" in head
    assert b"Connection: close" in head
