"""Routes that let in more than they seem to; each claim is sent through the engine."""

from __future__ import annotations

import pytest

from parclose.policy.lint.routes import is_reading
from tests.policy.lint.looking import NOW, found
from tests.policy.lint.sending import looked, quoted, sent, token

READ = '      "read /orders/**": orders:read\n'


def routes(*lines: str) -> tuple[str, str]:
    """Replace the routes of the base, below `GET /items`, which is public."""
    return READ, "".join(f"      {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ['"POST /orders": orders:write', '"read /**": authenticated'],
            [
                (
                    "POST /orders",
                    (
                        "`POST /orders` needs scope `orders:write`, but GET and HEAD on this path fall through to "
                        "`read /**`, which needs a valid credential: `GET https://shop.example/orders` gets in"
                    ),
                )
            ],
        ),
        (
            ['"PUT /orders/{id:int}": orders:write', '"DELETE /orders/{id}": orders:read'],
            [
                (
                    "PUT /orders/{id:int}",
                    (
                        "`PUT /orders/{id:int}` needs scope `orders:write`, but DELETE on this path falls through to "
                        "`DELETE /orders/{id}`, which needs scope `orders:read`: "
                        "`DELETE https://shop.example/orders/7` gets in"
                    ),
                )
            ],
        ),
        # The wider route asks for as much, for more, or for something else.
        (['"POST /orders": orders:write', '"read /**": orders:write'], []),
        (['"POST /orders": orders:read', '"read /**": orders:write'], []),
        (['"POST /orders": orders:write', '"read /**": {roles: {any: [admin]}}'], []),
        # Each method that would fall has a route of its own.
        (['"POST /orders": orders:write', '"GET /orders": orders:read', '"read /**": authenticated'], []),
        # A wildcard is wide itself, and OPTIONS changes nothing.
        (['"write /orders/**": orders:write', '"read /**": authenticated'], []),
        (['"read /orders": orders:read', '"write /orders": orders:write', '"OPTIONS /**": authenticated'], []),
        # It names the path itself, parameters and all.
        (['"POST /orders": orders:write', '"read /orders/**": authenticated'], []),
        (['"POST /a/{id}": orders:write', '"read /a/{other}/**": authenticated'], []),
        # What is writing is compared with what writes: reading may be public.
        (['"read /orders": authenticated', '"POST /orders": orders:write', '"write /**": orders:write'], []),
    ],
)
def test_falling_through(lines: list[str], expected: list[tuple[str, str]]) -> None:
    """RTE003: methods that a path does not have land on a wider route that asks less."""
    assert found("RTE003", routes(*lines)) == expected


def test_who_falls_through_gets_in() -> None:
    """The request that RTE003 quotes is let in by the wider route, without the scope."""
    policy, findings = looked("RTE003", routes('"POST /orders": orders:write', '"read /**": authenticated'))
    assert policy is not None
    assert sent(policy, quoted(findings[0]), token()) == "allow @shop via read /**"
    assert sent(policy, "POST https://shop.example/orders", token()) == "403 scope_missing @shop"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ['"GET /orders/health": public', '"read /orders/**": orders:read'],
            [
                (
                    "GET /orders/health",
                    (
                        "`GET /orders/health` needs no credential, where `read /orders/**` above it needs scope "
                        "`orders:read`: `GET https://shop.example/orders/health` gets in"
                    ),
                )
            ],
        ),
        # One method on the same path is more particular than all of them.
        (
            ['"GET /orders": orders:read', '"any /orders": orders:write'],
            [
                (
                    "GET /orders",
                    (
                        "`GET /orders` needs scope `orders:read`, where `any /orders` above it needs scope "
                        "`orders:write`: `GET https://shop.example/orders` gets in"
                    ),
                )
            ],
        ),
        # What grants the scope is enough for both.
        (['"GET /orders/a": {scopes: none, roles: {any: [admin]}}', '"read /orders/**": orders:read'], []),
        (['"GET /orders/a": orders:write', '"read /orders/**": orders:read'], []),
        (['"GET /orders/a": {roles: {any: [admin]}}', '"read /orders/**": authenticated'], []),
        # Beside it, not above it.
        (['"GET /orders": public', '"read /orders/{id}": orders:read', '"POST /**": orders:write'], []),
        # Only the next one above counts: this one is as open as the route itself.
        (['"GET /a/b/c": authenticated', '"GET /a/b/**": authenticated', '"GET /a/**": authenticated'], []),
    ],
)
def test_weaker_below(lines: list[str], expected: list[tuple[str, str]]) -> None:
    """RTE006: an exception that asks less than what it is cut out of."""
    assert found("RTE006", routes(*lines)) == expected


def test_who_asks_for_the_exception_gets_in() -> None:
    """The request that RTE006 quotes is let in without what the wider route needs."""
    policy, findings = looked("RTE006", routes('"GET /orders/health": public', '"read /orders/**": orders:read'))
    assert policy is not None
    assert sent(policy, quoted(findings[0])) == "allow @shop via GET /orders/health"
    assert sent(policy, "GET https://shop.example/orders/other") == "401 credential_missing @shop"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('"DELETE /x": orders:read', "`orders:read` is named for reading"),
        ('"any /x": orders:read', "`orders:read` is named for reading"),
        ('"POST /x": {scopes: {any: [orders:read, orders:write]}}', "`orders:read` is named for reading"),
        ('"POST /search/x": orders:read', "`orders:read` is named for reading"),
        ('"PUT /search": orders:read', "`orders:read` is named for reading"),
        ('"DELETE /x": orders:write', ""),
        ('"DELETE /x": {scopes: {all: [orders:read, orders:write]}}', ""),
        ('"DELETE /x": {scopes: orders:read, roles: {any: [admin]}}', ""),
        ('"DELETE /x": authenticated', ""),
        ('"read /x": orders:read', ""),
        # A question that is too long for a URL.
        ('"POST /search": orders:read', ""),
    ],
)
def test_written_by_readers(line: str, expected: str) -> None:
    """RTE004: a writing method that a scope named for reading suffices for."""
    said = found("RTE004", routes(line))
    assert [text for text, _ in said] == ([line.split('"')[1]] if expected else [])
    assert not said or said[0][1] == (
        f"`{line.split(chr(34))[1]}` writes, but {expected}: whoever was allowed to look may change things"
    )


@pytest.mark.parametrize(
    ("scope", "reads"),
    [
        ("orders:read", True),
        ("read:org", True),
        ("Files.Read.All", True),
        ("orders.readonly", True),
        ("orders:write", False),
        ("Files.ReadWrite", False),
        ("thread:reply", False),
        ("ready", False),
    ],
)
def test_which_scopes_are_named_for_reading(scope: str, reads: bool) -> None:
    """A word of the name says so, and none says otherwise."""
    assert is_reading(scope) == reads


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('"write /me/**": orders:write', [("write /me/**", "wildcard write route `write /me/**`")]),
        ('"any /**": orders:write', [("any /**", "wildcard write route `any /**`")]),
        ('"POST /up/**": orders:write', [("POST /up/**", "wildcard write route `POST /up/**`")]),
        ('"read /**": orders:read', []),
        ('"write /me/{id}": orders:write', []),
    ],
)
def test_wildcard_writes(line: str, expected: list[tuple[str, str]]) -> None:
    """RTE005: writes to whatever the service will have below a path."""
    assert found("RTE005", routes(line)) == expected


def test_a_shared_route_is_told_of_once() -> None:
    """Two segments with one route set: the set is written once, and so is what is said of it."""
    sets = (
        "segments:\n",
        'route_sets:\n  both:\n    "write /x/**": orders:write\n    "DELETE /y": orders:read\nsegments:\n',
    )
    own = (READ, "    route_sets: [both]\n")
    other = (
        "personas:",
        "  twin:\n    match: {hosts: [twin.example], clients: [web]}\n    route_sets: [both]\npersonas:",
    )
    for id_ in ("RTE004", "RTE005"):
        assert len(found(id_, sets, own, other)) == 1


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-05-31", "`GET /old` is past its sunset, 2026-05-31"),
        ("2026-06-01", "`GET /old` is past its sunset, 2026-06-01"),
        ("2026-06-02", ""),
    ],
)
def test_past_sunset(date: str, expected: str) -> None:
    """RTE012: at the first instant of the day its sunset has come."""
    said = found("RTE012", routes(f'"GET /old": {{scopes: orders:read, sunset: {date}}}'), now=NOW)
    assert said == ([(date, expected)] if expected else [])


def test_without_a_clock_nothing_is_past() -> None:
    """What only reloads never depends on the date."""
    assert found("RTE012", routes('"GET /old": {scopes: orders:read, sunset: 2020-01-01}'), now=None) == []
