"""Inheritance: the strongest part that writes a key counts; null removes."""

from __future__ import annotations

from parclose.policy.inherit import Layers, pick
from parclose.policy.schema import PolicySpec, decode
from parclose.policy.schema_segment import NetworkSpec, ProfileSpec
from parclose.policy.source import Source

TEXT = """\
version: 1
profiles:
  top: {about: ~, network: {allow: [a]}, limits: {x: ~}}
  mid: {about: m, network: {deny: [b], allow: [c]}, max_body: 1MiB}
  low: {about: l, network: {deny: [d], deny_as: 404}, limits: {x: {key: ip, rate: 1/s}, y: {key: ip, rate: 1/s}}}
  cut: {network: ~, limits: ~}
"""


def layers(*names: str) -> Layers:
    """Return profiles as layers, the strongest first."""
    source = Source(path="policy.yaml", read=lambda path: TEXT.encode())
    spec = decode(PolicySpec, source.open(), source)
    assert spec is not None
    assert source.findings == []
    known: dict[str, ProfileSpec] = {str(name): profile for name, profile in spec.profiles.items()}
    return Layers(tuple(known[name] for name in names))


def test_scalars() -> None:
    """The strongest part that writes a key holds; one that is null holds nothing."""
    found = layers("mid", "low").owner("about")
    assert found is not None
    assert found.about == "m"
    assert layers("top", "mid").owner("about") is None
    assert layers("top", "mid").owner("owner") is None


def test_mappings_merge_one_level() -> None:
    """Each key of a mapping comes from the strongest part that writes it."""
    sections = layers("top", "mid", "low").sections("network")
    values = {}
    for key in ("allow", "deny", "deny_as", "deny_geo"):
        section = pick(sections, key)
        assert section is None or isinstance(section, NetworkSpec)
        values[key] = getattr(section, key) if section else None
    assert values == {"allow": ["a"], "deny": ["b"], "deny_as": "404", "deny_geo": None}


def test_null_cuts() -> None:
    """A mapping that is null hides everything below it; a limit that is null hides that limit."""
    assert layers("cut", "low").sections("network") == ()
    assert layers("cut", "low").limits() == {}
    assert set(layers("top", "low").limits()) == {"y"}
