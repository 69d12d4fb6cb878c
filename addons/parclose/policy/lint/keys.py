"""API keys that outlive their use, and where their records stand (KEY).

KEY001, KEY002 and KEY004 are errors, found while compiling.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from parclose.policy.errors import ScalarError
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.nodes import Entries, Items, Text
from parclose.policy.scalars import instant
from parclose.policy.schema_identity import KeyStoreSpec

_MOST_VALID_S = 366 * 86_400  # a year, be it a leap year


def long_lived(bench: Bench) -> None:
    """Name keys that are expired, never expire, or are valid for more than a year (KEY003)."""
    for store in bench.spec.api_keys.values():
        for record in _records(bench, store):
            expires, key = record.get(Text("expires")), record.get(Text("id"))
            said = _lasting(bench, record, expires) if isinstance(expires, Text) else ""
            if isinstance(expires, Text) and said:
                bench.desk.report(
                    "KEY003", expires.mark, f"key `{key}` {said}", text=expires,
                    fix="remove the record" if "expired" in said else "write a date within a year",
                )  # fmt: skip


def _lasting(bench: Bench, record: Entries, expires: Text) -> str:
    """Return what is to be said of how long a key lasts, or ""."""
    if expires == "never":
        return "never expires"
    begins = record.get(Text("not_before"))
    try:
        end = instant(expires)
        start = instant(begins) if isinstance(begins, Text) else bench.now
    except ScalarError:  # reported where it was compiled
        return ""
    if bench.now is not None and end <= bench.now:
        return f"expired on {datetime.fromtimestamp(end, UTC).date()}"
    return "is valid for more than a year" if start is not None and end - start > _MOST_VALID_S else ""


def _records(bench: Bench, store: KeyStoreSpec) -> Iterator[Entries]:
    if store.file is not None:
        node = bench.desk.source.trees.get(str(store.file))
        yield from (item for item in node if isinstance(item, Entries)) if isinstance(node, Items) else ()
    for record in store.keys_ or ():
        yield record.node


def in_the_main_file(bench: Bench) -> None:
    """Name stores whose records stand in the policy file itself (KEY005)."""
    for name, store in bench.spec.api_keys.items():
        at = store.at("keys")
        if store.keys_ and at.file == bench.desk.source.main:
            bench.desk.report(
                "KEY005", at, f"the keys of store `{name}` stand in the main file",
                fix=f"move them to a file of their own: `file: keys/{name}.keys.yaml`", text="keys",
            )  # fmt: skip


LOOKS: tuple[Look, ...] = (Look(ids=("KEY003",), at=long_lived), Look(ids=("KEY005",), at=in_the_main_file))
