"""A large policy in many files: 1,000 segments with 50 routes each, in 100 files of ten teams."""

from __future__ import annotations

from pathlib import Path

from parclose.testing import Signer, jwks
from tests.bench.decisions import ROUTES, SIZES

FILES = 100
SEGMENTS = SIZES[-1]
ROOT = """
version: 1
name: large
include: [{file: "teams/*.yaml", owner: teams, may: {hosts: ["*.example"]}}]
settings: {admin: {listen: "127.0.0.1:ADMIN"}, listeners: {edge: {port: PORT, kind: reverse}}}
issuers: {login: {issuer: "https://login", jwks_file: keys.json, audience: [api], algorithms: [ES256]}}
clients: {app: [{token: {issuer: login, client: [web]}}]}
scopes: {read: {}, write: {implies: [read]}}
"""


def write_policy(folder: Path, port: int, admin: int) -> Path:
    """Write the policy for a listener on `port`, and return its file."""
    (folder / "teams").mkdir(parents=True)
    (folder / "keys.json").write_text(jwks(Signer.make()))
    path = folder / "policy.yaml"
    path.write_text(ROOT.replace("PORT", str(port)).replace("ADMIN", str(admin)).lstrip("\n"))
    for number in range(FILES):
        (folder / "teams" / f"t{number:03}.yaml").write_text(_team(number))
    return path


def _team(number: int) -> str:
    each = SEGMENTS // FILES
    lines = ["segments:"]
    for segment in range(number * each, (number + 1) * each):
        lines.append(f"  s{segment}:\n    match: {{hosts: [s{segment}.example], clients: [app, anonymous]}}")
        lines.append("    limits: {steady: {key: subject|ip, rate: 1000000/s}}\n    routes:\n      GET /health: public")
        lines += [f'      "GET /v1/r{route}/{{id:int}}/items": read' for route in range(1, ROUTES)]
    return "\n".join(lines) + "\n"


def edit(folder: Path, turn: int) -> str:
    """Give the first team's public route another name, and return its path."""
    path = folder / "teams" / "t000.yaml"
    text = path.read_text()
    before = text[text.index("GET /health") :].split(":", 1)[0]
    path.write_text(text.replace(f"      {before}: public\n", f"      GET /health{turn}: public\n"))
    return f"/health{turn}"
