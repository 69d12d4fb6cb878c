"""The `include` list as written: what an entry says, and that no fence can allow what is the policy file's alone."""

from __future__ import annotations

from parclose.policy.nodes import Mark
from parclose.policy.schema import PolicySpec, decode
from parclose.policy.schema_include import ALWAYS, DEFINABLE, ROOT_ONLY
from parclose.policy.source import Source


def test_an_entry() -> None:
    """Each field is read by its type; public routes are allowed where nothing is said."""
    text = "version: 1\ninclude: [{file: a.yaml, owner: team, may: {hosts: ['*.a.example'], define: [zones]}}]\n"
    source = Source(path="policy.yaml", read=lambda path: text.encode())
    spec = decode(PolicySpec, source.open(), source)
    assert spec is not None
    (entry,) = spec.include
    assert (entry.file, entry.owner, entry.mark) == ("a.yaml", "team", Mark("policy.yaml", 2, 11))
    assert entry.may is not None
    assert entry.may.hosts is not None
    assert [str(host) for host in entry.may.hosts] == ["*.a.example"]
    assert (entry.may.define, entry.may.public, entry.may.paths) == (["zones"], True, None)


def test_every_section_has_its_place() -> None:
    """A section is always allowed, allowed by `define`, or the policy file's alone; a new one must be sorted in."""
    known = {*PolicySpec.keys(), *PolicySpec.later} - {"version", "include"}
    assert known == {*ALWAYS, *DEFINABLE, *ROOT_ONLY}
    assert len(known) == len(ALWAYS) + len(DEFINABLE) + len(ROOT_ONLY)
