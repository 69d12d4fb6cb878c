"""What is missing from a segment, or stands in the wrong place."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found
from tests.policy.lint.sending import key, looked, sent, token

LIMITS = "    limits: {steady: {key: subject|ip, rate: 5/s, burst: 10}}\n"
MATCH = "    match: {hosts: [shop.example], clients: [web, anonymous]}\n"
READ = '      "read /orders/**": orders:read\n'
SEGMENTS = "segments:\n"
OTHER = '{hosts: [two.example], clients: [web]}\n    routes: {"GET /x": authenticated}\n'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ((LIMITS, ""), [("shop", "segment `shop` has no limits: one caller can take all there is")]),
        (
            (LIMITS, '      "PUT /a": {scopes: orders:write, limits: {own: {key: ip, rate: 1/s}}}\n'),
            [("shop", "segment `shop` has no limit on `GET /items` and 1 more: one caller can take all there is")],
        ),
        ((LIMITS, LIMITS.replace("subject|ip", "ip")), []),
        # Tried out, and so not in force yet: it is not forgotten.
        ((LIMITS, LIMITS + "    log_only: [limits]\n"), []),
    ],
)
def test_limitless(change: tuple[str, str], expected: list[tuple[str, str]]) -> None:
    """SEG005: a route on which nothing holds a caller back."""
    assert found("SEG005", change) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], [("shop", "segment `shop` has no `about`")]),
        ([(MATCH, "    about: The shop\n" + MATCH)], []),
        # Who answers for it is asked only where somebody answers for another.
        (
            [
                (MATCH, "    about: The shop\n" + MATCH),
                (SEGMENTS, f"segments:\n  two:\n    owner: us\n    match: {OTHER}"),
            ],
            [("two", "segment `two` has no `about`"), ("shop", "segment `shop` has no `owner`")],
        ),
        ([(MATCH, "    about: The shop\n    owner: we\n" + MATCH)], []),
    ],
)
def test_nameless(changes: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    """SEG006: reports and alerts quote what a segment is for, and whose it is."""
    assert sorted(found("SEG006", *changes)) == sorted(expected)


@pytest.mark.parametrize(
    ("match", "more", "expected"),
    [
        ("zones: [office]", "", ["zones"]),
        ("geo: [nordic]", "", ["geo"]),
        ("zones: [office], geo: [nordic]", "", ["zones", "geo"]),
        ("roles: [admin]", "", []),
        # Where there is another segment to choose, choosing by the address is what this is for.
        ("zones: [office]", MATCH.replace("    match: ", "").strip(), []),
        # Another method is another surface.
        ("zones: [office], methods: [GET]", "{hosts: [shop.example], clients: [web], methods: [PUT]}", ["zones"]),
    ],
)
def test_selected_by_address(match: str, more: str, expected: list[str]) -> None:
    """SEG007: an address that chooses nothing only turns people away, late and without a word."""
    other = f'  two:\n    match: {more}\n    routes: {{"any /orders": authenticated}}\n' if more else ""
    clients = MATCH.replace("web, anonymous]", f"web], {match}")
    public = ('      "GET /items": public\n', "")
    assert [text for text, _ in found("SEG007", (MATCH, clients), public, (SEGMENTS, SEGMENTS + other))] == expected


def test_outsiders_hear_of_the_caller_not_of_the_address() -> None:
    """What SEG007 says of outsiders is what they get, and `network` tells them the zone."""
    match = MATCH.replace("web, anonymous]", "web], zones: [office]")
    policy, findings = looked("SEG007", (MATCH, match), ('      "GET /items": public\n', ""))
    assert findings[0].message == (
        "`match.zones` chooses between segments, but `shop` is alone on its surface: outsiders get 403 "
        "caller_not_allowed, after their credential was looked at"
    )
    assert policy is not None
    assert sent(policy, "GET https://shop.example/orders/1", token()) == "403 caller_not_allowed @shop"
    better = MATCH.replace("web, anonymous]}\n", "web]}\n    network: {allow: [office]}\n")
    policy, findings = looked("SEG007", (MATCH, better), ('      "GET /items": public\n', ""))
    assert findings == []
    assert policy is not None
    assert sent(policy, "GET https://shop.example/orders/1", token()) == "403 zone_denied @shop"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("hosts: [shop.example], ", "")], "`GET /items` is public on any host"),
        ([('"GET /items": public', '"read /**": open')], "`read /**` is open on every path"),
        (
            [("hosts: [shop.example], ", ""), ('"GET /items": public', '"read /**": public')],
            "`read /**` is public on every path of any host",
        ),
        ([("[shop.example]", '["*.example"]')], ""),
        ([('"GET /items": public', '"read /items/**": public')], ""),
        ([("hosts: [shop.example], ", ""), ('"GET /items": public', '"GET /items": authenticated')], ""),
        # What leaves by a forward listener lies with others.
        ([("hosts: [shop.example], ", "listeners: [out], ")], ""),
    ],
)
def test_public_everywhere(changes: list[tuple[str, str]], expected: str) -> None:
    """SEG012: public on any host, or on every path."""
    tests = ('"GET https://shop.example/items": allow @shop', "GET https://shop.example/items: allow")
    sentence = f"{expected}: what is put behind this proxy later is open at once"
    assert found("SEG012", *changes, tests) == ([(expected.split("`")[1], sentence)] if expected else [])


@pytest.mark.parametrize(
    ("line", "need", "below"),
    [
        ('"any /**": authenticated', "nothing beyond a valid token", "/"),
        ('"POST /up/**": {scopes: none}', "nothing beyond a valid token", "/up/"),
        ('"write /up/**": public', "no credential at all", "/up/"),
        ('"write /up/**": orders:write', "", ""),
        ('"write /up/**": {roles: {any: [admin]}}', "", ""),
        ('"write /up/{team}/**": {bind: {team: attribute.team}}', "", ""),
        ('"write /up/{id}": authenticated', "", ""),
        ('"read /**": authenticated', "", ""),
    ],
)
def test_writable_by_anybody(line: str, need: str, below: str) -> None:
    """SEG013: a wildcard write route without scope, role or binding."""
    said = f"writes need {need}: whoever may enter `shop` may change everything below `{below}`"
    assert found("SEG013", (READ, f"      {line}\n")) == ([(line.split('"')[1], said)] if need else [])


@pytest.mark.parametrize(
    ("clients", "roles", "proof"),
    [("[partner]", "", "API key"), ("[web, partner]", "", "credential"), ("[web], roles: [admin]", "", "")],
)
def test_what_writers_prove(clients: str, roles: str, proof: str) -> None:
    """The sentence names the one kind of proof; a role by which a segment is chosen is more than that."""
    public = ('      "GET /items": public\n', "")
    match = (MATCH, MATCH.replace("[web, anonymous]", clients))
    said = found("SEG013", match, public, (READ, '      "any /**": authenticated\n'))
    assert [sentence.partition(":")[0] for _, sentence in said] == (
        [f"writes need nothing beyond a valid {proof}"] if proof else []
    )


def test_whoever_enters_may_write() -> None:
    """What SEG013 claims is what the engine does: any token of the segment's client, no scope."""
    policy, findings = looked("SEG013", (READ, '      "any /**": authenticated\n'))
    assert len(findings) == 1
    assert policy is not None
    assert sent(policy, "DELETE https://shop.example/whatever/there/is", token()) == "allow @shop via any /**"
    assert sent(policy, "DELETE https://shop.example/whatever/there/is", key()) == "401 credential_missing @shop"


def test_positions_are_those_of_the_example() -> None:
    """The key of a route, at its quote, in a mapping of one line too."""
    routes = "    routes:\n" + '      "GET /items": public\n' + READ
    _, findings = looked("SEG013", (routes, '    routes: {"any /**": authenticated}\n'))
    assert [(finding.line, finding.column) for finding in findings] == [(34, 14)]
