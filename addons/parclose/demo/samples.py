"""Requests to paste, one for each kind of answer, with the answer each must get."""

from __future__ import annotations

import secrets
import shlex
from dataclasses import dataclass
from pathlib import Path

from parclose.demo.state import State
from parclose.demo.tokens import mint
from parclose.policy.model import Policy

EXPIRED_S = -3600.0
KOREA, OFFICE = "175.45.176.9", "198.51.100.7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request. `expect` holds the status of each time it is sent; `reason` that of the last, "" when allowed.

    `caller` names the header file that holds the credential; `address` is played by a header, since the demo trusts
    this machine to name its clients.
    """

    title: str
    path: str
    expect: tuple[int, ...]
    reason: str = ""
    method: str = "GET"
    caller: str = ""
    address: str = ""

    def command(self, base_url: str, folder: Path) -> str:
        """Return the command that sends it to `base_url`, ready to paste."""
        words = ["curl", "-si"]
        if self.method != "GET":
            words += ["-X", self.method]
        words.append(shlex.quote(f"{base_url}{self.path}"))
        if self.caller:
            words += ["-H", shlex.quote(f"@{folder / self.caller}.header")]
        if self.address:
            words += ["-H", f"'X-Forwarded-For: {self.address}'"]
        if len(self.expect) == 1:
            return " ".join(words)
        words[1:2] = ["-so", "/dev/null", "-w", r"'%{http_code} '"]
        return f"for i in {' '.join(str(n + 1) for n in range(len(self.expect)))}; do {' '.join(words)}; done; echo"

    @property
    def answer(self) -> str:
        """The answer in words: status, and reason where it is refused."""
        statuses = " ".join(str(status) for status in self.expect)
        return f"{statuses} {self.reason}" if self.reason else statuses


SAMPLES = (
    Sample(title="the catalogue is public", path="/shop/products", expect=(200,)),
    Sample(title="nobody sees orders unnamed", path="/shop/orders/7", expect=(401,), reason="credential_missing"),
    Sample(title="with a token, one sees one's own", path="/shop/orders/7", expect=(200,), caller="shopper"),
    Sample(
        title="an expired token is refused, also where none is needed",
        path="/shop/products",
        expect=(401,),
        reason="token_invalid",
        caller="expired",
    ),
    Sample(
        title="the free plan cannot place orders",
        path="/shop/orders",
        method="POST",
        expect=(403,),
        reason="scope_missing",
        caller="shopper",
    ),
    Sample(title="the paid plan can", path="/shop/orders", method="POST", expect=(200,), caller="customer"),
    Sample(
        title="the back office is closed from outside the office",
        path="/admin/users",
        expect=(403,),
        reason="zone_denied",
        caller="admin",
    ),
    Sample(title="and open from inside", path="/admin/users", expect=(200,), caller="admin", address=OFFICE),
    Sample(
        title="an embargoed country is refused for legal reasons",
        path="/shop/products",
        expect=(451,),
        reason="geo_denied",
        address=KOREA,
    ),
    Sample(title="there is no such segment", path="/nowhere", expect=(404,), reason="no_segment"),
    Sample(title="there is no such route", path="/shop/nothing", expect=(404,), reason="no_route"),
    Sample(
        title="there is, with another method",
        path="/shop/products",
        method="DELETE",
        expect=(405,),
        reason="method_not_allowed",
    ),
    Sample(title="one spelling only", path="/shop//products", expect=(400,), reason="path_ambiguous"),
    Sample(title="a partner, by API key", path="/partner/globex/catalog/shoes", expect=(200,), caller="partner"),
    Sample(
        title="the same key, in another's tenant",
        path="/partner/initech/catalog/shoes",
        expect=(403,),
        reason="bind_mismatch",
        caller="partner",
    ),
    Sample(
        title="three searches, then wait",
        path="/shop/search",
        expect=(200, 200, 200, 429),
        reason="rate_limited",
        caller="searcher",
    ),
)


def write_headers(policy: Policy, state: State, at: float) -> None:
    """Write a fresh credential for each caller of the samples into a file that `curl -H @file` reads.

    In files, readable by their owner alone, no credential stays in a terminal's or a shell's memory.
    """
    # A new searcher each time, so that what was searched before does not count.
    searcher = {"sub": f"searcher-{secrets.token_hex(4)}"}
    tokens = {
        "shopper": mint(policy, "shopper", state.signer, at),
        "customer": mint(policy, "customer", state.signer, at),
        "admin": mint(policy, "admin", state.signer, at),
        "expired": mint(policy, "shopper", state.signer, at, life_s=EXPIRED_S),
        "searcher": mint(policy, "shopper", state.signer, at, claims=searcher),
    }
    lines = {name: f"Authorization: Bearer {token}" for name, token in tokens.items()}
    lines["partner"] = f"X-Api-Key: {state.api_key}"
    for name, line in lines.items():
        path = state.folder / f"{name}.header"
        path.touch(mode=0o600)
        path.write_text(f"{line}\n")


def render(base_url: str, folder: Path) -> str:
    """Return all samples as text: above each command the answer it gets, and why."""
    parts = [f"# {sample.answer}: {sample.title}\n{sample.command(base_url, folder)}" for sample in SAMPLES]
    return "\n\n".join(parts)
