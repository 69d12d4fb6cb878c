"""What the demo makes on its first run: if these fail, it makes keys anew each time, or leaves them to be read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from parclose.demo.state import prepare
from parclose.stores.geoip import GeoAtlas


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    """A second run has the same key and the same API key."""
    first, second = prepare(tmp_path), prepare(tmp_path)
    assert (first.api_key, first.signer.jwk) == (second.api_key, second.signer.jwk)


def test_secrets_are_their_owner_s_alone(tmp_path: Path) -> None:
    """The folder, the private key and the API key can be read by nobody else; version control ignores all of it."""
    folder = prepare(tmp_path).folder
    assert [oct((folder / name).stat().st_mode & 0o777) for name in (".", "signing.pem", "partner.key")] == [
        "0o700",
        "0o600",
        "0o600",
    ]
    assert (folder / ".gitignore").read_text() == "*\n"


def test_what_follows_from_the_secrets_heals(tmp_path: Path) -> None:
    """Key set, key records and database are written again when they are gone or of another key."""
    held = prepare(tmp_path)
    for name in ("jwks.json", "partners.yaml", "country.mmdb"):
        (held.folder / name).unlink()
    (held.folder / "signing.pem").unlink()
    again = prepare(tmp_path)
    assert json.loads((held.folder / "jwks.json").read_text()) == {"keys": [again.signer.jwk]}
    assert again.signer.kid != held.signer.kid
    digest = hashlib.sha256(again.api_key.encode()).hexdigest()
    assert f"sha256:{digest}" in (held.folder / "partners.yaml").read_text()


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("127.0.0.1", "DE"),
        ("::1", "DE"),
        ("198.51.100.7", "FR"),
        ("192.0.2.1", "US"),
        ("175.45.176.9", "KP"),
        ("8.8.8.8", None),
    ],
)
def test_one_machine_can_play_every_country(tmp_path: Path, address: str, country: str | None) -> None:
    """The database is one that the live atlas reads."""
    folder = prepare(tmp_path).folder
    assert GeoAtlas(str(folder / "country.mmdb")).locate(address).country == country


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """Nothing is half made where nothing can be made."""
    with pytest.raises(OSError, match="nowhere"):
        prepare(tmp_path / "nowhere")
