"""Looks at a policy as `parclose check` does, and says what was found: id, place, sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parclose.policy.load import Examined, examine
from tests.policy.shop import KEYS, changed

NOW = 1_780_272_000.0  # 2026-06-01


def examined(
    text: str,
    files: Mapping[str, str | bytes] | None = None,
    *,
    now: float | None = NOW,
    made_at: Callable[[str], float | None] | None = None,
) -> Examined:
    """Return what is to be said of `text` as `/p/policy.yaml`; `files` lie beside it."""
    held: dict[str, str | bytes] = {"keys.json": KEYS, **(files or {}), "policy.yaml": text}

    def read(path: str) -> bytes:
        body = held.get(path.removeprefix("/p/"))
        if body is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return body.encode() if isinstance(body, str) else body

    return examine("/p/policy.yaml", read, now=now, made_at=made_at)


def found(
    ids: str | tuple[str, ...],
    *changes: tuple[str, str],
    files: Mapping[str, str | bytes] | None = None,
    now: float | None = NOW,
) -> list[tuple[str, str]]:
    """Return of a changed base the marked text and the sentence of each finding of `ids`; errors are never expected.

    The marked text is what stands at the place, up to the end of the word.
    """
    text = changed(*changes)
    everything = {"policy.yaml": text, "keys.json": KEYS, **(files or {})}
    said = examined(text, files, now=now)
    wanted = (ids,) if isinstance(ids, str) else ids
    others = [finding.render() for finding in said.findings if finding.blocks and finding.id not in wanted]
    assert others == []
    rows = []
    for finding in said.findings:
        if finding.id in wanted:
            body = everything[finding.file]
            lines = (body if isinstance(body, str) else body.decode()).splitlines()
            at = lines[finding.line - 1][finding.column - 1 :].lstrip("\"'")
            rows.append((at[: finding.width], finding.message))
    return rows
