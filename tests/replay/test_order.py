"""The order of a replay: if these fail, limits are charged in another order than they were, and verdicts differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.facts import Certificate, Kept, Place, Presented, Proof
from parclose.policy.scenario import DEFAULT_AT
from parclose.replay.order import COUNTED, UNENDED, judge_all
from parclose.replay.record import Record
from parclose.stores.world import OfflineWorld
from parclose.testing import facts, jwks, key_proof, policy_from
from parclose.verdict import Charged, Effect, Verdict
from tests.replay.kit import SIGNER, moved, policy, recorded, token

LIMITED = """
    version: 1
    name: order
    settings: {admission: {per_ip: {rate: 2/10s}}}
    segments:
      all:
        match: {clients: [anonymous]}
        routes: {"GET /**": public}
        limits: {one: {key: ip, rate: 1/10s}}
"""


def statuses(records: list[Record], text: str | None = None) -> list[int]:
    """Judge records and return their statuses."""
    world = OfflineWorld()
    return [one.verdict.status for one in judge_all(policy(text) if text else policy(), records, world.of)]


def charged(name: str, at: float, *charges: tuple[int, float]) -> Record:
    """Return a request whose charges were recorded."""
    verdict = Verdict(effect=Effect.ALLOW, status=200, charges=tuple(Charged(seq=s, at=t) for s, t in charges))
    return Record(facts=facts("GET http://x/", at=at, decision=name), source=name, verdict=verdict)


def test_a_complete_recording_gives_the_same_verdicts() -> None:
    """Limits included."""
    records = recorded()
    assert statuses(records) == [record.verdict.status for record in records if record.verdict]
    assert statuses(records) == [200, 200, 403, 200, 429, 404]


def test_the_order_of_reading_does_not_matter() -> None:
    """A file may hold flows in the order in which they ended."""
    records = recorded()
    assert statuses(records[::-1]) == statuses(records)[::-1]


def test_the_place_of_the_charge_counts_not_the_time_of_the_request() -> None:
    """Who waited (for a key, say) was charged later than one who came after him."""
    records = recorded()
    late = [moved(record, -0.5 * index) for index, record in enumerate(records)]
    assert statuses(late) == statuses(records)


@pytest.mark.parametrize(("first_seq", "wanted"), [(3, [200, 429]), (4, [429, 200])])
def test_interleaved_walks_are_charged_as_they_were(first_seq: int, wanted: list[int]) -> None:
    """Two requests pass admission; then either may have been the one that the segment's limit of one let through."""
    at = DEFAULT_AT
    one = charged("a", at, (1, at), (first_seq, at + 1))
    two = charged("b", at, (2, at), (7 - first_seq, at + 1))
    assert statuses([one, two], LIMITED) == wanted


def test_without_places_requests_go_by_their_own_time() -> None:
    """What was recorded elsewhere knows no charges."""
    records = [replace(charged(str(n), DEFAULT_AT + n), verdict=None) for n in (2, 0, 1)]
    assert statuses(records, LIMITED) == [429, 200, 429]


def test_what_was_not_kept_is_a_maybe() -> None:
    """A decision that asks for what nobody kept has no verdict to compare."""
    kept = recorded()[1]
    bare = replace(kept, facts=replace(kept.facts, kept=Kept(proofs=(None,))))
    (judged,) = judge_all(policy(), [bare], OfflineWorld().of)
    assert (judged.maybe, judged.verdict.allowed) == ("credential was not kept with the request", False)


@pytest.mark.parametrize(
    ("request_", "maybe"),
    [
        ("GET http://api.test/products", "the credential is gone"),
        ("GET http://api.test/orders", "the credential is gone"),
        ("GET http://api.test/nothing", ""),
        ("GET http://nowhere.test/", ""),
    ],
)
def test_a_doubt_counts_only_where_it_could_matter(request_: str, maybe: str) -> None:
    """What is refused before anybody looks at a credential is sure."""
    record = Record(facts=facts(request_), source="f:1", doubt="the credential is gone")
    (judged,) = judge_all(policy(), [record], OfflineWorld().of)
    assert judged.maybe == maybe


@pytest.mark.parametrize(("doubt", "maybe"), [("", ["", ""]), ("gone", ["gone", COUNTED])])
def test_limits_are_not_sure_beside_a_doubt(doubt: str, maybe: list[str]) -> None:
    """Who cannot be named was charged under another name: what the counters then say is a guess, also of others."""
    first = Record(facts=facts("GET http://api.test/products"), source="f:1", doubt=doubt)
    second = Record(facts=facts("GET http://api.test/products", kept=None, at=DEFAULT_AT + 1), source="f:2")
    assert [one.maybe for one in judge_all(policy(), [first, second], OfflineWorld().of)] == maybe


def test_progress_is_told_once_for_each() -> None:
    """A bar ends where the records do."""
    told: list[int] = []
    judge_all(policy(), recorded(), OfflineWorld().of, on_judged=lambda: told.append(1))
    assert len(told) == 6


PARALLEL = LIMITED.replace("rate: 2/10s", "rate: 99/s").replace("rate: 1/10s", "concurrent: 1")


@pytest.mark.parametrize(
    ("took_s", "second_at", "status"),
    [(2.0, 1.9, 429), (2.0, 2.0, 200), (2.0, 2.1, 200), (0.0, 0.5, 200)],
    ids=["before the end", "at the end", "after the end", "at once"],
)
def test_slots_are_held_for_as_long_as_the_exchange_took(took_s: float, second_at: float, status: int) -> None:
    """What ends at an instant has ended for whoever comes at it."""
    records = [
        Record(facts=facts("GET http://x/", at=at, decision=name), source=name, took_s=took_s)
        for name, at in (("a", DEFAULT_AT), ("b", DEFAULT_AT + second_at))
    ]
    assert statuses(records, PARALLEL) == [200, status]


def test_without_durations_concurrency_is_not_sure() -> None:
    """Slots are then given back at once: nobody is refused, and every verdict that counted them says so."""
    records = [
        Record(facts=facts("GET http://x/", at=DEFAULT_AT, decision=name), source=name, took_s=took_s)
        for name, took_s in (("a", None), ("b", 1.0))
    ]
    judged = judge_all(policy(PARALLEL), records, OfflineWorld().of)
    assert [(one.verdict.status, one.maybe) for one in judged] == [(200, UNENDED), (200, UNENDED)]
    assert [one.maybe for one in judge_all(policy(LIMITED), records, OfflineWorld().of)] == ["", ""]


CERTIFICATE = Proof(kind="mtls", state="ok", certificate=Certificate(cas=("corp",), subject="CN=a"))
OTHERS = """
    version: 1
    name: others
    issuers: {elsewhere: {issuer: "https://elsewhere", jwks_file: keys.json, audience: [api], algorithms: [ES256]}}
    api_keys: {rest: {header: X-Rest, keys: [{id: a, hash: "sha256:HASH", expires: never}]}}
    client_cas: {hub: {file: ca.pem}}
    clients:
      app: [{token: {issuer: elsewhere}}]
      job: [{api_key: {store: rest}}]
      box: [{mtls: {ca: hub}}]
    segments:
      shop:
        match: {hosts: [api.test], clients: [app, job, box, unrecognized]}
        routes: {"GET /orders": authenticated}
""".replace("HASH", "ab" * 32)


@pytest.mark.parametrize(
    ("proofs", "expected"),
    [
        ([token()], "401 token_invalid:unknown_issuer"),
        ([key_proof("partners", "pk_a")], "401 key_unknown"),
        ([key_proof("rest", "gone")], "401 key_unknown"),
        ([token(), key_proof("partners", "pk_a")], "401 token_invalid:unknown_issuer"),
        ([CERTIFICATE], "401 cert_untrusted:untrusted"),
        ([token(), CERTIFICATE], "401 token_invalid:unknown_issuer"),
        ([key_proof("rest", "a"), CERTIFICATE], "401 cert_untrusted:untrusted"),
    ],
)
@pytest.mark.parametrize("narrowed", [False, True])
def test_a_policy_that_knows_none_of_the_recorded(proofs: list[Proof], expected: str, *, narrowed: bool) -> None:
    """Issuer, store, key or authority of a recording may be gone from the policy at hand: a verdict, never an error."""
    text = OTHERS.replace(
        "        routes:", "        authn: {accept: [token, api_key, mtls], issuers: [elsewhere]}\n        routes:"
    )
    files = {"keys.json": jwks(SIGNER), "ca.pem": "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"}
    rules = policy_from(text if narrowed else OTHERS, files)
    places = {"token": "authorization", "api_key": "header x-key", "mtls": "handshake"}
    request = replace(
        facts("GET http://api.test/orders", at=DEFAULT_AT),
        presented=tuple(Presented(kind=one.kind, place=places[one.kind], store=one.store) for one in proofs),
        kept=Kept(proofs=tuple(proofs), place=Place()),
    )
    (one,) = judge_all(rules, [Record(facts=request, source="x:1")], OfflineWorld().of)
    said = f"{one.verdict.status} {one.verdict.reason}" + (f":{one.verdict.detail}" if one.verdict.detail else "")
    assert (said, one.maybe) == (expected, "")
