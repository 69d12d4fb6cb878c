"""What is defined and never used (REF002), by the names that stand where such names can stand.

The trees of all files are walked once, so that a name counts wherever the language has it: also in guardrails, in
limits, in alerts. Whether a scope is ever required is SCO001.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from parclose.policy.lint.bench import Bench, Look
from parclose.policy.nodes import Entries, Items, Node, Text
from parclose.policy.schema_identity import ClientSpec

type Uses = dict[str, set[str]]  # the key under which names stand, and the names

# By section of definitions: what it is called, and the keys under which its names are used.
_KEYS = {
    "zones": ("zone", ("allow", "deny", "zones", "trusted_proxies", "deny_zones", "exempt_zones", "union", "except")),
    "geo": ("geo set", ("allow_geo", "deny_geo", "geo")),
    "client_cas": ("CA", ("ca",)),
    "api_keys": ("key store", ("store", "key_stores")),
    "upstreams": ("upstream", ("upstream",)),
    "profiles": ("profile", ("use",)),
    "route_sets": ("route set", ("route_sets",)),
    "limits": ("shared limit", ("limits",)),
    "roles": ("role", ("roles", "any", "all")),
    "issuers": ("issuer", ("issuer", "issuers")),
    "clients": ("client type", ("clients", "hint", "tag")),
    "attributes": ("attribute", ("match.attributes", "attribute.")),
    "personas": ("persona", ("persona", "as")),
}
_ATTRIBUTE = re.compile(r"\battribute\.([a-z][a-z0-9-]*)")
_STAND_INS = ("personas", "tests")  # what only tests name is not used by the policy


def unused(bench: Bench) -> None:
    """Name everything that is defined and never used (REF002)."""
    uses = uses_in(bench.desk.source.trees.values())
    for section, (what, keys) in _KEYS.items():
        used = set[str]().union(*(uses.get(key, set()) for key in keys))
        for name in _defined(bench, section):
            if name not in used and not _by_itself(bench, section, name, uses):
                bench.desk.report(
                    "REF002", name.mark, f"{what} `{name}` is never used",
                    fix="remove it, or name it where it was meant to hold", text=name,
                )  # fmt: skip


def _defined(bench: Bench, section: str) -> Iterable[Text]:
    if section == "geo":
        return (bench.spec.geo.sets or {}) if bench.spec.geo else ()
    found: Iterable[Text] = getattr(bench.spec, section, None) or ()
    return found


def _by_itself(bench: Bench, section: str, name: Text, uses: Uses) -> bool:
    """Whether it works without being named."""
    if section == "profiles":
        return name == "default"
    if section == "roles":
        return bool(bench.spec.roles[name].grants)  # whoever carries it holds its scopes
    audiences = [segment.audience.clients for segment in bench.policy.segments.values()]
    if section == "clients":
        spec: ClientSpec = bench.spec.clients[name]
        # `any`, which is what a segment without `clients` says, is every named type.
        return spec.hint is None and any(name in clients for clients in audiences)
    if section in {"issuers", "api_keys"}:
        return any("unrecognized" in clients for clients in audiences) and not uses.get("issuers")
    return False


def uses_in(trees: Iterable[Node]) -> Uses:
    """Return the names that stand under each key, in lists, alone, or as the keys of `match.attributes`."""
    uses: Uses = {}
    for root in trees:
        if isinstance(root, Entries):
            for section, node in root.items():
                _collect(_inside(section, node), uses, stand_ins=section in _STAND_INS)
        else:  # a file of keys, whose records name zones
            _collect(_inside(Text(""), root), uses, stand_ins=False)
    return uses


def _inside(section: Text, node: Node) -> Iterator[tuple[str, str, Node]]:
    """Yield the key, the key above it, and the node of everything below a section; its own names are no uses."""
    first = "" if isinstance(node, Entries) else str(section)
    stack: list[tuple[str, str, Node]] = [(first, "", node)]
    seen: set[int] = set()
    while stack:
        key, above, held = stack.pop()
        yield key, above, held
        if held is None or isinstance(held, Text) or id(held) in seen:
            continue
        seen.add(id(held))
        if isinstance(held, Items):
            stack.extend((key, above, item) for item in held)
        else:
            stack.extend((str(name), key, value) for name, value in held.items())


def _collect(nodes: Iterable[tuple[str, str, Node]], uses: Uses, *, stand_ins: bool) -> None:
    for key, above, node in nodes:
        if isinstance(node, Text):
            if not stand_ins or key in {"persona", "as"}:
                uses.setdefault(key, set()).add(str(node))
                # `limits: {day: customer-daily}`: the name of the limit stands between.
                uses.setdefault("limits", set()).update({str(node)} if above == "limits" else ())
                uses.setdefault("attribute.", set()).update(_ATTRIBUTE.findall(node))
        elif isinstance(node, Entries) and not stand_ins and (above, key) == ("match", "attributes"):
            uses.setdefault("match.attributes", set()).update(map(str, node))


LOOKS: tuple[Look, ...] = (Look(ids=("REF002",), at=unused),)
