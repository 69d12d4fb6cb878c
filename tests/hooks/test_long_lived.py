"""What lives long: if these fail, a revoked caller stays connected, or an honest one is thrown out by a reload."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.test import taddons
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from wsproto.frame_protocol import Opcode

from parclose.again import Again
from parclose.engine import STAGES, advance, drive
from parclose.hooks import long_lived
from parclose.hooks.facts_of import facts_of
from parclose.hooks.long_lived import LongLived
from parclose.hooks.service import Service
from parclose.hooks.websocket_bounds import POLICY_VIOLATION, TOO_BIG, Closing
from parclose.policy.scenario import DEFAULT_AT
from parclose.ports import Answer, Ask
from tests.hooks.ground import POLICY, World, edition, exchange, live, service

GONE = POLICY.replace('"GET /shop/**": public, "POST /shop/**": public', '"GET /shop/other": public')


class Ends:
    """What was closed, and how."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cut: list[str] = []
        self.closed: list[tuple[int, str]] = []
        monkeypatch.setattr(long_lived, "close_client", lambda client: self.cut.append(client.id))
        monkeypatch.setattr(LongLived, "_close", lambda _, flow, code, reason: self.closed.append((code, reason)))


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """Nothing is really closed here."""
    return Ends(monkeypatch)


def opened(house: Service, kind: str) -> tuple[LongLived, http.HTTPFlow]:
    """Admit a request, and let it become something that lives long."""
    flow = live()
    assert house.edition is not None
    under_way = exchange(house, facts_of(flow, house.edition.policy, decision="D1"), flow)
    assert drive(advance(under_way.walk, STAGES), under_way.edition.world) is None
    house.verdicts.admit(flow)
    keeper = LongLived(house)
    flow.response = http.Response.make(200, b"", {"Content-Type": "text/event-stream; charset=utf-8"})
    if kind == "events":
        keeper.responseheaders(flow)
    elif kind == "websocket":
        keeper.websocket_start(flow)
    else:
        keeper.http_connected(flow)
    assert len(keeper) == 1
    return keeper, flow


@pytest.mark.parametrize("kind", ["events", "websocket", "tunnel"])
async def test_under_a_policy_that_lets_it_be_it_goes_on(tmp_path: Path, ends: Ends, kind: str) -> None:
    """And is not looked at again before it is due, unless the policy is another."""
    house = service(tmp_path)
    keeper, flow = opened(house, kind)
    await keeper.look(DEFAULT_AT)
    first = house.exchanges.get(flow.id)
    house.edition = edition(tmp_path, text=POLICY + "x-note: 2\n")
    await keeper.look(DEFAULT_AT + 1)
    assert (ends.cut, ends.closed, len(keeper)) == ([], [], 1)
    assert first is not None
    assert first.edition is house.edition  # its end is written where records go now


@pytest.mark.parametrize("kind", ["events", "websocket", "tunnel"])
async def test_under_one_that_does_not_it_is_closed(tmp_path: Path, ends: Ends, kind: str) -> None:
    """At the next look, once, with the reason on record."""
    house = service(tmp_path)
    keeper, flow = opened(house, kind)
    house.edition = edition(tmp_path, text=GONE)
    await keeper.look(DEFAULT_AT + 1)
    await keeper.look(DEFAULT_AT + 2)
    is_socket = kind == "websocket"
    assert ends.closed == ([(POLICY_VIOLATION, "policy violation")] if is_socket else [])
    assert ends.cut == ([] if is_socket else [flow.client_conn.id])
    assert len(keeper) == 0
    under_way = house.exchanges.get(flow.id)
    assert under_way is not None
    assert under_way.cut == "no_route"
    assert house.verdicts.is_denied(flow) is is_socket
    assert (
        f'parclose_long_lived_cut_total{{kind="{kind}",reason="no_route"}} 1.0' in house.metrics.exposition().decode()
    )


class Failing(World):
    """A world that raises, or never answers."""

    def __init__(self, how: str) -> None:
        """Choose."""
        super().__init__()
        self._how = how

    def answer(self, ask: Ask) -> Answer:
        """Fail."""
        del ask
        if self._how == "raises":
            raise RuntimeError("nobody knows")
        return asyncio.get_running_loop().create_future()  # type: ignore[return-value]


@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_what_cannot_be_judged_is_closed(
    tmp_path: Path, ends: Ends, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Whatever fails, and whoever does not answer in time."""
    monkeypatch.setattr(long_lived, "PATIENCE_S", 0.01)
    house = service(tmp_path)
    keeper, flow = opened(house, "events")
    house.edition = edition(tmp_path, text=POLICY, world=Failing(how))
    monkeypatch.setattr(Again, "judge", lambda again: again.world.answer(None))
    await keeper.look(DEFAULT_AT + 1)
    for _ in range(50):
        if ends.cut:
            break
        await asyncio.sleep(0.01)
    assert ends.cut == [flow.client_conn.id]
    assert 'parclose_guard_errors_total{addon="long_lived",hook="look"} 1.0' in house.metrics.exposition().decode()


async def test_what_has_ended_is_forgotten(tmp_path: Path, ends: Ends) -> None:
    """By any of its ends."""
    house = service(tmp_path)
    for kind, end in [
        ("events", LongLived.response),
        ("events", LongLived.error),
        ("websocket", LongLived.websocket_end),
        ("tunnel", lambda keeper, flow: keeper.client_disconnected(flow.client_conn)),
    ]:
        keeper, flow = opened(house, kind)
        end(keeper, flow)
        assert len(keeper) == 0
    assert (ends.cut, ends.closed) == ([], [])


async def test_ordinary_answers_are_not_kept(tmp_path: Path) -> None:
    """They are judged once, by the revision they started under."""
    house = service(tmp_path)
    keeper, flow = LongLived(house), live()
    assert house.edition is not None
    exchange(house, facts_of(flow, house.edition.policy, decision="D1"), flow)
    flow.response = http.Response.make(200, b"{}", {"Content-Type": "application/json"})
    keeper.responseheaders(flow)
    assert len(keeper) == 0


@pytest.mark.parametrize(("over", "closed"), [(0, []), (1, [(TOO_BIG, "message too big")])])
async def test_a_message_has_a_size(tmp_path: Path, ends: Ends, over: int, closed: list[object]) -> None:
    """One that is too long is dropped; of all others only the last is kept."""
    house = service(tmp_path, text=POLICY.replace("settings:\n", "settings:\n  websocket: {max_message: 8B}\n"))
    keeper, flow = opened(house, "websocket")
    flow.websocket = WebSocketData()
    for size in (3, 8 + over):
        flow.websocket.messages.append(WebSocketMessage(Opcode.BINARY, True, b"x" * size))
        with taddons.context(keeper):
            keeper.websocket_message(flow)
    assert (len(flow.websocket.messages), flow.websocket.messages[-1].dropped) == (1, bool(over))
    assert ends.closed == closed


def test_an_order_to_close_is_no_message() -> None:
    """It goes the way of one that is injected, and holds nothing."""
    order = Closing(live(), POLICY_VIOLATION, "policy violation")
    assert (order.message.content, order.code) == (b"", POLICY_VIOLATION)
