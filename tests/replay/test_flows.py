"""Records from flow files: if these fail, a recording is judged on other facts than the live request was."""

from __future__ import annotations

from pathlib import Path

import pytest
from mitmproxy import certs, http, websocket
from mitmproxy import flow as error
from mitmproxy.io import FlowWriter

from parclose.policy.scenario import DEFAULT_AT
from parclose.replay.corpus import SHORT, BadRecording
from parclose.replay.drift import Kind, compare_recorded
from parclose.replay.flows import KEPT, PROXY_CREDENTIAL, STRIPPED, read_recording, record_of_flow
from parclose.replay.order import judge_all
from parclose.replay.world import world_of
from parclose.testing import flow
from tests.replay.kit import SIGNER, TEXT, claims, ledger, policy
from tests.stores.authorities import authority

LINES = ledger().decode().splitlines()


def written(path: Path, *flows: http.HTTPFlow) -> str:
    """Write flows to a file and return its path."""
    with path.open("wb") as file:
        for one in flows:
            FlowWriter(file).add(one)
    return str(path)


def kept(line: str, request: str = "GET http://api.test/whatever") -> http.HTTPFlow:
    """Return a flow with which a line was kept."""
    made = flow(request)
    made.metadata[KEPT] = line
    return made


def test_kept_facts_are_decided_on_as_they_are(tmp_path: Path) -> None:
    """Whatever the wire shows now, the facts of the decision count, and give its verdict again."""
    path = written(tmp_path / "a.flows", *(kept(line) for line in LINES))
    records = list(read_recording(path, policy()))
    drift = compare_recorded(judge_all(policy(), records, world_of(policy()).of))
    assert drift.counts == {Kind.UNCHANGED: 6}
    assert records[1].source == f"{path}:2"


def test_a_ledger_is_known_by_its_first_line(tmp_path: Path) -> None:
    """One command reads both."""
    (tmp_path / "a.jsonl").write_bytes(ledger())
    assert len(list(read_recording(str(tmp_path / "a.jsonl"), policy()))) == 6


def test_without_kept_facts_the_wire_is_read() -> None:
    """A credential that is still there is checked with the policy's keys, at the recorded instant."""
    token = SIGNER.token(claims())
    asked = flow("GET http://api.test/orders", {"Authorization": f"Bearer {token}"}, at=DEFAULT_AT)
    record = record_of_flow(asked, policy(), "f:1")
    (judged,) = judge_all(policy(), [record], world_of(policy()).of)
    assert (judged.verdict.allowed, judged.verdict.segment, judged.maybe) == (True, "shop", "")


def test_a_bad_credential_on_the_wire_is_refused() -> None:
    """A token of another key is no visitor's request."""
    forged = flow("GET http://api.test/products", {"Authorization": "Bearer a.b.c"}, at=DEFAULT_AT)
    (judged,) = judge_all(policy(), [record_of_flow(forged, policy(), "f:1")], world_of(policy()).of)
    assert judged.verdict.reason == "token_invalid"


def forwarded(request: str, mode: str) -> http.HTTPFlow:
    """Return a flow that went on to its upstream and was answered."""
    made = flow(request, mode=mode)
    made.server_conn.timestamp_start = DEFAULT_AT
    made.response = http.Response.make(200)
    return made


STRIPPING = TEXT.replace("        limits:", "        forward: {credentials: strip}\n        limits:")


@pytest.mark.parametrize(
    ("text", "request_", "mode", "doubt"),
    [
        (TEXT, "GET http://api.test/products", "reverse:http://127.0.0.1:9", ""),
        (STRIPPING, "GET http://api.test/products", "reverse:http://127.0.0.1:9", STRIPPED),
        (TEXT, "GET http://api.test/products", "regular", PROXY_CREDENTIAL),
        (TEXT, "GET https://api.test/products", "regular", PROXY_CREDENTIAL),
    ],
)
def test_what_a_proxy_takes_away_is_a_doubt(text: str, request_: str, mode: str, doubt: str) -> None:
    """Stripped credentials and those for the proxy are not on the wire any more."""
    assert record_of_flow(forwarded(request_, mode), policy(text), "f:1").doubt == doubt


def test_a_refused_request_was_not_changed() -> None:
    """What never went on still holds all that it came with."""
    refused = flow("GET http://api.test/products")
    refused.response = http.Response.make(401)
    assert record_of_flow(refused, policy(STRIPPING), "f:1").doubt == ""


def test_a_request_in_a_tunnel_is_known_as_one() -> None:
    """The CONNECT was not saved; scheme and mode tell."""
    record = record_of_flow(forwarded("GET https://api.test/products", "regular"), policy(), "f:1")
    assert (record.facts.tunnel, record.facts.kind) == (True, "forward")
    assert record.facts.faults == ()


def test_a_certificate_is_known_to_have_been_shown() -> None:
    """Not which: the facts say that there was one, and that it was not kept."""
    shown = flow("GET http://api.test/products")
    shown.client_conn.certificate_list = [certs.Cert(authority().issue().certificate)]
    (presented,) = record_of_flow(shown, policy(), "f:1").facts.presented
    assert (presented.kind, presented.place, presented.text) == ("mtls", "handshake", "")


def test_a_short_line_falls_back_to_the_wire() -> None:
    """A sampled-out decision keeps no facts."""
    record = record_of_flow(kept('{"v":1,"type":"decision","short":true}'), policy(), "f:1")
    assert (record.doubt, record.verdict) == (SHORT, None)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"nonsense", "after flow 0"), (None, "cannot be read")],
)
def test_what_is_no_recording_says_so(tmp_path: Path, content: bytes | None, told: str) -> None:
    """A file that is missing, or none of mitmproxy's."""
    path = tmp_path / "a.flows"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRecording, match=told):
        list(read_recording(str(path), policy()))


def test_a_recording_that_was_cut_says_how_far_it_goes(tmp_path: Path) -> None:
    """Half a recording is not judged as if it were whole."""
    path = Path(written(tmp_path / "a.flows", *(kept(line) for line in LINES)))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BadRecording, match="after flow 5"):
        list(read_recording(str(path), policy()))


def test_what_is_kept_and_unreadable_names_its_flow() -> None:
    """Metadata that somebody wrote is no excuse to guess."""
    with pytest.raises(BadRecording, match=r"^f:7: "):
        record_of_flow(kept('{"v": 9, "type": "decision"}'), policy(), "f:7")


def test_a_flow_tells_how_long_it_took() -> None:
    """To the end of its answer, or to its failure; a flow without either tells nothing."""
    made = flow("GET http://api.test/products")
    made.request.timestamp_start = DEFAULT_AT
    made.response = None
    assert record_of_flow(made, policy(), "f").took_s is None
    made.error = error.Error("reset", DEFAULT_AT + 3)
    assert record_of_flow(made, policy(), "f").took_s == 3
    made.response = http.Response.make(200)
    made.response.timestamp_end = DEFAULT_AT + 2
    assert record_of_flow(made, policy(), "f").took_s == 2
    made.websocket = websocket.WebSocketData()
    made.websocket.timestamp_end = DEFAULT_AT + 60
    assert record_of_flow(made, policy(), "f").took_s == 60
