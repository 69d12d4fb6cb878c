"""Requests a second through stock mitmdump, and through mitmdump with Parclose and the demo policy, in pairs.

Both proxies run all the time; each pair loads one and then the other, so that a slower or faster minute of the machine
hits both. The order alternates.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from parclose.demo.serve import LOADER, POLICY
from parclose.demo.state import prepare
from parclose.demo.tokens import mint
from parclose.policy.load import load
from parclose.stores.files import read
from tests.bench.load import Load, nginx, put_on

PATH = "/shop/orders/7"
WARM_S = 2.0
START_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One pair of runs."""

    stock: Load
    guarded: Load

    @property
    def ratio(self) -> float:
        """Requests a second with Parclose, as a multiple of those without."""
        return self.guarded.requests_per_s / self.stock.requests_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """All pairs, and what the upstream alone can do."""

    direct: Load
    pairs: tuple[Pair, ...]


def measure(pairs: int, seconds: float, tell: Callable[[str], None]) -> Throughput:
    """Measure so many pairs, each side for so many seconds.

    Raises:
        RuntimeError: a proxy refused requests or did not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="parclose-bench-")))
        upstream = free_port()
        stack.enter_context(nginx(folder, upstream))
        token = _prepare(folder)
        stock = stack.enter_context(mitmdump(folder, upstream))
        guarded = stack.enter_context(
            mitmdump(folder, upstream, "-s", str(LOADER), "--set", f"parclose_policy={folder}/policy.yaml")
        )
        headers = {"Authorization": f"Bearer {token}"}
        for port in (upstream, stock, guarded):
            _wait_until_served(port, headers)
            _put_on(port, headers, WARM_S)
        direct = _put_on(upstream, headers, WARM_S)
        found = []
        for number in range(pairs):
            order = (stock, guarded) if number % 2 == 0 else (guarded, stock)
            seen = {port: _put_on(port, headers, seconds) for port in order}
            pair = Pair(stock=seen[stock], guarded=seen[guarded])
            found.append(pair)
            tell(
                f"pair {number + 1} of {pairs}: stock {pair.stock.requests_per_s:,.0f}/s  "
                f"parclose {pair.guarded.requests_per_s:,.0f}/s  ratio {pair.ratio:.2f}"
            )
        return Throughput(direct=direct, pairs=tuple(found))


def _put_on(port: int, headers: dict[str, str], seconds: float) -> Load:
    """Load one port; every request must be answered with 2xx, or the figure means nothing."""
    seen = put_on(f"http://127.0.0.1:{port}{PATH}", headers, seconds)
    if seen.refused:
        raise RuntimeError(f"{seen.refused} requests to port {port} were not answered with 2xx")
    return seen


def _prepare(folder: Path) -> str:
    """Put the demo's policy into a folder, with an admin port of its own, and return a token for its shop."""
    text = POLICY.read_text().replace(":9464", f":{free_port()}")
    (folder / "policy.yaml").write_text(text)
    held = prepare(folder)
    return mint(load(str(folder / "policy.yaml"), read), "shopper", held.signer, time.time())


@contextmanager
def mitmdump(folder: Path, upstream: int, *arguments: str, port: int = 0) -> Iterator[int]:
    """Run a mitmdump in front of the upstream, quiet as in production, and yield its port."""
    port = port or free_port()
    tool = shutil.which("mitmdump", path=str(Path(sys.executable).parent)) or "mitmdump"
    mode = f"reverse:http://127.0.0.1:{upstream}@127.0.0.1:{port}"
    log = folder / f"mitmdump-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [tool, "-q", "--set", f"confdir={folder}/mitmproxy", "--mode", mode, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_for(port, process, log)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a port takes connections.

    Raises:
        RuntimeError: the process ended first, or the time is over.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"mitmdump did not start:\n{log.read_text(errors='replace')}")


def _wait_until_served(port: int, headers: dict[str, str]) -> None:
    """Wait until a request is answered with 200: a port takes connections a moment before it serves.

    Raises:
        RuntimeError: the time is over.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            asked = urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", headers=headers)
            with urllib.request.urlopen(asked, timeout=5):  # the address is our own
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"port {port} does not answer with 200")


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
