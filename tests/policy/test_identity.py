"""Who is which client type: what a recogniser takes, and that the first one that does decides."""

from __future__ import annotations

import pytest

from parclose.policy.identity import ClaimMap, Clients, Issuer, KeyRecord, Recogniser

ISSUED = Recogniser(client_type="web", issuer="login")
NAMED = Recogniser(client_type="web", issuer="login", exact=frozenset({"web"}), prefixes=("app-",), conditions=2)
KEYED = Recogniser(client_type="ci", store="keys")
ONE_KEY = Recogniser(client_type="ci", store="keys", ids=frozenset({"k1"}), conditions=2)
BOTH = Recogniser(client_type="bank", issuer="login", store="keys", conditions=2)


@pytest.mark.parametrize(
    ("recogniser", "proven", "accepts"),
    [
        (ISSUED, ("login", "", "", ""), True),
        (ISSUED, ("login", "anything", "", ""), True),
        (ISSUED, ("other", "anything", "", ""), False),
        (ISSUED, ("", "", "", ""), False),
        (NAMED, ("login", "web", "", ""), True),
        (NAMED, ("login", "we", "", ""), False),
        (NAMED, ("login", "web2", "", ""), False),
        (NAMED, ("login", "app-", "", ""), True),
        (NAMED, ("login", "app-7", "", ""), True),
        (NAMED, ("login", "app", "", ""), False),
        (NAMED, ("login", "", "", ""), False),
        (NAMED, ("other", "web", "", ""), False),
        (KEYED, ("", "", "keys", "k9"), True),
        (KEYED, ("", "", "", ""), False),
        (KEYED, ("login", "web", "", ""), False),
        (ONE_KEY, ("", "", "keys", "k1"), True),
        (ONE_KEY, ("", "", "keys", "k9"), False),
        (ONE_KEY, ("", "", "keys", ""), False),
        (BOTH, ("login", "x", "keys", "k1"), True),
        (BOTH, ("login", "x", "", ""), False),
        (BOTH, ("", "", "keys", "k1"), False),
    ],
)
def test_what_a_recogniser_takes(recogniser: Recogniser, proven: tuple[str, str, str, str], accepts: bool) -> None:
    """Everything that is set must hold; what was not proven never does."""
    issuer, client, store, key_id = proven
    assert recogniser.accepts(issuer=issuer, client=client, store=store, key_id=key_id) is accepts


@pytest.mark.parametrize(
    ("issuer", "client", "expected"),
    [("login", "web", "web"), ("login", "tool", "any"), ("other", "web", "unrecognized"), ("", "", "unrecognized")],
)
def test_the_first_recogniser_decides(issuer: str, client: str, expected: str) -> None:
    """Whoever is more particular stands first; nobody recognised is not an error but a type of its own."""
    clients = Clients(recognisers=(NAMED, Recogniser(client_type="any", issuer="login")))
    assert clients.recognise(issuer=issuer, client=client, store="", key_id="") == expected


def test_nobody_is_recognised_by_default() -> None:
    """An empty set of client types knows nobody."""
    assert Clients().recognise(issuer="login", client="web", store="keys", key_id="k1") == "unrecognized"


def test_the_defaults_of_an_issuer_are_the_strict_ones() -> None:
    """Half a minute of leeway, a subject, and the usual claims unless the policy says otherwise."""
    issuer = Issuer(
        name="login", iss="https://login.example", audience=frozenset({"shop"}), algorithms=frozenset({"ES256"}),
        keys=(), keys_digest="",
    )  # fmt: skip
    assert (issuer.leeway_s, issuer.max_age_s, issuer.require) == (30.0, None, ("subject",))
    assert issuer.claims == ClaimMap(
        subject=(("sub",),), client=(("azp",), ("client_id",)), scopes=(("scope",), ("scp",)), roles=(("roles",),)
    )


def test_a_key_record_does_not_print_its_hash() -> None:
    """The hash of a key reaches no log by way of a traceback."""
    assert "736563726574" not in repr(KeyRecord(id="k1", algorithm="sha256", digest=b"secret"))
    assert "secret" not in repr(KeyRecord(id="k1", algorithm="sha256", digest=b"secret"))
