"""A realm to guard: a policy folder with keys made at run time, tokens for it, the guard before it, its ledger."""

import asyncio
import json
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from parclose.testing import Signer, api_key, jwks
from tests.live.lab import DEADLINE_S, FOLDER, LOADER, POLL_S, Proxy, free_port, script
from tests.live.wire import Answer, Origin, exchange

HOST = "api.test"
ISSUER = "https://login.test"
AUDIENCE = "lab"
# Tests hammer from one address; what admission does is proven without a proxy.
SETTINGS = """\
  admin: {listen: "127.0.0.1:%d"}
  admission: {per_ip: {rate: 100000/s, burst: 100000}, failed_auth: {key: ip, rate: %s}}
"""
PARTIES = """\
issuers:
  login: {issuer: "%s", jwks_file: login.jwks.json, audience: [%s], algorithms: [ES256], require: [subject]}
api_keys:
  robots: {header: x-api-key, keys: [{id: robot, hash: "%s", client: robot, scopes: ["things:read"], expires: never}]}
clients:
  app: [{token: {issuer: login}}]
  robot: [{api_key: {store: robots}}]
scopes:
  "things:read": {about: See things}
  "things:write": {about: Change things}
"""
THINGS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    routes:
      read /open/**: public
      read /things/**: things:read
      write /things/**: things:write
"""
"""The segment that most tests guard: one public corner, one that needs a scope to read, another to write."""


def message(line: str, *headers: str, host: str = HOST, body: bytes = b"") -> bytes:
    """Return an HTTP/1.1 request: `GET /path`, header lines as they stand, Content-Length where there is a body."""
    lines = [f"{line} HTTP/1.1", *([f"Host: {host}"] if host else []), *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def loader(name: str, before: str = "", after: str = "") -> Path:
    """Write a script that is the real loader with something done before it, or to its `addons` after it."""
    real = f"import runpy\naddons = runpy.run_path({str(LOADER)!r})['addons']\n"
    return script(name, "\n".join([textwrap.dedent(before), real, textwrap.dedent(after)]))


class Realm:
    """A policy folder; `segments` and `more` are policy text, `settings` is text of that section, two blanks deep."""

    def __init__(
        self,
        segments: str = THINGS,
        *,
        settings: str = "",
        more: str = "",
        files: Mapping[str, str] | None = None,
        failed_auth: str = "100000/s, block: 1s",
    ) -> None:
        """Make the folder, the keys and the first policy."""
        self.folder = Path(tempfile.mkdtemp(prefix="realm-", dir=FOLDER))
        self.policy = self.folder / "policy.yaml"
        self.admin_port = free_port()
        self.signer = Signer.make("ES256")
        self.key, self._key_hash = api_key("robot")
        self._settings, self._more, self._failed_auth = settings, more, failed_auth
        (self.folder / "login.jwks.json").write_text(jwks(self.signer))
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        self.write(segments)

    def text(self, segments: str) -> str:
        """Return the whole policy around some segments."""
        parts = ["version: 1\nname: lab\nsettings:\n" + SETTINGS % (self.admin_port, self._failed_auth)]
        if self._settings:
            parts.append(textwrap.indent(textwrap.dedent(self._settings).strip(), "  ") + "\n")
        parts.append(PARTIES % (ISSUER, AUDIENCE, self._key_hash))
        return "".join([*parts, textwrap.dedent(self._more), textwrap.dedent(segments)])

    def write(self, segments: str) -> None:
        """Write the policy with these segments over the one that lies there."""
        self.policy.write_text(self.text(segments))

    def token(self, scope: str = "", *, subject: str = "u-1", ttl_s: float = 600, **claims: object) -> str:
        """Sign a token that is good now."""
        now = int(time.time())
        fixed = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "azp": "app", "iat": now, "exp": now + int(ttl_s)}
        return self.signer.token({**fixed, **({"scope": scope} if scope else {}), **claims})

    def bearer(self, scope: str = "things:read things:write", header: str = "Authorization", **claims: Any) -> str:
        """Return the header line with a good token."""
        return f"{header}: Bearer {self.token(scope, **claims)}"

    @property
    def ledger_path(self) -> Path:
        """Where the decisions are written."""
        return self.folder / "audit" / "decisions.jsonl"

    def ledger(self) -> list[dict[str, Any]]:
        """Return what the ledger holds: the part of each line that is a line of a corpus."""
        if not self.ledger_path.exists():
            return []
        whole = self.ledger_path.read_text().rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line.get("unmapped", {}).get("parclose", line) for line in lines]

    def decisions(self) -> list[dict[str, Any]]:
        """Return the lines of the ledger that say what was decided, one for each request."""
        return [line for line in self.ledger() if line.get("type") == "decision"]

    async def admin(self, path: str = "/readyz") -> Answer:
        """Ask the admin port; an answer without a status when nobody listens there."""
        try:
            return await exchange(self.admin_port, message(f"GET {path}", "Connection: close", host="localhost"))
        except OSError:
            return Answer(raw=b"", state="refused")


class Guard(Proxy):
    """mitmdump with Parclose before an origin; the body of `async with` runs once it says that it is ready."""

    def __init__(
        self,
        realm: Realm,
        *arguments: str,
        upstream: Origin | None = None,
        modes: Sequence[str] = (),
        scripts: Sequence[Path] = (LOADER,),
        waits: bool = True,
        **more: Any,
    ) -> None:
        """Choose the reverse mode before `upstream` unless `modes` says otherwise; `waits` for readiness."""
        chosen = modes or ([f"reverse:http://127.0.0.1:{upstream.port}"] if upstream else ["regular"])
        policy = ("--set", f"parclose_policy={realm.policy}")
        super().__init__(*policy, *arguments, modes=chosen, scripts=scripts, **more)
        self.realm, self._waits = realm, waits

    async def __aenter__(self) -> Self:
        """Start it and wait until it is ready."""
        await super().__aenter__()
        try:
            if self._waits:
                await self._until_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def _until_ready(self) -> None:
        """Poll the admin port."""
        deadline = asyncio.get_running_loop().time() + DEADLINE_S
        while not self.ended:
            if (await self.realm.admin("/readyz")).status == 200:
                return
            assert asyncio.get_running_loop().time() < deadline, "\n".join(["never ready:", *self.lines])
            await asyncio.sleep(POLL_S)
        raise AssertionError("\n".join(["the guard ended:", *self.lines]))

    async def ask(self, data: bytes, *, port: int | None = None, **more: Any) -> Answer:
        """Send bytes on a connection of their own and return the answer."""
        return await exchange(port or self.port, data, **more)
