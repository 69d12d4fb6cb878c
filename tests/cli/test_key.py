"""`parclose key`: if these fail, a key is weak, shown where it must not be, or its record does not fit a policy."""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from parclose.cli.app import app
from parclose.policy.load import load
from parclose.stores.files import read
from parclose.stores.keys import KeyVerifier
from tests.cli.kit import run

TEXT = "pk_a_" + "0123456789abcdef" * 2
POLICY = """
version: 1
name: keys
scopes: {orders:read: {}, "https://x.example/a": {}}
roles: {"admin.x": {}}
api_keys: {partners: {header: X-Key, file: keys.yaml, hash_env: PEPPER}}
clients: {partner: [{api_key: {store: partners}}]}
segments: {all: {match: {clients: [partner]}, routes: {"GET /x": authenticated}}}
"""


def hashed(text: str, *words: str, **env: str) -> tuple[int, str, str]:
    """Run `key hash` on a text, and return code, output and errors."""
    ran = CliRunner().invoke(app, ["key", "hash", *words], input=text, env={"NO_COLOR": "1", **env})
    return ran.exit_code, ran.stdout, ran.stderr


@pytest.mark.parametrize("pepper", ["", "salt"])
def test_a_new_key_is_taken_by_a_policy(pepper: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record is pasted as it is; the text, once printed, hashes to it."""
    monkeypatch.setenv("PEPPER", pepper or "unused")
    ran = run(
        "key", "new", "--id", "pk_new-1", "--client", "hub", "--tenant", 'a "b": {c}', "--scopes", "orders:read",
        "--scopes", "https://x.example/a,", "--roles", "admin.x", "--expires", "2027-01-31", "--about", "for: #1",
        *(["--pepper-env", "PEPPER"] if pepper else []),
    )  # fmt: skip
    assert ran.code == 0
    text, record = ran.out.splitlines()
    assert re.fullmatch(r"pk_new-1_[0-9a-f]{48}", text)
    held = {"/p/policy.yaml": POLICY.encode(), "/p/keys.yaml": record.encode()}
    key = load("/p/policy.yaml", held.__getitem__).key_stores["partners"].records["pk_new-1"]
    digest = hmac.digest(b"salt", text.encode(), "sha256") if pepper else hashlib.sha256(text.encode()).digest()
    assert (key.algorithm, key.digest) == ("hmac-sha256" if pepper else "sha256", digest)
    assert (key.client, key.tenant, key.roles) == ("hub", 'a "b": {c}', frozenset({"admin.x"}))
    assert key.scopes == {"orders:read", "https://x.example/a"}
    assert key.expires is not None
    assert text not in ran.err


def test_a_new_key_ends_and_is_no_other() -> None:
    """Without a date it is good for a year; two are never alike."""
    first, second = run("key", "new", "--id", "a").out, run("key", "new", "--id", "a").out
    assert re.search(r', expires: "20\d\d-\d\d-\d\d"\}$', first)
    assert first.splitlines()[0] != second.splitlines()[0]


@pytest.mark.parametrize(
    "words",
    [
        ("--id", "Upper"),
        ("--id", "a b"),
        ("--id", "a", "--expires", "tomorrow"),
        ("--id", "a", "--scopes", "a b"),
        ("--id", "a", "--pepper-env", "NO_SUCH_VARIABLE"),
    ],
)
def test_what_makes_no_key(words: tuple[str, ...]) -> None:
    """Bad usage, and no key is printed."""
    ran = run("key", "new", *words)
    assert (ran.code, ran.out) == (2, "")


def test_the_hash_of_a_key() -> None:
    """What a policy holds; one line end does not belong to the key."""
    wanted = f"sha256:{hashlib.sha256(TEXT.encode()).hexdigest()}\n"
    assert [hashed(TEXT + end)[:2] for end in ("", "\n", "\r\n")] == [(0, wanted)] * 3
    peppered = f"hmac-sha256:{hmac.digest(b'salt', TEXT.encode(), 'sha256').hex()}\n"
    assert hashed(TEXT, "--pepper-env", "P", P="salt")[:2] == (0, peppered)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no key"),
        ("secretwithoutid", "no key"),
        ("pk_", "no key"),
        (f"{TEXT}\nmore", "no key"),
        (f"{TEXT} ", "no key"),
        ("PK_" + "a" * 30, "no key"),
        ("pk_" + "a" * 21, "too short"),
    ],
)
def test_what_has_no_hash_is_not_repeated(text: str, words: str) -> None:
    """A mistyped key is a secret all the same."""
    code, out, err = hashed(text)
    assert (code, out) == (2, "")
    assert words in err
    assert not text or text.strip() not in err


def test_the_shortest_secret() -> None:
    """22 characters can hold 128 bits."""
    assert hashed("pk_" + "a" * 22)[0] == 0


def test_a_key_is_never_an_argument() -> None:
    """Other processes can read arguments, and shells remember them."""
    assert hashed("", TEXT)[0] == 2


STORE = POLICY.replace("{header: X-Key, file: keys.yaml, hash_env: PEPPER}", "{header: X-Key, file: keys.yaml}")


def place(folder: Path, keys: str, text: str = STORE) -> str:
    """Write the policy with its file of keys, and return its path."""
    (folder / "policy.yaml").write_text(text)
    (folder / "keys.yaml").write_text(keys)
    return str(folder / "policy.yaml")


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("pepper", ["", "salt"])
def test_a_record_goes_into_the_file_of_its_store(
    tmp_path: Path, end: str, pepper: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind what is there, comments too; the policy itself says which pepper there is."""
    monkeypatch.setenv("PEPPER", "salt")
    keys = f'# ours\n- {{id: a, hash: "sha256:{"0" * 64}", expires: never}}{end}'
    path = place(tmp_path, keys, POLICY if pepper else STORE)
    ran = run("key", "new", "--store", "partners", "--client", "Big Hub", "--scopes", "orders:read", "--policy", path)
    assert ran.code == 0, ran.err
    text = ran.out.rstrip("\n")
    assert re.fullmatch(r"big-hub-[0-9a-f]{8}_[0-9a-f]{48}", text)
    assert f"its record is in {tmp_path / 'keys.yaml'}" in ran.err
    kept = (tmp_path / "keys.yaml").read_text()
    assert kept.startswith(keys)
    assert text not in kept
    stores = load(path, read).key_stores
    assert KeyVerifier(stores, lambda _: "salt").verify("partners", text).state == "ok"
    assert stores["partners"].records[text.split("_", maxsplit=1)[0]].client == "Big Hub"


@pytest.mark.parametrize("keys", ["[]\n", f'[{{id: a, hash: "sha256:{"0" * 64}", expires: never}}]\n'])
def test_a_file_of_another_form_is_left_alone(tmp_path: Path, keys: str) -> None:
    """The record is printed, to be pasted."""
    path = place(tmp_path, keys)
    ran = run("key", "new", "--store", "partners", "--id", "b", "--policy", path)
    assert (ran.code, len(ran.out.splitlines())) == (0, 2)
    assert "paste its record into the keys of `partners`" in ran.err
    assert (tmp_path / "keys.yaml").read_text() == keys


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("--store", "partner"), "did you mean `partners`?", 2),
        (("--store", "partners", "--scopes", "orders:raed"), "REF003", 3),
        (("--store", "partners", "--id", "a"), "KEY004", 3),
    ],
)
def test_a_key_that_the_policy_would_refuse_is_not_made(
    tmp_path: Path, words: tuple[str, ...], says: str, code: int
) -> None:
    """Neither printed nor kept."""
    keys = f'- {{id: a, hash: "sha256:{"0" * 64}", expires: never}}\n'
    path = place(tmp_path, keys)
    ran = run("key", "new", *words, "--policy", path)
    assert (ran.code, ran.out, (tmp_path / "keys.yaml").read_text()) == (code, "", keys)
    assert says in ran.err
