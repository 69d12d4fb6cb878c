"""A value as many small pickles, to be loaded one at a time: a policy that another process compiled.

One pickle of a large policy keeps everything else waiting while it is loaded. So it travels in pieces, each made of
values that stand in earlier pieces or in itself: what several parts share is shared again on the other side, and equal
small values become one. What is loaded names nothing but classes of this package.
"""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from types import MemberDescriptorType
from typing import Any

from parclose.policy.alerts import SegmentAudit
from parclose.policy.kinds import Kind
from parclose.policy.methods import MethodSet
from parclose.policy.paths import Part
from parclose.policy.segment import Authn, Errors, Forward, Need, Network
from parclose.policy.surface import RouteTrie
from parclose.policy.trie import Trie

# Values that most routes of a policy have in common with others.
COMMON = (Authn, Errors, Forward, Kind, MethodSet, Need, Network, Part, SegmentAudit)
A_PIECE = 60  # values that begin a pickle of their own; with what they are made of some ten times as many: 0.2 ms
PROTOCOL = 5
PLACES = ("parclose.",)
LEAVES = frozenset({str, int, float, bool, bytes, type(None)})
# What loading a damaged pickle raises.
DAMAGE = (
    pickle.UnpicklingError, EOFError, TypeError, ValueError, LookupError, AttributeError, ImportError, OverflowError,
    MemoryError,
)  # fmt: skip


class Garbled(Exception):
    """What was received is not what was sent."""


def restore[T](made_of: type[T], values: tuple[object, ...]) -> T:
    """Return an instance of a slotted class from the values of its slots, whether it is frozen or not."""
    made = object.__new__(made_of)
    slotted: Any = made_of
    for put, value in zip(_setters(slotted), values, strict=True):
        put(made, value)
    return made


@cache
def _slots(made_of: Any) -> tuple[str, ...]:
    if is_dataclass(made_of):
        return tuple(field.name for field in fields(made_of))
    return tuple(getattr(made_of, "__slots__", ()))


@cache
def _setters(made_of: Any) -> tuple[Callable[[object, object], None], ...]:
    slots = [getattr(made_of, name) for name in _slots(made_of)]
    return tuple(slot.__set__ for slot in slots if isinstance(slot, MemberDescriptorType))


@cache
def _is_plain(made_of: Any) -> bool:
    """Whether a class is one of ours that is nothing but its slots."""
    return made_of.__module__.startswith(PLACES) and (
        (is_dataclass(made_of) and "__slots__" in made_of.__dict__ and "__reduce__" not in made_of.__dict__)
        or made_of in {Trie, RouteTrie}
    )


class _Packer(pickle.Pickler):
    """Writes one piece; what has a number stands in an earlier one."""

    def __init__(self, file: io.BytesIO, numbers: dict[int, int]) -> None:
        super().__init__(file, PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, obj: object) -> int | None:
        """Return the number of what was sent before."""
        return self._numbers.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        """Return how a value is made again; text that knows its place in a file becomes plain text."""
        made_of: Any = type(obj)
        if isinstance(obj, str):
            return str, (str(obj),)
        if _is_plain(made_of):
            return restore, (made_of, tuple([getattr(obj, name) for name in _slots(made_of)]))
        return NotImplemented


def pack(root: object) -> Iterator[bytes]:
    """Yield the pieces of a value, the value itself in the last."""
    numbers: dict[int, int] = {}
    common: dict[tuple[type, object], object] = {}
    pending: list[object] = []
    count = 0
    for value in _after_their_parts(root):
        if isinstance(value, COMMON):
            known = common.setdefault((type(value), value), value)
            if known is not value and id(known) in numbers:
                numbers[id(value)] = numbers[id(known)]
                continue
        pending.append(value)
        if len(pending) == A_PIECE:
            yield _packed(pending, numbers)
            for kept in pending:
                numbers[id(kept)] = count
                count += 1
            pending = []
    yield _packed([*pending, root], numbers)


def _packed(values: list[object], numbers: dict[int, int]) -> bytes:
    file = io.BytesIO()
    _Packer(file, numbers).dump(values)
    return file.getvalue()


def _after_their_parts(root: object) -> Iterator[object]:
    """Yield everything of ours that `root` is made of, each once, and after what it is made of itself."""
    seen: set[int] = set()
    stack: list[tuple[object, bool]] = [(root, False)]
    while stack:
        value, is_left = stack.pop()
        if is_left:
            yield value
        elif id(value) not in seen:
            seen.add(id(value))
            made_of: Any = type(value)
            if _is_plain(made_of) or made_of is Kind:
                stack.append((value, True))
            parts = _parts_of(made_of)
            if parts is not None:
                stack += [(part, False) for part in parts(value) if type(part) not in LEAVES]


@cache
def _parts_of(made_of: Any) -> Callable[[Any], Iterable[object]] | None:
    """Return what gives the parts of a value of this type; None where it has none that matter."""
    if issubclass(made_of, dict):
        return lambda value: [*value, *value.values()]
    if issubclass(made_of, tuple | list | frozenset | set):
        return list
    if _is_plain(made_of) and _slots(made_of):
        taken = attrgetter(*_slots(made_of))
        return taken if len(_slots(made_of)) > 1 else lambda value: [taken(value)]
    return None


class Unpacker:
    """Loads pieces in the order in which they were made; `values` are all that may be referred to."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._known: list[object] = []
        self._found: dict[tuple[str, str], object] = {}

    def load(self, piece: bytes | memoryview) -> None:
        """Load one piece.

        Raises:
            Garbled: it is no such piece.
        """
        try:
            values = _Loader(io.BytesIO(piece), self._known, self._found).load()
        except DAMAGE as bad:
            raise Garbled(f"a piece cannot be read: {type(bad).__name__}: {bad}") from bad
        if not isinstance(values, list):
            raise Garbled("a piece holds no values")
        self._known += values

    @property
    def last(self) -> object:
        """The value that was packed, once all pieces are loaded; None where there are none."""
        return self._known[-1] if self._known else None

    def forgetting(self, most: int) -> Iterator[None]:
        """Let go of what could be referred to, so many values at a time."""
        while self._known:
            del self._known[-most:]
            yield


class _Loader(pickle.Unpickler):
    """Reads one piece."""

    def __init__(self, file: io.BytesIO, known: list[object], found: dict[tuple[str, str], object]) -> None:
        super().__init__(file)
        self._known = known
        self._found = found

    def persistent_load(self, pid: int) -> object:
        """Return what stood in an earlier piece."""
        return self._known[pid]

    def find_class(self, module: str, name: str) -> object:
        """Return a class or function of this package.

        Raises:
            UnpicklingError: it is something else.
        """
        key = module, name
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = _named(module, name)
        return found


def _named(module: str, name: str) -> object:
    if (module, name) == ("builtins", "str"):
        return str
    if module.startswith(PLACES) and "." not in name:
        found: object = getattr(importlib.import_module(module), name)
        if getattr(found, "__module__", "").startswith(PLACES):
            return found
    raise pickle.UnpicklingError(f"`{module}.{name}` may not be in a policy")
