"""What holds for a segment and each of its routes, and where each value comes from: the answer to `show --effective`.

The tree as written is walked in the order of inheritance: segment, profiles from the last, the profile `default`, the
settings, the built-in default. What is worked out rather than written comes from the compiled segment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from parclose.policy.desk import Desk
from parclose.policy.effective_routes import RouteValues, route_values
from parclose.policy.flow import flow
from parclose.policy.inherit import Layers, layers_of
from parclose.policy.nodes import Entries, Mark, Node, Text
from parclose.policy.origins import BUILT_IN, Value, origin, removed
from parclose.policy.schema_audit import SegmentAuditSpec
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_segment import (
    ErrorsSpec,
    ForwardSpec,
    LimiterSpec,
    MatchSpec,
    ProfileSpec,
    SegmentSpec,
)
from parclose.policy.segment import Segment

_MERGED = ("network", "authn", "scopes", "limits", "forward", "errors", "limiter", "audit")
_FROM_SETTINGS: Mapping[str, type[Written]] = MappingProxyType(
    {"forward": ForwardSpec, "errors": ErrorsSpec, "limiter": LimiterSpec, "audit": SegmentAuditSpec}
)
# What holds where nobody writes anything; tests hold it against what a bare segment compiles to.
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {
        "match.listeners": "every reverse listener",
        "match.hosts": "[*]",
        "match.paths": "[/**]",
        "match.methods": "any",
        "match.clients": "[any]",
        "network.allow": "any",
        "network.deny": "none",
        "network.deny_as": "403",
        "preflight": "allow",
        "max_body": "10MiB",
        "upstream": "the listener's own target",
        "forward.credentials": "pass",
        "forward.forwarded": "x-forwarded-for",
        "mode": "enforce",
        "errors.body": "problem+json",
        "errors.detail": "minimal",
        "errors.conceal": "false",
        "audit.allow_sample": "100%",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """A segment with everything that holds for it."""

    name: str
    where: str
    values: tuple[Value, ...]
    routes: tuple[RouteValues, ...]


def effective(desk: Desk, name: str, segment: Segment | None, policy_name: str) -> Effective:
    """Return what holds for the segment `name`; `segment` is what it compiles to, None where it is off."""
    key, spec = next((key, spec) for key, spec in desk.spec.segments.items() if key == name)
    layers = layers_of(desk, spec)
    worked_out = {key: (text, BUILT_IN) for key, text in DEFAULTS.items()}
    worked_out["errors.realm"] = policy_name, "the policy's name"
    worked_out |= _of_clients(desk, segment)
    walk = _Walk(desk=desk, layers=layers, defaults=worked_out)
    return Effective(
        name=name,
        where=where(key.mark),
        values=(*walk.head(key, spec), *walk.rest()),
        routes=route_values(desk, layers, segment),
    )


def _of_clients(desk: Desk, segment: Segment | None) -> dict[str, tuple[str, str]]:
    """Return what follows from `match`: which credentials are taken, and where a forwarded request may not go."""
    if segment is None:
        return {}
    source, found = "follows from match.clients", {}
    ways = ["+".join(sorted(way, key=("token", "api_key", "mtls").index)) for way in segment.authn.accept]
    if ways:
        found["authn.accept"] = f"[{', '.join(ways)}]", source
    for key, names in (("issuers", segment.authn.issuers), ("key_stores", segment.authn.key_stores)):
        if names:
            found[f"authn.{key}"] = f"[{', '.join(sorted(names))}]", source
    if any(desk.listeners.get(name) == "forward" for name in segment.surface.listeners):
        found["network.destinations"] = "{deny: [internal]}", BUILT_IN
    return found


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One walk over the layers of a segment."""

    desk: Desk
    layers: Layers
    defaults: dict[str, tuple[str, str]]

    def head(self, name: Text, spec: SegmentSpec) -> Iterator[Value]:
        """Yield what says what the segment is: about, owner, profiles, match."""
        yield from self._single("about")
        include = self.desk.includes.get(name.mark.file)
        if include is None:
            yield from self._single("owner")
        else:
            yield Value(key="owner", value=flow(include.owner), origin=origin(include.at("owner"), "include"))
        if spec.has("use"):
            yield Value(key="use", value=flow(spec.node[Text("use")]), origin=where(spec.at("use")))
        for key in MatchSpec.model_fields:
            node = spec.match.node.get(Text(key)) if spec.match is not None else None
            if node is not None and spec.match is not None:
                yield Value(key=f"match.{key}", value=flow(node), origin=where(spec.match.at(key)))
            else:
                yield from self._default(f"match.{key}")

    def rest(self) -> Iterator[Value]:
        """Yield everything that can be inherited."""
        for key in ProfileSpec.model_fields:
            if key in {"about", "owner", "routes"}:
                continue
            if key in _MERGED:
                yield from self._merged(key)
            else:
                yield from self._single(key)

    def _default(self, key: str, gone: Mark | None = None) -> Iterator[Value]:
        text, source = self.defaults.get(key, ("none", "") if gone is not None else ("", ""))
        if text:
            yield Value(key=key, value=text, origin=source if gone is None else removed(gone))

    def _single(self, key: str) -> Iterator[Value]:
        for spec, via in zip(self.layers.specs, self.layers.names, strict=True):
            if spec.has(key):
                yield from self._written(key, spec.node[Text(key)], spec.at(key), via)
                return
        yield from self._default(key)

    def _written(self, key: str, node: Node, mark: Mark, via: str) -> Iterator[Value]:
        if node is None:
            yield from self._default(key, mark)
            return
        shared = next((known for known in self.desk.spec.limits if known == node), None)
        if key.startswith("limits.") and isinstance(node, Text) and shared is not None:
            whole = flow(self.desk.spec.limits[shared].node)
            yield Value(key=key, value=f"{node} = {whole}", origin=f"{origin(mark, via)}, {where(shared.mark)}")
            return
        text = " ".join(node.split()) if isinstance(node, Text) else flow(node)
        yield Value(key=key, value=text, origin=origin(mark, via))

    def _sections(self, key: str) -> tuple[list[tuple[Entries, str]], Mark | None]:
        """Return the mappings under a key, the strongest first, and the place of the null that ends them."""
        found: list[tuple[Entries, str]] = []
        for spec, via in zip(self.layers.specs, self.layers.names, strict=True):
            node = spec.node.get(Text(key))
            if isinstance(node, Entries):
                found.append((node, via))
            elif spec.has(key):
                return found, spec.at(key)
        return found, None

    def _merged(self, key: str) -> Iterator[Value]:
        sections, gone = self._sections(key)
        known = _FROM_SETTINGS.get(key)
        if known is not None:
            base = self._base(key)
            inherited = known.keys()
            own = [name for name in base or () if name in inherited]
            if base is not None and own:
                part = Entries({name: base[name] for name in own})
                part.mark = base.mark
                sections.append((part, "settings" if key != "audit" else "audit"))
        written = dict.fromkeys(str(name) for node, _ in sections for name in node if not name.startswith("x-"))
        for name in written:
            node, via = next((node, via) for node, via in sections if name in node)
            yield from self._written(f"{key}.{name}", node[Text(name)], node.key_mark(name), via)
        for default in self.defaults:
            if default.startswith(f"{key}.") and default.removeprefix(f"{key}.") not in written:
                yield from self._default(default, gone)

    def _base(self, key: str) -> Entries | None:
        """Return what holds for the whole policy."""
        spec = self.desk.spec.audit if key == "audit" else self.desk.spec.settings
        part = spec if key == "audit" or spec is None else getattr(spec, key, None)
        return part.node if isinstance(part, Written) else None
