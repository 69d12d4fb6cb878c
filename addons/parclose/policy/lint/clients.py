"""Client types that take more callers than they seem to: CLI003, CLI004."""

from __future__ import annotations

from fnmatch import fnmatchcase

from parclose.policy.lint.bench import Bench, Look
from parclose.policy.nodes import Text

# What most requests of people say of themselves: the shapes that desktop and mobile browsers have had for a decade.
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
)


def any_client(bench: Bench) -> None:
    """Report recognisers that take any client of an issuer which serves other client types too (CLI003)."""
    users: dict[str, set[str]] = {}
    for recogniser in bench.policy.clients.recognisers:
        users.setdefault(recogniser.issuer, set()).add(recogniser.client_type)
    for name, spec in bench.spec.clients.items():
        for item in spec.recognisers or ():
            token = item.token
            others = sorted(users.get(token.issuer, set()) - {name}) if token is not None else []
            # With another proof beside the token, not every client of the issuer comes in by it.
            if token is None or token.client or item.api_key is not None or item.has("mtls") or not others:
                continue
            rest = f"{', '.join(f'`{other}`' for other in others)} {'does' if len(others) == 1 else 'do'} not"
            bench.desk.report(
                "CLI003", token.issuer.mark, text=token.issuer,
                message=f"`{name}` takes every client of `{token.issuer}` that {rest}: a token with client "
                f"`{_stranger(bench)}` makes its bearer `{name}`",
                fix="list its clients: `client: [...]`",
            )  # fmt: skip


def _stranger(bench: Bench) -> str:
    """Return a client id that nobody has named."""
    known = [text for item in bench.policy.clients.recognisers for text in (*item.exact, *item.prefixes)]
    name = "newcomer"
    while any(name.startswith(text) for text in known):
        name = f"{name[1:]}{name[0]}-"
    return name


def matches_most(pattern: str) -> bool:
    """Whether a pattern matches most browsers, compared as `limits.*.when.hint` does."""
    hits = sum(fnmatchcase(agent.lower(), pattern.lower()) for agent in BROWSERS)
    return hits * 2 > len(BROWSERS)


def hints_everybody(bench: Bench) -> None:
    """Report patterns of hints that match most traffic (CLI004)."""
    for name, spec in bench.spec.clients.items():
        agents: list[Text] = list(spec.hint.user_agent) if spec.hint is not None else []
        for pattern in agents:
            if matches_most(pattern):
                bench.desk.report(
                    "CLI004", pattern.mark, text=pattern,
                    message=f"`{pattern}` of hint `{name}` matches most browsers: it tells nobody apart",
                    fix="write the beginning of what these callers send, such as `curl/*`",
                )  # fmt: skip


LOOKS = (Look(ids=("CLI003",), at=any_client), Look(ids=("CLI004",), at=hints_everybody))
