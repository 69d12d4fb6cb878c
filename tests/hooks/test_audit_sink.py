"""What would be believed if these failed: that every decision is in the ledger before its effect, and ends once."""

import json
from pathlib import Path

import pytest
from mitmproxy import connection, flow, http, websocket

from parclose.audit.sinks.jsonl import SinkError
from parclose.hooks.audit_sink import AuditSink
from parclose.hooks.exchange import Exchange
from parclose.hooks.passages import Passage
from parclose.hooks.service import Service
from parclose.policy.segment import Limit
from parclose.ports import Answer, Ask, AskRelease, Hit
from parclose.reasons import Reason
from parclose.verdict import Effect, Verdict
from tests.hooks.ground import POLICY, World, exchange, forward, live, service

ALLOW = Verdict(effect=Effect.ALLOW, reason=None, status=200, segment="shop", decision="test")
DENY = Verdict(reason=Reason.NO_ROUTE, status=404, stage="route", decision="test")


def lines(folder: Path) -> list[dict[str, object]]:
    """Return what the ledger holds of ours."""
    text = (folder / "ledger.jsonl").read_text()
    return [json.loads(line)["unmapped"]["parclose"] for line in text.splitlines()]


def told(folder: Path) -> list[tuple[object, object]]:
    """Return type and end of each line."""
    return [(line["type"], line.get("end")) for line in lines(folder)]


def decided(house: Service, verdict: Verdict, judged: http.HTTPFlow) -> Exchange:
    """Return an exchange with a verdict."""
    under_way = exchange(house, judged=judged)
    under_way.verdict = verdict
    return under_way


@pytest.mark.parametrize(("verdict", "status"), [(ALLOW, None), (DENY, 404)])
def test_a_decision_is_written_then_takes_effect(tmp_path: Path, verdict: Verdict, status: int | None) -> None:
    """An allow is admitted, a denial answered; both are in the ledger."""
    house, judged = service(tmp_path), live()
    decided(house, verdict, judged)
    AuditSink(house).requestheaders(judged)
    assert (judged.response.status_code if judged.response else None) == status
    assert house.verdicts.is_admitted(judged) is verdict.allowed
    assert house.verdicts.is_denied(judged) is not verdict.allowed
    assert told(tmp_path) == [("decision", None)]


@pytest.mark.parametrize(("on_failure", "admitted"), [("deny", False), ("continue", True)])
@pytest.mark.parametrize("verdict", [ALLOW, DENY])
def test_a_ledger_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_failure: str, admitted: bool, verdict: Verdict
) -> None:
    """A denial stays one; an allow follows the policy."""
    house, judged = service(tmp_path, text=POLICY + f"audit: {{on_failure: {on_failure}}}\n"), live()
    assert house.edition is not None

    def fails(*arguments: object, **more: object) -> None:
        raise SinkError("x", "full")

    monkeypatch.setattr(house.edition.journal, "decision", fails)
    decided(house, verdict, judged)
    AuditSink(house).requestheaders(judged)
    assert house.verdicts.is_admitted(judged) is (admitted and verdict.allowed)
    if not house.verdicts.is_admitted(judged):
        assert judged.response is not None
        assert judged.response.status_code in ((503,) if on_failure == "deny" else (404,))
    assert b"parclose_audit_failures_total 1.0" in house.metrics.exposition()


def test_each_exchange_ends_once(tmp_path: Path) -> None:
    """Whatever fires after the first end is not written."""
    house, judged = service(tmp_path), live()
    sink = AuditSink(house)
    decided(house, ALLOW, judged)
    sink.client_connected(judged.client_conn)
    sink.requestheaders(judged)
    judged.response = http.Response.make(200, b"abc")
    sink.response(judged)
    judged.error = flow.Error("late")
    sink.error(judged)
    sink.client_disconnected(judged.client_conn)
    assert told(tmp_path) == [("decision", None), ("outcome", "complete")]
    assert (lines(tmp_path)[1]["status"], lines(tmp_path)[1]["sent_bytes"]) == (200, 3)


def test_errors_websockets_and_tunnels(tmp_path: Path) -> None:
    """An error ends as one; a WebSocket ends when it is closed, a tunnel with its connection, a refused one at once."""
    house = service(tmp_path)
    sink = AuditSink(house)
    failed, socket, opened, refused = live(), live(), forward("CONNECT http://x/"), forward("CONNECT http://x/")
    for judged in (failed, socket, opened, refused):
        decided(house, DENY if judged is refused else ALLOW, judged)
        (sink.http_connect if judged.request.method == "CONNECT" else sink.requestheaders)(judged)
    failed.error = flow.Error("broken")
    sink.error(failed)
    from mitmproxy.websocket import WebSocketData

    socket.websocket = WebSocketData()
    sink.response(socket)
    assert house.exchanges.get(socket.id) is not None
    socket.websocket.close_code = 1006
    sink.websocket_end(socket)
    sink.http_connected(opened)
    sink.client_disconnected(opened.client_conn)
    sink.http_connect_error(refused)
    ends = [line["end"] for line in lines(tmp_path) if line["type"] == "outcome"]
    assert ends == ["error", "aborted", "complete", "complete"]
    assert len(house.exchanges) == 0


@pytest.mark.parametrize(("fault", "end"), [("", "complete"), ("sni_mismatch", "error")])
def test_tls_that_stays_closed_is_measured(tmp_path: Path, fault: str, end: str) -> None:
    """Its outcome has the bytes of both ways, and why it was cut."""
    house, opened = service(tmp_path), forward("CONNECT http://x/")
    sink = AuditSink(house)
    under_way = decided(house, ALLOW, opened)
    under_way.passage = Passage(host="x", address=("192.0.2.1", 443))
    sink.http_connect(opened)
    sink.http_connected(opened)
    under_way.passage.received_bytes, under_way.passage.sent_bytes, under_way.passage.fault = 7, 11, fault
    sink.client_disconnected(opened.client_conn)
    (outcome,) = (line for line in lines(tmp_path) if line["type"] == "outcome")
    assert (outcome["end"], outcome.get("error", "")) == (end, fault)
    assert (outcome["received_bytes"], outcome["sent_bytes"], outcome["passthrough"]) == (7, 11, True)


def test_who_leaves_is_written_down(tmp_path: Path) -> None:
    """What is admitted ends as aborted; what is still being judged ends when it has been, and is not admitted."""
    house, judged, waiting = service(tmp_path), live(), live()
    waiting.client_conn = judged.client_conn
    sink = AuditSink(house)
    decided(house, ALLOW, judged)
    sink.requestheaders(judged)
    late = exchange(house, judged=waiting)
    sink.client_disconnected(judged.client_conn)
    assert told(tmp_path) == [("decision", None), ("outcome", "aborted")]
    late.verdict = ALLOW
    sink.requestheaders(waiting)
    assert not house.verdicts.is_admitted(waiting)
    assert told(tmp_path)[2:] == [("decision", None), ("outcome", "aborted")]


@pytest.mark.parametrize(("refused", "end"), [("", "closed"), ("raw_tcp", "raw_tcp")])
def test_a_connection_without_a_request(tmp_path: Path, refused: str, end: str) -> None:
    """It has one line of its own."""
    house = service(tmp_path)
    sink = AuditSink(house)
    client = connection.Client(peername=("203.0.113.9", 1), sockname=("127.0.0.1", 8080), timestamp_start=0.0)
    sink.client_connected(client)
    if refused:
        sink.refused(client, refused)
    sink.client_disconnected(client)
    assert told(tmp_path) == [("connection", end)]
    assert (lines(tmp_path)[0]["listener"], lines(tmp_path)[0]["ip"]) == ("edge", "203.0.113.9")


def test_the_end_of_the_process(tmp_path: Path) -> None:
    """What is under way is written down as aborted."""
    house, judged = service(tmp_path), live()
    decided(house, ALLOW, judged)
    sink = AuditSink(house)
    sink.requestheaders(judged)
    sink.done()
    assert told(tmp_path) == [("decision", None), ("outcome", "aborted")]


def test_replays_and_edits_are_marked(tmp_path: Path) -> None:
    """The outcome says that a flow was sent again, and that edits were allowed."""
    house, judged = service(tmp_path), live()
    under_way = decided(house, DENY, judged)
    under_way.replayed = under_way.edited = True
    sink = AuditSink(house)
    sink.requestheaders(judged)
    sink.response(judged)
    assert (lines(tmp_path)[1]["replayed"], lines(tmp_path)[1]["edit"]) == (True, True)


@pytest.mark.parametrize("end", ["response", "error", "disconnect", "websocket", "refused by us", "process"])
def test_slots_are_given_back_once_however_it_ends(tmp_path: Path, end: str) -> None:
    """Response, error, a client that leaves, the end of a WebSocket: each gives one slot back, and no end a second."""
    asked: list[Ask] = []

    class Counting(World):
        def answer(self, ask: Ask) -> Answer:
            asked.append(ask)
            return super().answer(ask)

    house, judged = service(tmp_path, world=Counting()), live()
    sink = AuditSink(house)
    held = (Hit(Limit(id="a/p", name="p", key=(("ip",),), count=1, period_ns=0, burst=1, kind="concurrent"), "k"),)
    under_way = decided(house, ALLOW, judged)
    under_way.walk.slots = held
    sink.requestheaders(judged)
    assert asked == []
    if end == "error":
        judged.error = flow.Error("reset")
        sink.error(judged)
    elif end == "disconnect":
        sink.client_disconnected(judged.client_conn)
    elif end == "process":
        sink.done()
    elif end == "websocket":
        judged.websocket = websocket.WebSocketData()
        sink.response(judged)
        assert asked == []
        sink.websocket_end(judged)
    else:
        if end == "refused by us":
            under_way.refuse(Reason.BODY_TOO_LARGE)
        judged.response = http.Response.make(200, b"")
        sink.response(judged)
    assert asked == [AskRelease(held)]
    sink.client_disconnected(judged.client_conn)
    sink.done()
    assert asked == [AskRelease(held)]
