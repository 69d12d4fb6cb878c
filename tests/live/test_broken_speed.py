"""What makes mitmproxy fast, broken: nothing may pass because of it.

If these fail, an optimisation decides about requests.
"""

import pytest

from tests.live.realm import Guard, Realm, loader, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

BROKEN = {
    "dispatch": "from parclose.hooks import dispatch as at\nowner, name = at.Dispatch, '_walk'",
    "begin": "from parclose.hooks import dispatch as at\nowner, name = at.Dispatch, '_steps'",
    "lookup": "from parclose.hooks import header_lookup as at\nowner, name = at.http.Headers, 'get_all'",
    "types": "from mitmproxy import http\nowner, name = http.MessageData, '__post_init__'",
}
BREAK = """
def broken(*arguments, **named):
    raise RuntimeError("broken on purpose")
class Late:
    def __init__(self):
        self.name = "late"
    def running(self):
        import asyncio
        asyncio.get_running_loop().call_later(1, self.strike)
    def strike(self):
        setattr(owner, name, broken)
        print("now broken", flush=True)
from mitmproxy import ctx
ctx.master.addons.add(Late())
"""


@pytest.mark.parametrize("part", BROKEN)
async def test_a_broken_part_lets_nothing_through(part: str) -> None:
    """Once it raises, a request that no policy allows does not reach the origin, whatever becomes of its connection."""
    scripts = (loader(f"broken_{part}", after=BROKEN[part] + BREAK),)
    async with Origin() as origin, Guard(Realm(), upstream=origin, scripts=scripts) as guard:
        await guard.says("now broken")
        for _ in range(5):
            answer = await guard.ask(message("GET /things/1"), timeout_s=0.3)
            assert answer.status in (0, 401, 502, 503)
        assert (await guard.ask(message("POST /things", body=b"x"), timeout_s=0.5)).status in (0, 401, 502, 503)
        assert origin.seen == []
