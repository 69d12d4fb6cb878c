"""The golden file of every kind of finding: the least that an author can write to get it, and what `check` answers.

It is rewritten by hand only, by `python -m tests.policy.every` from the root of the project, and read before it is
committed. A title begins with the id whose findings are shown.
"""

from __future__ import annotations

import re
from pathlib import Path

from parclose.analysis.usage import DAY_S, Usage, usage_findings
from parclose.analysis.witness import witness
from parclose.cases import case_findings
from parclose.policy.errors import Finding
from parclose.policy.globs import matches
from parclose.policy.load import examine
from tests.policy.lint.looking import NOW
from tests.policy.shop import KEYS

GOLDEN = Path(__file__).with_name("every.golden")
HEAD, FOUND = "######## ", "--------\n"
FILE = "==== "  # begins a further file of the policy; its name follows
MADE_AT = NOW - 400 * DAY_S  # when every file and database of these policies was made
UNUSED = Usage(last={}, since=0.0, until=100 * DAY_S)


def blocks() -> dict[str, tuple[str, str]]:
    """Return by title what is written and what is answered."""
    made = {}
    for block in GOLDEN.read_text(encoding="utf-8").split(HEAD)[1:]:
        title, _, rest = block.partition("\n")
        written, _, answered = rest.partition(FOUND)
        made[title] = written, answered.strip("\n")
    return made


def findings(written: str) -> tuple[Finding, ...]:
    """Return everything that can be said of a policy: as `check` does, and of routes that nobody uses."""
    main_file, *others = written.split(FILE)
    held = {"keys.json": KEYS, "policy.yaml": main_file}
    held |= {name: text for name, _, text in (other.partition("\n") for other in others)}

    def read(path: str) -> bytes:
        if path.removeprefix("/p/") not in held:
            raise FileNotFoundError(2, "No such file or directory", path)
        return held[path.removeprefix("/p/")].encode()

    def list_files(_: str, pattern: str) -> list[str]:
        return [name for name in held if matches(pattern, name)]

    made = examine("/p/policy.yaml", read, now=NOW, list_files=list_files, made_at=lambda _: MADE_AT, witness=witness)
    if made.policy is None or made.desk is None:
        return made.findings
    tested = case_findings(made.policy, made.desk)
    return (*made.findings, *tested, *usage_findings(made.policy, made.desk, UNUSED, 30))


def answer(title: str, written: str) -> str:
    """Return what the id of a title says of a policy, with its severity before it; and every error."""
    found = [each for each in findings(written) if each.id == title[:6] or each.blocks]
    return "\n".join(f"{each.severity} {each.render()}" for each in found)


def main() -> None:
    """Rewrite the answers of the golden file, in order of their titles."""
    GOLDEN.write_text(
        "\n".join(
            f"{HEAD}{title}\n{written}{FOUND}{answer(title, written)}\n"
            for title, (written, _) in sorted(blocks().items())
        ),
        encoding="utf-8",
    )


def ids() -> frozenset[str]:
    """Return the ids that some golden file shows."""
    files = Path(__file__).parent.rglob("*.golden")
    return frozenset(
        id_ for file in files for id_ in re.findall(r"\b([A-Z]{3}\d{3})\b", file.read_text(encoding="utf-8"))
    )


if __name__ == "__main__":
    main()
