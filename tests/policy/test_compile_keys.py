"""Key sets and API keys: public halves and hashes only."""

from __future__ import annotations

import pytest

from parclose.policy.compile_keys import plain
from tests.policy.shop import BASE, DIGEST, KEYS, findings, load_text, said
from tests.policy.test_reader import read

KEY = f'{{id: pk_a, hash: "sha256:{DIGEST}", tenant: a, expires: never}}'


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (KEYS.replace('"x":', '"d": "AA", "x":'), [("KEY001", "d")]),
        ('{"keys": [{"kty": "oct", "k": "AA"}]}', [("KEY001", "k")]),
        ('{"keys": [{"kty": "EC", "crv": "P-256", "x": "eA"}]}', [("REF005", "{")]),
        ('{"keys": [{"kty": "XX"}]}', [("REF005", "{")]),
        ('{"keys": []}', [("REF005", "k")]),
        ("[]", [("REF005", "k")]),
        ('{"keys": [1]}', [("REF005", "1")]),
        ('{"keys": [', [("YML001", "[")]),
        ("", [("TYP002", "")]),
    ],
)
def test_key_files(keys: str, found: list[tuple[str, str]]) -> None:
    """A private or broken key is shown inside the key file."""
    assert [(id_, word[:9]) for id_, word in said(files={"keys.json": keys})] == found


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (KEY.replace(f"sha256:{DIGEST}", f"md5:{DIGEST[:32]}"), ["KEY002"]),
        (KEY.replace(f"sha256:{DIGEST}", DIGEST[:32]), ["KEY002"]),
        (KEY.replace(f"sha256:{DIGEST}", f"sha256:{DIGEST[:63]}"), ["KEY002"]),
        (KEY.replace(f"sha256:{DIGEST}", f"sha256:{DIGEST}0"), ["KEY002"]),
        (KEY.replace(f"sha256:{DIGEST}", "$2b$12$abcdef"), ["KEY002"]),
        (KEY.replace(f"sha256:{DIGEST}", "pk_a_Hunter2Hunter2"), ["KEY001"]),
        (KEY.replace("sha256:", "hmac-sha256:"), ["KEY002"]),
        (KEY.replace("never", "soon"), ["TYP002"]),
        (KEY.replace(", expires: never", ""), ["TYP003"]),
        (KEY.replace("pk_a", "PK A"), ["TYP002"]),
        (f"{KEY}, {KEY}", ["KEY004"]),
        (f"{KEY}, {KEY.replace('pk_a', 'pk_b')}", ["KEY004"]),
        (KEY.replace("tenant: a", "scopes: [order:read]"), ["REF003"]),
        (KEY.replace("tenant: a", "roles: [boss]"), ["REF001"]),
        (KEY.replace("tenant: a", "zones: [nowhere]"), ["REF001"]),
    ],
)
def test_key_records(record: str, found: list[str]) -> None:
    """Each weak, malformed or doubled record, and one that was pasted in clear."""
    assert [id_ for id_, _ in said((KEY, record))] == found


def test_a_secret_in_clear_is_not_repeated_in_values() -> None:
    """What was pasted instead of a hash is in no field of the finding but the author's own line."""
    text = BASE.replace(f"sha256:{DIGEST}", "pk_a_Hunter2Hunter2")
    (found,) = findings(text)
    assert "Hunter2" not in f"{found.message}{found.fix}{found.found}{found.expected}"


@pytest.mark.parametrize(
    ("store", "found"),
    [
        (f"{{keys: [{KEY}]}}", ["TYP003"]),
        (f"{{header: X, query: y, keys: [{KEY}]}}", ["TYP003"]),
        ("{header: X}", ["TYP003"]),
        ("{header: X, file: none.yaml}", ["REF005"]),
    ],
)
def test_key_stores(store: str, found: list[str]) -> None:
    """A store looks in one place, and has its keys in one."""
    assert [id_ for id_, _ in said((f"{{header: X-Api-Key, keys: [{KEY}]}}", store))] == found


def test_keys_from_a_file() -> None:
    """A file of records is read, its mistakes shown in it; the header is compared in lower case."""
    change = (f"{{header: X-Api-Key, keys: [{KEY}]}}", "{header: X-Api-Key, file: k.yaml}")
    assert said(change, files={"k.yaml": f"- {KEY}\n- {{id: x}}\n"}) == [("TYP003", "{"), ("TYP003", "{")]
    policy = load_text(BASE.replace(*change), {"k.yaml": f"- {KEY.replace('never', '2027-01-31')}\n"})
    store = policy.key_stores["partners"]
    assert (store.header, list(store.records)) == ("x-api-key", ["pk_a"])
    assert store.records["pk_a"].expires == 1801353600.0
    assert "/p/k.yaml" in policy.files


def test_claims_are_what_json_would_make_of_them() -> None:
    """Unquoted numbers and booleans of a persona's claims are such; quoted ones are text."""
    node, _ = read("{a: 1, b: '1', c: true, d: [x, 2.5], e: ~, f: 0600, g: NO}")
    assert plain(node) == {"a": 1, "b": "1", "c": True, "d": ["x", 2.5], "e": None, "f": "0600", "g": "NO"}
