"""What an included file may claim: a surface outside its fence is refused where it stands, one inside never."""

from __future__ import annotations

import pytest

from parclose.policy.load import examine
from tests.policy.shop import findings, load_text

ROOT = """\
version: 1
name: shop
include: [{file: team.yaml, owner: team, may: MAY}]
settings:
  listeners:
    edge: {port: 8443, kind: reverse}
    side: {port: 8444, kind: reverse}
    out: {port: 3128, kind: forward}
issuers: {login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}}
clients: {web: [{token: {issuer: login, client: [web]}}]}
route_sets: {shared: {"GET /v1/health": public}}
profiles: {shown: {routes: {"GET /v1/shown": open}}}
"""
TEAM = """\
segments:
  web:
    match: {MATCHclients: [web, anonymous]}
    ROUTES
"""
SECRET = 'routes: {"GET /v1/x": authenticated}'


def said(may: str, match: str, routes: str = SECRET, more: str = "") -> list[tuple[str, str]]:
    """Return id and the text that is pointed at, for a segment in an included file."""
    team = TEAM.replace("MATCH", match and f"{match}, ").replace("ROUTES", routes) + more
    lines = team.splitlines()
    found = findings(ROOT.replace("MAY", may), {"team.yaml": team})
    assert all(finding.file == "team.yaml" for finding in found), [finding.render() for finding in found]
    return [(each.id, lines[each.line - 1][each.column - 1 :].lstrip("\"'")[: each.width]) for each in found]


@pytest.mark.parametrize(
    ("fence", "written", "outside"),
    [
        ("hosts: [a.example]", "hosts: [a.example]", []),
        ("hosts: [a.example]", "hosts: [a.example, b.example]", ["b.example"]),
        ("hosts: [a.example]", "hosts: ['*.a.example']", ["*.a.example"]),
        ("hosts: [a.example]", "", ["web"]),
        ("hosts: ['*.a.example']", "hosts: [x.a.example, '*.a.example', '*.x.a.example']", []),
        ("hosts: ['*.a.example']", "hosts: [a.example, x.ba.example]", ["a.example", "x.ba.example"]),
        ("hosts: ['*.a.example']", "hosts: ['*.example']", ["*.example"]),
        ("hosts: ['*.a.example']", "hosts: ['*']", ["*"]),
        ("hosts: ['*']", "", []),
        ("hosts: []", "hosts: [a.example]", ["a.example"]),
        ("paths: [/v1/**]", "paths: [/v1/**, /v1/x, /v1, '/v1/{id}/**']", []),
        ("paths: [/v1/**]", "paths: [/**]", ["/**"]),
        ("paths: [/v1/**]", "", ["web"]),
        ("paths: [/v1/**]", "paths: [/v1/x, /v2/x, '/{v}/x', /v11/**]", ["/v2/x", "/{v}/x", "/v11/**"]),
        ("paths: ['/v1/{id:int}']", "paths: [/v1/7]", []),
        ("paths: ['/v1/{id:int}']", "paths: [/v1/x, '/v1/{id}']", ["/v1/x", "/v1/{id}"]),
        ("paths: ['/v1/{id:int}']", "paths: ['/v1/{id:int}/**']", ["/v1/{id:int}/**"]),
        ("paths: [/v1/x]", "paths: [/v1/x/]", []),
        ("paths: [/v1/x]", "paths: [/V1/x]", ["/V1/x"]),
        ("listeners: [edge]", "listeners: [edge]", []),
        ("listeners: [edge]", "listeners: [edge, side]", ["side"]),
        ("listeners: [edge]", "", ["web"]),
        ("listeners: [edge, side]", "", []),
        ("listeners: [out]", "listeners: [out]", []),
        ("listeners: [out]", "", ["web", "web"]),
        ("hosts: [a.example], paths: [/v1/**]", "hosts: [a.example], paths: [/v1/x]", []),
        ("hosts: [a.example], paths: [/v1/**]", "hosts: [b.example], paths: [/v2/x]", ["b.example", "/v2/x"]),
    ],
)  # fmt: skip
def test_surfaces(fence: str, written: str, outside: list[str]) -> None:
    """INC002 names each surface outside the fence; what a segment leaves out is all there is."""
    found = said(f"{{{fence}}}", written, 'routes: {"any /**": authenticated}')
    assert [text for id_, text in found if id_ == "INC002"] == outside


def test_paths_are_compared_as_requests_are() -> None:
    """Where a policy does not tell capitals apart, neither does its fence."""
    policy = ROOT.replace("MAY", "{paths: [/V1/**]}").replace("settings:", "settings:\n  paths: {case: insensitive}")
    team = TEAM.replace("MATCH", "paths: [/v1/x], ").replace("ROUTES", SECRET)
    assert load_text(policy, {"team.yaml": team}).segments["web"].owner == "team"


@pytest.mark.parametrize("may", ["~", "{}", "{define: [zones]}", "{public: true}"])
def test_no_facet_means_no_segment(may: str) -> None:
    """A fence that names no surface has no room for a segment."""
    assert said(may, "") == [("INC002", "web")]


def test_no_fence_means_no_segment() -> None:
    """Neither has an entry without `may`; other sections are welcome."""
    root = ROOT.replace(", may: MAY", "")
    team = TEAM.replace("MATCH", "").replace("ROUTES", SECRET)
    assert [found.id for found in findings(root, {"team.yaml": team})] == ["INC002"]
    shop = 'segments: {shop: {match: {clients: [web]}, routes: {"GET /": authenticated}}}\n'
    assert findings(root + shop, {"team.yaml": "personas: {ann: {}}\n"}) == ()


@pytest.mark.parametrize(
    ("routes", "more", "found"),
    [
        (SECRET, "", []),
        ('routes: {"GET /v1/x": public}', "", ["GET /v1/x"]),
        ('routes: {"GET /v1/x": open}', "", ["GET /v1/x"]),
        ('routes: {"GET /v1/x": {public: true}}', "", ["GET /v1/x"]),
        ('routes: {"GET /v1/x": {public: false, roles: ~}}', "", []),
        (SECRET, 'route_sets: {mine: {"GET /v1/x": public}}\n', ["GET /v1/x"]),
        ("route_sets: [shared]", "", ["web"]),
        ("use: [shown]", "", ["web"]),
    ],
)
def test_nothing_public(routes: str, more: str, found: list[str]) -> None:
    """`public: false` refuses public and open routes, be they written there or taken from elsewhere."""
    assert said("{listeners: [edge, side], public: false}", "", routes, more) == [("INC002", text) for text in found]
    assert said("{listeners: [edge, side]}", "", routes, more) == []


def test_the_owner_of_the_file_owns_its_segments() -> None:
    """An included file cannot give its segments to somebody else; it is told so, which never blocks."""
    root = ROOT.replace("MAY", "{paths: [/v1/**]}")
    team = TEAM.replace("MATCH", "paths: [/v1/**], ").replace("ROUTES", SECRET)
    for owner, expected in (("other", [("INC003", "W", 5)]), ("team", [])):
        files = {"policy.yaml": root, "team.yaml": f"{team}    owner: {owner}\n", "keys.json": '{"keys": []}'}
        found = examine("policy.yaml", lambda path, held=files: held[path].encode())  # type: ignore[misc]
        said = [(each.id, each.severity, each.line) for each in found.findings if each.id == "INC003"]
        assert said == expected
    assert load_text(root, {"team.yaml": f"{team}    owner: other\n"}).segments["web"].owner == "team"


@pytest.mark.parametrize(("file", "found"), [("ca.pem", []), ("/etc/ca.pem", ["REF005"])])
def test_only_the_policy_file_reaches_out_of_its_folder(file: str, found: list[str]) -> None:
    """An absolute path is good in the policy file, and refused in an included one."""
    forward = f"    forward: {{set: {{X-Key: {{file: {file}}}}}}}\n"
    root = ROOT.replace("MAY", "{paths: [/v1/**]}")
    team = TEAM.replace("MATCH", "paths: [/v1/**], ").replace("ROUTES", SECRET) + forward
    assert [each.id for each in findings(root, {"team.yaml": team})] == found
    assert findings(root + TEAM.replace("MATCH", "").replace("ROUTES", SECRET) + forward, {"team.yaml": ""})[1:] == ()


@pytest.mark.parametrize("mode", ["shadow", '"off"'])
def test_a_fence_does_not_ask_for_the_mode(mode: str) -> None:
    """A segment in shadow, or parked, outside its fence is refused now and not on the day it is taken up."""
    assert said("{hosts: [a.example]}", "hosts: [b.example]", f"{SECRET}\n    mode: {mode}") == [
        ("INC002", "b.example")
    ]
    routes = f'routes: {{"GET /v1/x": {{public: true, mode: {mode}}}, "GET /v1/z": authenticated}}'
    assert said("{listeners: [edge, side], public: false}", "", routes) == [("INC002", "GET /v1/x")]
