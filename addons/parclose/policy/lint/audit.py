"""Records that are not kept, say too much, or are never asked for (AUD)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from parclose.policy.hosts import normal_host
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.reachable import reachable
from parclose.policy.lint.written import serving
from parclose.policy.nodes import Mark, Text
from parclose.policy.schema_audit import AlertSpec, RedactSpec


def no_sink(bench: Bench) -> None:
    """Say where decisions go when nothing says so (AUD001)."""
    spec = bench.spec.audit
    if spec is None or not spec.sinks:
        at = Mark(bench.desk.source.main, 1, 1) if spec is None else spec.mark
        bench.desk.report(
            "AUD001", at, "no sink is written: decisions go to `audit/decisions.jsonl` beside the policy",
            fix="write `audit: {sinks: [{type: jsonl, path: audit/decisions.jsonl}]}`",
        )  # fmt: skip


def shown_credentials(bench: Bench) -> None:
    """Name headers and query keys that carry credentials and that a written redaction leaves out (AUD002).

    They are left out of the record all the same; whoever reads the policy believes otherwise.
    """
    for spec in _redactions(bench):
        headers = {str(name).lower() for name in spec.headers or ()}
        query = {str(name) for name in spec.query or ()}
        for store in bench.policy.key_stores.values():
            for key, written, carried, known in (
                ("headers", spec.headers, store.header, headers), ("query", spec.query, store.query, query),
            ):  # fmt: skip
                if written is not None and carried and carried not in known:
                    bench.desk.report(
                        "AUD002", spec.at(key), f"`{carried}` carries keys of store `{store.name}`, and is not listed",
                        fix=f"add the name to `redact.{key}`", text=key,
                    )  # fmt: skip


def _redactions(bench: Bench) -> Iterator[RedactSpec]:
    parts = [bench.spec.audit, *(part.audit for part in bench.spec.profiles.values())]
    parts += [segment.audit for segment in bench.spec.segments.values()]
    yield from (part.redact for part in parts if part is not None and part.redact is not None)


def unheard_denials(bench: Bench) -> None:
    """Name sinks none of which takes denials (AUD003)."""
    spec = bench.spec.audit
    if spec is not None and spec.sinks and all(sink.only and "deny" not in sink.only for sink in spec.sinks):
        bench.desk.report(
            "AUD003", spec.at("sinks"), "no sink takes denials: what was refused, and why, is told nowhere",
            fix="add `deny` to the `only` of one of them", text="sinks",
        )  # fmt: skip


def idle_alerts(bench: Bench) -> None:
    """Name alerts whose reasons this policy cannot give (AUD004)."""
    known = reachable(bench)
    for name, spec in _alerts(bench):
        if spec.when and not known.intersection(map(str, spec.when)):
            listed = ", ".join(f"`{reason}`" for reason in spec.when)
            bench.desk.report(
                "AUD004", name.mark, f"alert `{name}` waits for {listed}, which nothing in this policy can give",
                fix="remove it, or name reasons that occur", text=name,
            )  # fmt: skip


def _alerts(bench: Bench) -> Iterator[tuple[Text, AlertSpec]]:
    parts = [bench.spec.audit, *(part.audit for part in bench.spec.profiles.values())]
    parts += [segment.audit for segment in bench.spec.segments.values()]
    for part in parts:
        if part is not None:
            yield from ((name, spec) for name, spec in (part.alerts or {}).items() if spec is not None)


def webhooks(bench: Bench) -> None:
    """Refuse webhooks that anybody on the way can read, or that would be judged by this proxy (AUD005)."""
    spec = bench.spec.audit
    for sink in (spec.sinks or ()) if spec is not None else ():
        url = sink.url
        if sink.type != "webhook" or url is None:
            continue
        try:
            host = normal_host(urlsplit(url).hostname or "")
        except ValueError:
            continue
        segment = serving(bench, host)
        if url.startswith("http://"):
            bench.desk.report(
                "AUD005", url.mark, "a webhook over http: whoever is on the way reads who was refused what",
                fix=f"write `https://{url[7:]}`", text=url,
            )  # fmt: skip
        elif segment is not None:
            bench.desk.report(
                "AUD005", url.mark, f"a webhook through this proxy: `{host}` is a surface of segment `{segment.name}`",
                fix="name an address of the receiver that does not lead through this proxy", text=url,
            )  # fmt: skip


LOOKS: tuple[Look, ...] = (
    Look(ids=("AUD001",), at=no_sink),
    Look(ids=("AUD002",), at=shown_credentials),
    Look(ids=("AUD003",), at=unheard_denials),
    Look(ids=("AUD004",), at=idle_alerts),
    Look(ids=("AUD005",), at=webhooks, blocks=True),
)
