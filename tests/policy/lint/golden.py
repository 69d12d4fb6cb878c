"""The golden file of what looks say: what an author writes below a common head, and what `check` answers.

It is rewritten by hand only, by `python -m tests.policy.lint.golden` from the root of the project, and read before it
is committed. A title begins with the ids whose findings are shown; lines are counted from the head on.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.policy.lint.looking import examined

GOLDEN = Path(__file__).with_name("messages.golden")
HEAD, FOUND = "######## ", "--------\n"
COMMON = """\
version: 1
settings:
  listeners: {edge: {port: 8443, kind: reverse}}
  paths: {divergence: log}
  envs: {staging: {hosts: ["*.staging.example"]}, prod: {default: true}}
issuers:
  login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}
attributes:
  plan: {claim: plan, values: [free, paid], default: free}
roles: {admin: {grants: [orders:write]}}
zones: {office: [198.51.100.0/26]}
"""


def blocks() -> dict[str, tuple[str, str]]:
    """Return by title what is written and what is answered."""
    made = {}
    for block in GOLDEN.read_text(encoding="utf-8").split(HEAD)[1:]:
        title, _, rest = block.partition("\n")
        written, _, answered = rest.partition(FOUND)
        made[title] = written, answered.strip("\n")
    return made


def answer(title: str, written: str) -> str:
    """Return what the ids of a title say of a policy, each with its severity before it; and every error."""
    ids = re.findall(r"[A-Z]{3}\d{3}", title)
    found = examined(COMMON + written).findings
    return "\n".join(f"{each.severity} {each.render()}" for each in found if each.id in ids or each.blocks)


def main() -> None:
    """Rewrite the answers of the golden file."""
    GOLDEN.write_text(
        "\n".join(
            f"{HEAD}{title}\n{written}{FOUND}{answer(title, written)}\n" for title, (written, _) in blocks().items()
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
