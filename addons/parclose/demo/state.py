"""What the demo needs and nobody may share: a signing key, an API key, a country database; made on first run.

Everything lies in the folder `.demo` beside the demo's policy, which ignores itself for version control. Secrets are
made once and kept; what follows from them is written anew each time, so that a lost file heals.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import netaddr  # type: ignore[import-untyped]  # ships no types
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from mmdb_writer import MMDBWriter

from parclose.testing import Signer, jwks

FOLDER = ".demo"
KEY_ID = "globex"
# Addresses set aside for documentation (RFC 5737, RFC 3849) and one real block, so that one machine can play them all.
COUNTRIES = {
    "DE": ("127.0.0.0/8", "::1/128", "203.0.113.0/24", "2001:db8::/32"),
    "FR": ("198.51.100.0/24",),
    "US": ("192.0.2.0/24",),
    "KP": ("175.45.176.0/22",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a demo holds: where, the key that signs its tokens, and the text of its one API key."""

    folder: Path
    signer: Signer
    api_key: str


def prepare(policy_folder: Path) -> State:
    """Make what is missing in `.demo` of the policy's folder, and return what there is.

    Raises:
        OSError: the folder cannot be written.
        ValueError: the key file there is no EC key.
    """
    folder = policy_folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    _write(folder / ".gitignore", b"*\n")
    signer = _signer(folder / "signing.pem")
    _write(folder / "jwks.json", jwks(signer).encode())
    text = _secret(folder / "partner.key", f"{KEY_ID}_{secrets.token_hex(24)}".encode).decode()
    record = {
        "id": KEY_ID,
        "hash": f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        "tenant": KEY_ID,
        "scopes": ["catalog:read"],
        "expires": "never",
    }
    _write(folder / "partners.yaml", f"- {json.dumps(record)}\n".encode())
    if not (folder / "country.mmdb").exists():
        _write_countries(folder / "country.mmdb")
    return State(folder=folder, signer=signer, api_key=text)


def _signer(path: Path) -> Signer:
    """Return the signer whose private key is kept in `path`, made when it is not there."""

    def make() -> bytes:
        return ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    key = serialization.load_pem_private_key(_secret(path, make), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"`{path}` holds no EC key; remove it and start again")
    # The key's id follows from the key, so that a new key is never taken for the old one in a cache.
    return Signer(key=key, kid=hashlib.sha256(path.read_bytes()).hexdigest()[:12])


def _secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return what the file holds, readable by its owner alone; made by `make` when it is not there."""
    if not path.exists():
        part = path.with_name(f"{path.name}.{os.getpid()}")
        part.touch(0o600, exist_ok=False)  # before there is anything to read in it
        part.write_bytes(make())
        try:
            os.link(part, path)  # whoever links first wins: two first runs at once agree on one secret
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return path.read_bytes()


def _write(path: Path, body: bytes) -> None:
    """Write a file whole, by rename, unless it already says that."""
    if path.exists() and path.read_bytes() == body:
        return
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_bytes(body)
    part.replace(path)


def _write_countries(path: Path) -> None:
    """Write a country database in the layout of MaxMind's, for both address families."""
    writer = MMDBWriter(ip_version=6, database_type="GeoLite2-Country", languages=["en"], ipv4_compatible=True)
    for code, prefixes in COUNTRIES.items():
        writer.insert_network(netaddr.IPSet(prefixes), {"country": {"iso_code": code}})
    part = path.with_name(f"{path.name}.{os.getpid()}")
    writer.to_db_file(str(part))
    part.replace(path)
