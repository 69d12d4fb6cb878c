"""Serves the demo: an echoing upstream, a guarded mitmproxy before it, and requests to paste when both are ready."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parclose.demo import samples, state, upstream
from parclose.policy.load import load
from parclose.policy.model import Policy
from parclose.stores.files import list_files, read

ROOT = Path(__file__).resolve().parents[3]
LOADER = ROOT / "addons" / "loader.py"
POLICY = ROOT / "policies" / "demo" / "policy.yaml"
HOST, PORT, WEB_PORT = "127.0.0.1", 8080, 8081  # mitmproxy's own
PORTS_TRIED = 50
READY_S = 60.0  # the first start compiles everything; a slow machine takes 10 s
READY_TIMES = 4  # polls: longer than a start that fails takes to end
POLL_S = 0.1
STOP_S = 10.0


class CannotServe(RuntimeError):
    """The demo cannot be served here; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for: where to listen (`port` 0: 8080, or the next free one), and what mitmproxy is also told."""

    host: str = HOST
    port: int = 0
    web: bool = False
    rest: tuple[str, ...] = ()


async def serve(policy_path: Path, wish: Wish, say: Callable[[str], object]) -> int:
    """Serve until the proxy ends or a signal comes, and return the proxy's exit code.

    Raises:
        CannotServe: a port is taken, or the proxy does not get ready.
        PolicyError: the policy is not valid.
        OSError: the demo's folder cannot be written.
    """
    held = state.prepare(policy_path.parent)
    with _own_admin_port(policy_path) as (path, policy):
        server, upstream_port = upstream.start()
        port = wish.port or free_port(wish.host, PORT)
        samples.write_headers(policy, held, time.time())
        proxy = await asyncio.create_subprocess_exec(*_command(path, wish, port, upstream_port))
        stop = _stop_on_signal(proxy)
        try:
            if await _get_ready(proxy, policy, wish.host, port):
                base_url = f"http://{'127.0.0.1' if wish.host in ('', '0.0.0.0') else wish.host}:{port}"  # noqa: S104
                say(_welcome(base_url, path, held, policy))
            return await proxy.wait()
        finally:
            await _end(proxy)
            server.stop()
            stop()


def free_port(host: str, first: int) -> int:
    """Return the first port from `first` on that is free on `host`.

    Raises:
        CannotServe: none of those tried is.
    """
    for port in range(first, first + PORTS_TRIED):
        if is_free(host, port):
            return port
    raise CannotServe(f"no port from {first} to {first + PORTS_TRIED - 1} is free on {host}; name one with --listen")


def is_free(host: str, port: int) -> bool:
    """Whether a listener could be bound there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _own_admin_port(path: Path) -> Iterator[tuple[Path, Policy]]:
    """Load the policy; where its admin port is taken (by another demo, say), yield a copy with a free one."""
    policy = load(str(path), read, list_files=list_files)
    settings = policy.settings
    if not settings.admin_host or is_free(settings.admin_host, settings.admin_port):
        yield path, policy
        return
    port = free_port(settings.admin_host, settings.admin_port + 1)
    with tempfile.TemporaryDirectory(prefix="parclose-demo-") as folder:
        copy = Path(folder) / path.parent.name
        shutil.copytree(path.parent, copy, ignore=shutil.ignore_patterns("decisions*"))
        text = path.read_text().replace(f":{settings.admin_port}", f":{port}")
        (copy / path.name).write_text(text)
        yield copy / path.name, load(str(copy / path.name), read, list_files=list_files)


def _command(policy: Path, wish: Wish, port: int, upstream_port: int) -> Sequence[str]:
    """Return the command line of the proxy."""
    tool = Path(sys.executable).parent / ("mitmweb" if wish.web else "mitmdump")
    if not LOADER.is_file() or not tool.is_file():
        raise CannotServe(f"`{LOADER if tool.is_file() else tool}` is missing; the demo is served from a clone")
    host = f"[{wish.host}]" if ":" in wish.host else wish.host
    web = ["--web-port", str(free_port(HOST, WEB_PORT)), "--no-web-open-browser"] if wish.web else []
    return [
        str(tool),
        *("-s", str(LOADER)),
        *("--mode", f"reverse:http://{HOST}:{upstream_port}@{host}:{port}"),
        *("--set", f"parclose_policy={policy}"),
        *web,
        *wish.rest,
    ]


def _stop_on_signal(proxy: asyncio.subprocess.Process) -> Callable[[], None]:
    """End the proxy on SIGINT and SIGTERM; return what undoes that."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            proxy.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)

    def undo() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    return undo


async def _get_ready(proxy: asyncio.subprocess.Process, policy: Policy, host: str, port: int) -> bool:
    """Wait until the proxy says that it serves; False when it ended instead.

    Twice in a row: the admin port may have been taken by another proxy a moment ago, which then answers in our name
    while ours is on its way out.

    Raises:
        CannotServe: it does neither in time.
    """
    admin = policy.settings.admin_host or HOST, policy.settings.admin_port
    deadline = asyncio.get_running_loop().time() + READY_S
    in_a_row = 0
    while asyncio.get_running_loop().time() < deadline:
        if proxy.returncode is not None:
            return False
        in_a_row = in_a_row + 1 if not is_free(host, port) and await _answers_ready(*admin) else 0
        if in_a_row == READY_TIMES:
            return True
        await asyncio.sleep(POLL_S)
    raise CannotServe(f"the proxy was not ready within {READY_S:.0f} s; see what it said above")


async def _answers_ready(host: str, port: int) -> bool:
    """Whether `/readyz` on the admin port answers 200."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(f"GET /readyz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            async with asyncio.timeout(1):
                line = await reader.readline()
        finally:
            writer.close()
    except (OSError, TimeoutError):
        return False
    return line.split()[1:2] == [b"200"]


async def _end(proxy: asyncio.subprocess.Process) -> None:
    """End the proxy if it still runs: asked first, then made to."""
    if proxy.returncode is not None:
        return
    proxy.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await proxy.wait()
    except TimeoutError:
        proxy.kill()
        await proxy.wait()


def _welcome(base_url: str, path: Path, held: state.State, policy: Policy) -> str:
    """Return what is printed when everything is ready."""
    admin = f"http://{policy.settings.admin_host}:{policy.settings.admin_port}"
    return "\n".join(
        [
            "",
            samples.render(base_url, held.folder),
            "",
            f"# ready: {base_url} is held to {path}; edit it and see it taken up",
            f"# state: {admin}/healthz  {admin}/metrics; decisions: {path.parent / state.FOLDER / 'decisions.jsonl'}",
            "# stop: Ctrl-C",
        ]
    )
