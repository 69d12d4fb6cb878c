"""An editor without a screen: talks to the YAML language server that editors use, over its standard input and output.

The server comes from the npm registry into `.editor/`, once, at one version, and none of its packages' scripts run.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.house.tree import ROOT

FOLDER = ROOT / ".editor"
VERSION = "1.25.0"
PROGRAM = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
NODE, NPM = shutil.which("node") or "", shutil.which("npm") or ""
PATIENCE_S = 60.0
# Without schema store the server asks nobody else for schemas.
SETTINGS = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": False}}


def install() -> str:
    """Bring the server here if it is not yet; return why that is not possible, or ""."""
    if not NODE or not NPM:
        return "node and npm are missing"
    if PROGRAM.exists():
        return ""
    FOLDER.mkdir(exist_ok=True)
    command = [NPM, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(FOLDER)]
    done = subprocess.run(
        [*command, f"yaml-language-server@{VERSION}"], capture_output=True, text=True, timeout=300, check=False
    )
    return "" if done.returncode == 0 else f"npm cannot install the YAML language server: {done.stderr[-200:]}"


class Editor:
    """One session with the server; `async with Editor(folder)`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last_id = 0
        self._diagnostics: dict[str, list[dict[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        """Start the server and greet it."""
        self._process = await asyncio.create_subprocess_exec(
            NODE, str(PROGRAM), "--stdio",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        root = self._folder.as_uri()
        folders = [{"uri": root, "name": "policy"}]
        able = {"workspace": {"configuration": True}, "textDocument": {"completion": {"completionItem": {}}}}
        await self._ask(
            "initialize", {"processId": None, "rootUri": root, "capabilities": able, "workspaceFolders": folders}
        )
        await self._send({"method": "initialized", "params": {}})
        await self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": SETTINGS}})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the server."""
        self._process.kill()
        await self._process.wait()

    async def complaints(self, path: Path) -> list[tuple[int, str]]:
        """Open a file; return line (from 1) and words of everything that the server finds wrong with it."""
        uri = path.as_uri()
        text = await asyncio.to_thread(path.read_text)
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        await self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while uri not in self._diagnostics:
            await self._take()
        return [(each["range"]["start"]["line"] + 1, each["message"]) for each in self._diagnostics[uri]]

    async def offers(self, path: Path, line: int, column: int) -> set[str]:
        """Return what the server offers to write at a line and column (from 1) of an open file."""
        where = {"line": line - 1, "character": column - 1}
        found = await self._ask("textDocument/completion", {"textDocument": {"uri": path.as_uri()}, "position": where})
        items = found["items"] if isinstance(found, dict) else found or []
        return {item["label"] for item in items}

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._last_id += 1
        mine = self._last_id
        await self._send({"id": mine, "method": method, "params": params})
        while True:
            message = await self._take()
            if message.get("id") == mine and "method" not in message:
                return message["result"]

    async def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        await self._process.stdin.drain()

    async def _take(self) -> dict[str, Any]:
        """Take one message in, and answer what the server wants to know."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            head = await self._process.stdout.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            message: dict[str, Any] = json.loads(await self._process.stdout.readexactly(length))
        if "method" in message and "id" in message:
            result: Any = None
            if message["method"] == "workspace/configuration":
                result = [SETTINGS.get(item.get("section", ""), {}) for item in message["params"]["items"]]
            await self._send({"id": message["id"], "result": result})
        elif message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message
