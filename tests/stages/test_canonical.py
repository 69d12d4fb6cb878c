"""The canonical stage: one spelling or none, and sizes within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stages.kit import judged, outcome, policy, request, walked

OPEN = """
all:
  match: {clients: [any, anonymous]}
  routes:
    "any /**": public
    "OPTIONS /": public
"""


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ((), "allow @all"),
        (("request_malformed:authority",), "400 request_malformed:authority"),
        (("header_conflict",), "400 header_conflict"),
        (("protocol_denied:upgrade", "header_conflict"), "403 protocol_denied:upgrade"),
        (("headers_too_large",), "431 headers_too_large"),
    ],
)
def test_the_first_fault_of_the_wire_refuses(faults: tuple[str, ...], expected: str) -> None:
    """What the conversion found wrong is never looked at by anything below."""
    assert expected == judged(policy(OPEN), request(faults=faults))


def test_an_upgrade_that_cannot_be_read_is_refused() -> None:
    """What cannot be read is not let through."""
    assert judged(policy(OPEN), request(upgrade="refused")) == "403 protocol_denied:upgrade"
    assert judged(policy(OPEN), request(upgrade="websocket")) == "allow @all"


@pytest.mark.parametrize(
    ("size", "expected"), [(99, "allow @all"), (100, "allow @all"), (101, "414 uri_too_long:bytes")]
)
def test_long_targets_are_refused(size: int, expected: str) -> None:
    """A target of exactly `max_uri` passes."""
    assert expected == judged(policy(OPEN, "admission: {max_uri: 100B}"), request(uri_bytes=size))


@pytest.mark.parametrize(
    ("count", "expected"), [(2, "allow @all"), (3, "allow @all"), (4, "414 uri_too_long:segments")]
)
def test_deep_paths_are_refused(count: int, expected: str) -> None:
    """A path of exactly `max_path_segments` passes."""
    rules = policy(OPEN, "admission: {max_path_segments: 3}")
    assert expected == judged(rules, request(f"GET http://api.test{'/x' * count}"))


@pytest.mark.parametrize(
    ("sni", "tls", "mode", "expected"),
    [
        ("api.test", True, "match", "allow @all"),
        ("API.test.", True, "match", "allow @all"),
        ("other.test", True, "match", "421 sni_mismatch"),
        (None, True, "match", "allow @all"),
        ("other.test", False, "match", "allow @all"),
        ("other.test", True, "ignore", "allow @all"),
    ],
)
def test_the_tls_name_is_the_host(sni: str | None, tls: bool, mode: str, expected: str) -> None:
    """Domain fronting: a connection made for one name must not carry requests for another."""
    assert expected == judged(policy(OPEN, f"sni: {mode}"), request(sni=sni, tls=tls))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/v1/..", "400 path_ambiguous:dot_segment"),
        ("/v1//x", "400 path_ambiguous:empty_segment"),
        ("/v1%2fx", "400 path_ambiguous:encoded_separator"),
        ("*", "400 path_ambiguous:form"),
    ],
)
def test_path_confusion_is_answered_400(target: str, expected: str) -> None:
    """Ambiguous paths are refused before any rule is looked up."""
    assert expected == judged(policy(OPEN), request(target=target))


def test_lenient_forwards_what_it_judged() -> None:
    """In lenient reading the normalised path is what leaves."""
    walk = walked(policy(OPEN, "paths: {normalize: lenient}"), request(target="/a//b/../c;x"))
    assert (outcome(walk), walk.path, walk.target) == ("allow @all", ("a", "c"), "/a/c")


@pytest.mark.parametrize(("mode", "path"), [("same", ("a",)), ("distinct", ("a", ""))])
def test_a_slash_at_the_end(mode: str, path: tuple[str, ...]) -> None:
    """`same` looks both up as one; the bytes that are forwarded stay as they were sent."""
    walk = walked(policy(OPEN, f"paths: {{trailing_slash: {mode}}}"), request(target="/a/"))
    assert (walk.path, walk.target) == (path, "/a/")


def test_capitals_are_folded_where_the_policy_says_so() -> None:
    """`insensitive` folds for the look-up only."""
    walk = walked(policy(OPEN, "paths: {case: insensitive}"), request(target="/A/B"))
    assert (walk.path, walk.target) == (("a", "b"), "/A/B")


def test_options_of_the_whole_server() -> None:
    """`OPTIONS *` is about the server, and is judged as its root."""
    walk = walked(policy(OPEN), request("OPTIONS http://api.test", target="*"))
    assert (outcome(walk), walk.path, walk.target) == ("allow @all", (), "*")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"origin": "https://x.test", "preflight": "DELETE"}, ("DELETE", True)),
        ({"origin": "", "preflight": "DELETE"}, ("OPTIONS", False)),
        ({"origin": "https://x.test", "preflight": ""}, ("OPTIONS", False)),
    ],
)
def test_a_preflight_is_judged_as_what_it_asks_for(more: dict[str, Any], expected: tuple[str, bool]) -> None:
    """Without an origin or an asked method, OPTIONS is only OPTIONS."""
    walk = walked(policy(OPEN), request("OPTIONS http://api.test/x", **more))
    assert expected == (walk.method, walk.preflight)


def test_only_options_is_a_preflight() -> None:
    """A header alone does not turn a GET into something without a caller."""
    walk = walked(policy(OPEN), request(origin="https://x.test", preflight="DELETE"))
    assert (walk.method, walk.preflight) == ("GET", False)


def test_a_request_without_host_is_for_nobody() -> None:
    """Rules are about hosts; a request without one is malformed, on a tunnel too."""
    assert judged(policy(OPEN), request(host="")) == "400 request_malformed:host"
    connect = request("CONNECT http://", kind="forward", connect=True)
    assert judged(policy(OPEN), connect) == "400 request_malformed:host"


def test_connect_is_for_forward_listeners() -> None:
    """A reverse listener opens no tunnels."""
    assert judged(policy(OPEN), request("CONNECT http://api.test", connect=True)) == "400 request_malformed:method"
