"""All sinks of one policy as one thing to write to: the ledger first, then those that only copy.

The first sink is the *ledger*: one line for every decision, always, before its effect; its failure is raised, since the
policy says what follows from it. The others take what `only` names, and their failures are counted and logged.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from parclose.audit import ocsf
from parclose.audit.record import encode, is_sampled
from parclose.audit.redact import Redactor
from parclose.audit.sinks.jsonl import JsonlFile, SinkError
from parclose.policy.model import Audit
from parclose.stages.walk import Walk
from parclose.verdict import Verdict

logger = logging.getLogger(__name__)

DEFAULT_LEDGER = "audit/decisions.jsonl"


class Journal:
    """Writes lines to every sink that wants them. `lost` counts lines that copying sinks could not take."""

    def __init__(self, ledger: JsonlFile, copies: Sequence[tuple[JsonlFile, frozenset[str]]] = ()) -> None:
        self._ledger = ledger
        self._copies = tuple(copies)
        self.lost = 0

    @classmethod
    def open(cls, audit: Audit) -> Journal:
        """Open the sinks of a policy, the default ledger where it names none.

        Raises:
            SinkError: one cannot be opened.
        """
        if not audit.sinks:
            return cls(JsonlFile(DEFAULT_LEDGER, durability=audit.durability))
        with ExitStack() as opened:
            files = [
                opened.enter_context(JsonlFile(sink.path, durability=audit.durability, rotate_bytes=sink.rotate_bytes))
                for sink in audit.sinks
            ]
            opened.pop_all()
        wants = [frozenset(sink.only) for sink in audit.sinks]
        return cls(files[0], tuple(zip(files[1:], wants[1:], strict=True)))

    def decision(
        self,
        walk: Walk,
        verdict: Verdict,
        redactor: Redactor | None = None,
        *,
        allow_sample: float = 1.0,
        line: Callable[[], str] | None = None,
        tried: bool = False,
    ) -> None:
        """Keep a decision, before its effect. An allow that is not in the sample is kept short, by the ledger alone.

        `line` gives its corpus line where somebody else needs it too. `tried`: it holds a second verdict, and is whole.

        Raises:
            SinkError: the ledger did not take it.
        """
        if verdict.allowed and not tried and not is_sampled(walk.facts.decision, allow_sample):
            self._ledger.write(ocsf.decision(walk, verdict, is_short=True))
            return
        text = line() if line is not None else None
        self._keep(ocsf.decision(walk, verdict, redactor, line=text), verdict.effect.value, "shadow" if tried else "")

    def outcome(self, line: Mapping[str, object]) -> None:
        """Keep how an exchange ended, a connection without a request: what belongs to the ledger alone.

        Raises:
            SinkError: the ledger did not take it.
        """
        answered = line["type"] == "outcome" and "status" in line
        self._ledger.write(ocsf.outcome_text(line) if answered else encode(ocsf.event_of(line)))

    def reload(self, line: Mapping[str, object]) -> None:
        """Keep that a policy was taken up or refused.

        Raises:
            SinkError: the ledger did not take it.
        """
        self._keep(encode(ocsf.event_of(line)), "reload")

    def flush(self) -> None:
        """Have the disk hold everything.

        Raises:
            SinkError: the ledger's disk does not.
        """
        for file, _ in self._copies:
            try:
                file.flush()
            except SinkError as wrong:
                logger.warning("%s", wrong)
        self._ledger.flush()

    def close(self) -> None:
        """Close every sink."""
        for file, _ in self._copies:
            file.close()
        self._ledger.close()

    def _keep(self, text: bytes, *kinds: str) -> None:
        """Write to the ledger, then to whoever wants one of these kinds."""
        self._ledger.write(text)
        for file, wants in self._copies:
            if not wants or not wants.isdisjoint(kinds):
                try:
                    file.write(text)
                except SinkError as wrong:
                    self.lost += 1
                    logger.warning("%s; %d lines lost so far", wrong, self.lost)
