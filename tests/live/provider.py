"""A real OpenID provider: the certified `oidc-provider` from the npm registry, over TLS, on loopback.

It comes into `.provider/`, once, at one version, and none of its packages' scripts run.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.house.tree import ROOT
from tests.live.certs import Certificate, make_certificate
from tests.live.lab import FOLDER, free_port, until

PLACE = ROOT / ".provider"
VERSION = "9.13.3"
SCRIPT = Path(__file__).with_suffix(".mjs")
NODE, NPM = shutil.which("node") or "", shutil.which("npm") or ""
JWT, OPAQUE = "https://api.test", "https://opaque.test"
BACK = "https://app.test/back"


def install() -> str:
    """Bring the provider here if it is not yet; return why that is not possible, or ""."""
    if not NODE or not NPM:
        return "node and npm are missing"
    package = PLACE / "node_modules" / "oidc-provider" / "package.json"
    if package.exists() and json.loads(package.read_text())["version"] == VERSION:
        return ""
    PLACE.mkdir(exist_ok=True)
    command = [NPM, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(PLACE)]
    done = subprocess.run(
        [*command, f"oidc-provider@{VERSION}"], capture_output=True, text=True, timeout=300, check=False
    )
    return "" if done.returncode == 0 else f"npm cannot install the OpenID provider: {done.stderr[-200:]}"


class Provider:
    """The provider as a child process; it keeps its port, its certificate and its keys when it is started again."""

    def __init__(self) -> None:
        """Choose a port and make a certificate."""
        self.ca: Certificate = make_certificate("provider-ca", is_ca=True)
        self._certificate = make_certificate("provider", self.ca)
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._folder = FOLDER / f"provider-{self.port}"
        self._folder.mkdir()
        self._log = self._folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        self._client = httpx.AsyncClient(verify=str(self.ca.chain), trust_env=False, timeout=20)
        return self

    async def __aexit__(self, *_: object) -> None:
        """End it."""
        self.kill()
        if self._client is not None:
            await self._client.aclose()

    async def start(self) -> None:
        """Start it and wait until it listens."""
        asked = {
            "folder": str(self._folder), "port": self.port, "modules": str(PLACE),
            "cert": str(self._certificate.chain), "key": str(self._certificate.key),
        }  # fmt: skip
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - starting is quick, and the output goes to a file
                [NODE, str(SCRIPT), json.dumps(asked)], stdout=output, stderr=subprocess.STDOUT, cwd=self._folder
            )
        await until(lambda: b"provider ready" in self._log.read_bytes(), "the provider")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def _post(self, path: str, **form: str) -> httpx.Response:
        assert self._client is not None
        return await self._client.post(self.url + path, data=form)

    async def rotate(self) -> str:
        """Let another key sign from now on; the one before stays published."""
        return (await self._post("/rotate")).text

    async def token(self, resource: str = JWT, scope: str = "things:read") -> str:
        """Return an access token by client credentials."""
        app = {"client_id": "app", "client_secret": "app-secret"}
        answer = await self._post("/token", grant_type="client_credentials", resource=resource, scope=scope, **app)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def code_flow(self, resource: str = JWT) -> dict[str, str]:
        """Return the tokens that a person gets who logs in with a browser."""
        assert self._client is not None
        self._client.cookies.clear()
        asked = {
            "client_id": "app", "response_type": "code", "redirect_uri": BACK, "scope": "openid things:read",
            "resource": resource, "state": "s", "prompt": "consent",
        }  # fmt: skip
        answer = await self._client.get(f"{self.url}/auth", params=asked)
        while not answer.headers["location"].startswith(BACK):
            answer = await self._client.get(httpx.URL(self.url).join(answer.headers["location"]))
        found = parse_qs(urlsplit(answer.headers["location"]).query)
        assert "code" in found, found
        answer = await self._post(
            "/token", grant_type="authorization_code", code=found["code"][0], redirect_uri=BACK, client_id="app",
            client_secret="app-secret", resource=resource,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def revoke(self, token: str) -> None:
        """Take a token back."""
        answer = await self._post("/token/revocation", token=token, client_id="app", client_secret="app-secret")
        assert answer.status_code == 200, answer.text


if __name__ == "__main__":

    async def main() -> None:
        """Say what it hands out, to look at."""
        async with Provider() as provider:
            print(await provider.token(), await provider.token(OPAQUE), await provider.code_flow(), sep="\n")

    asyncio.run(main())
