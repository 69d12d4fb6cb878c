"""The demo, started as a visitor starts it: the printed requests give exactly the printed answers."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets

from parclose.demo.samples import SAMPLES
from tests.house.tree import ROOT
from tests.live.served import Demo, own_folder, paste, served

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Serve the demo once for all tests here."""
    with served(own_folder(tmp_path_factory.mktemp("demo"))) as demo:
        yield demo


def test_every_sample_is_printed(demo: Demo) -> None:
    """What can be pasted is all that there is."""
    assert len(demo.requests) == len(SAMPLES)


@pytest.mark.parametrize("number", range(len(SAMPLES)), ids=lambda number: SAMPLES[number].title)
def test_a_printed_request_gives_the_printed_answer(demo: Demo, number: int) -> None:
    """Status for status; and the reason, where the answer shows one."""
    printed = demo.requests[number]
    words = printed.answer.split()
    statuses, reason = paste(printed.command)
    assert [str(status) for status in statuses] == [word for word in words if word.isdigit()]
    if not printed.command.startswith("for "):
        assert reason == "".join(word for word in words if not word.isdigit())


def test_the_upstream_learns_who_calls_and_sees_no_token(demo: Demo) -> None:
    """The credential is taken off, the caller's name is put on; what a caller claims of himself is removed."""
    header = (demo.folder / ".demo" / "shopper.header").read_text().strip().partition(": ")
    asked = urllib.request.Request(f"{demo.url}/shop/orders/7", headers={header[0]: header[2], "X-Caller": "root"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        seen = {name.lower(): value for name, value in json.load(answer)["headers"].items()}
    assert seen["x-caller"] == "u-1"
    assert seen["x-segment"] == "shop-free"
    assert "authorization" not in seen


def test_events_come_as_they_happen(demo: Demo) -> None:
    """A stream of events is not held back until it ends."""
    with urllib.request.urlopen(f"{demo.url}/shop/events", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.readline() == b"id: 1\n"


def test_a_websocket_is_let_through(demo: Demo) -> None:
    """The upgrade is judged like any request, and messages go both ways."""

    async def talk() -> str | bytes:
        async with websockets.connect(demo.url.replace("http", "ws") + "/shop/live", proxy=None) as socket:
            await socket.send("hello")
            return await socket.recv()

    assert asyncio.run(talk()) == "hello"


def test_nothing_secret_is_printed_or_written(demo: Demo) -> None:
    """Neither the log nor the audit holds a token or a key."""
    key = (demo.folder / ".demo" / "partner.key").read_text()
    token = (demo.folder / ".demo" / "shopper.header").read_text().split()[-1]
    ledger = (demo.folder / ".demo" / "decisions.jsonl").read_text()
    assert "credential_missing" in ledger
    for text in (demo.said, ledger):
        assert key not in text
        assert token not in text
        assert token.rpartition(".")[2] not in text


def test_a_policy_that_cannot_be_put_in_force_never_listens(tmp_path: Path) -> None:
    """What is wrong is said before mitmproxy binds its port, and the code is that of a policy."""
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nname: x\nsegmnts: {}\n")
    command = [
        str(ROOT / "scripts" / "run"),
        "--policy",
        str(policy),
        "--mode",
        "reverse:http://127.0.0.1:9",
        "--listen",
        "127.0.0.1:0",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert ended.returncode == 3
    assert "policy.yaml:3:1  TYP001  unknown key `segmnts`" in ended.stderr
    assert "listening" not in ended.stdout + ended.stderr


def test_ctrl_c_stops_everything(tmp_path: Path) -> None:
    """Proxy and upstream end, and the ports are free again."""
    with served(own_folder(tmp_path / "demo")) as demo:
        assert paste(f"curl -si {demo.url}/shop/products")[0] == [200]
        upstream = re.search(r"reverse proxy to http://127\.0\.0\.1:(\d+)", demo.said)
        assert upstream
        code = demo.stop()
        assert code in (0, 130)
        for port in (demo.url.rpartition(":")[2], upstream[1]):
            with pytest.raises(OSError, match="Connect call failed"):
                asyncio.run(asyncio.open_connection("127.0.0.1", int(port)))
