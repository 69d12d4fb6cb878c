"""Segments that take client certificates where no handshake asks for one: RUN002."""

from __future__ import annotations

from parclose.policy.handshakes import stands_on, takes_certificates
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import as_if_live, named


def unasked(bench: Bench) -> None:
    """Report segments whose callers are to show certificates, and whose listeners all say `client_cert: off`."""
    written = bench.spec.settings.listeners if bench.spec.settings else None
    for name, segment in named(bench):
        listeners = [each for each in bench.policy.settings.listeners if stands_on(segment, each)]
        if not listeners or any(each.client_cert != "off" for each in listeners):
            continue
        if takes_certificates(bench.policy, segment):
            spec = next(spec for listener, spec in (written or {}).items() if listener == listeners[0].name)
            bench.desk.report(
                "RUN002", spec.value_at("client_cert"),
                f"segment `{name}` takes client certificates, and listener `{listeners[0].name}` asks for none",
                fix="write `client_cert: request`, or leave it out", text="off", meant="request",
            )  # fmt: skip


LOOKS: tuple[Look, ...] = (Look(ids=("RUN002",), at=as_if_live(unasked), blocks=True),)
