"""Guardrails: what is proven, what is not and why; each row is a guardrail and pieces of the policy, findings out."""

from __future__ import annotations

import pytest

from parclose.policy.lint.guardrails import LOOKS
from tests.policy.lint.looking import examined
from tests.policy.shop import changed

# A segment that only administrators on the VPN reach, beside the public shop; tests loosen it piece by piece.
BACK = """\
segments:
  back:
    match: {hosts: [back.example], clients: [web]}
    network: {allow: [vpn]}
    roles: {any: [admin]}
    routes:
      "read /**": authenticated
      "write /**": orders:write
    limits: {steady: {key: subject|ip, rate: 5/s}}
"""
BACK_NEVER = 'never: "any https://back.example/**", unless: '
VPN_ADMIN = BACK_NEVER + "{zones: [vpn], roles: [admin]}"

ANYBODY = ("clients: [web]}\n    net", "clients: [web, anonymous]}\n    net")
STRANGERS = ("clients: [web]}\n    net", "clients: [web, unrecognized]}\n    net")
NO_ROLE = ("    roles: {any: [admin]}\n", "")
MORE_SCOPES = ("scopes:\n", "scopes:\n  nothing: {}\n")


def said(guardrail: str, *changes: tuple[str, str]) -> list[tuple[str, str, str]]:
    """Return id, severity and sentence of what is found about one guardrail."""
    text = changed(("segments:\n", BACK), *changes) + f"guardrails:\n  - {{id: rail, {guardrail}}}\n"
    wanted = {finding_id for look in LOOKS for finding_id in look.ids}
    findings = examined(text).findings
    assert [each.render() for each in findings if each.blocks and each.id not in wanted] == []
    return [
        (each.id, each.severity, each.message)
        for each in findings
        if each.id in wanted and (each.id != "SEG005" or each.blocks)
    ]


@pytest.mark.parametrize(
    ("guardrail", "changes"),
    [
        (VPN_ADMIN, ()),
        # Zones by addresses: a narrower one is inside, and what is denied never comes.
        (BACK_NEVER + "{zones: [vpn, office]}", ()),
        (VPN_ADMIN, (("allow: [vpn]", "allow: [vpn, office], deny: [office]"),)),
        (VPN_ADMIN, (("hosts: [back.example], clients", "hosts: [back.example], zones: [vpn], clients"),)),
        # Roles and scopes by inclusion, with what roles grant and scopes imply.
        ('never: "write https://back.example/**", unless: {scopes: [orders:read]}', ()),
        (BACK_NEVER + "{scopes: {all: [orders:read, orders:write]}}", ()),
        (BACK_NEVER + "{roles: {all: [admin]}}", ()),
        (VPN_ADMIN, (NO_ROLE, ("clients: [web]}\n    net", "clients: [web], roles: [admin]}\n    net"))),
        # Client types by subset; a route that asks for a credential lets in nobody without.
        (BACK_NEVER + "{clients: [web]}", ()),
        (BACK_NEVER + "{clients: [any]}", (ANYBODY,)),
        # Countries by inclusion.
        (
            BACK_NEVER + "{geo: [nordic]}",
            (("allow: [vpn]", "allow: [vpn], allow_geo: [DK, NO, DE], deny_geo: [DE]"),),
        ),
        # Another method, path or segment is not spoken of.
        ('never: "POST https://shop.example/**", unless: {roles: [admin]}', ()),
        ('never: "any https://shop.example/admin/**", unless: {roles: [admin]}', ()),
        ('never: "any https://*.example/**", unless: {zones: [vpn]}, only_in: [back]', ()),
        # A more particular surface takes what the wider one seems to have.
        (
            'never: "any https://shop.example/orders/big/**", unless: {zones: [vpn]}',
            (("hosts: [back.example]", "hosts: [back.example, shop.example], paths: [/orders/big/**]"),),
        ),
        # And so does a more particular route.
        (
            'never: "GET https://back.example/keys", unless: {scopes: [orders:write]}',
            (('      "read /**"', '      "GET /keys": orders:write\n      "read /**"'),),
        ),
        ("require: {segments: {limits: set, authn: set}}", ()),
        ("require: {segments: {network: set, roles: set}}, only_in: [back]", ()),
    ],
)
def test_what_is_proven(guardrail: str, changes: tuple[tuple[str, str], ...]) -> None:
    """Nothing is said of a guardrail that holds."""
    assert said(guardrail, *changes) == []


@pytest.mark.parametrize(
    ("guardrail", "changes", "words"),
    [
        (VPN_ADMIN, (("    network: {allow: [vpn]}\n", ""),), "zones: wants an address in `vpn`, it lets in 0.0.0.0"),
        (VPN_ADMIN, (("allow: [vpn]", "allow: [vpn, office]"),), "it lets in 198.51.100.0"),
        (VPN_ADMIN, (("allow: [vpn]", "deny: [office]"),), "zones: wants an address in `vpn`"),
        (VPN_ADMIN, (NO_ROLE,), "roles: wants role `admin`, it asks for no role"),
        (
            VPN_ADMIN,
            (
                ('"read /**": authenticated', '"read /**": {roles: {any: [admin, clerk]}}'),
                ("  admin: {", "  clerk: {}\n  admin: {"),
            ),
            "it asks for role `admin` or `clerk`",
        ),
        (VPN_ADMIN, (('"read /**": authenticated', '"read /**": public'), ANYBODY), "the route is public"),
        (
            'never: "read https://back.example/**", unless: {scopes: [nothing]}',
            (MORE_SCOPES,),
            "scopes: wants scope `nothing`, it asks for no scope",
        ),
        (
            'never: "write https://back.example/**", unless: {scopes: [orders:write]}',
            (('"write /**": orders:write', '"write /**": orders:read'), NO_ROLE),
            "it asks for scope `orders:read`",
        ),
        (BACK_NEVER + "{scopes: {all: [orders:read, nothing]}}", (MORE_SCOPES,), "scopes: wants scope `nothing`"),
        (BACK_NEVER + "{clients: [partner]}", (), "clients: wants client type `partner`, it takes `web` too"),
        (BACK_NEVER + "{clients: [web]}", (STRANGERS,), "it takes `unrecognized` too"),
        (
            BACK_NEVER + "{geo: [nordic]}",
            (("allow: [vpn]", "allow: [vpn], allow_geo: [NO, DE]"),),
            "it lets in country DE",
        ),
        (
            BACK_NEVER + "{geo: [nordic]}",
            (("allow: [vpn]", "allow: [vpn], allow_geo: [NO]"), ("  sets:", "  on_unknown: allow\n  sets:")),
            "of which nobody knows the country",
        ),
        (
            BACK_NEVER + "{clients: [partner], zones: [office]}",
            (),
            "zones: wants an address in `office`, it lets in 10.20.0.0; clients: wants client type `partner`",
        ),
        # The cell is named with its line and its surface.
        (BACK_NEVER + "{zones: [office]}", (), "`read /**` of `back` (policy.yaml:37), on surface back.example /**"),
        # Extension methods are methods, and never those that `any` of a route covers.
        (
            'never: "any https://back.example/cache", unless: {zones: [office]}',
            (('      "read /**"', '      "PURGE /cache": authenticated\n      "read /**"'),),
            "`PURGE /cache` of `back`",
        ),
    ],
)
def test_what_does_not_hold(guardrail: str, changes: tuple[tuple[str, str], ...], words: str) -> None:
    """Each facet fails for its own reason, and the cell is named."""
    found = said(guardrail, *changes)
    assert {(finding_id, bad) for finding_id, bad, _ in found} == {("GRD001", "E")}
    assert any(words in message for _, _, message in found), found


def test_never_without_unless_is_never() -> None:
    """What nothing makes right must have no route at all."""
    found = said('never: "write https://back.example/**"')
    assert [each for each, _, _ in found] == ["GRD001"]
    assert "route: wants nobody at all, there is a route" in found[0][2]
    assert said('never: "write https://back.example/**"', ('      "write /**": orders:write\n', "")) == []


def test_what_cannot_be_told_is_not_proven() -> None:
    """Two expressions may or may not meet: no request is found, and nothing is ruled out."""
    found = said(
        'never: "GET https://back.example/{x:re(y[0-9]{9})}", unless: {zones: [office]}',
        ('"read /**": authenticated', '"GET /{n:re(q[0-9]{9})}": authenticated'),
    )
    assert [(each, bad) for each, bad, _ in found] == [("GRD002", "E")]
    assert "is not proven" in found[0][2]


@pytest.mark.parametrize(
    ("hosts", "found"),
    [("back.example", ["GRD002"]), ("*.example", ["GRD002"]), ("other.example", [])],
)
def test_what_stays_unopened_is_not_proven(hosts: str, found: list[str]) -> None:
    """Where TLS is passed on, no route and no role is seen, whatever they ask."""
    out = (
        '  out:\n    match: {hosts: ["*.example"], listeners: [out], clients: [web]}\n'
        f'    network: {{allow: [vpn], passthrough: ["{hosts}"]}}\n    roles: {{all: [admin]}}\n'
        '    routes: {"any /**": authenticated}\n    limits: {steady: {key: subject|ip, rate: 5/s}}\n'
    )
    assert [each for each, _, _ in said(VPN_ADMIN, ("segments:\n", f"segments:\n{out}"))] == found


@pytest.mark.parametrize(
    ("url", "found"),
    [("https://back.exmaple/**", ["GRD003"]), ("https://back.example/**", []), ("https://*.example/**", [])],
)
def test_a_guardrail_about_nobody_is_a_warning(url: str, found: list[str]) -> None:
    """A typo in the host would prove everything."""
    assert [each for each, _, _ in said(f'never: "write {url}", unless: {{clients: [web]}}, only_in: [back]')] == found


@pytest.mark.parametrize(
    ("field", "changes", "found"),
    [
        ("limits", (("    limits: {steady: {key: subject|ip, rate: 5/s}}\n", ""),), ("SEG005", "E")),
        ("network", (), ("GRD001", "E")),
        ("owner", (), ("GRD001", "E")),
    ],
)
def test_what_each_segment_must_set(field: str, changes: tuple[tuple[str, str], ...], found: tuple[str, str]) -> None:
    """A field that is not set is named with its segment; limits as SEG005, which is then an error."""
    assert found in {(each, bad) for each, bad, _ in said(f"require: {{segments: {{{field}: set}}}}", *changes)}


def test_many_cells_are_not_all_named() -> None:
    """Who sees five knows what is wrong."""
    routes = "".join(f'      "GET /r{n}": authenticated\n' for n in range(9))
    found = said(
        BACK_NEVER + "{zones: [office]}",
        ('      "read /**"', f'{routes}      "read /**"'),
    )
    assert len(found) == 6
    assert "6 more routes" in "".join(message for _, _, message in found)


@pytest.mark.parametrize(
    ("log_only", "guardrail", "found"),
    [
        ("limits", "require: {segments: {limits: set}}", ["MOD002"]),
        ("network", "require: {segments: {limits: set}}", []),
        ("network", "require: {segments: {network: set}}, only_in: [back]", ["MOD002"]),
        # What a `never` leans on must deny: it is not proven, whatever is written.
        ("network", VPN_ADMIN, ["GRD001", "GRD001"]),
        ("scopes", VPN_ADMIN, ["GRD001", "GRD001"]),
        ("limits", VPN_ADMIN, []),
    ],
)
def test_what_is_log_only_is_not_relied_on(log_only: str, guardrail: str, found: list[str]) -> None:
    """`set` is still set, and warned of; a proof needs what denies."""
    change = ("    network: {allow: [vpn]}\n", f"    network: {{allow: [vpn]}}\n    log_only: [{log_only}]\n")
    assert [each for each, _, _ in said(guardrail, change)] == found
