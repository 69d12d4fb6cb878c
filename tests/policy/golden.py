"""The golden file of messages: what an author writes, and what Parclose answers, side by side.

It is rewritten by hand only, by `python -m tests.policy.golden` from the root of the project, and read before it is
committed: whoever changes a sentence sees there how it reads.
"""

from __future__ import annotations

from pathlib import Path

from parclose.policy.errors import PolicyError
from tests.policy.reading import error_of
from tests.policy.shop import load_text

GOLDEN = Path(__file__).with_name("messages.golden")
HEAD, FOUND = "######## ", "--------\n"
FILE = "==== "  # begins a further file of the policy; its name follows


def blocks() -> dict[str, tuple[str, str]]:
    """Return by title what is written and what is answered."""
    made = {}
    for block in GOLDEN.read_text(encoding="utf-8").split(HEAD)[1:]:
        title, _, rest = block.partition("\n")
        written, _, answered = rest.partition(FOUND)
        made[title] = written, answered.strip("\n")
    return made


def answer(written: str) -> str:
    """Return what is said of a policy of one file, or of several, the first being `policy.yaml`."""
    main_file, *others = written.split(FILE)
    if not others:
        return error_of(written).render()
    try:
        load_text(main_file, {name: text for name, _, text in (other.partition("\n") for other in others)})
    except PolicyError as error:
        return error.render()
    return ""


def main() -> None:
    """Rewrite the answers of the golden file."""
    GOLDEN.write_text(
        "\n".join(f"{HEAD}{title}\n{written}{FOUND}{answer(written)}\n" for title, (written, _) in blocks().items()),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
