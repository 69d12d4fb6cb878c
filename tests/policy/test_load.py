"""Loading: one way in, all mistakes at once, and nothing but `PolicyError` for whatever is in the files."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.errors import PolicyError
from tests.policy.shop import BASE, changed, findings, ids, load_text, one


def test_a_good_policy_loads() -> None:
    """The base of all other tests is valid, and its files are named for the watcher."""
    policy = load_text(BASE)
    assert (policy.name, policy.files) == ("shop", ("/p/policy.yaml", "/p/keys.json"))
    assert len(policy.revision) == 12


def test_the_revision_is_over_everything_that_was_read() -> None:
    """A changed key file is another revision; the same files are the same one."""
    other = '{"keys": [{"kty": "EC", "crv": "P-256", "kid": "b", "x": "eA", "y": "eQ"}]}'
    assert load_text(BASE).revision == load_text(BASE).revision
    assert load_text(BASE, {"keys.json": other}).revision != load_text(BASE).revision
    assert load_text(BASE + "# a comment\n").revision != load_text(BASE).revision


def test_all_mistakes_are_reported_at_once() -> None:
    """One pass shows every mistake it can see, in the order of the file."""
    text = changed(
        ("clients: [web, anonymous]", "clients: [wbe, anonymous]"),
        ("orders:read\n    limits", "order:read\n    limits"),
        ("{issuer: login, client: [web]}", "{issuer: logn}"),
    )
    assert ids(text) == ["REF001", "REF001", "REF003"]


@pytest.mark.parametrize(
    ("content", "id_"),
    [
        (b"", "TYP002"),
        (b"\n# nothing\n", "TYP002"),
        (b"~\n", "TYP002"),
        (b"\xff\xfe", "YML001"),
        (b"version: 1\nname: \xe9\n", "YML001"),
        (b"a: \x00", "YML001"),
        (b"- 1", "TYP002"),
        (b"just text", "TYP002"),
        (b"{}", "TYP003"),
        (b"version: 2", "TYP002"),
        (b"version: 1\n---\nversion: 1", "YML001"),
        (b"\x1f\x8b\x08 gz", "YML001"),
    ],
)
def test_bad_content_is_a_finding_with_a_place(content: bytes, id_: str) -> None:
    """Empty, binary and foreign files are the author's mistake, at a place in the file."""
    with pytest.raises(PolicyError) as caught:
        load_text_bytes(content)
    assert [finding.id for finding in caught.value.findings] == [id_]
    assert all(finding.line >= 1 and finding.column >= 1 and finding.file for finding in caught.value.findings)


def load_text_bytes(content: bytes) -> object:
    """Load bytes as the policy file."""
    from parclose.policy.load import load

    return load("policy.yaml", lambda path: content)


def test_a_missing_policy_is_a_finding() -> None:
    """A policy file that is not there is refused as one, with its name."""
    from parclose.policy.load import load

    def read(path: str) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", path)

    with pytest.raises(PolicyError, match=r"policy\.yaml:1:1  REF005  file `policy\.yaml`: no such file"):
        load("some/policy.yaml", read)


def test_a_bomb_of_aliases_is_refused_quickly() -> None:
    """10 MB of aliases neither take long nor grow; the place of the alias that was too much is named."""
    text = "a: &a [1, 2, 3]\nb: [" + "*a, " * 2_500_000 + "]\n"
    started = time.perf_counter()
    assert one(text).id == "YML004"
    assert time.perf_counter() - started < 5
    nested = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(9)
    )
    assert one(nested).id == "YML004"


def test_a_foreign_file_does_not_flood() -> None:
    """Ten thousand unknown keys give a bounded number of findings."""
    assert len(findings("version: 1\n" + "".join(f"k{n}: 1\n" for n in range(10_000)))) == 200


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIiwiYSI6MX0.MEUCIQDabcdefgh",
        "-----BEGIN " + "PRIVATE KEY-----",
        "ghp_" + "a" * 36,
        "AKIA" + "A" * 16,
    ],
)
def test_what_looks_like_a_secret_is_refused_anywhere(secret: str) -> None:
    """A secret is found in any text, a comment too."""
    assert one(f"{BASE}# {secret}\n").id == "KEY001"


WORDS = st.sampled_from(
    [
        *BASE.split(),
        "{",
        "}",
        "[",
        "]",
        "&a",
        "*a",
        "<<:",
        "!!map",
        "|",
        ">",
        "~",
        "null",
        "\t",
        "\n  ",
        ": ",
        "- ",
        '"',
        "'",
        "#",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_words_in_any_order_give_nothing_but_findings(words: list[str]) -> None:
    """Rubbish made of the language's own words never raises anything but `PolicyError`."""
    findings("version: 1\n" + " ".join(words))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(BASE) - 1), st.integers(1, 60), st.text(max_size=12))
def test_a_damaged_policy_gives_nothing_but_findings(start: int, length: int, put: str) -> None:
    """A policy with a piece torn out and rubbish put in never raises anything but `PolicyError`."""
    findings(BASE[:start] + put + BASE[start + length :])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_give_nothing_but_findings(content: bytes) -> None:
    """No bytes at all raise anything but `PolicyError`."""
    with pytest.raises(PolicyError):
        load_text_bytes(content)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([line.strip().partition(":")[0] for line in BASE.splitlines() if ":" in line]), st.data())
def test_any_value_under_any_key_gives_nothing_but_findings(key: str, data: st.DataObject) -> None:
    """A value of the wrong kind under a known key never raises anything but `PolicyError`."""
    value = data.draw(
        st.sampled_from(["[]", "{}", "~", "''", "[[]]", "[{}]", "{a: b}", "[a]", "5", "{'': {}}", "[~]", "{a: ~}"])
    )
    lines = [
        f"{line.partition(':')[0]}: {value}" if line.strip().startswith(key + ":") else line
        for line in BASE.splitlines()
    ]
    findings("\n".join(lines))
