"""What compiling works with: the policy as written, where findings go, and what is already known by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from parclose.policy.certificates import ClientCa
from parclose.policy.errors import nearest, unmistakable
from parclose.policy.identity import Attribute, Clients, Issuer, KeyStore
from parclose.policy.nodes import Mark, Text
from parclose.policy.schema import PolicySpec
from parclose.policy.schema_include import IncludeSpec
from parclose.policy.segment import GeoSet, Limit, Upstream
from parclose.policy.source import Source
from parclose.policy.zones import ZoneIndex, build_zones


@dataclass(slots=True)
class Desk:
    """One compilation. Sections are filled in order; a section reads only those before it.

    `includes` says by name of an included file what includes it.
    """

    spec: PolicySpec
    source: Source
    includes: Mapping[str, IncludeSpec] = field(default_factory=dict)
    zones: ZoneIndex = field(default_factory=lambda: build_zones(()))
    geo_sets: dict[str, GeoSet] = field(default_factory=dict)
    country_db: str = ""
    asn_db: str = ""
    scopes: dict[str, frozenset[str]] = field(default_factory=dict)
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    issuers: dict[str, Issuer] = field(default_factory=dict)
    client_cas: dict[str, ClientCa] = field(default_factory=dict)
    key_stores: dict[str, KeyStore] = field(default_factory=dict)
    clients: Clients = field(default_factory=Clients)
    upstreams: dict[str, Upstream] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)
    listeners: dict[str, str] = field(default_factory=dict)
    envs: tuple[str, ...] = ()
    left_open: list[tuple[Mark, str]] = field(default_factory=list)

    def report(
        self, id: str, mark: Mark, message: str, *, fix: str = "", text: str = "", bad: str = "",  # noqa: A002
        meant: str = "",
    ) -> None:  # fmt: skip
        """Keep a finding; `text` is what was found there, and what the carets mark; `bad` its severity if another.

        `meant` is what can safely be written in place of `text`.
        """
        self.source.report(id, mark, message, fix=fix, found=text, width=max(1, len(text)), bad=bad, meant=meant)

    def unenforced(self, mark: Mark, what: str) -> None:
        """Note a feature that is read and tested but that this version cannot hold live traffic to."""
        self.left_open.append((mark, what))

    def knows(self, name: Text, pool: Iterable[str], what: str, *, id: str = "REF001", section: str = "") -> bool:  # noqa: A002
        """Whether `name` is in `pool`; reports it when it is not, with the nearest that is."""
        names = tuple(pool)
        if name in names:
            return True
        close = nearest(name, names)
        if close:
            fix = f"did you mean `{close}`?"
            place = self._defined(section, close)
            fix += f" ({place})" if place else ""
        elif names:
            fix = f"known: {', '.join(f'`{known}`' for known in sorted(names)[:12])}"
        else:
            fix = f"define it under `{section}`" if section else "there is none to name"
        self.report(id, name.mark, f"unknown {what} `{name}`", fix=fix, text=name, meant=unmistakable(name, names))
        return False

    def _defined(self, section: str, name: str) -> str:
        defined: Mapping[Text, object] | None = (
            getattr(self.spec, section, None) if section and "." not in section else None
        )
        key = next((known for known in defined or () if known == name), None)
        return f"{key.mark.file}:{key.mark.line}" if key is not None else ""

    def zone_mask(self, names: Iterable[Text]) -> int:
        """Return the mask of zones, after reporting the unknown ones."""
        return self.zones.mask_of(name for name in names if self.knows(name, self.zones.zones, "zone", section="zones"))


def unenforced_of(desk: Desk) -> tuple[str, ...]:
    """Return what was noted as not enforced, in the order of the files, each place once."""
    placed = sorted((mark.file, mark.line, mark.column, what) for mark, what in desk.left_open)
    said = (f"{file}:{line}  {what} is not enforced by this version" for file, line, _, what in placed)
    return tuple(dict.fromkeys(said))


def cycles(edges: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """Return the ways round of a graph, each once, from its least name; none when it has none."""
    found: dict[frozenset[str], tuple[str, ...]] = {}
    done: set[str] = set()
    for start in sorted(edges):
        path: list[str] = []
        on_path: set[str] = set()
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            name, leaving = stack.pop()
            if leaving:
                path.pop()
                on_path.discard(name)
                done.add(name)
            elif name in on_path:
                ring = tuple(path[path.index(name) :])
                found.setdefault(frozenset(ring), ring)
            elif name not in done:
                path.append(name)
                on_path.add(name)
                stack.append((name, True))
                stack.extend((other, False) for other in sorted(edges.get(name, ()), reverse=True))
    return list(found.values())
