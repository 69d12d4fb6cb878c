"""What would be believed if these failed: that a policy from another process decides as it did there."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.cases import run_cases
from parclose.hooks.gate import approve
from parclose.hooks.parcels import Garbled, Unpacker, pack
from parclose.policy.load import load
from parclose.policy.methods import MethodSet
from parclose.policy.model import Policy
from parclose.stores.files import list_files, read
from tests.hooks.ground import POLICY
from tests.house.tree import ROOT


def carried(value: object) -> object:
    """Return what a value is on the other side."""
    unpacker = Unpacker()
    for piece in pack(value):
        unpacker.load(piece)
    return unpacker.last


def test_a_company_is_carried_whole() -> None:
    """Equal in everything, and its own tests come out alike."""
    policy = load(str(ROOT / "policies" / "acme" / "policy.yaml"), read, list_files=list_files)
    made = carried(policy)
    assert isinstance(made, Policy)
    assert made.revision == policy.revision
    assert list(made.segments) == list(policy.segments)
    before, after = run_cases(policy), run_cases(made)
    assert [(one.test, one.request, one.got) for one in after.results] == [
        (one.test, one.request, one.got) for one in before.results
    ]


def test_what_parts_share_is_shared_again(tmp_path: Path) -> None:
    """Equal small values become one, so that a large policy stays small."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    made = carried(approve(str(tmp_path / "policy.yaml")))
    assert isinstance(made, Policy)
    routes = [route for segment in made.segments.values() for route in segment.route_list]
    by_value: dict[MethodSet, set[int]] = {}
    for route in routes:
        by_value.setdefault(route.methods, set()).add(id(route.methods))
    assert [len(ids) for ids in by_value.values()] == [1] * len(by_value)


@pytest.mark.parametrize(
    "piece",
    [b"", b"garbage", pickle.dumps(7), pickle.dumps([print]), pickle.dumps([Path("x")]), pickle.dumps([1])[:-1]],
    ids=["empty", "no pickle", "no list", "a builtin", "a foreign class", "cut"],
)
def test_what_is_no_piece_is_refused(piece: bytes) -> None:
    """Nothing but classes of this package is made."""
    with pytest.raises(Garbled):
        Unpacker().load(piece)


def test_a_name_that_leads_elsewhere_is_refused() -> None:
    """What a module of ours imports is not ours."""
    piece = b"\x80\x04]\x8c\x18parclose.hooks.compiler\x94\x8c\x02os\x94\x93a."
    for name in (b"os", b"subprocess"):
        module = b"parclose.hooks.compiler"
        text = b"\x80\x04](\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(name)]) + name + b"\x93e."
        with pytest.raises(Garbled, match="may not be in a policy"):
            Unpacker().load(text)
    with pytest.raises(Garbled):
        Unpacker().load(piece)


def test_a_reference_to_nothing_is_refused() -> None:
    """A piece may only name what came before it."""

    class Ahead(pickle.Pickler):
        def persistent_id(self, obj: object) -> int | None:
            return 99 if obj == "later" else None

    file = io.BytesIO()
    Ahead(file, 5).dump(["later"])
    with pytest.raises(Garbled):
        Unpacker().load(file.getvalue())


@settings(max_examples=60, deadline=None)
@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_a_damaged_piece_raises_nothing_else(place: int, bit: int) -> None:
    """Whatever is loaded of it, only `Garbled` comes out; the digest of the message is what keeps it out."""
    (whole,) = pack(("a", 1, ("b", 2.5), frozenset({"c"})))
    spoilt = bytearray(whole)
    spoilt[place % len(spoilt)] ^= 1 << bit
    unpacker = Unpacker()
    try:
        unpacker.load(bytes(spoilt))
    except Garbled:
        assert unpacker.last is None


def test_values_are_forgotten_a_few_at_a_time() -> None:
    """Until nothing is left."""
    unpacker = Unpacker()
    for piece in pack(("a", "b")):
        unpacker.load(piece)
    for _ in unpacker.forgetting(1):
        pass
    assert unpacker.last is None
