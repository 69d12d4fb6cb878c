"""Many files, one policy: what each may hold, which mistakes are named where, and that order never matters."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parclose.policy.include import gather
from parclose.policy.nodes import Entries
from parclose.policy.source import Source
from tests.policy.shop import findings, load_text
from tests.policy.splitting import in_one_file, split, verdicts

ROOT = """\
version: 1
name: shop
include:
INCLUDES
scopes: {orders:read: {}}
issuers: {login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}}
clients: {web: [{token: {issuer: login, client: [web]}}]}
segments:
  shop:
    match: {hosts: [shop.example], clients: [web, anonymous]}
    routes: {"GET /items": public}
"""
WEB = """\
segments:
  web:
    match: {hosts: [web.example], clients: [web]}
    routes: {"GET /orders": orders:read}
"""
FENCE = "owner: team-web, may: {hosts: [web.example]}"


def root(*entries: str) -> str:
    """Return the policy file with these entries of `include`, each as a flow mapping without braces."""
    return ROOT.replace("INCLUDES", "\n".join(f"  - {{{entry}}}" for entry in entries))


def said(text: str, files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return id and severity, place, and message of each finding."""
    return [
        (f"{found.id}", f"{found.file}:{found.line}:{found.column}", found.message) for found in findings(text, files)
    ]


def test_a_file_is_part_of_the_policy() -> None:
    """Segments, tests and personas of an included file count, each with the place where it stands, and its owner."""
    web = (
        WEB
        + "personas: {ann: {from: 203.0.113.1}}\ntests: [{name: t, checks: {'GET http://x.example/': 404 no_route}}]\n"
    )
    policy = load_text(root(f"file: teams/web.yaml, {FENCE}"), {"teams/web.yaml": "version: 1\n" + web})
    assert sorted(policy.segments) == ["shop", "web"]
    assert (policy.segments["web"].owner, policy.segments["web"].where) == ("team-web", "teams/web.yaml:3")
    assert policy.segments["shop"].owner == ""
    assert policy.segments["web"].route_list[0].where == "teams/web.yaml:5"
    assert ([test.name for test in policy.tests], list(policy.personas)) == (["t"], ["ann"])
    assert policy.included == ("/p/teams/web.yaml",)
    assert policy.files == ("/p/policy.yaml", "/p/keys.json", "/p/teams/web.yaml")


def test_every_file_is_in_the_revision() -> None:
    """A blank more in any file is another revision; a file that is not included is none of it."""
    text = root("file: 'teams/*.yaml', " + FENCE)
    one = load_text(text, {"teams/web.yaml": WEB, "other.yaml": ""}).revision
    assert load_text(text, {"teams/web.yaml": WEB, "other.yaml": "x"}).revision == one
    assert load_text(text, {"teams/web.yaml": WEB + " "}).revision != one
    assert load_text(text, {"teams/app.yaml": WEB}).revision != one


def test_the_order_of_files_never_matters() -> None:
    """Whatever the order of the entries, the same policy comes out, and the same findings at the same places."""
    teams = {
        f"{name}.yaml": WEB.replace("web:", f"{name}:").replace("web.example", f"{name}.example") for name in "abc"
    }
    entries = [f"file: {name}.yaml, owner: team-{name}, may: {{hosts: [{name}.example]}}" for name in "abc"]
    models = set()
    for order in permutations(entries):
        policy = load_text(root(*order), teams)
        models.add(repr([(name, s.where, s.owner, s.surface, s.route_list) for name, s in policy.segments.items()]))
    assert len(models) == 1
    twice = {**teams, "b.yaml": teams["a.yaml"], "c.yaml": teams["a.yaml"]}
    assert (
        len({tuple(f for f in said(root(*order), twice) if f[0] == "INC001") for order in permutations(entries)}) == 1
    )


@pytest.mark.parametrize(
    ("entries", "files", "expected"),
    [
        # INC001: one name, one place.
        pytest.param(
            [f"file: a.yaml, {FENCE}", f"file: b.yaml, {FENCE}"],
            {"a.yaml": WEB, "b.yaml": WEB},
            [("INC001", "b.yaml:2:3", "`web` is defined twice in `segments`, first at a.yaml:2")],
            id="two files with one segment",
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}"],
            {"a.yaml": WEB.replace("web:", "shop:", 1)},
            [("INC001", "a.yaml:2:3", "`shop` is defined twice in `segments`, first at policy.yaml:9")],
            id="a file and the policy file",
        ),
        pytest.param(
            ["file: '*.yaml', owner: all, may: {hosts: [web.example]}", f"file: a.yaml, {FENCE}"],
            {"a.yaml": WEB},
            [("INC001", "policy.yaml:4:12", "`a.yaml` is included twice, first at policy.yaml:5")],
            id="a file under two entries",
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}", f"file: ./a.yaml, {FENCE}"],
            {"a.yaml": WEB},
            [("INC001", "policy.yaml:5:12", "`a.yaml` is included twice, first at policy.yaml:4")],
            id="a file in two spellings",
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}", f"file: b.yaml, {FENCE}"],
            {"a.yaml": WEB, "b.yaml": "route_sets: {web: {'GET /x': public}}\ntests: [{name: t, skip: y}]\n"},
            [],
            id="near miss: one name in two sections",
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}", f"file: b.yaml, {FENCE}"],
            {"a.yaml": "tests: [{name: t, skip: y}]", "b.yaml": "tests: [{name: t, skip: y}]"},
            [],
            id="near miss: tests are named once in each file",
        ),
        # INC003: what a file may hold.
        pytest.param(
            [f"file: a.yaml, {FENCE}"],
            {"a.yaml": "zones: {home: [192.0.2.0/24]}\n"},
            [("INC003", "a.yaml:1:1", "`zones` may not be defined in `a.yaml`")],
            id="a section that is not allowed",
        ),
        pytest.param(
            ["file: a.yaml, owner: t, may: {define: [zones, personas]}"],
            {"a.yaml": "zones: {home: [192.0.2.0/24]}\npersonas: {}\nroute_sets: {}\nx-note: y\n"},
            [],
            id="near miss: a section that is allowed",
        ),
        pytest.param(
            ["file: a.yaml, owner: t, may: {define: [zones]}"],
            {"a.yaml": "settings: {}\nname: x\nguardrails: []\n"},
            [
                ("INC003", f"a.yaml:{line}:1", f"`{key}` concerns the whole policy: no included file holds it")
                for line, key in enumerate(("settings", "name", "guardrails"), 1)
            ],
            id="sections of the policy file alone",
        ),
        pytest.param(
            ["file: a.yaml, owner: t, may: {define: [settings]}"],
            {"a.yaml": ""},
            [("TYP002", "policy.yaml:4:45", "`settings` is not one of")],
            id="no entry can allow those",
        ),
        pytest.param(
            ["file: a.yaml, owner: t, may: {define: [profiles]}"],
            {"a.yaml": "profiles: {default: {about: x}}\n"},
            [("INC003", "a.yaml:1:12", "profile `default` is part of every segment, whoever owns it")],
            id="a profile for everybody",
        ),
        pytest.param(
            ["file: a.yaml, owner: t, may: {define: [profiles]}"],
            {"a.yaml": "profiles: {defaults: {about: x}}\n"},
            [],
            id="near miss: a profile of another name",
        ),
        # INC004: files stay in the folder, and included ones include nothing.
        *(
            pytest.param(
                [f"file: {name}, owner: t"],
                {},
                [("INC004", "policy.yaml:4:12", f"file `{name}` is not inside the policy's folder")],
                id=f"leaves the folder: {name}",
            )
            for name in ("../x.yaml", "/etc/x.yaml", "a/../../x.yaml", "../*.yaml")
        ),
        pytest.param(
            ["file: a.yaml, owner: t"],
            {"a.yaml": "include: [{file: b.yaml, owner: t}]", "b.yaml": ""},
            [("INC004", "a.yaml:1:1", "`a.yaml` is included, and includes files itself")],
            id="a file that includes",
        ),
        pytest.param(
            ["file: ./policy.yaml, owner: t"],
            {},
            [("INC004", "policy.yaml:4:12", "`policy.yaml` includes itself")],
            id="itself",
        ),
        pytest.param(["file: '*.yaml', owner: t"], {"a.yaml": "x-a: b"}, [], id="near miss: a pattern meaning itself"),
        # Files that are not there or cannot be read.
        pytest.param(
            ["file: a.yaml, owner: t"],
            {},
            [("REF005", "policy.yaml:4:12", "file `a.yaml`: no such file or directory")],
            id="a file that is not there",
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}"], {"a.yaml": "- x"},
            [("TYP002", "a.yaml:1:1", "expected a mapping, found a list")], id="no mapping",
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}"], {"a.yaml": "segments: [x]\ntests: {}\nroute_sets: ~\n"},
            [
                ("TYP002", "a.yaml:1:11", "expected a mapping, found a list"),
                ("TYP002", "a.yaml:2:8", "expected a list, found a mapping"),
                ("TYP002", "a.yaml:3:1", "expected a mapping, found null"),
            ],
            id="sections of another form",
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}", f"file: b.yaml, {FENCE}"],
            {"a.yaml": "segmnts: {}\n", "b.yaml": "segmnts: {}\nversion: 2\n"},
            [
                ("TYP001", "a.yaml:1:1", "unknown key `segmnts`"),
                ("TYP001", "b.yaml:1:1", "unknown key `segmnts`"),
                ("TYP002", "b.yaml:2:10", "`2` is not one of"),
            ],
            id="unknown keys, another version",
        ),
        pytest.param(
            ["file: a.yaml"], {"a.yaml": WEB}, [("TYP003", "policy.yaml:4:5", "`owner` is missing")], id="no owner"
        ),
        pytest.param(
            [f"file: a.yaml, {FENCE}"],
            {"a.yaml": WEB.replace("orders:read", "order:read")},
            [("REF003", "a.yaml:4:29", "unknown scope `order:read`")],
            id="a mistake in an included file has its place there",
        ),
        pytest.param(
            ["file: a.yaml, owner: t", f"file: b.yaml, {FENCE}"],
            {"a.yaml": "segments: {x: [", "b.yaml": WEB.replace("orders:read", "nothing")},
            [("YML001", "a.yaml:1:15", "`[` is never closed")],
            id="what cannot be read hides what others would miss of it",
        ),
    ],
)  # fmt: skip
def test_mistakes(entries: list[str], files: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    """Each mistake is named once, at its place."""
    got = said(root(*entries), files)
    assert [(id_, place) for id_, place, _ in expected] == [(id_, place) for id_, place, _ in got], got
    for (_, _, want), (_, _, message) in zip(expected, got, strict=True):
        assert message.startswith(want)


def test_a_pattern_without_files_is_a_warning() -> None:
    """INC005 never blocks: a team may not have written its file yet."""
    text = root("file: 'teams/*.yaml', owner: t")
    source = Source(path="/p/policy.yaml", read=lambda path: text.encode(), list_files=lambda folder, pattern: [])
    gathered = gather(source)
    assert gathered is not None
    assert gathered.whole
    assert [(found.id, found.severity, found.line) for found in source.findings] == [("INC005", "W", 4)]


def test_a_pattern_needs_somebody_who_lists() -> None:
    """Where nobody can list files a pattern is an error: it never just means nothing."""
    text = root("file: 'teams/*.yaml', owner: t")
    source = Source(path="/p/policy.yaml", read=lambda path: text.encode())
    gathered = gather(source)
    assert gathered is not None
    assert not gathered.whole
    assert [(found.id, found.severity) for found in source.findings] == [("REF005", "E")]


def test_the_trees_of_the_files_stay_as_they_are() -> None:
    """Merging copies: a tree that is kept for the next load is never grown."""
    files = {"/p/policy.yaml": root(f"file: a.yaml, {FENCE}"), "/p/a.yaml": WEB}
    source = Source(path="/p/policy.yaml", read=lambda path: files[path].encode())
    gathered = gather(source)
    assert gathered is not None
    assert isinstance(gathered.root, Entries)
    merged, own = gathered.root, source.trees["policy.yaml"]
    assert isinstance(own, Entries)
    of = [{str(key): node for key, node in tree.items()}["segments"] for tree in (merged, own)]
    assert [len(node) for node in of if isinstance(node, Entries)] == [2, 1]


def test_the_requests_tell_policies_apart() -> None:
    """The requests of the property below reach every segment, and are allowed and refused for several reasons."""
    names, found = in_one_file()
    assert {str(segment) for *_, segment, _ in found} >= set(names)
    assert len({reason for _, _, reason, *_ in found}) > 4


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), files=st.integers(1, 3))
def test_how_a_policy_is_split_never_matters(data: st.DataObject, files: int) -> None:
    """However its parts are dealt over files, and in whatever order those are named, the same is decided."""
    held = data.draw(st.composite(split)(files))
    policy = load_text(held.pop("policy.yaml"), held)
    assert (tuple(sorted(policy.segments)), verdicts(policy)) == in_one_file()
