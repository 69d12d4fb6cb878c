"""Decoding the whole file: each mistake at its place, whatever the file holds; and the JSON Schema for editors."""

from __future__ import annotations

import json
import re
import resource
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.compile_keys import plain
from parclose.policy.schema import PolicySpec, decode, json_schema
from parclose.policy.source import MOST_FINDINGS, TooMuchToSay
from tests.house.tree import ROOT
from tests.policy.reading import LETTERS, decoded, error_of, found_in, places_in, source_of, tree_of
from tests.policy.shop import BASE

POLICIES = sorted((ROOT / "policies").rglob("policy.yaml"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("version: 1", []),
        ("version: '1'", []),
        ("version: 01", [("TYP002", 1, 10)]),
        ("version: 1.0", [("TYP002", 1, 10)]),
        ("version: ~", [("TYP002", 1, 1)]),
        ("version: [1]", [("TYP002", 1, 10)]),
        ("version: 1\nx-anything: {a: [b]}", []),
        ("version: 1\nX-anything: 1", [("TYP001", 2, 1)]),
        ("version: 1\nsettings: ~", []),
        ("version: 1\nzones: ~", [("TYP002", 2, 1)]),
        ("version: 1\nzones: {a: ~}", [("TYP002", 2, 9)]),
        ("version: 1\nzones: {a: [~]}", [("TYP002", 2, 12)]),
        ("version: 1\nzones: {a: ['::1/128', 10.0.0.1]}", []),
        ("version: 1\nzones: {a: [{cidr: 10.0.0.0/8, until: 2027-01-01}]}", []),
        ("version: 1\nzones: {a: {cidrs: [10.1.0.0/8]}}", [("NET006", 2, 21)]),
        ("version: 1\nzones: {A: [], b c: []}", [("TYP002", 2, 9), ("TYP002", 2, 16)]),
        ("version: 1\nroles: {User.Read: {}, 'a b': {}}", [("TYP002", 2, 24)]),
        ("version: 1\ngeo: {sets: {a: {asn: [0]}}}", [("TYP002", 2, 24)]),
        ("version: 1\ngeo: {sets: {a: {asn: [1, 4294967295]}}}", []),
        ("version: 1\ngeo: {sets: {a: {asn: [4294967296]}}}", [("TYP002", 2, 24)]),
        ("version: 1\nupstreams: {a: {host_header: keep}}", [("TYP003", 2, 16)]),
        ("version: 1\nupstreams: {a: {url: http://x, tls: {client_cert: [c]}}}", [("TYP002", 2, 51)]),
        ("version: 1\naudit: {sinks: [{type: syslog}]}", []),
        ("version: 1\naudit: {sinks: [{type: kafka}]}", [("TYP002", 2, 24)]),
        ("version: 1\naudit: {durability: fast}", [("TYP002", 2, 21)]),
        ("version: 1\naudit: {redact: {ip: /24}, tag: [a]}", []),
        ("version: 1\nroute_sets: {a: {GET /: [public]}}", [("TYP002", 2, 25)]),
        ("version: 1\nroute_sets: {a: {=: [public]}}", [("TYP002", 2, 17)]),
        ("version: 1\n=: 1", [("TYP002", 1, 1)]),
        ("version: 1\nclient_cas: {}\nguardrails: []", []),
        ("version: 1\ntests: {}", [("TYP002", 2, 8)]),
        ("version: 1\ntests: [{name: ''}]", [("TYP002", 2, 16)]),
    ],
)
def test_each_mistake_at_its_place(content: str, expected: list[tuple[str, int, int]]) -> None:
    """Text in; id, line and column out."""
    assert places_in(content) == expected


def test_a_finding_knows_its_path_of_keys() -> None:
    """What is wrong is named from the root of the file, whether a key, a value or an item."""
    match = "match: {hosts: [a.example, B.example], env: Prod}"
    found = found_in(f"version: 1\nsegments:\n  web:\n    {match}\n    rout: {{}}\n")
    assert [finding.key for finding in found] == [
        "segments.web.match.hosts[1]", "segments.web.match.env", "segments.web.rout",
    ]  # fmt: skip


def test_values_are_typed_by_their_fields() -> None:
    """What YAML 1.1 would guess at is what it looks like."""
    attribute = "attributes: {a: {claim: 1.10, values: [12:30, 0600]}}"
    spec = decoded(PolicySpec, f"version: 1\nname: on\ngeo: {{sets: {{n: [NO, SE]}}}}\n{attribute}")
    assert spec.geo is not None
    assert (spec.name, [each.brief for each in (spec.geo.sets or {}).values()]) == ("on", [["NO", "SE"]])
    assert [(each.claim, each.values) for each in spec.attributes.values()] == [("1.10", ["12:30", "0600"])]


def test_findings_have_an_end() -> None:
    """After as many as anybody reads the search ends, also inside the decoder."""
    source = source_of("version: 1\nzones: {a: [" + "x," * (2 * MOST_FINDINGS) + "]}")
    with pytest.raises(TooMuchToSay):
        decode(PolicySpec, source.open(), source)
    assert len(source.findings) == MOST_FINDINGS


def lines_of(content: bytes) -> int:
    """Return how many lines a file has for an editor."""
    return len(re.split(b"\r\n|\r|\n", content))


def proven(content: bytes) -> None:
    """Fail unless a file gives findings with places inside it, or none, and nothing else."""
    for finding in error_of(content).findings:
        assert 1 <= finding.line <= lines_of(content) + 1
        assert finding.column >= 1
        assert finding.message
        assert "\n" not in finding.message + finding.fix
        assert finding.render().count("\n") <= 2


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=80), st.text(LETTERS, max_size=60).map(str.encode)))
def test_no_bytes_give_anything_but_findings(content: bytes) -> None:
    """Neither chance nor what means something to YAML raises anything of Python's."""
    proven(content)
    proven(b"version: 1\nsegments: {web: {match: {hosts: [" + content)


def keys_of(schema: object) -> Iterator[str]:
    """Yield every key that the language has."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from keys_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_of(value)


KEYS = sorted(set(keys_of(json_schema())) | {"=", "", "[key]", "0", "x-a", "<<", "web", "GET /", "include"})
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(BASE.split())),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=25,
)
SECTIONS = sorted(PolicySpec.keys())


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(SECTIONS), TREES, max_size=4))
def test_no_tree_gives_anything_but_findings(tree: dict[str, object]) -> None:
    """Known keys over values of any kind never raise anything of Python's."""
    proven(json.dumps(tree).encode())


BOMBS = {
    "aliases": b"a: &a [1, 2, 3]\nb: [" + b"*a, " * 2_500_000 + b"]\n",
    "doubling": b"a0: &a0 [x]\n" + b"".join(b"a%d: &a%d [*a%d, *a%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 60)),
    "lists": b"[" * 5_000_000,
    "mappings": b"{a: " * 2_500_000,
    "dashes": b"- " * 5_000_000,
    "indents": b"".join(b" " * n + b"a:\n" for n in range(3_000)),
    "one value": b"version: &v " + b"x" * 5_000_000 + b"\nname: *v\n",
    "one key": b"x" * 5_000_000 + b": 1\n",
    "shared value": b"a: &a " + b"x" * 60_000 + b"\nzones: {z: [" + b"*a, " * 50_000 + b"]}\n",
    "blanks": b"a:" + b" " * 2_000_000 + b"'\n",
    "escapes": b'a: "' + b'\\"' * 2_000_000,
    "quotes": (b'\\"' * 250 + b"\n") * 10_000 + b"a: '",
    "double keys": b"a: 1\n" * 1_000_000,
    "directives": b"%TAG ! x\n" * 500_000,
    "a path": b"version: 1\nsegments: {s: {match: {paths: [" + b"/a" * 2_000_000 + b"]}}}",
    "an expression": b"version: 1\nsegments: {s: {match: {paths: ['/{x:re(%b)}']}}}" % (b"(a|" * 9_999 + b")" * 9_999),
    "a large expression": b"version: 1\nsegments: {s: {match: {paths: ['/{x:re(%b)}']}}}" % (b"a{1000}" * 9_000),
    "nulls": b"\0" * 10_000_000,
    "controls": b"a: \x1b\n" * 1_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_quickly_and_small(name: str) -> None:
    """Megabytes of whatever libyaml, the patterns or the decoder could choke on end in findings."""
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    assert found_in(BOMBS[name])
    assert time.process_time() - started < 10
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert grown_kb < 300 * 1024


def fits(schema: dict[str, Any], value: object, root: dict[str, Any]) -> bool:
    """Whether a value fits a JSON Schema, for the words of it that ours uses."""
    if "$ref" in schema:
        return fits(root["$defs"][schema["$ref"].rsplit("/", 1)[1]], value, root)
    if "anyOf" in schema:
        return any(fits(each, value, root) for each in schema["anyOf"])
    if "enum" in schema:
        return any(type(each) is type(value) and each == value for each in schema["enum"])
    types = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
    wanted = schema.get("type")
    names = wanted if isinstance(wanted, list) else [wanted] if wanted else list(types)
    if not any(isinstance(value, types[name]) for name in names):
        return False
    if isinstance(value, str):
        return "pattern" not in schema or re.search(schema["pattern"], value) is not None
    if isinstance(value, list):
        return all(fits(schema.get("items", {}), each, root) for each in value)
    if isinstance(value, dict):
        return set(schema.get("required", ())) <= set(value) and all(
            (below := _below(schema, key)) is not None and fits(below, each, root) for key, each in value.items()
        )
    return True


def _below(schema: dict[str, Any], key: str) -> dict[str, Any] | None:
    """Return the schema of what stands under a key, or None where the key must not be."""
    if key in schema.get("properties", {}):
        return dict(schema["properties"][key])
    for pattern, below in schema.get("patternProperties", {}).items():
        if re.search(pattern, key):
            return dict(below)
    others = schema.get("additionalProperties", True)
    return None if others is False else {} if others is True else dict(others)


@pytest.mark.parametrize("content", [BASE, *(path.read_text(encoding="utf-8") for path in POLICIES)])
def test_editors_underline_no_good_policy(content: str) -> None:
    """A policy that loads fits the JSON Schema, read as editors read it."""
    schema = json_schema()
    value = plain(tree_of(content))
    assert isinstance(value, dict)
    assert [key for key, part in value.items() if not fits(schema["properties"][key], part, schema)] == []
    assert fits(schema, value, schema)


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ({"version": 1}, True),
        ({"version": "1"}, True),
        ({"version": 2}, False),
        ({}, False),
        ({"version": 1, "guardrails": []}, True),
        ({"version": 1, "segments": {"s": {"limiter": {"store": "memory"}}}}, True),
        ({"version": 1, "segments": {"s": {"limiter": {"store": {"redis": {"env": "R"}}}}}}, True),
        ({"version": 1, "segments": {"s": {"limiter": {"store": "redis"}}}}, False),
        ({"version": 1, "segmets": {}}, False),
        ({"version": 1, "x-mine": 1}, True),
        ({"version": 1, "zones": {"a": ["10.0.0.0/8"]}}, True),
        ({"version": 1, "zones": {"a": {"union": ["b"]}}}, True),
        ({"version": 1, "zones": {"a": 1}}, False),
        ({"version": 1, "segments": {"s": {"network": {"deny_as": 404}}}}, True),
        ({"version": 1, "segments": {"s": {"routes": {"GET /": "public"}}}}, True),
        ({"version": 1, "segments": {"s": {"routes": {"GET /": {"cost": "x"}}}}}, False),
        ({"version": 1, "segments": {"s": {"limits": {"a": None, "b": "shared", "c": {"rate": "5/s"}}}}}, True),
        ({"version": 1, "limits": {"a": {"rate": "5/sec"}}}, False),
    ],
)
def test_what_editors_are_told(value: dict[str, object], good: bool) -> None:
    """The schema takes both forms, numbers for words of digits, and no slip."""
    schema = json_schema()
    assert fits(schema, value, schema) is good


def test_the_schema_says_what_it_is() -> None:
    """Editors and people see which language this is."""
    schema = json_schema()
    assert (schema["title"], schema["$schema"]) == (
        "Parclose policy", "https://json-schema.org/draft/2020-12/schema",
    )  # fmt: skip
    assert json.loads(json.dumps(schema)) == schema
    assert set(schema["properties"]) == PolicySpec.keys()
    assert {"include", "client_cas", "guardrails"} <= set(keys_of(schema))
