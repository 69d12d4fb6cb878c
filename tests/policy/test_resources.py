"""Documents of resources: if these fail, clients cannot find their authority, or strangers find a hidden segment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.policy.model import Policy
from parclose.policy.paths import PathPattern
from parclose.policy.resources import build_resources, literal_prefix, servers_of
from tests.policy.shop import changed, load_text

MATCH = "match: {hosts: [shop.example], clients: [web, anonymous]}"


def shop(*changes: tuple[str, str]) -> Policy:
    """Load a changed shop."""
    return load_text(changed(*changes))


def standing(policy: Policy, host: str = "shop.example") -> list[str]:
    """Return the paths on a host at which there are documents, of some that are tried."""
    tried = ("", "/items", "/orders", "/orders/7", "/other")
    paths = [(".well-known", "oauth-protected-resource", *path.split("/")[1:]) for path in tried]
    index = policy.resources
    found = (
        index.find(listener="", kind="reverse", host=host, path=path, method="GET") if index else None for path in paths
    )
    return [path for path, group in zip(tried, found, strict=True) if group is not None]


@pytest.mark.parametrize(
    ("written", "prefix"),
    [
        ("/**", ""),
        ("/", ""),
        ("/v1/**", "/v1"),
        ("/v1/orders", "/v1/orders"),
        ("/v1/{id}/x", "/v1"),
        ("/{a}/v1", ""),
        ("/v1/", "/v1"),
    ],
)
def test_what_all_paths_of_a_pattern_have_in_common(written: str, prefix: str) -> None:
    """The literals from the left."""
    assert literal_prefix(PathPattern.parse(written)) == prefix


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ([], [""]),
        ([(MATCH, MATCH.replace("}", ", paths: [/items, /orders/**]}"))], ["/items", "/orders"]),
        ([("settings:\n", "settings:\n  errors: {resource_metadata: false}\n")], []),
        ([(MATCH, f"errors: {{resource_metadata: false}}\n    {MATCH}")], []),
        ([(MATCH, MATCH.replace("web", "partner"))], []),
        ([(MATCH, f"mode: shadow\n    {MATCH}"), ("allow @shop", "404 no_segment")], []),
    ],
)
def test_where_documents_are(changes: list[tuple[str, str]], found: list[str]) -> None:
    """At the well-known path with the resource's own behind it; none of what takes no tokens, or is told not to."""
    assert standing(shop(*changes)) == found


def test_a_stand_in_keeps_what_protects_its_segment() -> None:
    """Listeners, hosts and network rules; and it is no segment of the policy."""
    gate = "network: {allow: [office], deny_as: 404}"
    policy = shop((MATCH, f"{gate}\n    {MATCH}"))
    assert policy.resources is not None
    group = policy.resources.find(
        listener="", kind="reverse", host="shop.example", path=(".well-known", "oauth-protected-resource"), method="GET"
    )
    assert group is not None
    (stand_in,) = group.segments
    real = policy.segments["shop"]
    assert (stand_in.name, stand_in.network, stand_in.surface.hosts) == ("shop", real.network, real.surface.hosts)
    assert [route.access for route in stand_in.route_list] == ["open"]
    assert standing(policy, "other.example") == []


def test_whose_tokens_are_taken() -> None:
    """Those that the segment names, else all; one of which no `iss` is known cannot be named."""
    policy = shop()
    segment, issuers = policy.segments["shop"], policy.issuers
    assert servers_of(segment, issuers) == ("https://login.example",)
    narrowed = replace(segment, authn=replace(segment.authn, issuers=frozenset({"other"})))
    assert servers_of(narrowed, issuers) == ()
    assert servers_of(segment, {"login": replace(issuers["login"], iss="")}) == ()
    assert build_resources([narrowed], issuers) is None
