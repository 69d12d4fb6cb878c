"""What would be believed if these failed: that the addons together ask every stage, in order, and stop at a denial."""

import asyncio
from pathlib import Path

from parclose.engine import STAGES
from parclose.hooks.mount import stage_addons
from parclose.hooks.service import Service
from parclose.hooks.stage import StageAddon
from parclose.ports import Answer, Ask, AskTake
from parclose.reasons import Reason
from parclose.testing import facts
from parclose.verdict import Verdict
from tests.hooks.ground import World, exchange, live, service


def walk(house: Service, request: str) -> Verdict:
    """Take one request through all addons and return its verdict."""
    judged = live(request)
    under_way = exchange(house, facts(request, listener="edge"), judged)
    for addon in stage_addons(house.exchanges):
        assert addon.requestheaders(judged) is None
    return under_way.conclude()


def test_an_allowed_request_has_been_through_all(tmp_path: Path) -> None:
    """Only who has passed every stage is allowed."""
    verdict = walk(service(tmp_path), "GET http://api.test/shop/1")
    assert verdict.allowed
    assert [step.stage for step in verdict.trail] == [stage.name for stage in STAGES]


def test_a_denial_ends_the_walk(tmp_path: Path) -> None:
    """Later addons step aside."""
    verdict = walk(service(tmp_path), "GET http://api.test/nowhere")
    assert (verdict.reason, verdict.trail[-1].stage) == (Reason.NO_SEGMENT, "surface")


def test_what_is_refused_already_is_not_judged(tmp_path: Path) -> None:
    """A verdict of our own, a flow nobody took in, and a loaded one are left alone."""
    house, judged = service(tmp_path), live()
    under_way = exchange(house, judged=judged)
    under_way.refuse(Reason.NOT_READY)
    first = next(iter(stage_addons(house.exchanges)))
    assert first.requestheaders(judged) is None
    assert first.http_connect(live()) is None
    assert under_way.walk.trail == []


async def test_a_world_that_must_wait_is_waited_for(tmp_path: Path) -> None:
    """Only then does the hook return something to await."""

    class Slow(World):
        def answer(self, ask: Ask) -> Answer:
            answer = super().answer(ask)
            if not isinstance(ask, AskTake):
                return answer

            async def later() -> Answer:
                await asyncio.sleep(0)
                return answer

            return later()  # type: ignore[return-value]  # a live world may

    house, judged = service(tmp_path, world=Slow()), live()
    under_way = exchange(house, facts("GET http://api.test/shop/1", listener="edge"), judged)
    awaited = 0
    for addon in stage_addons(house.exchanges):
        waiting = addon.requestheaders(judged)
        if waiting is not None:
            awaited += 1
            await waiting
    assert awaited >= 1
    assert under_way.conclude().allowed


def test_an_addon_knows_its_stages(tmp_path: Path) -> None:
    """The name and the stages are what it was given."""
    addon = StageAddon("x", STAGES[:2], service(tmp_path).exchanges)
    assert (addon.name, addon.stages, addon.concern) == ("x", STAGES[:2], "")
