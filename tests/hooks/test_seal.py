"""What would be believed if these failed: that a forgotten decision lets traffic pass."""

from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import ctx, dns, flow, http, tcp, udp
from mitmproxy.test import tflow, tutils

from parclose.hooks.early_answer import answer_early
from parclose.hooks.seal import Seal, freeze_reload
from parclose.hooks.verdicts import REPLAY, Verdicts


@pytest.fixture
def addons(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand in for mitmproxy's addons: a proxyserver without connections."""
    held: dict[str, Any] = {"proxyserver": SimpleNamespace(connections={})}
    monkeypatch.setattr(ctx, "master", SimpleNamespace(addons=held), raising=False)
    return held


@pytest.fixture
def seal(addons: dict[str, Any]) -> Seal:
    """A seal in a house that is open."""
    verdicts = Verdicts()
    verdicts.ready = True
    return Seal(verdicts)


def reason_of(judged: http.HTTPFlow) -> str:
    """Return the reason code of the response, empty without one."""
    return "" if judged.response is None else str(judged.response.json()["reason"])


@pytest.mark.parametrize("hook", ["requestheaders", "http_connect", "request"])
@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("nothing", "policy_unavailable"),
        ("admitted", ""),
        ("answered by another", "policy_unavailable"),
        ("loaded", ""),
    ],
)
def test_what_has_no_verdict_is_refused(seal: Seal, hook: str, state: str, expected: str) -> None:
    """Only an admitted flow passes; a response that is already there is not a verdict; loaded flows are left alone."""
    judged = tflow.tflow()
    if state == "admitted":
        seal.verdicts.admit(judged)
    if state == "answered by another":
        judged.response = http.Response.make(200, b"onboarding")
    judged.live = state != "loaded"
    getattr(seal, hook)(judged)
    assert reason_of(judged) == expected
    assert seal.verdicts.is_denied(judged) is bool(expected)


@pytest.mark.parametrize("hook", ["requestheaders", "http_connect"])
@pytest.mark.parametrize(("ready", "draining"), [(False, False), (True, True), (False, True)])
def test_a_house_that_is_not_open_refuses_the_admitted_too(seal: Seal, hook: str, ready: bool, draining: bool) -> None:
    """Before everything is ready, and while draining, a new request is refused whatever was decided."""
    judged = tflow.tflow()
    seal.verdicts.ready, seal.verdicts.draining = ready, draining
    seal.verdicts.admit(judged)
    getattr(seal, hook)(judged)
    assert reason_of(judged) == "not_ready"


def test_draining_lets_a_request_in_flight_end(seal: Seal) -> None:
    """What was admitted before the shutdown keeps its verdict."""
    judged = tflow.tflow()
    seal.verdicts.admit(judged)
    seal.verdicts.draining = True
    seal.request(judged)
    assert judged.response is None


def test_a_denial_keeps_its_answer(seal: Seal) -> None:
    """The seal does not write over what a stage said."""
    judged = tflow.tflow()
    seal.verdicts.deny(judged)
    answer_early(judged, http.Response.make(401, b"who"))
    seal.requestheaders(judged)
    seal.request(judged)
    assert judged.response is not None
    assert judged.response.status_code == 401


def test_a_replay_begins_without_a_verdict(seal: Seal) -> None:
    """An exchange that has ended leaves nothing behind on its flow."""
    judged = tflow.tflow(resp=True)
    seal.verdicts.admit(judged)
    seal.response(judged)
    judged.response, judged.is_replay = None, "request"
    seal.requestheaders(judged)
    assert reason_of(judged) == "policy_unavailable"


def test_an_answer_during_the_upload_does_not_end_the_exchange(seal: Seal) -> None:
    """While the request is still being streamed, its verdict stays for the hook to come."""
    judged = tflow.tflow(resp=True)
    judged.request.timestamp_end = None
    seal.verdicts.admit(judged)
    seal.response(judged)
    assert seal.verdicts.is_admitted(judged)


def test_an_unasked_for_upgrade_is_refused(seal: Seal) -> None:
    """A 101 without a WebSocket becomes a 503 that closes the connection."""
    judged = tflow.tflow(resp=tutils.tresp(status_code=101))
    seal.verdicts.admit(judged)
    seal.response(judged)
    assert reason_of(judged) == "protocol_denied"
    assert judged.response is not None
    assert judged.response.headers["connection"] == "close"


@pytest.mark.parametrize("admitted", [True, False])
def test_a_websocket_without_a_verdict_loses_its_message(seal: Seal, admitted: bool) -> None:
    """Messages pass while the flow is admitted, and not one longer."""
    judged = tflow.twebsocketflow()
    judged.live = True
    if admitted:
        seal.verdicts.admit(judged)
    seal.websocket_message(judged)
    assert judged.websocket is not None
    assert judged.websocket.messages[-1].dropped is not admitted
    seal.websocket_end(judged)
    assert not seal.verdicts.is_admitted(judged)


@pytest.mark.parametrize(
    ("live", "approved_for", "error"),
    [
        (True, "client", None),
        (True, "other", "policy_unavailable"),
        (True, REPLAY, "policy_unavailable"),
        (False, REPLAY, None),
        (False, "client", "policy_unavailable"),
    ],
)
def test_an_upstream_address_needs_approval(
    seal: Seal, addons: dict[str, Any], live: bool, approved_for: str, error: str | None
) -> None:
    """A connection goes only where a verdict of this very client, or of a replay, allowed."""
    client, server = tflow.tclient_conn(), tflow.tserver_conn()
    server.address, server.error = ("2001:db8::1", 443, 0, 0), None  # type: ignore[assignment]
    if live:
        addons["proxyserver"].connections[client.id] = object()
    seal.verdicts.approve_server(client.id if approved_for == "client" else approved_for, ("2001:db8::1", 443))
    data: Any = SimpleNamespace(client=client, server=server)
    seal.server_connect(data)
    assert server.error == error
    seal.client_disconnected(client)
    assert not seal.verdicts.is_approved(client.id, ("2001:db8::1", 443))


def test_raw_flows_are_emptied_and_cut(seal: Seal) -> None:
    """What should never have passed the layer gate carries no byte further."""
    raw: list[tcp.TCPFlow | udp.UDPFlow] = [tflow.ttcpflow(), tflow.tudpflow()]
    for judged, start, message in zip(raw, ("tcp_start", "udp_start"), ("tcp_message", "udp_message"), strict=True):
        judged.live = True
        getattr(seal, start)(judged)
        getattr(seal, message)(judged)
        assert judged.messages[-1].content == b""
        assert isinstance(judged.error, flow.Error)


def test_a_question_to_dns_fails(seal: Seal) -> None:
    """A DNS flow gets an error, so that mitmproxy asks nobody."""
    judged: dns.DNSFlow = tflow.tdnsflow()
    judged.live = True
    seal.dns_request(judged)
    assert judged.error is not None


def test_only_the_watcher_of_the_given_script_is_stopped(addons: dict[str, Any]) -> None:
    """Other scripts keep theirs, and a script loaded without a watcher is passed over."""
    cancelled: list[str] = []

    def fake_script(path: str) -> SimpleNamespace:
        return SimpleNamespace(fullpath=path, reloadtask=SimpleNamespace(cancel=lambda: cancelled.append(path)))

    plain = SimpleNamespace(fullpath="/x/loader.py", reloadtask=None)
    addons["scriptloader"] = SimpleNamespace(
        addons=[fake_script("/x/other.py"), fake_script("/x/y/../loader.py"), plain]
    )
    assert freeze_reload("/x/loader.py") == 1
    assert cancelled == ["/x/y/../loader.py"]
