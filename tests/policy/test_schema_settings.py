"""Settings: text in, what was written or where it is wrong; and the defaults of the language."""

from __future__ import annotations

import pytest

from parclose.policy.schema_settings import SettingsSpec
from tests.policy.reading import decoded, mistakes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("listeners: {edge: {port: 1, kind: reverse}}", []),
        ("listeners: {edge: {port: 0, kind: reverse}}", [("TYP002", 1, 26)]),
        ("listeners: {edge: {port: 65535, kind: forward}}", []),
        ("listeners: {edge: {port: 65536, kind: forward}}", [("TYP002", 1, 26)]),
        ("listeners: {edge: {kind: reverse}}", [("TYP003", 1, 19)]),
        ("listeners: {edge: {port: 1, kind: socks}}", [("TYP002", 1, 35)]),
        ("listeners: {Edge: {port: 1, kind: reverse}}", [("TYP002", 1, 13)]),
        ("listeners: {edge: {port: 1, kind: reverse, client_cert: require}}", []),
        ("listeners: {edge: {port: 1, kind: reverse, client_cert: always}}", [("TYP002", 1, 57)]),
        ("client_ip: {from: x-forwarded-for, trusted_proxies: [office]}", []),
        ("client_ip: {from: proxy-protocol}", []),
        ("client_ip: {source: peer}", [("TYP001", 1, 13)]),
        ("envs: {prod: {hosts: [x.example], default: true}}", []),
        ("envs: {prod: {hosts: x.example}}", [("TYP002", 1, 22)]),
        ("sni: ignore", []),
        ("sni: off", [("TYP002", 1, 6)]),
        ("paths: {normalize: none}", [("TYP002", 1, 20)]),
        ("paths: {divergence: off}", []),
        ("admission: {max_path_segments: 0}", [("TYP002", 1, 32)]),
        ("admission: {max_path_segments: 1}", []),
        ("admission: {max_path_segments: 256}", []),
        ("admission: {max_path_segments: 257}", [("TYP002", 1, 32)]),
        ("admission: {per_ip: {burst: 5}}", [("TYP003", 1, 21)]),
        ("admission: {per_ip: ~, failed_auth: ~}", []),
        ("admission: {failed_auth: {rate: 20/min, key: subject}}", [("TYP002", 1, 46)]),
        ("reload: {watch: off, min_coverage: 50%}", []),
        ("reload: {watch: 250}", [("TYP002", 1, 17)]),
        ("reload: {on_invalid: deny}", [("TYP002", 1, 22)]),
        ("websocket: {max_message: 1MiB}", []),
        ("websocket: {max_message: 1}", [("TYP002", 1, 26)]),
        ("legacy_ratelimit_headers: true", []),
        ("legacy_ratelimit_headers: on", [("TYP002", 1, 27)]),
        ("limiter: {store: redis}", [("TYP002", 1, 18)]),
        ("admin: {listen: off}", []),
        ("admin: off", [("TYP002", 1, 8)]),
    ],
)
def test_what_is_written(content: str, expected: list[tuple[str, int, int]]) -> None:
    """Each bound has what is below, at and above it; what belongs to a later version is refused by name."""
    assert mistakes(SettingsSpec, content) == expected


def test_the_defaults_of_the_language() -> None:
    """What is not written is as the language says, and strict."""
    settings = decoded(
        SettingsSpec, "{paths: {}, reload: {}, client_ip: {}, admission: {failed_auth: {rate: 20/min}}, limiter: {}}"
    )
    assert settings.paths is not None
    assert settings.paths.model_dump() == {
        "normalize": "strict", "trailing_slash": "same", "case": "sensitive", "divergence": "reject",
    }  # fmt: skip
    assert settings.reload is not None
    assert settings.reload.model_dump() == {
        "watch": 0.25, "on_invalid": "keep-last-good", "require_tests": "pass", "min_coverage": 0.0,
    }  # fmt: skip
    assert settings.client_ip is not None
    assert settings.client_ip.source == "peer"
    assert settings.admission is not None
    assert (settings.admission.max_path_segments, settings.admission.max_uri) == (64, 8192)
    assert settings.admission.failed_auth is not None
    assert (settings.admission.failed_auth.key, settings.admission.failed_auth.block) == ("ip", 300.0)
    assert settings.limiter is not None
    assert (settings.limiter.store, settings.limiter.on_error, settings.sni) == (None, None, "match")
