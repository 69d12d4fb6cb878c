"""What would be believed if these failed: that one connection's certificate speaks for another, or is replaced."""

from dataclasses import replace
from pathlib import Path

from parclose.hooks.client_tls import Asking
from parclose.hooks.handshakes import Handshakes, Shown, asking_of
from tests.hooks.ground import edition, forward, live


def test_the_first_counts_until_the_end() -> None:
    """What is shown later on one connection changes nothing; what ended is forgotten."""
    held = Handshakes()
    held.show("a", Shown(text="first", verified=True))
    held.show("a", Shown(text="second"))
    assert held.of("a") == Shown(text="first", verified=True)
    assert held.of("b") is None
    held.forget("a")
    held.forget("a")
    assert held.of("a") is None


def test_nobody_prints_it() -> None:
    """It names a person or a device."""
    assert "first" not in repr(Shown(text="first"))


def test_what_is_asked_is_what_the_listener_asks(tmp_path: Path) -> None:
    """By its port and kind, under the policy in force."""
    made = edition(tmp_path)
    edge, _ = made.policy.settings.listeners
    asking = Asking(mode="request")
    made = replace(made, asks={edge: asking})
    assert asking_of(made, live().client_conn) is asking
    assert asking_of(made, forward("GET http://www.example.org/").client_conn) is None
    assert asking_of(replace(made, asks={}), live().client_conn) is None
    assert asking_of(None, live().client_conn) is None
